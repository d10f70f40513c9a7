// HTTP/1.1 response heads (RFC 9112, sections 4 and 5).
//
// Written by appending to a string, which the caller reuses: in steady state
// nothing is allocated. What an application supplies is checked, so that it can
// never end a line early (header injection, response splitting).
#pragma once

#include <edgews/response.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace edgews {

struct ResponseHead {
    unsigned status = 200;     // 200 to 599.
    std::string_view lines{};  // Of an application's headers (ResponseHeaders::lines()).
    // Bytes of the body. Without a value no Content-Length is sent, and the body ends with the
    // connection; 204 and 304 never send one (RFC 9110, section 8.6).
    std::optional<std::uint64_t> content_length{};
    bool is_chunked = false;  // True: the body comes in chunks. Requires: no content_length.
    bool keep_alive = true;   // False: "Connection: close" is sent.
    // The value of Date (core/http/http_date.hpp), unless `lines` have one; empty: none is sent.
    std::string_view date{};
};

// Of texts that are the engine's own.
inline constexpr std::string_view plain_text_type = "text/plain; charset=utf-8";

// Of a final response (RFC 9110, section 15).
[[nodiscard]] constexpr bool is_response_status(unsigned status) noexcept {
    return status >= 200 && status <= 599;
}
// 204 and 304 have none, not even an empty one (RFC 9110, section 6.4.1).
[[nodiscard]] constexpr bool may_have_content(unsigned status) noexcept {
    return status != 204 && status != 304;
}

// "Not Found" for 404; "Unknown" for a status that HTTP does not define.
[[nodiscard]] std::string_view reason_phrase(unsigned status) noexcept;

// Whether a header of an application may have this name: a token.
[[nodiscard]] bool is_header_name(std::string_view name) noexcept;
// Whether a header of an application may have this value: no control character but HTAB.
[[nodiscard]] bool is_header_value(std::string_view value) noexcept;

// The headers that lines hold, in order: each is "name: value" CR LF, as append_header() writes it.
class HeaderLines {
  public:
    explicit HeaderLines(std::string_view lines) noexcept : rest_(lines) {}

    // The next one: views of the lines. Nothing behind the last.
    [[nodiscard]] std::optional<HeaderField> next() noexcept;

  private:
    std::string_view rest_;
};

// Whether a header of these lines has that name, in any case.
[[nodiscard]] bool has_header_line(std::string_view lines, std::string_view name) noexcept;

// The first mistake in headers that an application supplied. Reserved, in any case: Connection,
// Content-Length, Transfer-Encoding, Upgrade, Sec-WebSocket-Accept, -Protocol and -Extensions.
[[nodiscard]] HeaderFault check_headers(std::span<const HeaderField> headers) noexcept;

// Appends status line, headers and the empty line to `out`. With a fault nothing is appended.
[[nodiscard]] HeaderFault append_response_head(std::string& out, const ResponseHead& head) noexcept;

// Appends "name: value" CR LF, unchecked. Requires: a valid name and value.
void append_header(std::string& out, HeaderField field) noexcept;

// Appends "HTTP/1.1 <status> <phrase>" CR LF. Requires: 100 <= status <= 999.
void append_status_line(std::string& out, unsigned status) noexcept;

}  // namespace edgews
