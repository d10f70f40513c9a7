#include "core/http/http_fault.hpp"

#include <cassert>

namespace edgews {

unsigned status_code(HttpFault fault) noexcept {
    switch (fault) {
        case HttpFault::none: break;
        case HttpFault::method_malformed:
        case HttpFault::target_malformed:
        case HttpFault::version_malformed:
        case HttpFault::bare_line_feed:
        case HttpFault::bare_carriage_return:
        case HttpFault::control_character:
        case HttpFault::folded_header:
        case HttpFault::header_name_malformed:
        case HttpFault::space_before_colon:
        case HttpFault::colon_missing:
        case HttpFault::host_missing:
        case HttpFault::host_repeated:
        case HttpFault::host_malformed:
        case HttpFault::content_length_malformed:
        case HttpFault::content_length_repeated:
        case HttpFault::content_length_and_coding:
        case HttpFault::transfer_coding_malformed:
        case HttpFault::transfer_coding_of_http_1_0:
        case HttpFault::chunk_size_malformed:
        case HttpFault::chunk_extension_malformed:
        case HttpFault::chunk_extensions_too_long:
        case HttpFault::chunk_end_malformed:
        case HttpFault::trailer_malformed: return 400;
        case HttpFault::body_too_large: return 413;
        case HttpFault::request_line_too_long: return 414;
        case HttpFault::expectation_unknown: return 417;
        case HttpFault::header_line_too_long:
        case HttpFault::too_many_headers:
        case HttpFault::head_too_large:
        case HttpFault::trailers_too_long: return 431;
        case HttpFault::transfer_coding_unsupported: return 501;
        case HttpFault::status_version_malformed:
        case HttpFault::status_malformed:
        case HttpFault::status_line_too_long: return 502;
        case HttpFault::version_unsupported: return 505;
    }
    assert(false);
    return 400;
}

std::string_view describe(HttpFault fault) noexcept {
    switch (fault) {
        case HttpFault::none: return "no fault";
        case HttpFault::method_malformed: return "the request line does not begin with a method";
        case HttpFault::target_malformed: return "the request target is neither a path nor a URL";
        case HttpFault::version_malformed:
            return "the request line does not end in an HTTP version";
        case HttpFault::version_unsupported: return "only HTTP/1.1 and HTTP/1.0 are spoken here";
        case HttpFault::status_version_malformed:
            return "the response does not begin with an HTTP version";
        case HttpFault::status_malformed: return "the status is not a number from 100 to 999";
        case HttpFault::bare_line_feed: return "a line ends in LF without CR";
        case HttpFault::bare_carriage_return: return "a CR is not followed by LF";
        case HttpFault::control_character: return "the head holds a control character";
        case HttpFault::folded_header: return "a header line begins with whitespace";
        case HttpFault::header_name_malformed: return "a header name is not a token";
        case HttpFault::space_before_colon: return "whitespace stands before a header's colon";
        case HttpFault::colon_missing: return "a header line has no colon";
        case HttpFault::host_missing: return "the Host header is missing";
        case HttpFault::host_repeated: return "there is more than one Host header";
        case HttpFault::host_malformed: return "the Host header does not name a host";
        case HttpFault::content_length_malformed: return "Content-Length is not a number";
        case HttpFault::content_length_repeated: return "there is more than one Content-Length";
        case HttpFault::content_length_and_coding:
            return "Content-Length and Transfer-Encoding exclude each other";
        case HttpFault::transfer_coding_malformed:
            return "Transfer-Encoding does not end in chunked, once";
        case HttpFault::transfer_coding_unsupported: return "the only transfer coding is chunked";
        case HttpFault::transfer_coding_of_http_1_0: return "HTTP/1.0 has no Transfer-Encoding";
        case HttpFault::request_line_too_long: return "the request line is too long";
        case HttpFault::status_line_too_long: return "the status line is too long";
        case HttpFault::header_line_too_long: return "a header line is too long";
        case HttpFault::too_many_headers: return "there are too many headers";
        case HttpFault::head_too_large: return "the head is too large";
        case HttpFault::chunk_size_malformed: return "a chunk has no hexadecimal size";
        case HttpFault::chunk_extension_malformed:
            return "a chunk's extension is neither a name nor a name with a value";
        case HttpFault::chunk_extensions_too_long: return "the chunks' extensions are too long";
        case HttpFault::chunk_end_malformed: return "a chunk is not as long as it says";
        case HttpFault::trailer_malformed: return "a trailer is not a header line";
        case HttpFault::trailers_too_long: return "the trailers are too long";
        case HttpFault::body_too_large: return "the body is too large";
        case HttpFault::expectation_unknown: return "only 100-continue may be expected here";
    }
    assert(false);
    return {};
}

}  // namespace edgews
