// Answers that are sent piece by piece: what the client sees of them, and from which thread they
// come.
#include <gtest/gtest.h>

#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include "tests/support/http_stream_fixture.hpp"

namespace edgews::test {
namespace {

class HttpStreams : public HttpStreamFixture {};

TEST_F(HttpStreams, comes_in_chunks_and_the_connection_goes_on) {
    server_.start();
    TestClient client = ask(TestClient::get_head("/stream") + TestClient::get_head("/now"));
    const ResponseStream stream = wait_for_stream();
    EXPECT_TRUE(stream.is_open());
    EXPECT_EQ(stream.write("from a"), SendResult::queued);
    EXPECT_EQ(stream.write(""), SendResult::queued);
    EXPECT_EQ(stream.write(std::as_bytes(std::span("nother"))), SendResult::queued);
    EXPECT_EQ(with_stream([](const ResponseStream& its) { return its.write(" its own"); }),
              SendResult::sent);
    EXPECT_TRUE(stream.finish());
    EXPECT_FALSE(stream.finish());
    EXPECT_FALSE(stream.is_open());
    EXPECT_EQ(stream.write("more"), SendResult::closed);
    const HttpReply reply = client.read_reply();
    EXPECT_EQ(reply.status, 201U);
    EXPECT_TRUE(reply.has("X-Own: 1"));
    EXPECT_TRUE(reply.has("Transfer-Encoding: chunked"));
    EXPECT_EQ(reply.head.find("Content-Length"), std::string::npos);
    EXPECT_EQ(reply.body, std::string("from another\0 its own", 21));
    EXPECT_EQ(client.read_reply().body, "now");
    EXPECT_EQ(client.get("/now").body, "now");
    EXPECT_EQ(notes_.all(), (List{"begun"}));
    EXPECT_EQ(server_->stats()[Counter::http_requests], 3U);
}

TEST_F(HttpStreams, each_piece_is_seen_when_it_is_written) {
    server_.start();
    TestClient client = ask(TestClient::get_head("/stream"));
    const ResponseStream stream = wait_for_stream();
    EXPECT_EQ(client.read_reply(false).status, 201U);
    for (const std::string each : {"one", "two", "three"}) {
        EXPECT_EQ(stream.write(each), SendResult::queued);
        EXPECT_EQ(client.read_chunk(), each);
    }
    EXPECT_TRUE(stream.finish());
    EXPECT_EQ(client.read_chunk(), "");
}

TEST_F(HttpStreams, all_may_be_written_before_the_handler_returns) {
    server_->get("/whole", [](const Request& asked, Response& answer) {
        answer.headers.add("X-Own", "1");
        answer.body = "0";
        const ResponseStream stream = asked.stream(std::move(answer));
        for (int i = 1; i < 100; ++i) stream.write(std::to_string(i));
        EXPECT_TRUE(stream.finish());
    });
    server_.start();
    TestClient client = ask(TestClient::get_head("/whole") + TestClient::get_head("/whole"));
    std::string all;
    for (int i = 0; i < 100; ++i) all += std::to_string(i);
    for (int i = 0; i < 2; ++i) {
        const HttpReply reply = client.read_reply();
        EXPECT_TRUE(reply.has("X-Own: 1"));
        EXPECT_EQ(reply.body, all);
    }
}

TEST_F(HttpStreams, a_length_that_was_told_is_kept) {
    options_.content_length = 10;
    server_.start();
    TestClient client = ask(TestClient::get_head("/stream") + TestClient::get_head("/now"));
    const ResponseStream stream = wait_for_stream();
    stream.write("12345");
    stream.write("67890");
    EXPECT_TRUE(stream.finish());
    const HttpReply reply = client.read_reply();
    EXPECT_TRUE(reply.has("Content-Length: 10"));
    EXPECT_EQ(reply.head.find("Transfer-Encoding"), std::string::npos);
    EXPECT_EQ(reply.body, "1234567890");
    EXPECT_EQ(client.read_reply().body, "now");
}

TEST_F(HttpStreams, too_much_or_too_little_of_that_length_cuts_the_connection) {
    options_.content_length = 10;
    server_.start();
    TestClient short_of_it = ask(TestClient::get_head("/stream") + TestClient::get_head("/now"));
    const ResponseStream stream = wait_for_stream();
    stream.write("12345");
    EXPECT_TRUE(stream.finish());
    EXPECT_EQ(short_of_it.read_reply(false).status, 201U);
    EXPECT_EQ(text_of(short_of_it.read_exactly(5)), "12345");
    short_of_it.expect_eof();
    EXPECT_EQ(notes_.all(), (List{"begun"}));

    TestClient beyond_it = ask(TestClient::get_head("/stream"));
    EXPECT_EQ(notes_.wait_for(2).back(), "begun");
    EXPECT_EQ(with_stream([](const ResponseStream& its) { return its.write("12345678901"); }),
              SendResult::invalid);
    EXPECT_EQ(with_stream([](const ResponseStream& its) { return its.write("1"); }),
              SendResult::closed);
    EXPECT_EQ(notes_.wait_for(3).back(), "gone");
    EXPECT_EQ(beyond_it.read_reply(false).status, 201U);
    beyond_it.expect_eof();
}

TEST_F(HttpStreams, to_a_client_of_http_1_0_it_ends_with_the_connection) {
    server_.start();
    TestClient client = ask("GET /stream HTTP/1.0\r\n\r\n");
    const ResponseStream stream = wait_for_stream();
    stream.write("12345");
    EXPECT_TRUE(stream.finish());
    const HttpReply reply = client.read_reply(false);
    EXPECT_EQ(reply.head.find("Transfer-Encoding"), std::string::npos);
    EXPECT_EQ(reply.head.find("Content-Length"), std::string::npos);
    EXPECT_TRUE(reply.has("Connection: close"));
    EXPECT_EQ(text_of(client.read_exactly(5)), "12345");
    client.expect_eof();
}

// There the end alone would say that it is complete.
TEST_F(HttpStreams, what_was_cut_is_reset_where_only_the_end_tells_of_the_end) {
    server_.start();
    TestClient client = ask("GET /stream HTTP/1.0\r\n\r\n");
    EXPECT_EQ(wait_for_stream().write("12345"), SendResult::queued);
    EXPECT_EQ(client.read_reply(false).status, 201U);
    EXPECT_EQ(text_of(client.read_exactly(5)), "12345");
    let_go();
    client.expect_reset();
}

TEST_F(HttpStreams, what_everyone_has_let_go_of_is_cut) {
    server_.start();
    TestClient client = ask(TestClient::get_head("/stream"));
    {
        const ResponseStream stream = wait_for_stream();
        stream.write("12345");
        let_go();
        EXPECT_TRUE(stream.is_open());
    }
    EXPECT_EQ(client.read_reply(false).status, 201U);
    EXPECT_EQ(client.read_chunk(), "12345");
    client.expect_eof();
    EXPECT_EQ(notes_.all(), (List{"begun"}));
}

TEST_F(HttpStreams, what_has_no_content_is_over_at_once_and_told_of) {
    server_->get("/none", [this](const Request& asked, Response&) {
        begin(asked, {.status = 204, .body = "never sent"});
    });
    server_.start();
    TestClient client = ask("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n" +
                            TestClient::get_head("/none") + TestClient::get_head("/now"));
    EXPECT_TRUE(client.read_reply(false).has("Transfer-Encoding: chunked"));
    const HttpReply none = client.read_reply();
    EXPECT_EQ(none.status, 204U);
    EXPECT_EQ(none.head.find("Transfer-Encoding"), std::string::npos);
    EXPECT_EQ(client.read_reply().body, "now");
    EXPECT_EQ(notes_.all(), (List{"begun", "gone", "begun", "gone"}));
    EXPECT_EQ(with_stream([](const ResponseStream& its) { return its.write("x"); }),
              SendResult::closed);
}

TEST_F(HttpStreams, a_handler_that_throws_behind_the_head_cuts_the_connection) {
    server_.start();
    TestClient client = ask(TestClient::get_head("/now") + TestClient::get_head("/throws") +
                            TestClient::get_head("/now"));
    EXPECT_EQ(client.read_reply().body, "now");
    EXPECT_EQ(client.read_reply(false).status, 200U);
    EXPECT_EQ(client.read_chunk(), "a beginning");
    client.expect_eof();
    EXPECT_EQ(with_stream([](const ResponseStream& its) { return its.write("x"); }),
              SendResult::closed);
    EXPECT_EQ(notes_.all(), (List{"begun"}));
    EXPECT_EQ(server_->stats()[Counter::handler_failures], 1U);
}

TEST_F(HttpStreams, an_answer_is_given_once) {
    server_->get("/twice", [](const Request& asked, Response&) {
        const ResponseStream stream = asked.stream({});
        EXPECT_THROW((void)asked.stream({}), std::logic_error);
        EXPECT_THROW((void)asked.defer(), std::logic_error);
        stream.finish();
        EXPECT_THROW((void)asked.stream({}), std::logic_error);
        EXPECT_THROW((void)asked.defer(), std::logic_error);
    });
    server_->get("/deferred", [](const Request& asked, Response&) {
        const DeferredResponse later = asked.defer();
        EXPECT_THROW((void)asked.stream({}), std::logic_error);
        EXPECT_TRUE(later.send({.body = "later"}));
    });
    server_->get("/wrong", [](const Request& asked, Response& answer) {
        EXPECT_THROW((void)asked.stream({.status = 199}), std::invalid_argument);
        answer.body = "as if nothing had been";
    });
    server_->ws("/ws", {.upgrade = [](const Request& asked, Upgrade&) {
                    EXPECT_THROW((void)asked.stream({}), std::logic_error);
                }});
    server_.start();
    TestClient client = server_.connect();
    EXPECT_EQ(client.get("/twice").body, "");
    EXPECT_EQ(client.get("/deferred").body, "later");
    EXPECT_EQ(client.get("/wrong").body, "as if nothing had been");
    client.send(TestClient::upgrade_head("/ws"));
    EXPECT_EQ(client.read_reply().status, 101U);
}

TEST(ResponseStream, of_nobody_is_closed) {
    const ResponseStream none;
    EXPECT_FALSE(none.is_open());
    EXPECT_FALSE(none.finish());
    EXPECT_EQ(none.write("x"), SendResult::closed);
}

}  // namespace
}  // namespace edgews::test
