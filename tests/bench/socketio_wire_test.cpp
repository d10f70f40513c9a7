// What the load for Socket.IO reads of its server: frames, answers and packets, however they are
// cut, and what it finds wrong with them.
#include "bench/socketio/wire.hpp"

#include "tests/support/frames.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "bench/socketio/texts.hpp"

namespace load::sio {
namespace {

using edgews::test::from_hex;
using edgews::test::text_of;

TEST(SocketIoFrame, is_read_when_it_is_whole) {
    const std::string frames = text_of(from_hex("81 03 34 33 31 88 02 03 E8"));
    for (std::size_t size = 0; size < 5; ++size) {
        EXPECT_EQ(read_frame(std::string_view(frames).substr(0, size)).size, 0U) << size;
    }
    const Frame text = read_frame(frames);
    EXPECT_EQ(text.size, 5U);
    EXPECT_EQ(text.opcode, edgews::Opcode::text);
    EXPECT_EQ(text.payload, "431");
    EXPECT_EQ(read_frame(std::string_view(frames).substr(5)).opcode, edgews::Opcode::close);
}

TEST(SocketIoFrame, in_fragments_or_masked_is_wrong) {
    EXPECT_THROW((void)read_frame(text_of(from_hex("01 01 34"))), std::runtime_error);
    EXPECT_THROW((void)read_frame(text_of(from_hex("81 81 00 00 00 00 34"))), std::runtime_error);
}

TEST(SocketIoFrame, of_ours_is_masked) {
    std::vector<std::byte> out;
    append_text_frame(out, "40");
    append_close_frame(out);
    const auto first = edgews::parse_frame_header(out, edgews::Role::server, false);
    EXPECT_EQ(first.header.payload_size, 2U);
    const auto rest = std::span(out).subspan(first.size + 2);
    const auto last = edgews::parse_frame_header(rest, edgews::Role::server, false);
    EXPECT_EQ(last.header.opcode, edgews::Opcode::close);
    EXPECT_EQ(last.size + last.header.payload_size, rest.size());
}

TEST(SocketIoAnswer, is_read_when_it_is_whole) {
    const std::string answer =
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n40\x1E"
        "41";
    for (std::size_t size = 0; size < answer.size(); ++size) {
        EXPECT_EQ(read_answer(std::string_view(answer).substr(0, size)).size, 0U) << size;
    }
    const std::string more = answer + "HTTP/1.1";
    const Answer read = read_answer(more);
    EXPECT_EQ(read.size, answer.size());
    EXPECT_FALSE(read.is_last);
    std::string_view payload = read.body;
    EXPECT_EQ(take_packet(payload), "40");
    EXPECT_EQ(take_packet(payload), "41");
    EXPECT_EQ(payload, "");
}

TEST(SocketIoAnswer, may_be_the_last_of_its_connection) {
    EXPECT_TRUE(
        read_answer("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").is_last);
}

TEST(SocketIoAnswer, of_another_status_or_without_a_length_is_wrong) {
    for (const char* const answer : {"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
                                     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                                     "HTTP/1.1 200 OK\r\n\r\n", "nonsense\r\n\r\n"}) {
        EXPECT_THROW((void)read_answer(answer), std::runtime_error) << answer;
    }
}

TEST(SocketIoAnswer, to_a_websocket_is_checked) {
    const std::string begin = "HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    // RFC 6455, section 1.3.
    const std::string answer = begin + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    EXPECT_EQ(read_websocket_answer(answer.substr(0, answer.size() - 1)), 0U);
    EXPECT_EQ(read_websocket_answer(answer + "\x81"), answer.size());
    EXPECT_THROW((void)read_websocket_answer(begin + "\r\n"), std::runtime_error);
    EXPECT_THROW((void)read_websocket_answer(std::string(20'000, 'x')), std::runtime_error);
}

TEST(SocketIoSessionId, comes_first_and_is_not_empty) {
    EXPECT_EQ(session_id_of(R"({"sid":"a-B_9","upgrades":[]})"), "a-B_9");
    for (const char* const json : {R"({"sid":""})", R"({"pid":"a"})", R"({"sid":"a)", "", "{"}) {
        EXPECT_THROW((void)session_id_of(json), std::runtime_error) << json;
    }
}

TEST(SocketIoTexts, an_answer_has_the_id_and_the_data_of_its_message) {
    Texts texts(20);
    const std::string echo = texts.echo(17);
    ASSERT_TRUE(echo.starts_with("217[\"echo\",\"")) << echo;
    const std::string data = echo.substr(echo.find(',') + 1);
    EXPECT_EQ(data.size(), std::string_view("\"\"]").size() + 20);
    EXPECT_TRUE(texts.is_answer("317[" + data, 17));
    EXPECT_FALSE(texts.is_answer("318[" + data, 17));
    EXPECT_FALSE(texts.is_answer("318[" + data, 18)) << "the data is that of its neighbour";
    EXPECT_FALSE(texts.is_answer("217[" + data, 17));
    EXPECT_FALSE(texts.is_answer("317[" + data + "]", 17));
    EXPECT_FALSE(texts.is_answer("3[" + data, 17));
}

TEST(SocketIoTexts, news_have_the_data_of_their_broadcast) {
    const Texts texts(20);
    std::string news = texts.broadcast(3);
    ASSERT_TRUE(news.starts_with("2[\"broadcast\",")) << news;
    news.replace(3, std::string_view("broadcast").size(), "news");
    EXPECT_TRUE(texts.is_news(news, 3));
    EXPECT_FALSE(texts.is_news(news, 4));
    EXPECT_FALSE(texts.is_news(news + " ", 3));
}

}  // namespace
}  // namespace load::sio
