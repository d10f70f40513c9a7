#include "core/stomp/frame_writer.hpp"

#include "core/base/number.hpp"
#include "core/stomp/value_encoding.hpp"

#include <cassert>

namespace edgews::stomp {
namespace {

constexpr std::string_view content_length = "content-length";

// Requires: `header` is expressible.
void append_line(std::string& out, const Header& header, Version version) {
    append_escaped(out, header.name, version);
    out.push_back(':');
    append_escaped(out, header.value, version);
    out.push_back('\n');
}

// Of a frame in which nothing has to be escaped; of any other, nearly.
std::size_t estimate_size(std::span<const Header> headers, std::size_t body_size) noexcept {
    std::size_t size = 64 + body_size;  // Command, content-length, blank line, NUL.
    for (const Header& header : headers) size += header.name.size() + header.value.size() + 2;
    return size;
}

}  // namespace

bool is_expressible(const Header& header, Version version) noexcept {
    return is_expressible(header.name, HeaderPart::name, version) &&
           is_expressible(header.value, HeaderPart::value, version);
}

bool is_plain(std::string_view text) noexcept {
    return find_special(text) == text.size();
}

void append_header(std::string& out, const Header& header, Version version) {
    if (is_expressible(header, version)) append_line(out, header, version);
}

void append_frame(std::string& out, Command command, std::span<const Header> headers,
                  std::span<const std::byte> body, Version version) {
    assert(command != Command::unknown);
    const bool is_unescaped = command == Command::connect || command == Command::connected;
    const Version encoding = is_unescaped ? Version::v1_0 : version;
    out.reserve(out.size() + estimate_size(headers, body.size()));
    out.append(to_string(command));
    out.push_back('\n');
    for (const Header& header : headers) {
        if (header.name != content_length) append_header(out, header, encoding);
    }
    if (!body.empty()) {
        out.append(content_length);
        out.push_back(':');
        append_number(out, body.size());
        out.push_back('\n');
    }
    out.push_back('\n');
    out.append(reinterpret_cast<const char*>(body.data()), body.size());
    out.push_back('\0');
}

}  // namespace edgews::stomp
