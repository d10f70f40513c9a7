#include "stomp_frame.hpp"

namespace edgews::sim::test {

namespace {

// 1.2, Value Encoding.
constexpr std::string_view codes = "rnc\\";
constexpr std::string_view meanings = "\r\n:\\";

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const std::size_t code = meanings.find(c);
        out += code == std::string_view::npos ? std::string{c} : std::string{'\\', codes[code]};
    }
    return out;
}

std::string unescaped(std::string_view text, std::string& fault) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == ':') fault = "1.2, Value Encoding: a colon";
        if (text[i] != '\\') {
            out += text[i];
            continue;
        }
        const std::size_t code = ++i < text.size() ? codes.find(text[i]) : std::string_view::npos;
        if (code == std::string_view::npos) fault = "1.2, Value Encoding: an undefined escape";
        if (code != std::string_view::npos) out += meanings[code];
    }
    return out;
}

}  // namespace

std::string encode(const StompFrame& frame, bool has_length) {
    std::string out = frame.command + '\n';
    for (const auto& [name, value] : frame.headers) {
        out += escaped(name) + ":" + escaped(value) + "\n";
    }
    if (has_length || frame.body.find('\0') != std::string::npos) {
        out += "content-length:" + std::to_string(frame.body.size()) + "\n";
    }
    return out + "\n" + frame.body + '\0';
}

std::optional<StompFrame> take_frame(Bytes& input, std::string& fault) {
    const std::string_view all = input.view();
    const std::size_t head_size = all.find("\n\n");
    if (head_size == std::string_view::npos) return std::nullopt;
    StompFrame frame{.command = std::string(all.substr(0, all.find('\n')))};
    for (std::size_t i = frame.command.size(); i < head_size;) {
        const std::size_t end = all.find('\n', i + 1);
        const std::string_view line = all.substr(i + 1, end - i - 1);
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) fault = "1.2, Augmented BNF: a line that is no header";
        frame.headers.emplace(unescaped(line.substr(0, colon), fault),
                              unescaped(line.substr(colon + 1), fault));
        i = end;
    }
    const std::string_view rest = all.substr(head_size + 2);
    const std::string length = frame.get("content-length");
    const std::size_t size = length.empty() ? rest.find('\0') : std::stoul(length);
    if (size >= rest.size()) return std::nullopt;
    if (rest[size] != '\0') fault = "1.2, content-length: no NUL follows";
    frame.body = rest.substr(0, size);
    input.consume(head_size + 2 + size + 1);
    return frame;
}

}  // namespace edgews::sim::test
