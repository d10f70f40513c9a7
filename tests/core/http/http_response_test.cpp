// Response heads (RFC 9112), and that an application cannot end their lines early.
#include "core/http/http_response.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace edgews {
namespace {

std::string head_of(const ResponseHead& head) {
    std::string out = "before";
    EXPECT_EQ(append_response_head(out, head), HeaderFault::none);
    EXPECT_TRUE(out.starts_with("before"));
    return out.substr(6);
}

TEST(HttpResponse, a_head_is_appended) {
    const std::string_view lines = "Content-Type: text/html\r\nX-Empty: \r\n";
    EXPECT_EQ(head_of({.status = 200, .lines = lines, .content_length = 12}),
              "HTTP/1.1 200 OK\r\n"
              "Content-Type: text/html\r\n"
              "X-Empty: \r\n"
              "Content-Length: 12\r\n"
              "\r\n");
    EXPECT_EQ(head_of({.status = 404, .content_length = 0, .keep_alive = false}),
              "HTTP/1.1 404 Not Found\r\n"
              "Content-Length: 0\r\n"
              "Connection: close\r\n"
              "\r\n");
    EXPECT_EQ(head_of({.status = 299}), "HTTP/1.1 299 Unknown\r\n\r\n");
    EXPECT_EQ(head_of({.content_length = UINT64_MAX}),
              "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n");
}

// RFC 9110, section 8.6; a 304 would have to state the length of a body that it lacks.
TEST(HttpResponse, a_status_without_a_body_has_no_length) {
    EXPECT_EQ(head_of({.status = 204, .content_length = 0}), "HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_EQ(head_of({.status = 304, .content_length = 5}), "HTTP/1.1 304 Not Modified\r\n\r\n");
}

TEST(HttpResponse, a_body_may_come_in_chunks) {
    std::string text;
    EXPECT_EQ(append_response_head(text, {.is_chunked = true}), HeaderFault::none);
    EXPECT_EQ(text, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    text.clear();
    EXPECT_EQ(append_response_head(text, {.status = 304, .is_chunked = true}), HeaderFault::none);
    EXPECT_EQ(text, "HTTP/1.1 304 Not Modified\r\n\r\n");
}

// RFC 9110, section 15; RFC 6585; RFC 8470 (425), 7725 (451), 4918 (423, 424, 507), 5842 (508),
// 2324 (418).
TEST(HttpResponse, every_status_has_its_phrase) {
    struct Row {
        unsigned status;
        std::string_view phrase;
    };
    const Row rows[] = {
        {101, "Switching Protocols"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {203, "Non-Authoritative Information"},
        {204, "No Content"},
        {205, "Reset Content"},
        {206, "Partial Content"},
        {300, "Multiple Choices"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {402, "Payment Required"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {407, "Proxy Authentication Required"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {418, "I'm a Teapot"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {423, "Locked"},
        {424, "Failed Dependency"},
        {425, "Too Early"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {451, "Unavailable For Legal Reasons"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
        {508, "Loop Detected"},
        {511, "Network Authentication Required"},
    };
    for (const Row& row : rows) EXPECT_EQ(reason_phrase(row.status), row.phrase) << row.status;
    EXPECT_EQ(reason_phrase(799), "Unknown");
}

TEST(HttpResponse, a_header_that_would_break_the_head_is_refused_and_nothing_appended) {
    struct Row {
        std::string name;
        std::string value;
        HeaderFault fault;
    };
    const Row rows[] = {
        {"X", "\ta \x80\xFF~", HeaderFault::none},
        {"X!#$%&'*+-.^_`|~9", "", HeaderFault::none},
        {"Sec-WebSocket-Version", "13", HeaderFault::none},
        {"", "a", HeaderFault::name_malformed},
        {"X Y", "a", HeaderFault::name_malformed},
        {"X:", "a", HeaderFault::name_malformed},
        {"X\r\nY", "a", HeaderFault::name_malformed},
        {"X\x80", "a", HeaderFault::name_malformed},
        {std::string("X\0", 2), "a", HeaderFault::name_malformed},
        {"X", "a\r\nSet-Cookie: b", HeaderFault::value_malformed},
        {"X", "a\n", HeaderFault::value_malformed},
        {"X", "\r", HeaderFault::value_malformed},
        {"X", std::string(1, '\0'), HeaderFault::value_malformed},
        {"X", "\x1B[0m", HeaderFault::value_malformed},
        {"X", "\x7F", HeaderFault::value_malformed},
        {"connection", "close", HeaderFault::name_reserved},
        {"CONTENT-LENGTH", "1", HeaderFault::name_reserved},
        {"Transfer-Encoding", "chunked", HeaderFault::name_reserved},
        {"Upgrade", "h2c", HeaderFault::name_reserved},
        {"Sec-WebSocket-Accept", "a", HeaderFault::name_reserved},
        {"Sec-WebSocket-Protocol", "a", HeaderFault::name_reserved},
        {"Sec-WebSocket-Extensions", "a", HeaderFault::name_reserved},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name + ": " + row.value);
        const std::array headers{HeaderField{"Fine", "yes"}, HeaderField{row.name, row.value}};
        EXPECT_EQ(check_headers(headers), row.fault);
        EXPECT_EQ(is_header_name(row.name), row.fault != HeaderFault::name_malformed);
        EXPECT_EQ(is_header_value(row.value), row.fault != HeaderFault::value_malformed);
        EXPECT_FALSE(describe(row.fault).empty());
    }
}

TEST(ResponseHeaders, are_lines_as_they_are_sent) {
    ResponseHeaders headers;
    EXPECT_EQ(headers.add("X-Colon", "a: b"), HeaderFault::none);
    EXPECT_EQ(headers.add("X-Bad", "a\nb"), HeaderFault::value_malformed);
    ResponseHeaders others;
    EXPECT_EQ(others.add("Empty", ""), HeaderFault::none);
    headers.add(others);
    EXPECT_EQ(headers.lines(), "X-Colon: a: b\r\nEmpty: \r\n");
    const std::vector<HeaderField> fields = headers.fields();
    ASSERT_EQ(fields.size(), 2U);
    EXPECT_EQ(fields[0].name, "X-Colon");
    EXPECT_EQ(fields[0].value, "a: b");
    EXPECT_EQ(fields[1].name, "Empty");
    EXPECT_EQ(fields[1].value, "");
    headers.clear();
    EXPECT_TRUE(headers.fields().empty());
}

TEST(ResponseHeaders, are_found_by_their_whole_names_in_any_case) {
    ResponseHeaders headers;
    EXPECT_FALSE(headers.has("Date"));
    (void)headers.add("X-Date", "Date: then");
    (void)headers.add("Dates", "Date");
    EXPECT_FALSE(headers.has("Date"));
    EXPECT_FALSE(headers.has("X-Dat"));
    EXPECT_TRUE(headers.has("dates"));
    (void)headers.add("dAte", "");
    EXPECT_TRUE(headers.has("Date"));
}

TEST(HttpResponse, a_status_that_is_no_final_response_is_refused) {
    for (const unsigned status : {0u, 99u, 100u, 101u, 199u, 600u, 1000u}) {
        std::string out;
        EXPECT_EQ(append_response_head(out, {.status = status}), HeaderFault::status_out_of_range);
        EXPECT_TRUE(out.empty()) << status;
    }
}

TEST(HttpResponse, the_date_is_sent_unless_the_application_says_its_own) {
    std::string out;
    EXPECT_EQ(append_response_head(out, {.date = "Sun, 06 Nov 1994 08:49:37 GMT"}),
              HeaderFault::none);
    EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
    out.clear();
    EXPECT_EQ(append_response_head(out, {.lines = "X: Date\r\ndate: then\r\n", .date = "now"}),
              HeaderFault::none);
    EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nX: Date\r\ndate: then\r\n\r\n");
}

}  // namespace
}  // namespace edgews
