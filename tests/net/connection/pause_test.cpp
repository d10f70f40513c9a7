// Reading that is paused: nothing is lost, nothing overtakes, nobody is given up for it.
#include <edgews/connection.hpp>

#include <gtest/gtest.h>

#include <string>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

// Notes each message and pauses after it.
Handlers pausing(Notes& notes) {
    return {
        .message =
            [&](Connection& c, Message m) {
                notes.add(std::string(m.text().substr(0, 20)));
                c.pause_reading();
            },
        .ping = [&](Connection&, auto payload) { notes.add("ping " + text_of(payload)); },
        .close = [&](Connection&, CloseEvent event) { notes.add(describe(event)); },
    };
}

class Pause : public testing::Test {
  protected:
    void start(Handlers handlers, RouteOptions options = {}) {
        handlers.open = [this](Connection& c) { handle_ = c.handle(); };
        server_->ws("/", std::move(handlers), std::move(options));
        server_.start();
    }
    void resume() {
        handle_.post([](Connection& c) { c.resume_reading(); });
    }

    Notes notes_;
    Handle handle_;
    TestServer server_;
};

TEST_F(Pause, what_comes_later_in_the_batch_waits_for_its_turn) {
    start(pausing(notes_));
    TestClient client = server_.open();
    client.send(client_frame(0x81, "one") + client_frame(0x89, "p") + client_frame(0x81, "two") +
                client_frame(0x81, "three") + client_frame(0x88, "\x03\xE8"));
    EXPECT_EQ(notes_.wait_for(1), List{"one"});
    for (int i = 0; i < 3; ++i) server_.on_loop([] {});
    EXPECT_EQ(notes_.all(), List{"one"});
    resume();
    EXPECT_EQ(notes_.wait_for(3), (List{"one", "ping p", "two"}));
    resume();
    EXPECT_EQ(notes_.wait_for(4).back(), "three");
    resume();
    EXPECT_EQ(notes_.wait_for(5).back(), "close 1000  clean");
    client.expect_frame(0x8A, "p");
    client.expect_frame(0x88, "\x03\xE8");
    client.expect_eof();
}

TEST_F(Pause, what_waits_in_the_socket_is_read_when_it_goes_on) {
    start(pausing(notes_), {.message_size_max = 8 << 20});
    TestClient client = server_.open();
    client.send(client_frame(0x81, "first"));
    EXPECT_EQ(notes_.wait_for(1), List{"first"});
    client.send(client_frame(0x81, "second"));
    for (int i = 0; i < 3; ++i) server_.on_loop([] {});
    EXPECT_EQ(notes_.all(), List{"first"});
    resume();
    EXPECT_EQ(notes_.wait_for(2).back(), "second");
    resume();
    client.send(client_frame(0x81, std::string(6 << 20, 'x')));
    EXPECT_EQ(notes_.wait_for(3).back(), std::string(20, 'x'));
    resume();
    client.close_cleanly();
}

TEST_F(Pause, large_echoes_of_held_input_arrive_whole) {
    start({.message = [](Connection& c, Message m) {
        c.send(m);
        c.pause_reading();
    }});
    TestClient client = server_.open();
    const std::string large(20'000, 'y');
    client.send(client_frame(0x81, large) + client_frame(0x81, large) + client_frame(0x81, large));
    for (int i = 0; i < 3; ++i) {
        client.expect_text(large);
        resume();
    }
    client.close_cleanly();
}

TEST_F(Pause, a_goodbye_or_a_fault_that_was_held_ends_it_with_the_end_right_behind) {
    start(pausing(notes_));
    for (const Bytes& last : {client_frame(0x88, "\x03\xE8"), client_frame(0x83, "fault")}) {
        const std::size_t before = notes_.all().size();
        TestClient client = server_.open();
        client.send(client_frame(0x81, "one") + last);
        client.half_close();
        (void)notes_.wait_for(before + 1);
        for (int i = 0; i < 3; ++i) server_.on_loop([] {});
        resume();
        EXPECT_EQ(notes_.wait_for(before + 2).back().substr(0, 7), "close 1");
    }
}

TEST_F(Pause, the_end_of_a_message_is_not_forgotten) {
    start({.message_begin = [this](Connection&, Message::Kind) { notes_.add("begin"); },
           .message_chunk =
               [this](Connection& c, auto bytes) {
                   notes_.add(text_of(bytes));
                   c.pause_reading();
               },
           .message_end = [this](Connection&) { notes_.add("end"); }});
    TestClient client = server_.open();
    client.send(client_frame(0x81, "all of it"));
    EXPECT_EQ(notes_.wait_for(2), (List{"begin", "all of it"}));
    resume();
    EXPECT_EQ(notes_.wait_for(3).back(), "end");
    client.close_cleanly();
}

TEST_F(Pause, to_close_goes_on_reading) {
    start(pausing(notes_));
    TestClient client = server_.open();
    client.send(client_frame(0x81, "one") + client_frame(0x81, "two"));
    EXPECT_EQ(notes_.wait_for(1), List{"one"});
    handle_.close(4000);
    client.expect_frame(0x88, "\x0F\xA0");
    client.send(client_frame(0x88, "\x0F\xA0"));
    EXPECT_EQ(notes_.wait_for(2).back(), "close 4000  clean");
}

TEST_F(Pause, a_reset_is_told_at_once) {
    start(pausing(notes_));
    TestClient client = server_.open();
    client.send(client_frame(0x81, "one"));
    EXPECT_EQ(notes_.wait_for(1), List{"one"});
    client.reset();
    EXPECT_EQ(notes_.wait_for(2).back(), "close 1006  unclean");
}

TEST_F(Pause, nothing_is_paused_that_has_ended) {
    start({.close = [this](Connection& c, CloseEvent event) {
        c.pause_reading();
        EXPECT_FALSE(c.is_paused());
        notes_.add(describe(event));
    }});
    TestClient client = server_.open();
    client.half_close();
    EXPECT_EQ(notes_.wait_for(1), List{"close 1006  unclean"});
}

}  // namespace
}  // namespace edgews::test
