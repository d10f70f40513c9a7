// What messages take from the heap: nothing each, once the first have come through.
#include "peers.hpp"
#include "tests/support/allocations.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp::test {
namespace {

// Sessions as connections have them: what is to be sent is written into buffers that stay.
class Line {
  public:
    Line(Broker& broker, ContentPool& contents, BufferPool& buffers, std::string_view id,
         std::string_view version)
        : broker_(broker), session_(options_, broker, contents, buffers, std::string(id)) {
        say("CONNECT\naccept-version:" + std::string(version) + "\n\n");
    }
    ~Line() { session_.leave(); }

    void say(const std::string& frame) {
        std::span<const std::byte> input =
            std::as_bytes(std::span(frame.c_str(), frame.size() + 1));
        while (const Request* const request = session_.next(input)) {
            if (request->kind == Request::Kind::connect) {
                session_.accept("");
            } else {
                EXPECT_EQ(session_.carry_out(), Outcome::done);
            }
        }
        EXPECT_FALSE(session_.is_over()) << session_.output();
        session_.output().clear();
    }

    // Sends what is ready; how many messages.
    std::size_t drain() {
        outgoing_.clear();
        while (broker_.collect(session_.outbox(), 64 * 1024, outgoing_)) {
        }
        wire_.clear();
        for (const Outgoing& message : outgoing_) {
            const std::string_view head = session_.append_front(message, wire_);
            wire_ += head;
            const auto body = message.content.body_and_end();
            wire_.append(reinterpret_cast<const char*>(body.data()), body.size());
        }
        const std::size_t count = outgoing_.size();
        if (count > 0) last_id_ = outgoing_.back().id;
        outgoing_.clear();
        return count;
    }
    // Of the message that was sent last.
    [[nodiscard]] DeliveryId last_id() const { return last_id_; }
    [[nodiscard]] const std::string& wire() const { return wire_; }

  private:
    SessionOptions options_;
    Broker& broker_;
    Session session_;
    std::vector<Outgoing> outgoing_;
    std::string wire_;
    DeliveryId last_id_{};
};

struct Setting {
    BufferPool buffers;
    ContentPool contents{"m"};
    Broker broker{{}};
};

// Blocks that one more round takes, when many were before.
template <class F>
std::size_t taken_by(F&& round) {
    for (int i = 0; i < 2000; ++i) round();
    const std::size_t before = edgews::test::allocation_count();
    for (int i = 0; i < 1000; ++i) round();
    return edgews::test::allocation_count() - before;
}

TEST(StompSessionMemory, a_topics_messages_take_none) {
    for (const std::string_view version : {"1.0", "1.1", "1.2"}) {
        Setting setting;
        Line sender(setting.broker, setting.contents, setting.buffers, "session-s", version);
        Line one(setting.broker, setting.contents, setting.buffers, "session-1", version);
        Line two(setting.broker, setting.contents, setting.buffers, "session-2", "1.2");
        one.say("SUBSCRIBE\nid:a-subscription-with-a-long-name\ndestination:/topic/prices.eur\n\n");
        two.say("SUBSCRIBE\nid:a-subscription-with-a-long-name\ndestination:/topic/prices.*\n\n");
        const std::string frame =
            "SEND\ndestination:/topic/prices.eur\ncontent-type:application/json\n"
            "a-header-of-the-application:which is longer than a short string\n"
            "receipt:a-receipt-that-is-longer-than-a-short-string\n\n" +
            std::string(100, 'x');
        std::size_t count = 0;
        const std::size_t taken = taken_by([&] {
            for (int i = 0; i < 3; ++i) sender.say(frame);
            count += one.drain();
            count += two.drain();
            while (setting.broker.next_attention() != nullptr) {
            }
        });
        EXPECT_EQ(taken, 0U);
        EXPECT_EQ(count, 18'000U);
        EXPECT_NE(one.wire().find("xxx"), std::string::npos);
    }
}

TEST(StompSessionMemory, escaped_headers_take_none) {
    Setting setting;
    Line sender(setting.broker, setting.contents, setting.buffers, "session-s", "1.2");
    Line one(setting.broker, setting.contents, setting.buffers, "session-1", "1.1");
    one.say("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n");
    const std::string frame =
        "SEND\ndestination:/topic/a\nk\\c\\n:\\r\\\\ and so on and so on\n\n" +
        std::string(100, 'x');
    const std::size_t taken = taken_by([&] {
        sender.say(frame);
        static_cast<void>(one.drain());
        while (setting.broker.next_attention() != nullptr) {
        }
    });
    EXPECT_EQ(taken, 0U);
}

TEST(StompSessionMemory, an_acknowledged_queues_messages_take_none) {
    Setting setting;
    Line sender(setting.broker, setting.contents, setting.buffers, "session-s", "1.2");
    Line one(setting.broker, setting.contents, setting.buffers, "session-1", "1.2");
    one.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client\n\n");
    const std::string frame = "SEND\ndestination:/queue/a\n\n" + std::string(100, 'x');
    std::string ack;
    std::size_t ack_count = 0;
    const std::size_t taken = taken_by([&] {
        sender.say(frame);
        static_cast<void>(one.drain());
        ack = "ACK\nid:";
        one.last_id().append_to(ack);
        ack += "\n\n";
        one.say(ack);
        ++ack_count;
        while (setting.broker.next_attention() != nullptr) {
        }
    });
    EXPECT_EQ(taken, 0U);
    EXPECT_EQ(setting.broker.find_queue("/queue/a")->count(), 0U);
    EXPECT_EQ(setting.broker.find_queue("/queue/a")->consumed_total, ack_count);
}

// One that is kept for long makes nobody remember all that came behind it.
TEST(StompSessionMemory, what_was_settled_behind_an_unsettled_message_is_forgotten) {
    for (const std::string_view name : {"/queue/a", "/topic/a"}) {
        Setting setting;
        Line sender(setting.broker, setting.contents, setting.buffers, "session-s", "1.2");
        Line one(setting.broker, setting.contents, setting.buffers, "session-1", "1.2");
        one.say("SUBSCRIBE\nid:1\nack:client-individual\ndestination:" + std::string(name) +
                "\n\n");
        const std::string frame = "SEND\ndestination:" + std::string(name) + "\n\nx";
        sender.say(frame);
        ASSERT_EQ(one.drain(), 1U);
        const DeliveryId kept = one.last_id();
        std::string ack;
        const auto say_ack = [&](DeliveryId id) {
            ack = "ACK\nid:";
            id.append_to(ack);
            ack += "\n\n";
            one.say(ack);
        };
        const std::size_t taken = taken_by([&] {
            sender.say(frame);
            ASSERT_EQ(one.drain(), 1U);
            say_ack(one.last_id());
            while (setting.broker.next_attention() != nullptr) {
            }
        });
        EXPECT_EQ(taken, 0U);
        say_ack(kept);
        while (setting.broker.next_attention() != nullptr) {
        }
    }
}

}  // namespace
}  // namespace edgews::stomp::test
