// The faults that an HTTP message can have: its head, as core/http/http_head.hpp finds them, and a
// request's body (core/http/http_body.hpp).
#pragma once

#include <cstdint>
#include <string_view>

namespace edgews {

// What can be wrong with a message: one enumerator per rule.
enum class HttpFault : std::uint8_t {
    none,
    method_malformed,             // 9110 9.1: a method is a token, followed by one space
    target_malformed,             // 9112 3.2: none of the four forms, or not that of the method
    version_malformed,            // 9112 2.3: not "HTTP/" digit "." digit
    version_unsupported,          // 9110 15.6.6: the major version is not 1
    status_version_malformed,     // 9112 4: a response begins with a version and one space
    status_malformed,             // 9110 15: not three digits, or below 100
    bare_line_feed,               // 9112 2.2: LF without CR
    bare_carriage_return,         // 9112 2.2: CR without LF
    control_character,            // 9110 5.5: NUL and its like, anywhere
    folded_header,                // 9112 5.2: a header line that begins with a space
    header_name_malformed,        // 9110 5.1: a name is a token
    space_before_colon,           // 9112 5.1
    colon_missing,                // 9112 5: a header line without a colon
    host_missing,                 // 9112 3.2
    host_repeated,                // 9112 3.2
    host_malformed,               // 9112 3.2: not host [":" port]
    content_length_malformed,     // 9112 6.3: not one decimal number below 2^63
    content_length_repeated,      // 9112 6.3: even when both say the same
    content_length_and_coding,    // 9112 6.1: beside Transfer-Encoding
    transfer_coding_malformed,    // 9112 6.3: "chunked" is not the last, or not once; or none
    transfer_coding_unsupported,  // 9112 6.1: others before "chunked"
    transfer_coding_of_http_1_0,  // 9112 6.1: HTTP/1.0 has none: the framing is faulty
    request_line_too_long,        // 9110 15.5.15: over line_size_max
    status_line_too_long,         // Over line_size_max
    header_line_too_long,         // 6585 5: over line_size_max
    too_many_headers,             // 6585 5: over header_count_max
    head_too_large,               // 6585 5: over head_size_max
    chunk_size_malformed,         // 9112 7.1: not 1 to 16 hexadecimal digits
    chunk_extension_malformed,    // 9112 7.1.1: not name or name=value, behind a semicolon
    chunk_extensions_too_long,    // 9112 7.1.1: over HttpBodyReader::extensions_size_max
    chunk_end_malformed,          // 9112 7.1: no CR LF behind a chunk's bytes
    trailer_malformed,            // 9112 7.1.2: not a header line
    trailers_too_long,            // 6585 5: over HttpBodyReader::trailers_size_max
    body_too_large,               // 9110 15.5.14: over the route's body_size_max
    expectation_unknown,          // 9110 10.1.1: an Expect other than 100-continue
};

// The status that answers a request's fault: 400, 413, 414, 417, 431, 501 or 505. A response is not
// answered; 502 is what a gateway says of one. Requires: not `none`.
[[nodiscard]] unsigned status_code(HttpFault fault) noexcept;

// One sentence, fit for a response's body and for a log.
[[nodiscard]] std::string_view describe(HttpFault fault) noexcept;

}  // namespace edgews
