// Response heads (RFC 9112, section 4): what a client reads from them, and what it refuses.
#include "core/http/http_head.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/head_feed.hpp"

namespace edgews {
namespace {

using test::everything;
using test::Feed;
using test::feed_response;
using test::Progress;

void expect_same_for_every_split(std::string_view text, const HttpLimits& limits = {}) {
    test::expect_same_for_every_split(text, limits, HttpHead::Kind::response);
}

const std::string line = "HTTP/1.1 200 OK\r\n";

// RFC 6455, section 1.3.
const std::string rfc_example =
    "HTTP/1.1 101 Switching Protocols\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    "Sec-WebSocket-Protocol: chat\r\n"
    "\r\n";

TEST(HttpResponseHead, the_example_of_the_rfc_is_taken_apart) {
    Feed fed = feed_response(rfc_example + "\x81");
    ASSERT_EQ(fed.progress(), Progress::complete);
    const HttpHead& head = fed.head();
    EXPECT_EQ(head.size(), rfc_example.size());
    EXPECT_EQ(head.status(), 101u);
    EXPECT_EQ(head.reason(), "Switching Protocols");
    EXPECT_EQ(head.header_count(), 4u);
    EXPECT_EQ(head.header("upgrade"), "websocket");
    EXPECT_EQ(head.header("Sec-WebSocket-Protocol"), "chat");
    EXPECT_FALSE(head.has_body());
    expect_same_for_every_split(rfc_example);
}

TEST(HttpResponseHead, status_lines_are_taken_apart) {
    struct Row {
        const char* line;
        unsigned status;
        const char* reason;
        bool keep_alive;
    };
    const Row rows[] = {
        {"HTTP/1.1 101 Switching Protocols", 101, "Switching Protocols", true},
        {"HTTP/1.1 200 ", 200, "", true},
        {"HTTP/1.1 200", 200, "", true},
        {"HTTP/1.0 407 Proxy Authentication Required", 407, "Proxy Authentication Required", false},
        {"HTTP/1.0 502", 502, "", false},
        {"HTTP/1.2 200 OK", 200, "OK", true},
        {"HTTP/1.1 404 Nicht\tgefunden: \xC3\xA4", 404, "Nicht\tgefunden: \xC3\xA4", true},
        {"HTTP/1.1 100 Continue", 100, "Continue", true},
        {"HTTP/1.1 999 ?", 999, "?", true},
        {"HTTP/1.1 200 200", 200, "200", true},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.line);
        const std::string text = std::string(row.line) + "\r\n\r\n";
        Feed fed = feed_response(text);
        ASSERT_EQ(fed.progress(), Progress::complete) << describe(fed.head().fault());
        EXPECT_EQ(fed.head().status(), row.status);
        EXPECT_EQ(fed.head().reason(), row.reason);
        EXPECT_EQ(fed.head().keep_alive(), row.keep_alive);
        EXPECT_EQ(fed.head().header_count(), 0u);
        expect_same_for_every_split(text);
    }
}

// RFC 9112, section 9.3.
TEST(HttpResponseHead, a_connection_is_kept_as_its_version_and_headers_say) {
    const auto keeps = [](std::string_view text) {
        return feed_response(text).head().keep_alive();
    };
    EXPECT_TRUE(keeps("HTTP/1.0 407 x\r\nProxy: a\r\nConnection: a, Keep-Alive\r\n\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.0 407 x\r\nConnection: keep-alive, close\r\n\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.1 407 x\r\nConnection: close\r\n\r\n"));
}

TEST(HttpResponseHead, heads_follow_each_other_after_a_reset) {
    const std::string hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    const std::string all = hints + rfc_example;
    HttpHead head(HttpHead::Kind::response);
    EXPECT_EQ(head.status(), 0u);
    ASSERT_EQ(head.parse(all), Progress::complete);
    EXPECT_EQ(head.status(), 103u);
    EXPECT_EQ(head.size(), hints.size());
    head.reset();
    EXPECT_EQ(head.status(), 0u);
    ASSERT_EQ(head.parse(std::string_view(all).substr(hints.size())), Progress::complete);
    EXPECT_EQ(everything(head), everything(feed_response(rfc_example).head()));
}

TEST(HttpResponseHead, a_host_header_means_nothing) {
    const std::string text = line + "Host:\r\nHost: a b\r\n\r\n";
    EXPECT_EQ(feed_response(text).progress(), Progress::complete);
    expect_same_for_every_split(text);
}

struct FaultRow {
    const char* name;
    std::string text;  // Its last byte proves the fault.
    HttpFault fault;
    unsigned status;  // What is known of it, all the same.
};

const std::vector<FaultRow> fault_rows = {
    {"an empty line before", "\r", HttpFault::status_version_malformed, 0},
    {"LF before", "\n", HttpFault::bare_line_feed, 0},
    {"SSH", "S", HttpFault::status_version_malformed, 0},
    {"TLS", "\x15", HttpFault::control_character, 0},
    {"a request", "G", HttpFault::status_version_malformed, 0},
    {"lower case", "h", HttpFault::status_version_malformed, 0},
    {"version without minor", "HTTP/2 ", HttpFault::status_version_malformed, 0},
    {"version of two digits", "HTTP/1.10", HttpFault::status_version_malformed, 0},
    {"HTAB behind the version", "HTTP/1.1\t", HttpFault::status_version_malformed, 0},
    {"version alone", "HTTP/1.1\r", HttpFault::status_version_malformed, 0},
    {"LF behind the version", "HTTP/1.1\n", HttpFault::bare_line_feed, 0},
    {"HTTP/2.0", "HTTP/2.0", HttpFault::version_unsupported, 0},
    {"HTTP/0.9", "HTTP/0.9", HttpFault::version_unsupported, 0},
    {"two spaces", "HTTP/1.1  ", HttpFault::status_malformed, 0},
    {"status of a letter", "HTTP/1.1 2x", HttpFault::status_malformed, 0},
    {"status below 100", "HTTP/1.1 0", HttpFault::status_malformed, 0},
    {"status of two digits", "HTTP/1.1 10 ", HttpFault::status_malformed, 0},
    {"status of four digits", "HTTP/1.1 1011", HttpFault::status_malformed, 0},
    {"negative status", "HTTP/1.1 -", HttpFault::status_malformed, 0},
    {"HTAB behind the status", "HTTP/1.1 101\t", HttpFault::status_malformed, 0},
    {"no status", "HTTP/1.1 \r", HttpFault::status_malformed, 0},
    {"LF behind the status", "HTTP/1.1 101\n", HttpFault::bare_line_feed, 0},
    {"CR alone behind the status", "HTTP/1.1 101\rX", HttpFault::bare_carriage_return, 101},
    {"LF behind the reason", "HTTP/1.1 101 Switching Protocols\n", HttpFault::bare_line_feed, 101},
    {"CR in the reason", "HTTP/1.1 101 S\rw", HttpFault::bare_carriage_return, 101},
    {"NUL in the reason", std::string("HTTP/1.1 101 Switching\0", 23), HttpFault::control_character,
     101},
    {"ESC in the reason", "HTTP/1.1 503 \x1B", HttpFault::control_character, 503},
    {"folded header", line + "A: 1\r\n ", HttpFault::folded_header, 200},
    {"space before the colon", line + "A ", HttpFault::space_before_colon, 200},
    {"no colon", line + "A\r", HttpFault::colon_missing, 200},
    {"control character in a value", line + "A: \x01", HttpFault::control_character, 200},
    {"bad length", line + "Content-Length: x\r\n", HttpFault::content_length_malformed, 200},
    {"two lengths", line + "Content-Length: 1\r\nContent-Length: 1\r\n",
     HttpFault::content_length_repeated, 200},
    {"length and chunked", line + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
     HttpFault::content_length_and_coding, 200},
    {"chunked and length", line + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
     HttpFault::content_length_and_coding, 200},
    {"gzip and length", line + "Transfer-Encoding: gzip\r\nContent-Length: 1\r\n",
     HttpFault::content_length_and_coding, 200},
    {"LF for an empty line", line + "\n", HttpFault::bare_line_feed, 200},
};

TEST(HttpResponseHead, a_response_that_breaks_a_rule_names_the_rule_and_the_status) {
    for (const FaultRow& row : fault_rows) {
        SCOPED_TRACE(row.name);
        Feed fed({}, HttpHead::Kind::response);
        EXPECT_EQ(fed.receive(row.text.substr(0, row.text.size() - 1)), Progress::more)
            << "failed too early: " << describe(fed.head().fault());
        EXPECT_EQ(fed.receive(row.text.substr(row.text.size() - 1)), Progress::failed)
            << "not at once";
        EXPECT_EQ(fed.head().fault(), row.fault) << describe(fed.head().fault());
        EXPECT_EQ(fed.head().status(), row.status);
        EXPECT_FALSE(describe(row.fault).empty());
        EXPECT_GE(status_code(row.fault), 400u);
        expect_same_for_every_split(row.text + " x\r\n\r\n");
    }
}

TEST(HttpResponseHead, a_line_or_head_over_its_limit_is_refused) {
    HttpLimits limits;
    limits.line_size_max = 32;
    limits.head_size_max = 80;
    limits.header_count_max = 2;
    const std::string fits = "HTTP/1.1 200 " + std::string(19, 'r') + "\r\n";
    EXPECT_EQ(feed_response(fits + "\r\n", limits).progress(), Progress::complete);
    struct Row {
        std::string text;
        HttpFault fault;
        unsigned status;
    };
    const Row rows[] = {
        {"HTTP/1.1 200 " + std::string(20, 'r'), HttpFault::status_line_too_long, 200},
        {fits + "A: " + std::string(30, 'v'), HttpFault::header_line_too_long, 200},
        {line + "A:\r\nB:\r\nC", HttpFault::too_many_headers, 200},
        {fits + "A: 45678901234567890\r\nB: " + std::string(21, 'v'), HttpFault::head_too_large,
         200},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.text);
        Feed fed = feed_response(row.text, limits);
        EXPECT_EQ(fed.head().fault(), row.fault) << describe(fed.head().fault());
        EXPECT_EQ(fed.head().status(), row.status);
        expect_same_for_every_split(row.text, limits);
    }
    EXPECT_EQ(status_code(HttpFault::status_line_too_long), 502u);
    limits.line_size_max = 8;
    EXPECT_EQ(feed_response("HTTP/1.1 ", limits).head().fault(), HttpFault::status_line_too_long);
}

// RFC 9112, section 6.3.
TEST(HttpResponseHead, bodies_are_announced) {
    struct Row {
        const char* name;
        std::string text;
        bool has_body;
        bool is_chunked;
        std::uint64_t content_length;
    };
    const Row rows[] = {
        {"length", line + "Content-Length: 7\r\n", true, false, 7},
        {"length of zero", line + "Content-Length: 0\r\n", false, false, 0},
        {"chunked", line + "Transfer-Encoding: CHUNKED\r\n", true, true, 0},
        {"until the end", line, true, false, 0},
        {"identity", line + "Transfer-Encoding: identity\r\n", true, false, 0},
        {"gzip", line + "Transfer-Encoding: gzip, chunked\r\n", true, false, 0},
        {"gzip, in two headers", line + "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
         true, false, 0},
        {"chunked twice", line + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
         true, false, 0},
        {"101", "HTTP/1.1 101 x\r\nContent-Length: 7\r\n", false, false, 7},
        {"101, chunked", "HTTP/1.1 101 x\r\nTransfer-Encoding: chunked\r\n", false, true, 0},
        {"204", "HTTP/1.1 204 x\r\n", false, false, 0},
        {"304", "HTTP/1.1 304 x\r\nContent-Length: 7\r\n", false, false, 7},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        Feed fed = feed_response(row.text + "\r\n");
        ASSERT_EQ(fed.progress(), Progress::complete) << describe(fed.head().fault());
        EXPECT_EQ(fed.head().has_body(), row.has_body);
        EXPECT_EQ(fed.head().is_chunked(), row.is_chunked);
        EXPECT_EQ(fed.head().content_length(), row.content_length);
        expect_same_for_every_split(row.text + "\r\n");
    }
}

}  // namespace
}  // namespace edgews
