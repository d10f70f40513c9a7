// Chunks that are sent (RFC 9112, section 7.1).
#include "core/http/http_chunk.hpp"
#include "core/http/http_body.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace edgews {
namespace {

TEST(HttpChunk, its_head_is_the_size_in_hexadecimal) {
    EXPECT_EQ(chunk_head(1), "1\r\n");
    EXPECT_EQ(chunk_head(0xabcdef), "abcdef\r\n");
    EXPECT_EQ(chunk_head(SIZE_MAX), "ffffffffffffffff\r\n");
}

TEST(HttpChunk, what_is_written_is_read) {
    HttpHead head{HttpLimits{}};
    ASSERT_EQ(head.parse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
              HttpHead::Progress::complete);
    std::string whole, sent;
    for (const std::size_t size : {1U, 15U, 16U, 255U, 256U, 70'000U}) {
        const std::string content(size, static_cast<char>('a' + size % 26));
        whole += content;
        sent += chunk_head(size) + content + std::string(chunk_end);
    }
    sent += last_chunk;
    HttpBodyReader body(head, SIZE_MAX);
    auto rest = std::as_writable_bytes(std::span(sent));
    std::string read;
    HttpBodyReader::Step step = body.next(rest);
    for (; step == HttpBodyReader::Step::piece; step = body.next(rest)) {
        read.append(reinterpret_cast<const char*>(body.piece().data()), body.piece().size());
    }
    EXPECT_EQ(step, HttpBodyReader::Step::complete);
    EXPECT_TRUE(rest.empty());
    EXPECT_EQ(read, whole);
}

}  // namespace
}  // namespace edgews
