// Server-sent events (WHATWG HTML, section 9.2) over a real socket.
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <utility>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

class EventStreams : public testing::Test {
  protected:
    EventStreams() {
        server_->get("/events", [this](const Request& asked, Response&) {
            options_.gone = [this] { notes_.add("gone"); };
            events_ = asked.events(options_);
            notes_.add("id " + events_.last_event_id());
        });
    }
    EventStream wait_for_events(std::size_t note_count = 1) {
        (void)notes_.wait_for(note_count);
        return server_.on_loop([this] { return events_; });
    }

    EventStreamOptions options_{};
    EventStream events_{};  // The loop's.
    Notes notes_{};
    TestServer server_;  // It goes first: it tells of streams to its end.
};

TEST_F(EventStreams, are_sent_as_they_come) {
    server_.start();
    TestClient client = server_.connect();
    client.send(TestClient::get_head("/events"));
    const EventStream events = wait_for_events();
    const HttpReply reply = client.read_reply(false);
    EXPECT_EQ(reply.status, 200U);
    EXPECT_TRUE(reply.has("Content-Type: text/event-stream"));
    EXPECT_TRUE(reply.has("Cache-Control: no-store"));
    EXPECT_TRUE(reply.has("X-Accel-Buffering: no"));
    EXPECT_EQ(events.send("one\ntwo"), SendResult::queued);
    EXPECT_EQ(client.read_chunk(), "data: one\ndata: two\n\n");
    EXPECT_EQ(events.send({.data = "x", .name = "add", .id = "7"}), SendResult::queued);
    EXPECT_EQ(client.read_chunk(), "event: add\nid: 7\ndata: x\n\n");
    EXPECT_EQ(events.send({.data = "x", .name = "add\n"}), SendResult::invalid);
    EXPECT_TRUE(events.is_open());
    EXPECT_TRUE(events.finish());
    EXPECT_EQ(client.read_chunk(), "");
    EXPECT_EQ(events.send("late"), SendResult::closed);
    EXPECT_EQ(notes_.all(), (List{"id "}));
}

TEST_F(EventStreams, a_client_that_comes_again_says_what_it_has) {
    options_.retry_ms = 250;
    options_.headers.add("Cache-Control", "no-cache, no-transform");
    server_.start();
    TestClient client = server_.connect();
    client.send(TestClient::get_head("/events", "Last-Event-ID: 7\r\n"));
    EXPECT_EQ(wait_for_events().last_event_id(), "7");
    const HttpReply reply = client.read_reply(false);
    EXPECT_TRUE(reply.has("Cache-Control: no-cache, no-transform"));
    EXPECT_FALSE(reply.has("Cache-Control: no-store"));
    EXPECT_EQ(client.read_chunk(), "retry: 250\n\n");
}

TEST_F(EventStreams, silence_is_broken_by_comments_that_nobody_hears) {
    options_.keep_alive_ms = 20;
    server_.start();
    TestClient client = server_.connect();
    client.send(TestClient::get_head("/events"));
    EXPECT_EQ(client.read_reply(false).status, 200U);
    EXPECT_EQ(client.read_chunk(), ":\n\n");
    EXPECT_EQ(client.read_chunk(), ":\n\n");
    EXPECT_EQ(wait_for_events().send("x"), SendResult::queued);
    std::string chunk = client.read_chunk();
    while (chunk == ":\n\n") chunk = client.read_chunk();
    EXPECT_EQ(chunk, "data: x\n\n");
}

TEST_F(EventStreams, end_with_their_client) {
    server_.start();
    for (const bool is_reset : {false, true}) {
        TestClient client = server_.connect();
        client.send(TestClient::get_head("/events"));
        const std::size_t note_count = is_reset ? 3 : 1;
        const EventStream events = wait_for_events(note_count);
        is_reset ? client.reset() : client.close();
        EXPECT_EQ(notes_.wait_for(note_count + 1).back(), "gone");
        EXPECT_FALSE(events.is_open());
        EXPECT_EQ(events.send("x"), SendResult::closed);
    }
}

TEST_F(EventStreams, a_head_is_answered_and_told_of) {
    server_.start();
    TestClient client = server_.connect();
    client.send("HEAD /events HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(client.read_reply(false).has("Content-Type: text/event-stream"));
    EXPECT_EQ(notes_.wait_for(2), (List{"id ", "gone"}));
    EXPECT_EQ(client.get("/none").status, 404U);
}

TEST_F(EventStreams, an_upgrade_has_none) {
    server_->ws("/ws", {.upgrade = [](const Request& asked, Upgrade&) {
                    EXPECT_THROW((void)asked.events(), std::logic_error);
                }});
    server_.start();
    EXPECT_EQ(server_.open("/ws").is_open(), true);
}

TEST(EventStream, of_nobody_is_closed) {
    const EventStream none;
    EXPECT_FALSE(none.is_open());
    EXPECT_FALSE(none.finish());
    EXPECT_EQ(none.send("x"), SendResult::closed);
    EXPECT_EQ(none.last_event_id(), "");
}

}  // namespace
}  // namespace edgews::test
