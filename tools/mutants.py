"""The mutants of the sources: which there are, and what is known of them. For tools/mutate.

A source is read as text, with comments, strings, directives and asserts blanked: clang-format has
been over it, so that operators, statements and braces are told apart by the spaces around them.
"""
import bisect
import collections
import hashlib
import os
import re
import subprocess
from pathlib import Path

SURVIVORS = "tests/survivors.md"

# Raw string, string, character, line comment, block comment, directive.
HIDDEN = re.compile(
    r'R"(?P<tag>[^(\s]*)\(.*?\)(?P=tag)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-zA-Z_])(?:u8|[uUL])?'(?:\\.|[^'\\\n])+'"
    r"|//[^\n]*"
    r"|/\*.*?\*/"
    r"|^[ \t]*#(?:\\\n|[^\n])*",
    re.DOTALL | re.MULTILINE,
)
SCOPE = re.compile(r"\b(namespace|struct|class|union|enum)\b(?![^{]*\()|\bextern\s*$")

# Binary operators have spaces around them, thanks to clang-format; brackets of templates have not.
SWAPPED = {
    "comparison": {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="},
    "logic": {"&&": "||", "||": "&&"},
    "arithmetic": {"+": "-", "-": "+", "*": "/", "/": "*", "%": "*", "+=": "-=", "-=": "+="},
    "bits": {"&": "|", "|": "&", "^": "|", "<<": ">>", ">>": "<<", "|=": "&=", "&=": "|="},
}
BINARY = re.compile(r"(?<=\s)(" + "|".join(
    re.escape(sign) for signs in SWAPPED.values() for sign in signs) + r")(?=\s)")
NUMBER = re.compile(r"(?<![\w.'])(0[xX][0-9a-fA-F']+|[0-9][0-9']*)([uUlLzZ]*)(?![\w.'>])")
CONDITION = re.compile(r"\b(?:if|while) (?=\()")
LABEL = re.compile(r"\b(?:case\b[^;{}?]*?[^:]|default):(?!:)")
LEAVING = re.compile(r"\b(?:return|break|continue)\b[^;]*;")
NAME = r"[A-Za-z_]\w*(?:::\w+)*(?:<[\w:*&, ]*>)?"
STATEMENT = re.compile(  # A call or an assignment, behind whatever can come before a statement.
    r"(?:[;{})]|\belse|(?<=\w):)\s+"
    r"(?P<statement>(?!(?:if|for|while|switch|return|else|do|case|using|throw|delete|new)\b)"
    r"(?:(?:\+\+|--)|\*?" + NAME + r"(?:(?:\.|->)\w+|\[[^\]]*\]|\(\w*\)(?=[.\-\[]))*"
    r"(?:\+\+;|--;|\(| (?:[-+|&^*/]|<<|>>)?= )))"
)


def blank(code, pattern):
    """The code with what the pattern finds as spaces, and every line where it was."""
    return pattern.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), code)


def closing(code, at):
    """Where the bracket at `at` is closed."""
    depth = 0
    for found in re.compile(r"[()\[\]{}]").finditer(code, at):
        depth += 1 if found.group() in "([{" else -1
        if depth == 0:
            return found.start()
    return len(code) - 1


def end_of_statement(code, at):
    """Where the semicolon is that ends the statement at `at`, outside all brackets."""
    while code[at] not in ";}":
        at = closing(code, at) + 1 if code[at] in "([{" else at + 1
    return at


class Source:
    """A file, with all that is not code blanked, and what its braces hold."""

    def __init__(self, path):
        self.path = path
        self.text = Path(path).read_text(encoding="utf-8")
        self.code = blank(self.text, HIDDEN)
        for found in list(re.finditer(r"\b(?:static_)?assert\s*(?=\()", self.code)):
            end = closing(self.code, found.end()) + 1
            gap = re.sub(r"[^\n]", " ", self.code[found.start():end])
            self.code = self.code[:found.start()] + gap + self.code[end:]
        self.functions = sorted(self.find_functions())

    def find_functions(self):
        """Yields where each function begins and ends: what is in braces, and is neither a scope
        nor a value. (tools/check_sizes tells them apart the same way.)"""
        stack, head = [], 0
        for found in re.finditer(r"[{};]", self.code):
            at, sign = found.start(), found.group()
            outside = all(kind == "scope" for kind, _ in stack)
            if sign == "{":
                kind = self.kind_of_brace(self.code[head:at]) if outside else "value"
                stack.append((kind, at))
                if kind != "scope":
                    continue
            elif sign == "}" and stack:
                kind, begin = stack.pop()
                if kind == "function":
                    yield begin, at
                elif kind == "value":
                    continue
            elif not outside:
                continue
            head = at + 1

    @staticmethod
    def kind_of_brace(head):
        if head.rstrip().endswith("]"):
            return "function"  # A lambda that makes a table.
        if not head or not head[-1].isspace() or head.rstrip()[-1:] in ("=", ",", "("):
            return "value"
        return "function" if "(" in head and not SCOPE.search(head) else "scope"

    def function_end(self, at):
        """Where the function ends that `at` is in, or None."""
        index = bisect.bisect(self.functions, (at, len(self.code))) - 1
        if index >= 0 and self.functions[index][0] < at < self.functions[index][1]:
            return self.functions[index][1]
        return None

    def is_constant(self, at):
        begin = max(self.code.rfind(sign, 0, at) for sign in ";{}")
        return re.search(r"\bconstexpr\b[^()]*=", self.code[begin + 1:at]) is not None

    def ends_function_after(self, at):
        """Whether nothing but closing braces, or an else, comes behind `at` in its function."""
        rest = self.code[at:(self.function_end(at) or at) + 1].lstrip()
        while rest.startswith("}"):
            rest = rest[1:].lstrip()
        return not rest or rest.startswith("else")

    def changes(self):
        """Yields (operator, begin, end, replacement)."""
        code = self.code
        for found in BINARY.finditer(code):
            operator = next(name for name, signs in SWAPPED.items() if found.group() in signs)
            yield operator, *found.span(), SWAPPED[operator][found.group()]
        for found in NUMBER.finditer(code):
            yield from self.numbers(found)
        for found in re.finditer(r"\b(?:true|false)\b", code):
            yield "bool", *found.span(), "false" if found.group() == "true" else "true"
        for found in re.finditer(r"(?<![\w)])!(?=[\w(:*])", code):
            yield "not", *found.span(), ""
        for found in re.finditer(r"\bstd::(?:ranges::)?(min|max)(?=[(<])", code):
            yield "min max", *found.span(1), "max" if found.group(1) == "min" else "min"
        for found in re.finditer(r"(?<=\s)\?(?=\s)", code):
            yield "choice", *found.span(), "&& false ?"
            yield "choice", *found.span(), "|| true ?"
        for found in CONDITION.finditer(code):
            end = closing(code, found.end())
            begin = code.rfind(";", found.end(), end) + 1 or found.end() + 1
            begin += self.code[begin] == " "
            yield "negation", begin, end, f"!({self.text[begin:end]})"
        for found in LABEL.finditer(code):
            yield "case", *found.span(), ""
        for found in LEAVING.finditer(code):
            if not self.ends_function_after(found.end()):
                yield found.group().split()[0].rstrip(";"), found.start(), found.end() - 1, ""
        for found in STATEMENT.finditer(code):
            begin = found.start("statement")
            yield "statement", begin, end_of_statement(code, begin), ""

    def numbers(self, found):
        digits, suffix = found.groups()
        if digits[:2] in ("0x", "0X"):
            value = int(digits.replace("'", ""), 16)
            bit = int(hashlib.sha1(digits.encode()).hexdigest(), 16) % (4 * (len(digits) - 2))
            yield "mask", *found.span(), f"0x{value ^ 1 << bit:X}{suffix}"
            return
        value = int(digits.replace("'", ""))
        yield "number", *found.span(), f"{value + 1}{suffix}"
        if value > 0:
            yield "number", *found.span(), f"{value - 1}{suffix}"

    def mutants(self):
        """All mutants of this file: changes within functions, and of constants."""
        seen = collections.Counter()
        for operator, begin, end, replacement in self.changes():
            inside = self.function_end(begin) is not None
            if not inside and not (operator in ("mask", "number") and self.is_constant(begin)):
                continue
            mutant = Mutant(self, operator, begin, end, replacement)
            seen[mutant.key] += 1
            mutant.name(seen[mutant.key])
            yield mutant


class Mutant:
    """One change. Known by what the lines were and have become, not by where they are."""

    def __init__(self, source, operator, begin, end, replacement):
        self.source, self.path, self.operator = source, source.path, operator
        self.begin, self.end, self.replacement = begin, end, replacement
        text = source.text
        self.line = text.count("\n", 0, begin) + 1
        first = text.rfind("\n", 0, begin) + 1
        last = text.find("\n", end) % (len(text) + 1)
        self.original = " ".join(text[first:last].split())
        self.mutated = " ".join((text[first:begin] + replacement + text[end:last]).split())
        self.key = (self.path, self.original, self.mutated)

    @property
    def text(self):
        """The whole file. Its lines stay where they are: asserts have __LINE__ in the object."""
        text = self.source.text
        lines = text.count("\n", self.begin, self.end) - self.replacement.count("\n")
        return text[:self.begin] + self.replacement + lines * "\n" + text[self.end:]

    def name(self, occurrence):
        text = "\0".join([*self.key, str(occurrence)])
        self.id = hashlib.sha1(text.encode()).hexdigest()[:8]

    def __str__(self):
        return (f"{self.id} {self.path}:{self.line} {self.operator}: "
                f"`{self.original}` -> `{self.mutated}`")


def tracked_files():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], check=True,
                            capture_output=True, text=True).stdout.splitlines()
    return sorted({path for path in listed if os.path.isfile(path)})


def all_mutants(only):
    for path in tracked_files():
        is_chosen = any(path == part or path.startswith(f"{part}/") for part in only)
        if is_chosen and path.endswith((".cpp", ".hpp")):
            yield from Source(path).mutants()


ENTRY = re.compile(r"^- `(?P<original>.*?)`(?: -> `(?P<mutated>.*?)`)?: (?P<why>.*)$")


def known_survivors():
    """{(path, original, mutated): why} of tests/survivors.md, whose sections are files. Where
    `mutated` is None, it is about all mutants of the line."""
    known, path = {}, None
    if os.path.exists(SURVIVORS):
        for line in Path(SURVIVORS).read_text(encoding="utf-8").splitlines():
            if line.startswith("## "):
                path = line[3:].strip()
            elif entry := ENTRY.match(line):
                known[path, entry["original"], entry["mutated"]] = entry["why"]
    return known


def why_known(mutant, known):
    """Why a mutant is known to survive, or None."""
    return known.get(mutant.key) or known.get((*mutant.key[:2], None))
