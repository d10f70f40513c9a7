// Invariants: a head has the same outcome whole, cut anywhere and byte by byte; every
// view lies inside it; and a complete head holds only what RFC 9112 allows in one.
//
// The input's first byte says where it is cut, the rest is what a client sends.

#include "core/http/http_head.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

namespace {

using Progress = edgews::HttpHead::Progress;

void check(bool holds) {
    if (!holds) std::abort();
}

void check_same_text(std::string_view a, std::string_view b) {
    check(a == b);
}

void check_same(const edgews::HttpHead& a, const edgews::HttpHead& b) {
    check(a.size() == b.size());
    check_same_text(a.method(), b.method());
    check_same_text(a.target(), b.target());
    check_same_text(a.path(), b.path());
    check_same_text(a.query(), b.query());
    check_same_text(a.host(), b.host());
    check(a.content_length() == b.content_length());
    check(a.is_chunked() == b.is_chunked());
    check(a.header_count() == b.header_count());
    for (std::size_t i = 0; i < a.header_count(); ++i) {
        check_same_text(a.header_at(i).name, b.header_at(i).name);
        check_same_text(a.header_at(i).value, b.header_at(i).value);
    }
}

void check_inside(std::string_view part, std::string_view whole) {
    check(part.data() >= whole.data());
    check(part.data() + part.size() <= whole.data() + whole.size());
}

void check_complete(const edgews::HttpHead& head, std::string_view input) {
    check(head.size() <= input.size());
    const std::string_view text = input.substr(0, head.size());
    check(text.ends_with("\r\n\r\n"));
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_end = text.substr(i, 2) == "\r\n";
        check(is_end || text[i] == '\t' || !edgews::is_control_char(text[i]));
        if (is_end) ++i;
    }
    check(edgews::is_token(head.method()));
    check_inside(head.method(), text);
    check_inside(head.target(), text);
    check_inside(head.query(), text);
    if (!head.host().empty()) check_inside(head.host(), text);
    check(head.is_http_1_0() || !head.host().empty());
    check(!head.path().empty());
    check(head.is_http_1_0() || head.find_header("Host") < head.header_count());
    check(!head.is_http_1_0() || !head.is_chunked());
    for (std::size_t i = 0; i < head.header_count(); ++i) {
        const auto [name, value] = head.header_at(i);
        check(edgews::is_token(name));
        check_inside(name, text);
        check_inside(value, text);
        check(edgews::trim(value) == value);
        check(head.find_header(name) <= i);
    }
    const std::size_t length = head.find_header("Content-Length");
    check(head.find_header("Content-Length", length + 1) == head.header_count());
    check(!head.is_chunked() || length == head.header_count());
}

// Parses the first `size` bytes, in a heap block of their own.
Progress parse_prefix(edgews::HttpHead& head, std::string_view input, std::size_t size,
                      std::unique_ptr<char[]>& block) {
    auto next = std::make_unique<char[]>(size);
    input.copy(next.get(), size);
    block = std::move(next);
    return head.parse({block.get(), size});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view input{reinterpret_cast<const char*>(data) + 1, size - 1};
    edgews::HttpLimits limits;
    limits.head_size_max = 2048;
    limits.line_size_max = 512;
    limits.header_count_max = 12;

    edgews::HttpHead whole(limits);
    const Progress progress = whole.parse(input);
    check((progress == Progress::failed) == (whole.fault() != edgews::HttpFault::none));
    if (progress == Progress::complete) check_complete(whole, input);
    if (progress == Progress::failed) {
        check(edgews::status_code(whole.fault()) >= 400);
        check(!edgews::describe(whole.fault()).empty());
    }

    for (const std::size_t step : {std::size_t{data[0]} + 1, std::size_t{1}}) {
        edgews::HttpHead split(limits);
        std::unique_ptr<char[]> block;
        Progress split_progress = Progress::more;
        for (std::size_t end = 0; end < input.size() && split_progress == Progress::more;) {
            end = std::min(end + step, input.size());
            split_progress = parse_prefix(split, input, end, block);
        }
        check(split_progress == progress);
        check(split.fault() == whole.fault());
        if (progress == Progress::complete) check_same(split, whole);
    }
    return 0;
}
