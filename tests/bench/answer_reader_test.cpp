// What the load generator takes for an answer to a GET.
#include "bench/load/answer_reader.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace load {
namespace {

const std::string answer = "HTTP/1.1 200 OK\r\nDate: 1\r\ncontent-length: 5\r\n\r\nhello";

Answer first() {
    std::string fault;
    Answer found = Answer::first_of(answer + "HTTP", fault);
    EXPECT_EQ(fault, "");
    return found;
}

TEST(AnswerReader, the_first_is_whole_when_its_body_is) {
    EXPECT_EQ(first().text, answer);
    std::string fault;
    for (std::size_t size = 0; size < answer.size(); ++size) {
        EXPECT_EQ(Answer::first_of(answer.substr(0, size), fault).text, "");
    }
    EXPECT_EQ(fault, "");
}

TEST(AnswerReader, a_first_that_is_refused_or_has_no_length_is_a_fault) {
    std::string fault;
    (void)Answer::first_of("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", fault);
    EXPECT_EQ(fault, "the server refuses: HTTP/1.1 404 No");
    fault.clear();
    (void)Answer::first_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", fault);
    EXPECT_EQ(fault, "an answer does not tell its length");
}

TEST(AnswerReader, answers_are_counted_wherever_they_are_cut) {
    const Answer one = first();
    const std::string two = answer + "HTTP/1.1 200 OK\r\nDate: 2\r\ncontent-length: 5\r\n\r\nhello";
    for (std::size_t cut = 0; cut <= two.size(); ++cut) {
        AnswerReader reader(one);
        const std::string_view input = two;
        const unsigned before = reader.take(input.substr(0, cut));
        EXPECT_EQ(before + reader.take(input.substr(cut)), 2U);
        EXPECT_FALSE(reader.has_failed());
    }
}

TEST(AnswerReader, another_status_body_or_length_is_noticed_at_every_cut) {
    const Answer one = first();
    for (const std::string_view other :
         {"HTTP/1.1 503 No\r\nDate: 1\r\ncontent-length: 5\r\n\r\nhello",
          "HTTP/1.1 200 OK\r\nDate: 1\r\ncontent-length: 5\r\n\r\nhallo",
          "HTTP/1.1 200 OK\r\nDate: 12\r\ncontent-length: 5\r\n\r\nhello",
          "HTTP/1.1 200 OK\r\nDate: \r\ncontent-length: 5\r\n\r\nhello "}) {
        for (std::size_t cut = 0; cut <= other.size(); ++cut) {
            AnswerReader reader(one);
            unsigned count = reader.take(other.substr(0, cut));
            if (!reader.has_failed()) count += reader.take(other.substr(cut));
            EXPECT_EQ(count, 0U) << other;
            EXPECT_TRUE(reader.has_failed()) << other << cut;
        }
    }
}

}  // namespace
}  // namespace load
