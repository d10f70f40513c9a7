// A WebSocket connection, from its handlers' side and from the wire's.
#include <edgews/connection.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

// Notes everything, echoes messages.
Handlers noting(Notes& notes) {
    return {
        .open = [&](Connection&) { notes.add("open"); },
        .message =
            [&](Connection& c, Message m) {
                notes.add((m.is_text() ? "text " : "binary ") + std::string(m.text()));
                c.send(m);
            },
        .ping = [&](Connection&, auto payload) { notes.add("ping " + text_of(payload)); },
        .pong = [&](Connection&, auto payload) { notes.add("pong " + text_of(payload)); },
        .error = [&](Connection&, std::string_view what) { notes.add(std::string(what)); },
        .close = [&](Connection&, CloseEvent event) { notes.add(describe(event)); },
    };
}

// A server with noting handlers at "/", and a client of it.
class ConnectionTest : public testing::Test {
  protected:
    void start(Handlers handlers, RouteOptions options = {}) {
        server_->ws("/", std::move(handlers), std::move(options));
        server_.start();
        client_ = server_.open();
    }
    void start() { start(noting(notes_)); }
    TestClient& client() { return *client_; }

    Notes notes_;
    TestServer server_;
    std::optional<TestClient> client_;
};

TEST_F(ConnectionTest, handlers_run_in_the_order_of_what_happened) {
    start();
    client().send(client_frame(0x01, "te") + client_frame(0x89, "p") + client_frame(0x80, "xt") +
                  client_frame(0x8A, "q") + client_frame(0x82, "b") +
                  client_frame(0x88,
                               "\x03\xE9"
                               "bye"));
    EXPECT_EQ(notes_.wait_for(6),
              (List{"open", "ping p", "text text", "pong q", "binary b", "close 1001 bye clean"}));
    client().expect_frame(0x8A, "p");
    client().expect_text("text");
    client().expect_frame(0x82, "b");
    client().expect_frame(0x88, "\x03\xE9");
    client().expect_eof();
}

TEST_F(ConnectionTest, frames_may_come_byte_by_byte) {
    start();
    const Bytes bytes = client_frame(0x01, "a") + client_frame(0x89, "ping") +
                        client_frame(0x80, std::string(200, 'b')) + client_frame(0x81, "c");
    for (const std::byte& byte : bytes) {
        client().send(std::span(&byte, 1));
        server_.on_loop([] {});  // Not one packet.
    }
    client().expect_frame(0x8A, "ping");
    client().expect_text("a" + std::string(200, 'b'));
    client().expect_text("c");
    client().close_cleanly();
}

TEST_F(ConnectionTest, frames_in_the_packet_of_the_head_are_delivered_however_it_is_cut) {
    server_->ws("/", noting(notes_));
    server_.start();
    const Bytes bytes = bytes_of(TestClient::upgrade_head()) + client_frame(0x81, "first") +
                        client_frame(0x81, "second");
    const std::size_t head_size = TestClient::upgrade_head().size();
    for (std::size_t cut = head_size - 3; cut <= bytes.size(); ++cut) {
        SCOPED_TRACE(cut);
        TestClient client = server_.connect();
        client.send(std::span(bytes).first(cut));
        server_.on_loop([] {});
        client.send(std::span(bytes).subspan(cut));
        EXPECT_EQ(client.read_reply().status, 101U);
        client.expect_text("first");
        client.expect_text("second");
        client.reset();
    }
}

TEST_F(ConnectionTest, what_a_handler_sends_at_opening_leaves_in_one_write_with_the_response) {
    server_->ws("/", {.open =
                          [](Connection& c) {
                              c.send("one");
                              c.send("two");
                          },
                      .message = [](Connection& c, Message m) { c.send(m); }});
    server_.start();
    TestClient client = server_.connect();
    client.send(bytes_of(TestClient::upgrade_head()) + client_frame(0x81, "three"));
    const std::string all = text_of(client.receive_some());
    EXPECT_EQ(all.substr(0, 12), "HTTP/1.1 101");
    EXPECT_EQ(all.substr(all.find("\r\n\r\n") + 4), "\x81\x03one\x81\x03two\x81\x05three");
}

TEST_F(ConnectionTest, answers_to_one_batch_of_input_leave_in_one_write) {
    start();
    Bytes batch;
    for (int i = 0; i < 100; ++i) batch = std::move(batch) + client_frame(0x81, "message");
    client().send(batch);
    EXPECT_EQ(client().receive_some().size(), 100 * 9U);
}

TEST_F(ConnectionTest, the_close_frame_of_the_peer_is_answered_with_its_code) {
    server_->ws("/", noting(notes_));
    server_.start();
    std::size_t count = 0;
    for (const unsigned code : {1000U, 1001U, 1003U, 1007U, 1011U, 1014U, 3000U, 4999U}) {
        SCOPED_TRACE(code);
        TestClient client = server_.open();
        client.send_close(code, "why");
        const ReceivedFrame frame = client.read_frame();
        EXPECT_EQ(frame.first_byte, 0x88U);
        EXPECT_EQ(frame.close_code(), code);
        client.expect_eof();
        EXPECT_EQ(notes_.wait_for(count += 2).back(),
                  "close " + std::to_string(code) + " why clean");
    }
}

TEST_F(ConnectionTest, a_close_frame_without_a_code_is_answered_without_one) {
    start();
    client().send_frame(0x88, "");
    client().expect_frame(0x88, "");
    client().expect_eof();
    EXPECT_EQ(notes_.wait_for(2).back(), "close 1005  clean");
}

TEST_F(ConnectionTest, our_close_frame_bears_code_and_reason_and_the_answer_ends_it) {
    start({.message =
               [](Connection& c, Message) {
                   EXPECT_TRUE(c.close(4001, "enough"));
                   EXPECT_FALSE(c.is_open());
                   EXPECT_FALSE(c.close(1000));
                   EXPECT_EQ(c.send("late"), SendResult::closed);
                   EXPECT_EQ(c.ping(), SendResult::closed);
               },
           .close =
               [this](Connection& c, CloseEvent e) {
                   EXPECT_EQ(c.send("too late"), SendResult::closed);
                   notes_.add(describe(e));
               }});
    client().send_text("now");
    client().expect_frame(0x88,
                          "\x0F\xA1"
                          "enough");
    client().send_text("this was on its way and is of no interest any more");
    client().send_close(4001, "ok");
    client().expect_eof();
    EXPECT_EQ(notes_.wait_for(1), List{"close 4001 ok clean"});
}

TEST_F(ConnectionTest, close_with_1005_sends_no_code) {
    start({.message = [](Connection& c, Message) { EXPECT_TRUE(c.close(1005)); }});
    client().send_text("now");
    client().expect_frame(0x88, "");
}

TEST_F(ConnectionTest, a_code_or_reason_that_cannot_be_sent_does_nothing) {
    start({.message = [](Connection& c, Message m) {
        for (const unsigned code : {0U, 999U, 1004U, 1006U, 1015U, 1016U, 2999U, 5000U, 65535U}) {
            EXPECT_FALSE(c.close(static_cast<std::uint16_t>(code))) << code;
        }
        EXPECT_FALSE(c.close(1000, std::string(124, 'x')));
        EXPECT_FALSE(c.close(1000, "\xC3"));
        EXPECT_FALSE(c.close(1000, "\xED\xA0\x80"));
        EXPECT_FALSE(c.close(1005, "a reason needs a code"));
        EXPECT_TRUE(c.is_open());
        c.send(m);
        EXPECT_TRUE(c.close(1000, std::string(123, 'x')));
    }});
    client().send_text("still here");
    client().expect_text("still here");
    client().expect_frame(0x88, "\x03\xE8" + std::string(123, 'x'));
}

TEST_F(ConnectionTest, close_frames_that_cross_are_a_clean_close) {
    start({.message = [](Connection& c, Message) { c.close(4000); },
           .close = [this](Connection&, CloseEvent e) { notes_.add(describe(e)); }});
    client().send(client_frame(0x81, "close!") + client_frame(0x88, "\x03\xE8"));
    client().expect_close(4000);
    client().expect_eof();
    EXPECT_EQ(notes_.wait_for(1), List{"close 1000  clean"});
}

TEST_F(ConnectionTest, a_peer_that_breaks_a_rule_is_told_and_so_is_the_error_handler) {
    start();
    client().send_hex("81 01 41");  // Not masked.
    const ReceivedFrame frame = client().read_frame();
    EXPECT_EQ(frame.close_code(), 1002U);
    client().send_text("nobody listens");
    client().expect_eof();
    const List notes = notes_.wait_for(3);
    EXPECT_EQ(notes[1], frame.close_reason());
    EXPECT_EQ(notes[2], "close 1006  unclean");
    client().close();
    server_.wait_for(Counter::connections_open, 0);
}

TEST_F(ConnectionTest, limits_of_the_route_hold) {
    server_->ws("/size", {}, {.message_size_max = 10});
    server_->ws("/frame", {}, {.frame_size_max = 10});
    server_->ws("/count", {}, {.fragment_count_max = 2});
    server_.start();
    TestClient size = server_.open("/size");
    size.send(client_frame(0x01, "12345678") + client_frame(0x80, "901"));
    size.expect_close(1009);
    TestClient frame = server_.open("/frame");
    frame.send(client_frame(0x01, "1234567890") + client_frame(0x00, "1234567890"));
    frame.send(client_frame(0x80, "12345678901"));
    frame.expect_close(1009);
    TestClient count = server_.open("/count");
    count.send(client_frame(0x01, "") + client_frame(0x00, "") + client_frame(0x80, ""));
    count.expect_close(1008);
}

TEST_F(ConnectionTest, terminate_drops_without_a_goodbye) {
    start({.message =
               [](Connection& c, Message m) {
                   c.send(m);
                   c.terminate();
                   EXPECT_FALSE(c.is_open());
                   EXPECT_EQ(c.send(m), SendResult::closed);
                   EXPECT_FALSE(c.close());
                   c.terminate();
               },
           .close = [this](Connection&, CloseEvent e) { notes_.add(describe(e)); }});
    client().send(client_frame(0x81, "one") + client_frame(0x81, "two"));
    client().expect_end();
    EXPECT_EQ(notes_.wait_for(1), List{"close 1006  unclean"});
    server_.wait_for(Counter::connections_open, 0);
    EXPECT_EQ(server_->stats()[Counter::messages_received], 1U);
}

TEST_F(ConnectionTest, a_handler_may_terminate_or_close_in_any_handler) {
    const auto end = [](Connection& c) { c.terminate(); };
    server_->ws("/open", {.open = end});
    server_->ws("/ping", {.ping = [=](Connection& c, auto) { end(c); }});
    server_->ws("/close", {.close = [=](Connection& c, CloseEvent) { end(c); }});
    server_->ws("/error", {.error = [=](Connection& c, std::string_view) { end(c); }});
    server_.start();
    for (const char* path : {"/open", "/ping", "/close", "/error"}) {
        SCOPED_TRACE(path);
        TestClient client = server_.connect();
        client.send(bytes_of(TestClient::upgrade_head(path)) + client_frame(0x89, "") +
                    (path == std::string("/error") ? from_hex("FF") : client_frame(0x88, "")));
        client.expect_end();
    }
    server_.wait_for(Counter::connections_open, 0);
}

TEST_F(ConnectionTest, a_peer_that_half_closes_gets_the_answers_to_what_it_sent) {
    start();
    const std::string large(900'000, 'x');
    client().send_text("small");
    client().send_text(large);
    client().half_close();
    client().expect_text("small");
    client().expect_text(large);
    client().expect_eof();
    EXPECT_EQ(notes_.wait_for(4).back(), "close 1006  unclean");
    server_.wait_for(Counter::connections_open, 0);
}

TEST_F(ConnectionTest, a_peer_that_goes_within_a_frame_is_gone) {
    start();
    const Bytes frame = client_frame(0x81, "never whole");
    client().send(std::span(frame).first(9));
    client().close();
    EXPECT_EQ(notes_.wait_for(2), (List{"open", "close 1006  unclean"}));
    server_.wait_for(Counter::connections_open, 0);
}

TEST_F(ConnectionTest, a_reset_is_told_once_as_1006_and_unclean) {
    start();
    client().reset();
    EXPECT_EQ(notes_.wait_for(2), (List{"open", "close 1006  unclean"}));
    server_.wait_for(Counter::connections_open, 0);
    EXPECT_EQ(notes_.all().size(), 2U);
}

TEST_F(ConnectionTest, sending_into_a_reset_connection_neither_kills_nor_tells_twice) {
    start({.message =
               [this](Connection& c, Message) {
                   notes_.add("message");
                   // The peer is gone before the first of these leaves.
                   for (int i = 0; i < 100; ++i) c.send(std::string(100'000, 'x'));
               },
           .close = [this](Connection&, CloseEvent e) { notes_.add(describe(e)); }},
          {.backlog_size_max = 100'000'000});
    server_.on_loop([this] {
        client().send_text("go");
        client().reset();
    });
    server_.wait_for(Counter::connections_open, 0);
    EXPECT_EQ(notes_.all().back(), "close 1006  unclean");
    EXPECT_LE(notes_.all().size(), 2U);
}

TEST_F(ConnectionTest, whatever_a_handler_throws_closes_its_connection_with_1011) {
    const auto fail = [] { throw std::runtime_error("oops"); };
    Handlers handlers = noting(notes_);
    handlers.open = [=](Connection& c) {
        if (c.subprotocol() == "open") fail();
    };
    handlers.message = [=](Connection&, Message m) {
        if (m.is_text()) fail();
        throw 42;
    };
    handlers.ping = [=](Connection&, auto) { fail(); };
    handlers.pong = [=](Connection&, auto) { fail(); };
    server_->ws("/", handlers, {.subprotocols = {"open"}});
    server_.start();
    std::size_t count = 0;
    for (const unsigned first_byte : {0x81U, 0x82U, 0x89U, 0x8AU, 0U}) {
        SCOPED_TRACE(first_byte);
        TestClient client =
            server_.open("/", first_byte == 0 ? "Sec-WebSocket-Protocol: open\r\n" : "");
        if (first_byte != 0) client.send_frame(first_byte, "");
        client.expect_close(1011);
        client.send_close(1011);
        client.expect_eof();
        const List notes = notes_.wait_for(count += 2);
        EXPECT_EQ(notes[count - 2], first_byte == 0x82
                                        ? "a handler threw something that is no std::exception"
                                        : "oops");
        EXPECT_EQ(notes[count - 1], "close 1011  clean");
    }
    EXPECT_EQ(server_->stats()[Counter::handler_failures], 5U);
}

TEST_F(ConnectionTest, a_close_handler_that_throws_changes_nothing) {
    start({.close = [this](Connection&, CloseEvent) {
        notes_.add("close");
        throw std::runtime_error("oops");
    }});
    client().close_cleanly();
    server_.wait_for(Counter::connections_open, 0);
    EXPECT_EQ(notes_.all().size(), 1U);
    EXPECT_EQ(server_->stats()[Counter::handler_failures], 1U);
}

TEST_F(ConnectionTest, an_error_handler_that_throws_does_not_keep_the_connection) {
    start({.error = [](Connection&, std::string_view) { throw std::runtime_error("oops"); },
           .close = [this](Connection&, CloseEvent e) { notes_.add(describe(e)); }},
          {.idle_ping_ms = 0, .message_timeout_ms = 0});
    client().send_hex("FF");
    client().expect_close(1002);
    client().expect_eof();
    EXPECT_EQ(notes_.wait_for(1), List{"close 1006  unclean"});
}

TEST_F(ConnectionTest, pings_are_answered_and_control_frames_of_over_125_bytes_not_sent) {
    start({.open = [](Connection& c) {
        const Bytes large(126);
        EXPECT_EQ(c.ping(large), SendResult::dropped);
        EXPECT_EQ(c.pong(large), SendResult::dropped);
        EXPECT_EQ(c.ping(std::span(large).first(125)), SendResult::sent);
        EXPECT_EQ(c.pong(bytes_of("unasked")), SendResult::sent);
    }});
    client().expect_frame(0x89, std::string(125, '\0'));
    client().expect_frame(0x8A, "unasked");
    for (int i = 0; i < 10; ++i) client().send_frame(0x89, std::to_string(i));
    for (int i = 0; i < 10; ++i) client().expect_frame(0x8A, std::to_string(i));
}

}  // namespace
}  // namespace edgews::test
