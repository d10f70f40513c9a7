// A reset takes nothing back: what had come before it is heard first, by either role.
#include <edgews/connection.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "tests/support/client_fixture.hpp"
#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

const std::string goodbye = "\x03\xE8";

class Reset : public testing::Test {
  protected:
    void start(Function<void(Connection&, Message)> on_message) {
        server_->ws("/",
                    {.open = [this](Connection& c) { handle_ = c.handle(); },
                     .message =
                         [this, act = std::move(on_message)](Connection& c, Message m) {
                             notes_.add(std::string(m.text().substr(0, 20)));
                             act(c, m);
                         },
                     .close = [this](Connection&, CloseEvent e) { notes_.add(describe(e)); }},
                    {.backlog_size_max = 100'000'000});
        server_.start();
    }

    Notes notes_;
    Handle handle_;
    TestServer server_;
};

TEST_F(Reset, what_came_before_it_is_delivered_with_the_close_frame) {
    start([](Connection& c, Message m) { c.send(m); });
    TestClient client = server_.open();
    server_.on_loop([&] {
        client.send(client_frame(0x81, "one") + client_frame(0x81, "two") +
                    client_frame(0x88, goodbye));
        client.reset();
    });
    EXPECT_EQ(notes_.wait_for(3), (List{"one", "two", "close 1000  clean"}));
    server_.wait_for(Counter::connections_open, 0);
}

TEST_F(Reset, without_a_close_frame_it_is_unclean) {
    start([](Connection& c, Message m) { c.send(m); });
    TestClient client = server_.open();
    server_.on_loop([&] {
        client.send(client_frame(0x81, "one") + client_frame(0x01, "half"));
        client.reset();
    });
    EXPECT_EQ(notes_.wait_for(2), (List{"one", "close 1006  unclean"}));
    server_.wait_for(Counter::connections_open, 0);
}

TEST_F(Reset, a_send_that_fails_first_does_not_hide_what_had_come) {
    start([](Connection&, Message) {});
    TestClient client = server_.open();
    server_.wait_for(Counter::websockets_open, 1);
    server_.on_loop([&] {
        client.send(client_frame(0x81, "one") + client_frame(0x88, goodbye));
        client.reset();
        EXPECT_EQ(handle_.send(std::string(100'000, 'x')), SendResult::sent);  // It leaves at once.
        EXPECT_EQ(handle_.send("more"), SendResult::closed);
    });
    EXPECT_EQ(notes_.wait_for(2), (List{"one", "close 1000  clean"}));
    server_.wait_for(Counter::connections_open, 0);
}

TEST_F(Reset, answers_that_cannot_leave_stop_nobody_from_reading_on) {
    start([](Connection& c, Message) { c.send(std::string(100'000, 'x')); });
    TestClient client = server_.open();
    constexpr std::size_t count = 8;
    server_.on_loop([&] {
        for (std::size_t i = 0; i < count; ++i) client.send_text(std::string(5'000, 'x'));
        client.reset();
    });
    EXPECT_EQ(notes_.wait_for(count + 1).back(), "close 1006  unclean");
}

TEST_F(Reset, who_paused_hears_it_all_at_once) {
    start([](Connection& c, Message) { c.pause_reading(); });
    TestClient client = server_.open();
    client.send(client_frame(0x81, "one") + client_frame(0x81, "two"));
    EXPECT_EQ(notes_.wait_for(1), List{"one"});
    server_.on_loop([&] {
        client.send(client_frame(0x81, "three") + client_frame(0x88, goodbye));
        client.reset();
    });
    EXPECT_EQ(notes_.wait_for(4), (List{"one", "two", "three", "close 1000  clean"}));
}

TEST_F(Reset, who_is_done_with_it_hears_no_more) {
    for (const bool throws : {false, true}) {
        TestServer server;
        Notes notes;
        server->ws("/", {.message =
                             [&](Connection& c, Message) {
                                 notes.add("message");
                                 if (throws) throw std::runtime_error("oops");
                                 c.terminate();
                             },
                         .close = [&](Connection&, CloseEvent e) { notes.add(describe(e)); }});
        server.start();
        TestClient client = server.open();
        server.on_loop([&] {
            client.send(client_frame(0x81, "one") + client_frame(0x81, "two"));
            client.reset();
        });
        EXPECT_EQ(notes.wait_for(2), (List{"message", "close 1006  unclean"}));
        server.wait_for(Counter::connections_open, 0);
    }
}

class ClientReset : public ClientFixture {};

TEST_F(ClientReset, what_came_before_it_is_delivered_with_the_close_frame) {
    const RawServer server(loop);
    for (const bool sends : {false, true}) {
        forget();
        RawPeer peer = open(server);
        peer.send(server_frame(0x81, "one") + server_frame(0x82, "two") +
                  server_frame(0x88, goodbye));
        peer.reset();
        const bool is_sent = sends && client->send(std::string(100'000, 'x')) == SendResult::sent;
        EXPECT_EQ(is_sent, sends);
        expect_notes({"open", "text one", "binary two", "close 1000  clean"});
        EXPECT_EQ(unsent_size > 100'000, sends);
    }
}

}  // namespace
}  // namespace edgews::test
