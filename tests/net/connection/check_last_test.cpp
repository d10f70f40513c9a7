// What is asked before something is sent is asked last: what was published earlier in the turn
// leaves first, and may close the connection. Nothing follows a close frame (RFC 6455,
// section 5.5.1).
#include "net/connection/websocket_connection.hpp"
#include "net/loop/slots.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

using Act = std::function<void(Connection&)>;

constexpr std::size_t backlog_size_max = 100'000;
constexpr std::size_t published_size = 90'000;

// A subscriber that reads nothing, so much of whose backlog is used that what is published next
// overflows it.
class SlowSubscriber {
  public:
    SlowSubscriber() {
        server_->ws("/", {.open = [](Connection& c) { c.subscribe("topic"); }},
                    {.backlog_size_max = backlog_size_max, .close_timeout_ms = 60'000});
        server_->ws("/publisher", {.message = [](Connection& c, Message) {
                        c.publish("topic", std::string(published_size, 'y'));
                    }});
        server_.start();
        client_ = server_.open("/", "", {.receive_buffer = 4096});
        server_.wait_for(Counter::websockets_open, 1);
        server_.on_loop([&] {
            Connection& c = connection();
            do {
                c.send(std::string(10'000, 'x'));
            } while (engine_of(c).push_out());
            while (c.buffered_amount() + published_size <= backlog_size_max) {
                c.send(std::string(10'000, 'x'));
            }
        });
    }

    // In the turn in which the message is published that is one too many.
    void act(const Act& act) {
        server_.on_loop([&] {
            server_->publish("topic", std::string(published_size, 'y'));
            act(connection());
        });
    }
    // Another client has it published, and right behind it the subscriber says something.
    void say_behind_the_publish(const Bytes& bytes) {
        TestClient publisher = server_.open("/publisher");
        server_.on_loop([&] {
            publisher.send_text("now");
            client_.send(bytes);
        });
        publisher.close_cleanly();
    }
    // The code of the one close frame that was sent, behind which nothing came.
    unsigned read_close() {
        ReceivedFrame frame = client_.read_frame();
        while (frame.first_byte != 0x88) frame = client_.read_frame();
        client_.send_close(frame.close_code());
        client_.expect_eof();
        return frame.close_code();
    }

  private:
    Connection& connection() {
        Slots& slots = Reactor::of(server_->loop(0)).slots();
        for (std::size_t i = 0; i < slots.count(); ++i) {
            if (auto* const found = dynamic_cast<WebSocketConnection*>(slots.at(i))) return *found;
        }
        throw std::runtime_error("there is no connection");
    }

    TestServer server_;
    TestClient client_ = TestClient::unconnected();
};

TEST(CheckLast, nothing_follows_the_close_frame_that_an_earlier_publish_brought) {
    const std::vector<Act> ways_to_send{
        [](Connection& c) { EXPECT_EQ(c.send("late"), SendResult::closed); },
        [](Connection& c) { EXPECT_EQ(c.send(std::string(50'000, 'z')), SendResult::closed); },
        [](Connection& c) { EXPECT_EQ(c.send(PreparedMessage("late")), SendResult::closed); },
        [](Connection& c) { EXPECT_EQ(c.ping(), SendResult::closed); },
        [](Connection& c) { EXPECT_EQ(c.pong(), SendResult::closed); },
        [](Connection& c) {
            EXPECT_EQ(c.send_fragment("late", Fragment::first), SendResult::closed);
        },
        [](Connection& c) { EXPECT_FALSE(c.close(4000)); },
    };
    for (const Act& way_to_send : ways_to_send) {
        SlowSubscriber subscriber;
        subscriber.act(way_to_send);
        EXPECT_EQ(subscriber.read_close(), 1013U);
    }
}

TEST(CheckLast, a_rule_broken_or_a_goodbye_behind_the_overflow_is_not_answered_once_more) {
    for (const Bytes& last : {from_hex("F1 80"), client_frame(0x88, "\x03\xE8")}) {
        SlowSubscriber subscriber;
        subscriber.say_behind_the_publish(last);
        const unsigned code = subscriber.read_close();
        EXPECT_TRUE(code == 1013 || code == 1000) << code;
    }
}

}  // namespace
}  // namespace edgews::test
