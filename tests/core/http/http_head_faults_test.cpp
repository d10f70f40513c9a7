// Request heads (RFC 9112): each rule and each limit, and that breaking it is noticed at once.
#include "core/http/http_head.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/head_feed.hpp"

namespace edgews {
namespace {

using test::expect_same_for_every_split;
using test::Feed;
using test::feed;
using test::feed_response;
using test::head_with;
using test::host_line;
using test::Progress;

struct FaultRow {
    const char* name;
    std::string text;  // Its last byte proves the fault.
    HttpFault fault;
    unsigned status;
};

const std::string line = "GET / HTTP/1.1\r\n";

const std::vector<FaultRow> request_line_rows = {
    {"empty method", " ", HttpFault::method_malformed, 400},
    {"method with a separator", "GE(", HttpFault::method_malformed, 400},
    {"method over 0x7F", "G\xC3", HttpFault::method_malformed, 400},
    {"HTAB after the method", "GET\t", HttpFault::method_malformed, 400},
    {"method alone", "GET\r", HttpFault::method_malformed, 400},
    {"two empty lines before", "\r\n\r", HttpFault::method_malformed, 400},
    {"LF before", "\n", HttpFault::bare_line_feed, 400},
    {"CR before", "\rG", HttpFault::bare_carriage_return, 400},
    {"a TLS client", "\x16", HttpFault::control_character, 400},
    {"NUL in the method", std::string("G\0", 2), HttpFault::control_character, 400},
    {"two spaces", "GET  ", HttpFault::target_malformed, 400},
    {"asterisk-form of GET", "GET * ", HttpFault::target_malformed, 400},
    {"asterisk and more", "OPTIONS *a ", HttpFault::target_malformed, 400},
    {"asterisk and a query", "OPTIONS *?a ", HttpFault::target_malformed, 400},
    {"authority-form of OPTIONS", "OPTIONS a:1 ", HttpFault::target_malformed, 400},
    {"CONNECT without port", "CONNECT a ", HttpFault::target_malformed, 400},
    {"CONNECT to a port too large", "CONNECT a:65536 ", HttpFault::target_malformed, 400},
    {"CONNECT to a URL", "CONNECT http://a:1 ", HttpFault::target_malformed, 400},
    {"relative path", "GET a/b ", HttpFault::target_malformed, 400},
    {"another scheme", "GET ftp://a/ ", HttpFault::target_malformed, 400},
    {"absolute without host", "GET http:///a ", HttpFault::target_malformed, 400},
    {"absolute with user", "GET http://u@a/ ", HttpFault::target_malformed, 400},
    {"absolute with bad port", "GET http://a:65536/ ", HttpFault::target_malformed, 400},
    {"fragment", "GET /a#", HttpFault::target_malformed, 400},
    {"target over 0x7F", "GET /\xE4", HttpFault::target_malformed, 400},
    {"HTAB in the target", "GET /\t", HttpFault::target_malformed, 400},
    {"NUL in the target", std::string("GET /\0", 6), HttpFault::control_character, 400},
    {"DEL in the target", "GET /\x7F", HttpFault::control_character, 400},
    {"HTTP/0.9", "GET /\r", HttpFault::version_malformed, 400},
    {"LF after the target", "GET /\n", HttpFault::bare_line_feed, 400},
    {"space in the target", "GET /a b", HttpFault::version_malformed, 400},
    {"lower-case version", "GET / h", HttpFault::version_malformed, 400},
    {"version without minor", "GET / HTTP/2\r", HttpFault::version_malformed, 400},
    {"version with letters", "GET / HTTP/1.x", HttpFault::version_malformed, 400},
    {"version of two digits", "GET / HTTP/1.10", HttpFault::version_malformed, 400},
    {"space after the version", "GET / HTTP/1.1 ", HttpFault::version_malformed, 400},
    {"preface of HTTP/2", "PRI * HTTP/2.0", HttpFault::version_unsupported, 505},
    {"HTTP/2.0", "GET / HTTP/2.0", HttpFault::version_unsupported, 505},
    {"HTTP/0.1", "GET / HTTP/0.1", HttpFault::version_unsupported, 505},
    {"LF ends the request line", "GET / HTTP/1.1\n", HttpFault::bare_line_feed, 400},
    {"CR ends the request line", "GET / HTTP/1.1\rH", HttpFault::bare_carriage_return, 400},
};

const std::vector<FaultRow> header_rows = {
    {"folded first header", line + " ", HttpFault::folded_header, 400},
    {"folded header", line + "A: 1\r\n\t", HttpFault::folded_header, 400},
    {"empty name", line + ":", HttpFault::header_name_malformed, 400},
    {"name with a separator", line + "A(", HttpFault::header_name_malformed, 400},
    {"name over 0x7F", line + "A\xC3", HttpFault::header_name_malformed, 400},
    {"NUL in a name", line + std::string("A\0", 2), HttpFault::control_character, 400},
    {"space before the colon", line + "Host ", HttpFault::space_before_colon, 400},
    {"HTAB before the colon", line + "Host\t", HttpFault::space_before_colon, 400},
    {"no colon", line + "Host\r", HttpFault::colon_missing, 400},
    {"LF in a name", line + "Host\n", HttpFault::bare_line_feed, 400},
    {"LF for an empty line", line + host_line + "\n", HttpFault::bare_line_feed, 400},
    {"LF after a value", line + "A: 12345678901234567890\n", HttpFault::bare_line_feed, 400},
    {"LF at once after the colon", line + "A:\n", HttpFault::bare_line_feed, 400},
    {"CR in a value", line + "A: 1\r2", HttpFault::bare_carriage_return, 400},
    {"CR CR LF", line + "A: 1\r\r", HttpFault::bare_carriage_return, 400},
    {"CR in the empty line", line + host_line + "\rX", HttpFault::bare_carriage_return, 400},
    {"NUL in a value", line + std::string("A: 123456789\0", 13), HttpFault::control_character, 400},
    {"ESC in a value", line + "A: 1234567\x1B", HttpFault::control_character, 400},
    {"DEL in a value", line + "A: 123\x7F", HttpFault::control_character, 400},
    {"no Host", line + "A: 1\r\n\r\n", HttpFault::host_missing, 400},
    {"no header", line + "\r\n", HttpFault::host_missing, 400},
    {"no Host, absolute", "GET http://a/ HTTP/1.1\r\n\r\n", HttpFault::host_missing, 400},
    {"two Hosts", line + host_line + "hOST: example.com\r\n", HttpFault::host_repeated, 400},
    {"empty Host", line + "Host:\r\n", HttpFault::host_malformed, 400},
    {"Host with a path", line + "Host: a/b\r\n", HttpFault::host_malformed, 400},
    {"Host with two values", line + "Host: a, b\r\n", HttpFault::host_malformed, 400},
    {"Host over 0x7F", line + "Host: \xC3\xA4\r\n", HttpFault::host_malformed, 400},
    {"Host with a bad port", line + "Host: a:b\r\n", HttpFault::host_malformed, 400},
};

// Each row's header line, and the lines that follow it up to the fault.
const std::vector<FaultRow> length_rows = {
    {"empty", "Content-Length:\r\n", HttpFault::content_length_malformed, 400},
    {"sign", "Content-Length: +1\r\n", HttpFault::content_length_malformed, 400},
    {"negative", "Content-Length: -1\r\n", HttpFault::content_length_malformed, 400},
    {"hexadecimal", "Content-Length: 0x1\r\n", HttpFault::content_length_malformed, 400},
    {"list", "Content-Length: 5, 5\r\n", HttpFault::content_length_malformed, 400},
    {"space inside", "Content-Length: 1 2\r\n", HttpFault::content_length_malformed, 400},
    {"2^63", "Content-Length: 9223372036854775808\r\n", HttpFault::content_length_malformed, 400},
    {"2^64", "Content-Length: 18446744073709551616\r\n", HttpFault::content_length_malformed, 400},
    {"2^64 + 1 digits more", "Content-Length: 184467440737095516170\r\n",
     HttpFault::content_length_malformed, 400},
    {"twice", "Content-Length: 5\r\ncontent-length: 5\r\n", HttpFault::content_length_repeated,
     400},
    {"twice zero", "Content-Length: 0\r\nContent-Length: 0\r\n", HttpFault::content_length_repeated,
     400},
    {"then coding", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
     HttpFault::content_length_and_coding, 400},
    {"after coding", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
     HttpFault::content_length_and_coding, 400},
    {"gzip", "Transfer-Encoding: gzip, chunked\r\n", HttpFault::transfer_coding_unsupported, 501},
    {"empty elements", "Transfer-Encoding: , chunked\r\n", HttpFault::transfer_coding_unsupported,
     501},
    {"identity", "Transfer-Encoding: identity\r\n", HttpFault::transfer_coding_malformed, 400},
    {"not chunked", "Transfer-Encoding: xchunked\r\n", HttpFault::transfer_coding_malformed, 400},
    {"a parameter", "Transfer-Encoding: chunked;q=1\r\n", HttpFault::transfer_coding_malformed,
     400},
    {"empty coding", "Transfer-Encoding:\r\n", HttpFault::transfer_coding_malformed, 400},
    {"only a comma", "Transfer-Encoding: ,\r\n", HttpFault::transfer_coding_malformed, 400},
    {"chunked first", "Transfer-Encoding: chunked, gzip\r\n", HttpFault::transfer_coding_malformed,
     400},
    {"chunked twice", "Transfer-Encoding: chunked, chunked\r\n",
     HttpFault::transfer_coding_malformed, 400},
    {"chunked in two headers", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
     HttpFault::transfer_coding_malformed, 400},
};

void expect_fault(const FaultRow& row, const std::string& text) {
    SCOPED_TRACE(row.name);
    Feed fed;
    EXPECT_EQ(fed.receive(text.substr(0, text.size() - 1)), Progress::more)
        << "failed too early: " << describe(fed.head().fault());
    EXPECT_EQ(fed.receive(text.substr(text.size() - 1)), Progress::failed) << "not at once";
    EXPECT_EQ(fed.head().fault(), row.fault) << describe(fed.head().fault());
    EXPECT_EQ(status_code(row.fault), row.status);
    EXPECT_FALSE(describe(row.fault).empty());
    expect_same_for_every_split(text + " x\r\n\r\n");
}

TEST(HttpHeadFaults, a_request_line_that_breaks_a_rule_names_the_rule_at_once) {
    for (const FaultRow& row : request_line_rows) expect_fault(row, row.text);
}

TEST(HttpHeadFaults, a_header_that_breaks_a_rule_names_the_rule_at_once) {
    for (const FaultRow& row : header_rows) expect_fault(row, row.text);
}

TEST(HttpHeadFaults, doubts_about_the_length_of_the_body_are_refused) {
    for (const FaultRow& row : length_rows) expect_fault(row, line + host_line + row.text);
}

// RFC 9112, section 6.1: a message of HTTP/1.0 that has one is framed wrongly.
TEST(HttpHeadFaults, http_1_0_has_no_transfer_coding) {
    const std::string old_line = "GET / HTTP/1.0\r\n";
    expect_fault({"chunked", "", HttpFault::transfer_coding_of_http_1_0, 400},
                 old_line + "Transfer-Encoding: chunked\r\n");
    expect_fault({"gzip", "", HttpFault::transfer_coding_of_http_1_0, 400},
                 old_line + host_line + "Transfer-Encoding: gzip\r\n");
}

// The answer to a request whose head has a fault depends on it.
TEST(HttpHeadFaults, the_method_is_known_once_it_was_read_whatever_follows) {
    const auto method_of = [](std::string_view text) {
        Feed fed = feed(text);
        return std::string(fed.head().method());
    };
    EXPECT_EQ(method_of("HEAD"), "");
    EXPECT_EQ(method_of("HEAD("), "");
    EXPECT_EQ(method_of("HEAD "), "HEAD");
    EXPECT_EQ(method_of("\r\nHEAD /"), "HEAD");
    EXPECT_EQ(method_of("HEAD  "), "HEAD");
    EXPECT_EQ(method_of("HEAD / HTTP/1.1\r\nHost: a\r\nHost: b\r\n"), "HEAD");
    EXPECT_EQ(feed_response("HTTP/1.1 200 OK\r\n\r\n").head().method(), "");
    HttpHead head;
    ASSERT_EQ(head.parse("HEAD \n"), Progress::failed);
    head.reset();
    EXPECT_EQ(head.method(), "");
}

// At every offset within a word of eight bytes, between valid neighbours.
TEST(HttpHeadFaults, no_control_character_passes_and_no_other_fails_in_a_value) {
    for (int byte = 0; byte < 256; ++byte) {
        for (std::size_t offset = 0; offset < 24; ++offset) {
            SCOPED_TRACE("byte " + std::to_string(byte) + " at " + std::to_string(offset));
            std::string value(26, '\x80');
            value[offset + 1] = static_cast<char>(byte);
            Feed fed = feed(head_with("X:" + value + "\r\n"));
            const bool is_valid = byte == '\t' || (byte >= 0x20 && byte != 0x7F);
            ASSERT_EQ(fed.progress(), is_valid ? Progress::complete : Progress::failed);
            if (is_valid) {
                ASSERT_EQ(fed.head().header("X"), value);
            }
        }
    }
}

TEST(HttpHeadFaults, a_head_of_exactly_the_limit_passes_and_one_byte_more_is_too_large) {
    const std::string start = line + host_line + "A: ";
    HttpLimits limits;
    limits.head_size_max = 200;
    const std::string fits =
        start + std::string(limits.head_size_max - start.size() - 4, 'x') + "\r\n\r\n";
    ASSERT_EQ(fits.size(), limits.head_size_max);
    EXPECT_EQ(feed(fits, limits).progress(), Progress::complete);
    EXPECT_EQ(feed(fits + "frames", limits).progress(), Progress::complete);
    expect_same_for_every_split(fits, limits);

    const std::string large = start + "x" + fits.substr(start.size());
    EXPECT_EQ(feed(large, limits).head().fault(), HttpFault::head_too_large);
    EXPECT_EQ(status_code(HttpFault::head_too_large), 431u);
    expect_same_for_every_split(large, limits);
    // Known as soon as the last byte allowed did not complete it.
    EXPECT_EQ(feed(large.substr(0, 199), limits).progress(), Progress::more);
    EXPECT_EQ(feed(large.substr(0, 200), limits).progress(), Progress::failed);
}

TEST(HttpHeadFaults, a_line_of_exactly_the_limit_passes_and_one_byte_more_is_too_long) {
    HttpLimits limits;
    limits.line_size_max = 64;
    const auto request_line = [](std::size_t size) {
        return "GET /" + std::string(size - 14, 'p') + " HTTP/1.1";
    };
    const auto header_line = [](std::size_t size) { return "A: " + std::string(size - 3, 'v'); };
    const auto name_line = [](std::size_t size) { return std::string(size - 1, 'n') + ":"; };
    const auto space_line = [](std::size_t size) { return "A:" + std::string(size - 2, ' '); };
    const std::string end = "\r\n" + host_line + "\r\n";

    const std::string fits = request_line(64) + "\r\n" + header_line(64) + "\r\n" + name_line(64) +
                             "\r\n" + space_line(64) + end;
    EXPECT_EQ(feed(fits, limits).progress(), Progress::complete);
    expect_same_for_every_split(fits, limits);

    struct Row {
        std::string text;
        HttpFault fault;
        unsigned status;
    };
    const Row rows[] = {
        {request_line(65), HttpFault::request_line_too_long, 414},
        {std::string(65, 'G'), HttpFault::request_line_too_long, 414},
        {"GET /" + std::string(60, 'p'), HttpFault::request_line_too_long, 414},
        {line + header_line(65), HttpFault::header_line_too_long, 431},
        {line + name_line(65), HttpFault::header_line_too_long, 431},
        {line + space_line(65), HttpFault::header_line_too_long, 431},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.text);
        EXPECT_EQ(feed(row.text.substr(0, row.text.size() - 1), limits).progress(), Progress::more);
        EXPECT_EQ(feed(row.text, limits).head().fault(), row.fault);
        EXPECT_EQ(status_code(row.fault), row.status);
        expect_same_for_every_split(row.text + end, limits);
    }
}

TEST(HttpHeadFaults, as_many_headers_as_allowed_pass_and_one_more_is_too_many) {
    const auto head_of = [](std::size_t count) {
        std::string lines;
        for (std::size_t i = 1; i < count; ++i) lines += "A:\r\n";
        return head_with(lines);
    };
    HttpLimits limits;
    EXPECT_EQ(feed(head_of(100)).head().header_count(), 100u);
    EXPECT_EQ(feed(head_of(101)).head().fault(), HttpFault::too_many_headers);
    limits.header_count_max = 5;
    EXPECT_EQ(feed(head_of(5), limits).progress(), Progress::complete);
    EXPECT_EQ(feed(head_of(6), limits).head().fault(), HttpFault::too_many_headers);
    EXPECT_EQ(status_code(HttpFault::too_many_headers), 431u);
    expect_same_for_every_split(head_of(5), limits);
    expect_same_for_every_split(head_of(6), limits);
    limits.header_count_max = 1000;  // More than there is room for: as many as there is.
    EXPECT_EQ(feed(head_of(101), limits).head().fault(), HttpFault::too_many_headers);
}

TEST(HttpHeadFaults, the_default_limits_refuse_a_hundred_kilobytes) {
    Feed one_line = feed(line + "A: " + std::string(100 * 1024, 'x'));
    EXPECT_EQ(one_line.head().fault(), HttpFault::header_line_too_long);
    std::string lines;
    while (lines.size() < 100 * 1024) lines += "A: " + std::string(1000, 'x') + "\r\n";
    EXPECT_EQ(feed(head_with(lines)).head().fault(), HttpFault::head_too_large);
    HttpLimits limits;
    limits.head_size_max = limits.line_size_max = 1 << 20;  // Offsets end at 64 KiB all the same.
    EXPECT_EQ(feed(head_with(lines), limits).head().fault(), HttpFault::head_too_large);
}

}  // namespace
}  // namespace edgews
