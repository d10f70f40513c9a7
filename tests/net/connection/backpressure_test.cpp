// Peers that do not read: what waits is bounded, and the route's policy decides.
#include <edgews/connection.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

constexpr ClientOptions small_buffer{.receive_buffer = 16'384};
constexpr std::size_t piece_size = 10'000;

std::string piece(int number) {
    std::string text = std::to_string(number);
    text.resize(piece_size, '.');
    return text;
}

// Sends pieces until one is not sent at once; the number of the one that waits.
int fill_socket(Connection& c) {
    int number = 0;
    while (c.send(piece(number)) == SendResult::sent) ++number;
    return number;
}

class BackpressureTest : public testing::Test {
  protected:
    void start(Handlers handlers, RouteOptions options) {
        handlers.close = [this](Connection&, CloseEvent e) { notes_.add(describe(e)); };
        server_->ws("/", std::move(handlers), std::move(options));
        server_->ws("/echo", {.message = [](Connection& c, Message m) { c.send(m); }});
        server_.start();
        client_ = server_.open("/", "", small_buffer);
    }
    TestClient& client() { return *client_; }
    void expect_others_are_served() {
        TestClient other = server_.open("/echo");
        other.send_text("hi");
        other.expect_text("hi");
    }

    Notes notes_;
    std::atomic<int> number_ = 0;
    std::atomic<std::size_t> amount_ = 0;
    TestServer server_;
    std::optional<TestClient> client_;
};

TEST_F(BackpressureTest, close_ends_the_connection_with_1013_and_only_that_one) {
    start({.message =
               [this](Connection& c, Message) {
                   int number = fill_socket(c);
                   SendResult result = SendResult::queued;
                   while (result == SendResult::queued) {
                       amount_ = c.buffered_amount();
                       result = c.send(piece(++number));
                   }
                   EXPECT_EQ(result, SendResult::closed);
                   EXPECT_FALSE(c.is_open());
                   number_ = number;
                   notes_.add("full");
               }},
          {.backlog_size_max = 100'000});
    client().send_text("go");
    (void)notes_.wait_for(1);
    EXPECT_LE(amount_, 100'000U);
    EXPECT_GT(amount_, 100'000U - 2 * piece_size);
    expect_others_are_served();
    // Nothing of what was accepted is lost.
    for (int i = 0; i < number_; ++i) client().expect_text(piece(i));
    const ReceivedFrame frame = client().read_frame();
    EXPECT_EQ(frame.close_code(), 1013U);
    client().send_close(1013);
    client().expect_eof();
    EXPECT_EQ(notes_.wait_for(2).back(), "close 1013  clean");
}

TEST_F(BackpressureTest, the_code_of_that_close_is_the_routes_choice) {
    start({.message =
               [](Connection& c, Message) {
                   while (c.is_open()) c.send(piece(0));
               }},
          {.backlog_size_max = 50'000, .overflow_close_code = 4008});
    client().send_text("go");
    client().expect_close(4008);
}

TEST_F(BackpressureTest, a_closed_one_that_never_reads_is_dropped_in_time) {
    start({.message =
               [](Connection& c, Message) {
                   while (c.is_open()) c.send(piece(0));
               }},
          {.backlog_size_max = 50'000, .close_timeout_ms = 30});
    client().send_text("go");
    EXPECT_EQ(notes_.wait_for(1), List{"close 1006  unclean"});
    server_.wait_for(Counter::connections_open, 0);
}

TEST_F(BackpressureTest, drop_drops_the_newest_and_later_ones_arrive_intact) {
    start({.message =
               [this](Connection& c, Message m) {
                   if (m.text() == "again") {
                       EXPECT_EQ(c.send("again"), SendResult::sent);
                       return;
                   }
                   int number = fill_socket(c);
                   while (c.send(piece(number + 1)) == SendResult::queued) ++number;
                   EXPECT_EQ(c.send(PreparedMessage(piece(0))), SendResult::dropped);
                   EXPECT_EQ(c.send_fragment(piece(0), Fragment::first), SendResult::dropped);
                   EXPECT_TRUE(c.is_open());
                   number_ = number;
                   notes_.add("full");
               }},
          {.backlog_size_max = 100'000, .overflow = Overflow::drop});
    client().send_text("go");
    (void)notes_.wait_for(1);
    expect_others_are_served();
    for (int i = 0; i <= number_; ++i) client().expect_text(piece(i));
    client().send_text("again");
    client().expect_text("again");
    EXPECT_EQ(server_->stats()[Counter::messages_dropped], 3U);
    client().close_cleanly();
}

TEST_F(BackpressureTest, tell_tells_how_many_were_dropped_once_a_turn) {
    start({.message =
               [this](Connection& c, Message) {
                   int number = fill_socket(c);
                   while (c.send(piece(number + 1)) == SendResult::queued) ++number;
                   for (int i = 0; i < 4; ++i) {
                       EXPECT_EQ(c.send(piece(0)), SendResult::dropped);
                   }
                   EXPECT_EQ(notes_.all().size(), 0U);  // Never from within send().
               },
           .overflow =
               [this](Connection& c, std::size_t count) {
                   notes_.add("overflow " + std::to_string(count));
                   c.close(4000);
               }},
          {.backlog_size_max = 100'000, .overflow = Overflow::tell});
    client().send_text("go");
    EXPECT_EQ(notes_.wait_for(1), List{"overflow 5"});
    client().expect_close(4000);
}

TEST_F(BackpressureTest, drain_runs_once_when_the_backlog_is_below_the_mark) {
    start({.message =
               [this](Connection& c, Message) {
                   int number = fill_socket(c);
                   while (c.buffered_amount() < 200'000) c.send(piece(++number));
                   number_ = number;
                   notes_.add("full");
               },
           .drain =
               [this](Connection& c) {
                   amount_ = c.buffered_amount();
                   notes_.add("drain");
               }},
          {.drain_mark = 50'000});
    client().send_text("go");
    (void)notes_.wait_for(1);
    for (int i = 0; i <= number_; ++i) client().expect_text(piece(i));
    EXPECT_EQ(notes_.wait_for(2), (List{"full", "drain"}));
    EXPECT_LE(amount_, 50'000U);
    client().send_frame(0x89, "");  // A turn later there is no second one.
    client().expect_frame(0x8A, "");
    EXPECT_EQ(notes_.all().size(), 2U);
    client().send_text("go");
    (void)notes_.wait_for(3);
    for (int i = 0; i <= number_; ++i) client().expect_text(piece(i));
    EXPECT_EQ(notes_.wait_for(4).back(), "drain");
}

TEST_F(BackpressureTest, a_drain_handler_may_send_on_for_ever) {
    constexpr int count = 400;
    const auto send_on = [this](Connection& c) {
        while (number_ < count) {
            if (c.send(piece(number_++)) != SendResult::sent && c.buffered_amount() > 50'000) {
                return;
            }
        }
    };
    start({.message = [=](Connection& c, Message) { send_on(c); }, .drain = send_on},
          {.drain_mark = 30'000});
    client().send_text("go");
    for (int i = 0; i < count; ++i) client().expect_text(piece(i));
}

TEST_F(BackpressureTest, one_message_of_any_size_may_be_sent_when_nothing_waits) {
    const std::string large(32'000'000, 'x');  // More than any socket's buffers hold.
    std::atomic<int> handled_count = 0;
    start({.message =
               [&](Connection& c, Message) {
                   EXPECT_EQ(c.buffered_amount(), 0U);
                   EXPECT_NE(c.send(large), SendResult::dropped);
                   EXPECT_EQ(c.send("one more"), SendResult::dropped);
                   EXPECT_GT(c.buffered_amount(), 0U);
                   ++handled_count;
               }},
          {.backlog_size_max = 1'000, .overflow = Overflow::drop});
    for (int i = 0; i < 2; ++i) {
        client().send_text("go");
        server_.wait_until([&] { return handled_count == i + 1; });  // Nobody reads until then.
        client().expect_text(large);
    }
}

TEST_F(BackpressureTest, pings_of_a_peer_that_does_not_read_take_bounded_memory) {
    std::atomic<int> ping_count = 0;
    std::atomic<std::size_t> amount_max = 0;
    start({.ping =
               [&](Connection& c, auto) {
                   ++ping_count;
                   amount_max = std::max(amount_max.load(), c.buffered_amount());
               }},
          {});
    constexpr int count = 10'000;
    const std::string filler(120, '.');
    for (int i = 1; i <= count; ++i) client().send_frame(0x89, std::to_string(i) + filler);
    server_.wait_until([&] { return ping_count == count; });
    EXPECT_LT(amount_max, 100'000U);
    int newest = 0;
    int pong_count = 0;
    while (newest < count) {
        const ReceivedFrame frame = client().read_frame();
        ASSERT_EQ(frame.first_byte, 0x8AU);
        const int number = std::stoi(frame.text());
        ASSERT_GT(number, newest);  // Some are skipped, none comes late.
        newest = number;
        ++pong_count;
    }
    EXPECT_GE(pong_count, 32);
    client().close_cleanly();
}

TEST_F(BackpressureTest, a_flood_of_pings_in_one_packet_is_answered_by_its_newest) {
    start({}, {});
    Bytes flood;
    for (int i = 1; i <= 5'000; ++i) {
        const Bytes ping = client_frame(0x89, std::to_string(i));
        flood.insert(flood.end(), ping.begin(), ping.end());
    }
    client().send(flood);
    int newest = 0;
    while (newest < 5'000) newest = std::stoi(client().read_frame().text());
}

// And those of the next packet are counted anew.
TEST_F(BackpressureTest, of_one_packet_32_pings_are_answered_and_of_those_behind_them_the_newest) {
    start({}, {});
    for (const int count : {2, 32, 33, 34, 2}) {
        SCOPED_TRACE(count);
        Bytes pings;
        for (int i = 1; i <= count; ++i) {
            const Bytes ping = client_frame(0x89, std::to_string(i));
            pings.insert(pings.end(), ping.begin(), ping.end());
        }
        server_.on_loop([&] { client().send(pings); });
        for (int i = 1; i <= std::min(count, 32); ++i) {
            client().expect_frame(0x8A, std::to_string(i));
        }
        if (count > 32) client().expect_frame(0x8A, std::to_string(count));
    }
}

TEST_F(BackpressureTest, shared_and_copied_payloads_survive_partial_writes) {
    const PreparedMessage shared(std::string(300'000, 's'));
    start({.message =
               [&](Connection& c, Message m) {
                   c.send(m);  // From where it was received.
                   c.send(shared);
                   c.send("small");
                   c.send(m);
               }},
          {.message_size_max = 1'000'000, .backlog_size_max = 10'000'000});
    const std::string large(500'000, 'l');
    Bytes both = client_frame(0x81, large) + client_frame(0x81, std::string(5'000, 'm'));
    client().send(both);
    expect_others_are_served();  // The receive buffer is used anew.
    for (const std::string& text : {large, std::string(5'000, 'm')}) {
        client().expect_text(text);
        client().expect_text(std::string(300'000, 's'));
        client().expect_text("small");
        client().expect_text(text);
    }
}

}  // namespace
}  // namespace edgews::test
