#include "core/http/http_response.hpp"

#include "core/base/number.hpp"
#include "core/http/http_scan.hpp"
#include "core/http/http_token.hpp"

#include <array>
#include <cassert>

namespace edgews {
namespace {

constexpr std::array<std::string_view, 7> reserved_names{
    "Connection",           "Content-Length",         "Transfer-Encoding",       "Upgrade",
    "Sec-WebSocket-Accept", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"};

}  // namespace

std::string_view describe(HeaderFault fault) noexcept {
    switch (fault) {
        case HeaderFault::none: return "no fault";
        case HeaderFault::status_out_of_range: return "a response's status is from 200 to 599";
        case HeaderFault::name_malformed: return "a header's name is not a token";
        case HeaderFault::value_malformed: return "a header's value holds a control character";
        case HeaderFault::name_reserved: return "that header is the engine's to send";
    }
    assert(false);
    return {};
}

std::string_view reason_phrase(unsigned status) noexcept {
    switch (status) {
        case 101: return "Switching Protocols";
        case 200: return "OK";
        case 201: return "Created";
        case 202: return "Accepted";
        case 203: return "Non-Authoritative Information";
        case 204: return "No Content";
        case 205: return "Reset Content";
        case 206: return "Partial Content";
        case 300: return "Multiple Choices";
        case 301: return "Moved Permanently";
        case 302: return "Found";
        case 303: return "See Other";
        case 304: return "Not Modified";
        case 307: return "Temporary Redirect";
        case 308: return "Permanent Redirect";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 402: return "Payment Required";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 406: return "Not Acceptable";
        case 407: return "Proxy Authentication Required";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 410: return "Gone";
        case 411: return "Length Required";
        case 412: return "Precondition Failed";
        case 413: return "Content Too Large";
        case 414: return "URI Too Long";
        case 415: return "Unsupported Media Type";
        case 416: return "Range Not Satisfiable";
        case 417: return "Expectation Failed";
        case 418: return "I'm a Teapot";
        case 421: return "Misdirected Request";
        case 422: return "Unprocessable Content";
        case 423: return "Locked";
        case 424: return "Failed Dependency";
        case 425: return "Too Early";
        case 426: return "Upgrade Required";
        case 428: return "Precondition Required";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 451: return "Unavailable For Legal Reasons";
        case 500: return "Internal Server Error";
        case 501: return "Not Implemented";
        case 502: return "Bad Gateway";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        case 505: return "HTTP Version Not Supported";
        case 507: return "Insufficient Storage";
        case 508: return "Loop Detected";
        case 511: return "Network Authentication Required";
    }
    return "Unknown";
}

bool is_header_name(std::string_view name) noexcept {
    return is_token(name);
}

bool is_header_value(std::string_view value) noexcept {
    return find_value_end(value.data(), 0, value.size()) == value.size();
}

HeaderFault check_headers(std::span<const HeaderField> headers) noexcept {
    for (const HeaderField& field : headers) {
        if (!is_header_name(field.name)) return HeaderFault::name_malformed;
        if (!is_header_value(field.value)) return HeaderFault::value_malformed;
        for (const std::string_view reserved : reserved_names) {
            if (equals_ignoring_case(field.name, reserved)) return HeaderFault::name_reserved;
        }
    }
    return HeaderFault::none;
}

std::optional<HeaderField> HeaderLines::next() noexcept {
    if (rest_.empty()) return std::nullopt;
    const std::size_t name_size = rest_.find(':');
    const std::size_t value_begin = name_size + 2;
    const std::size_t end = rest_.find('\r', value_begin);
    const HeaderField field{rest_.substr(0, name_size),
                            rest_.substr(value_begin, end - value_begin)};
    rest_.remove_prefix(end + 2);
    return field;
}

bool has_header_line(std::string_view lines, std::string_view name) noexcept {
    while (!lines.empty()) {
        const bool has_size = lines.size() > name.size() && lines[name.size()] == ':';
        if (has_size && equals_ignoring_case(lines.substr(0, name.size()), name)) return true;
        lines.remove_prefix(lines.find('\n') + 1);
    }
    return false;
}

HeaderFault append_response_head(std::string& out, const ResponseHead& head) noexcept {
    if (!is_response_status(head.status)) return HeaderFault::status_out_of_range;
    append_status_line(out, head.status);
    if (!head.date.empty() && !has_header_line(head.lines, "Date")) {
        append_header(out, {"Date", head.date});
    }
    out += head.lines;
    const bool has_content = may_have_content(head.status);
    if (head.is_chunked && has_content) append_header(out, {"Transfer-Encoding", "chunked"});
    if (head.content_length && has_content) {
        out += "Content-Length: ";
        append_number(out, *head.content_length);
        out += "\r\n";
    }
    if (!head.keep_alive) append_header(out, {"Connection", "close"});
    out += "\r\n";
    return HeaderFault::none;
}

void append_header(std::string& out, HeaderField field) noexcept {
    out += field.name;
    out += ": ";
    out += field.value;
    out += "\r\n";
}

void append_status_line(std::string& out, unsigned status) noexcept {
    assert(status >= 100 && status <= 999);
    if (status == 200) {  // As most are.
        out += "HTTP/1.1 200 OK\r\n";
        return;
    }
    out += "HTTP/1.1 ";
    append_number(out, status);
    out += ' ';
    out += reason_phrase(status);
    out += "\r\n";
}

}  // namespace edgews
