// Bodies of requests (RFC 9112, sections 6 and 7.1): what is taken from those that are good, what
// is wrong with others, and where they end, however they are split.
#include "core/http/http_body.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/bytes.hpp"
#include "tests/support/head_feed.hpp"

namespace edgews {
namespace {

using test::bytes_of;
using test::feed;
using test::for_each_split;
using test::head_with;
using test::Pieces;

using Step = HttpBodyReader::Step;

const std::string chunked = "Transfer-Encoding: chunked\r\n";

HttpBodyReader reader_for(const std::string& lines, std::uint64_t size_max = 1'000) {
    return {feed(head_with(lines)).head(), size_max};
}

// How it went, in words: the body, how it ended, and what followed it.
std::string outcome(HttpBodyReader reader, const Pieces& pieces) {
    std::string body;
    std::string rest;
    Step step = Step::more;
    for (const test::ExactBlock& each : pieces) {
        std::span<std::byte> input = each.bytes();
        while ((step = reader.next(input)) == Step::piece) {
            EXPECT_FALSE(reader.piece().empty());
            body += test::text_of(reader.piece());
        }
        EXPECT_TRUE(step != Step::more || input.empty());
        if (step == Step::complete) rest += test::text_of(input);
    }
    if (step == Step::failed) return std::string(describe(reader.fault()));
    return body + (step == Step::complete ? "|" + rest : "…");
}

std::string outcome(const std::string& lines, const std::string& bytes) {
    return outcome(reader_for(lines), test::split_at(bytes_of(bytes), {}));
}

void expect_outcome(const std::string& lines, const std::string& bytes, const std::string& wanted) {
    SCOPED_TRACE(testing::PrintToString(bytes));
    const HttpBodyReader reader = reader_for(lines);
    for_each_split(bytes_of(bytes),
                   [&](const Pieces& pieces) { EXPECT_EQ(outcome(reader, pieces), wanted); });
}

TEST(HttpBody, without_a_length_there_is_none) {
    expect_outcome("", "GET / HTTP/1.1\r\n", "|GET / HTTP/1.1\r\n");
    expect_outcome("Content-Length: 0\r\n", "x", "|x");
}

TEST(HttpBody, one_with_a_length_ends_there) {
    expect_outcome("Content-Length: 5\r\n", "hello", "hello|");
    expect_outcome("Content-Length: 5\r\n", "helloGET", "hello|GET");
    expect_outcome("Content-Length: 5\r\n", "hell", "hell…");
}

TEST(HttpBody, chunks_are_joined) {
    expect_outcome(chunked, "5\r\nhello\r\n0\r\n\r\n", "hello|");
    expect_outcome(chunked, "5\r\nhello\r\n00A\r\n, world 12\r\n000\r\n\r\nGET",
                   "hello, world 12|GET");
    expect_outcome(chunked, "a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n",
                   "01234567890123456789a|");
    expect_outcome(chunked, "0\r\n\r\n", "|");
    expect_outcome(chunked, "2\r\n\r\n\r\n0\r\n\r\n", "\r\n|");
    expect_outcome(chunked, "5\r\nhello\r\n0\r\n", "hello…");
    expect_outcome(chunked, "0000000000000001\r\nx\r\n0\r\n\r\n", "x|");
}

TEST(HttpBody, extensions_and_trailers_are_thrown_away) {
    expect_outcome(chunked, "1;a\r\nx\r\n2;b=c; d=\"e;\t\xC3\xA4\"\r\nyz\r\n0;last\r\n\r\n",
                   "xyz|");
    expect_outcome(chunked, "1 ;a\r\nx\r\n2\r\nyz\r\n0;a\r\n\r\n", "xyz|");
    expect_outcome(chunked, "1\r\nx\r\n0\r\nTrailer: a\r\nX-Sum: 12:3\r\nEmpty:\r\n\r\nGET",
                   "x|GET");
}

TEST(HttpBody, what_breaks_the_rules_of_chunks_is_refused) {
    struct Row {
        const char* bytes;
        HttpFault fault;
    };
    const Row rows[] = {
        {"\r\n", HttpFault::chunk_size_malformed},
        {";x\r\n", HttpFault::chunk_size_malformed},
        {"g\r\n", HttpFault::chunk_size_malformed},
        {"0x5\r\nhello", HttpFault::chunk_size_malformed},
        {"+5\r\nhello", HttpFault::chunk_size_malformed},
        {"-1\r\n", HttpFault::chunk_size_malformed},
        {" 5\r\nhello", HttpFault::chunk_size_malformed},
        {"5 \r\nhello", HttpFault::chunk_extension_malformed},
        {"5;\r\nhello", HttpFault::chunk_extension_malformed},
        {"5 5\r\nhello", HttpFault::chunk_extension_malformed},
        {"5\nhello", HttpFault::chunk_size_malformed},
        {"00000000000000001\r\nx", HttpFault::chunk_size_malformed},
        {"10000000000000005\r\n", HttpFault::chunk_size_malformed},
        {"5\r\rhello", HttpFault::bare_carriage_return},
        {"5\rhello", HttpFault::bare_carriage_return},
        {"5;a\nhello", HttpFault::chunk_extension_malformed},
        {"5;a\rhello", HttpFault::bare_carriage_return},
        {"5;\x01\r\nhello", HttpFault::chunk_extension_malformed},
        {"1\r\nxy\r\n0\r\n\r\n", HttpFault::chunk_end_malformed},
        {"1\r\nx\n0\r\n\r\n", HttpFault::chunk_end_malformed},
        {"1\r\nx\rx", HttpFault::chunk_end_malformed},
        {"0\r\n: a\r\n\r\n", HttpFault::trailer_malformed},
        {"0\r\n folded\r\n\r\n", HttpFault::trailer_malformed},
        {"0\r\na\r\n\r\n", HttpFault::trailer_malformed},
        {"0\r\na : b\r\n\r\n", HttpFault::trailer_malformed},
        {"0\r\na: b\n\r\n", HttpFault::trailer_malformed},
        {"0\r\na: \x01\r\n\r\n", HttpFault::trailer_malformed},
        {"0\r\na: b\rc", HttpFault::bare_carriage_return},
        {"0\r\n\n", HttpFault::trailer_malformed},
        {"0\r\n\rx", HttpFault::bare_carriage_return},
        {"3e9\r\n", HttpFault::body_too_large},
        {"ffffffffffffffff\r\n", HttpFault::body_too_large},
        {"3e8;a\r\n", HttpFault::none},
    };
    for (const Row& row : rows) {
        const std::string wanted =
            row.fault == HttpFault::none ? "…" : std::string(describe(row.fault));
        expect_outcome(chunked, row.bytes, wanted);
    }
}

TEST(HttpBody, one_that_is_too_large_is_refused_when_its_size_is_known) {
    std::span<std::byte> nothing;
    EXPECT_EQ(reader_for("Content-Length: 1000\r\n").next(nothing), Step::more);
    HttpBodyReader reader = reader_for("Content-Length: 1001\r\n");
    EXPECT_EQ(reader.next(nothing), Step::failed);
    EXPECT_EQ(reader.fault(), HttpFault::body_too_large);
    EXPECT_EQ(reader.announced_size(), 0u);
    const std::string half = "1f4\r\n" + std::string(500, 'x') + "\r\n";
    EXPECT_EQ(outcome(chunked, half + "1f4;"), std::string(500, 'x') + "…");
    EXPECT_EQ(outcome(chunked, half + "1f5;"), describe(HttpFault::body_too_large));
}

TEST(HttpBody, what_is_announced_is_what_is_left) {
    HttpBodyReader reader = reader_for("Content-Length: 10\r\n");
    EXPECT_EQ(reader.announced_size(), 10u);
    std::vector<std::byte> bytes = bytes_of("hello");
    std::span<std::byte> input(bytes);
    EXPECT_EQ(reader.next(input), Step::piece);
    EXPECT_EQ(reader.announced_size(), 5u);
    EXPECT_EQ(reader.next(input), Step::more);
}

// Who sends a byte at a time sends six for each; more than that is what limits are for.
TEST(HttpBody, extensions_and_trailers_have_limits_for_all_of_a_body) {
    const std::string longest(HttpBodyReader::extensions_size_max / 2 - 1, 'e');
    const std::string twice = "1;" + longest + "\r\nx\r\n1;" + longest;
    EXPECT_EQ(outcome(chunked, twice + "\r\nx\r\n0\r\n\r\n"), "xx|");
    EXPECT_EQ(outcome(chunked, twice + "e"), describe(HttpFault::chunk_extensions_too_long));
    const std::string name = "0\r\nT:";
    const std::string fits(HttpBodyReader::trailers_size_max - 4, 'v');
    EXPECT_EQ(outcome(chunked, name + fits + "\r\n\r\n"), "|");
    EXPECT_EQ(outcome(chunked, name + fits + "v\r\n\r\n"), describe(HttpFault::trailers_too_long));
}

TEST(HttpBody, it_stays_as_it_ended) {
    std::vector<std::byte> bytes = bytes_of("x5\r\n");
    std::span<std::byte> input(bytes);
    HttpBodyReader failed = reader_for(chunked);
    EXPECT_EQ(failed.next(input), Step::failed);
    EXPECT_EQ(failed.next(input), Step::failed);
    input = bytes;
    HttpBodyReader complete = reader_for("");
    EXPECT_EQ(complete.next(input), Step::complete);
    EXPECT_EQ(complete.next(input), Step::complete);
    EXPECT_EQ(input.size(), 4u);
}

TEST(HttpBody, each_fault_has_its_status) {
    EXPECT_EQ(status_code(HttpFault::chunk_size_malformed), 400u);
    EXPECT_EQ(status_code(HttpFault::chunk_extension_malformed), 400u);
    EXPECT_EQ(status_code(HttpFault::chunk_extensions_too_long), 400u);
    EXPECT_EQ(status_code(HttpFault::chunk_end_malformed), 400u);
    EXPECT_EQ(status_code(HttpFault::trailer_malformed), 400u);
    EXPECT_EQ(status_code(HttpFault::trailers_too_long), 431u);
    EXPECT_EQ(status_code(HttpFault::body_too_large), 413u);
    EXPECT_EQ(status_code(HttpFault::expectation_unknown), 417u);
}

}  // namespace
}  // namespace edgews
