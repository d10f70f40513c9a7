// A node's connection to Redis, with a server that the test plays, to the millisecond.
#include "world_fixture.hpp"

#include <edgews/backplane.hpp>
#include "net/backplane/redis_backbone.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews::sim::test {
namespace {

using edgews::test::RawPeer;
using edgews::test::RawServer;
using edgews::test::turn_until;
using Notes = std::vector<std::string>;

// "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n"
std::string command(std::initializer_list<std::string_view> words) {
    std::string text = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string_view word : words) {
        text += "$" + std::to_string(word.size()) + "\r\n" + std::string(word) + "\r\n";
    }
    return text;
}

constexpr std::string_view greeting = "%1\r\n+proto\r\n:3\r\n";

std::string push(std::initializer_list<std::string_view> words) {
    return ">" + command(words).substr(1);
}
std::string confirmation(std::string_view channel, std::string_view name = "subscribe") {
    return ">3\r\n$" + std::to_string(name.size()) + "\r\n" + std::string(name) + "\r\n$" +
           std::to_string(channel.size()) + "\r\n" + std::string(channel) + "\r\n:1\r\n";
}

class RedisBackboneTest : private CalmWorld, public testing::Test, private Backbone::Owner {
  protected:
    void start(BackplaneOptions options = {}) {
        options_ = std::move(options);
        if (options_.upstreams.empty()) options_.upstreams = {"redis://" + server_.name()};
        options_.reconnect.delay_max_ms = 10;
        Backbone::Owner& owner = *this;
        backbone_.emplace(Reactor::of(loop_), options_, owner);
    }
    // Connected, and greeted.
    RawPeer accept() {
        RawPeer peer = server_.accept();
        expect(peer, command({"HELLO", "3"}));
        peer.send(greeting);
        return peer;
    }
    RawPeer open() {
        start();
        RawPeer peer = accept();
        expect_notes({"back"});
        return peer;
    }
    void expect(RawPeer& peer, const std::string& text) {
        EXPECT_EQ(edgews::test::text_of(peer.read_exactly(text.size())), text);
    }
    // That these come, and no more.
    void expect_notes(const Notes& expected) {
        (void)turn_until(loop_, [&] { return notes_.size() >= expected.size(); });
        run(2);
        EXPECT_EQ(notes_, expected);
        notes_.clear();
    }
    void run(std::uint64_t milliseconds) {
        for (std::uint64_t i = 0; i < milliseconds; ++i) {
            loop_.poll(0);
            world.run_for(1);
        }
    }
    [[nodiscard]] std::string away(std::string_view why) const {
        return "away redis://" + server_.name() + ": " + std::string(why);
    }
    [[nodiscard]] RedisBackbone& backbone() { return *backbone_; }

    using CalmWorld::world;
    Loop loop_{};
    const RawServer server_{loop_};
    const RawServer other_{loop_};

  private:
    void backbone_is_back() override { notes_.emplace_back("back"); }
    void backbone_is_away(std::string_view reason) override {
        notes_.push_back("away " + std::string(reason));
    }
    void backbone_confirmed(ChannelNumber channel) override {
        notes_.push_back("confirmed " + std::to_string(channel));
    }
    void backbone_refused(ChannelNumber channel) override {
        notes_.push_back("refused " + std::to_string(channel));
    }
    void backbone_received(ChannelNumber channel, std::span<const std::byte> bytes) override {
        notes_.push_back(std::to_string(channel) + ": " + edgews::test::text_of(bytes));
    }
    void backbone_drained() override { notes_.emplace_back("drained"); }

    BackplaneOptions options_{};
    Notes notes_{};
    std::optional<RedisBackbone> backbone_{};
};

TEST_F(RedisBackboneTest, channels_are_the_applications_and_of_one_slot) {
    start();
    EXPECT_EQ(backbone().channel_of(std::string_view("a\0 {b}\r\n", 8)),
              std::string("{edgews}:t:a\0 {b}\r\n", 19));
    EXPECT_EQ(backbone().control_channel(), "{edgews}:nodes");
    EXPECT_TRUE(backbone().says_whole(std::string(10'000, 'x')));
    EXPECT_EQ(backbone().address(), "redis://" + server_.name());
}

TEST_F(RedisBackboneTest, what_is_subscribed_to_is_confirmed_and_heard) {
    RawPeer peer = open();
    EXPECT_EQ(backbone().subscribe("a"), 1U);
    EXPECT_EQ(backbone().subscribe("b"), 2U);
    expect(peer, command({"SUBSCRIBE", "a"}) + command({"SUBSCRIBE", "b"}));
    peer.send(confirmation("a") + push({"message", "a", "hello"}) + confirmation("b") +
              push({"message", "b", "\r\n"}));
    expect_notes({"confirmed 1", "1: hello", "confirmed 2", "2: \r\n"});
    backbone().unsubscribe(1);
    backbone().unsubscribe(1);
    expect(peer, command({"UNSUBSCRIBE", "a"}));
    peer.send(push({"message", "a", "late"}) + confirmation("a", "unsubscribe") +
              push({"message", "b", "2"}));
    expect_notes({"2: 2"});
}

TEST_F(RedisBackboneTest, what_is_sent_is_published) {
    RawPeer peer = open();
    EXPECT_EQ(backbone().send("a", "\r\n"), Backbone::Sent::yes);
    expect(peer, command({"PUBLISH", "a", "\r\n"}));
    peer.send(":0\r\n-OOM no memory\r\n");
    EXPECT_EQ(backbone().send("a", "2"), Backbone::Sent::yes);
    expect(peer, command({"PUBLISH", "a", "2"}));
    expect_notes({});
}

TEST_F(RedisBackboneTest, sharded_it_uses_the_commands_of_shards) {
    start({.is_sharded = true});
    RawPeer peer = accept();
    (void)backbone().subscribe("a");
    expect_notes({"back"});
    EXPECT_EQ(backbone().send("a", "1"), Backbone::Sent::yes);
    expect(peer, command({"SSUBSCRIBE", "a"}) + command({"SPUBLISH", "a", "1"}));
    peer.send(confirmation("a", "ssubscribe") + push({"smessage", "a", "1"}));
    expect_notes({"confirmed 1", "1: 1"});
}

TEST_F(RedisBackboneTest, a_lost_connection_is_made_again_with_its_subscriptions) {
    start();
    (void)backbone().subscribe("a");
    EXPECT_EQ(backbone().send("a", "1"), Backbone::Sent::away);
    for (int i = 0; i < 3; ++i) {
        RawPeer peer = accept();
        expect(peer, command({"SUBSCRIBE", "a"}));
        expect_notes({"back"});
        peer.send(confirmation("a"));
        expect_notes({"confirmed 1"});
        peer.send(">3\r\n$7\r\nmess");  // Half of a message.
        run(1);
        i == 1 ? peer.close() : peer.reset();
        expect_notes({away("the server closed the connection")});
        EXPECT_EQ(backbone().send("a", "2"), Backbone::Sent::away);
    }
}

TEST_F(RedisBackboneTest, a_login_is_said_and_its_refusal_told) {
    start({.upstreams = {"redis://joe:se%20cret@" + server_.name()}});
    RawPeer peer = server_.accept();
    expect(peer, command({"HELLO", "3", "AUTH", "joe", "se cret"}));
    peer.send("-WRONGPASS no such user\r\n");
    expect_notes({away("WRONGPASS no such user")});
    (void)server_.accept();  // It may have been set right.
}

TEST_F(RedisBackboneTest, a_database_is_chosen_before_anything_else) {
    start({.upstreams = {"redis://" + server_.name() + "/7"}});
    (void)backbone().subscribe("a");
    RawPeer peer = accept();
    expect(peer, command({"SELECT", "7"}));
    peer.send("+OK\r\n");
    expect(peer, command({"SUBSCRIBE", "a"}));
    expect_notes({"back"});
}

TEST_F(RedisBackboneTest, a_channel_that_is_not_permitted_is_told) {
    RawPeer peer = open();
    (void)backbone().subscribe("a");
    (void)backbone().subscribe("b");
    peer.send("-NOPERM no\r\n" + confirmation("b"));
    expect_notes({"refused 1", "confirmed 2"});
}

TEST_F(RedisBackboneTest, a_server_that_is_of_no_use_is_left) {
    for (const char* text : {"-LOADING wait\r\n", "-READONLY replica\r\n", "-MASTERDOWN x\r\n"}) {
        RawPeer peer = open();
        EXPECT_EQ(backbone().send("a", "1"), Backbone::Sent::yes);
        peer.send(text);
        expect_notes({away(std::string_view(text).substr(1, std::string_view(text).size() - 3))});
        (void)server_.accept();
    }
}

TEST_F(RedisBackboneTest, a_broken_rule_ends_the_connection) {
    RawPeer peer = open();
    peer.send("!");
    peer.send("?nonsense\r\n");
    peer.expect_end();
    RawPeer again = accept();
    again.send(":1\r\n");  // The answer to nothing.
    again.expect_end();
}

TEST_F(RedisBackboneTest, one_without_resp3_is_refused) {
    start();
    (void)backbone().subscribe("a");
    RawPeer peer = server_.accept();
    expect(peer, command({"HELLO", "3"}));
    peer.send("-ERR unknown command 'HELLO'\r\n");
    expect(peer, command({"PING"}));
    peer.send("+PONG\r\n");
    expect_notes({away("it does not speak RESP3: it is older than 6.0")});
}

TEST_F(RedisBackboneTest, a_slot_that_has_moved_is_followed_and_a_dead_end_is_left) {
    start({.is_sharded = true});
    RawPeer peer = accept();
    (void)backbone().subscribe("a");
    expect_notes({"back"});
    peer.send("-MOVED 5 127.0.0.1:" + std::to_string(other_.port()) + "\r\n");
    RawPeer second = other_.accept();
    EXPECT_EQ(backbone().address(), "redis://" + other_.name());
    expect(second, command({"HELLO", "3"}));
    second.send(greeting);
    expect(second, command({"SSUBSCRIBE", "a"}));
    second.send(confirmation("a", "ssubscribe"));
    run(2);
    // The cluster gives it to another.
    second.send(confirmation("a", "sunsubscribe"));
    RawPeer third = accept();
    EXPECT_EQ(backbone().address(), "redis://" + server_.name());
}

TEST_F(RedisBackboneTest, a_silent_server_is_noticed_within_two_heartbeats) {
    start({.heartbeat_ms = 1'000});
    RawPeer peer = accept();
    expect_notes({"back"});
    run(1'000);
    expect(peer, command({"PING"}));
    peer.send("+PONG\r\n");
    run(1'000);
    expect(peer, command({"PING"}));
    run(900);
    expect_notes({});
    run(200);
    expect_notes({away("the server is silent")});
}

TEST_F(RedisBackboneTest, a_server_that_says_nothing_at_first_is_given_up) {
    start({.connection = {.handshake_timeout_ms = 2'000}});
    RawPeer peer = server_.accept();
    run(1'900);
    expect_notes({});
    run(200);
    expect_notes({away("no answer to HELLO in time")});
    (void)accept();
}

TEST_F(RedisBackboneTest, the_next_of_several_is_tried) {
    start({.upstreams = {"redis://" + server_.name(), "redis://" + other_.name()}});
    const bool begins_here = backbone().address() == "redis://" + server_.name();
    const RawServer& first = begins_here ? server_ : other_;
    const RawServer& next = begins_here ? other_ : server_;
    for (int i = 0; i < 3; ++i) {
        first.accept().reset();
        next.accept().reset();
    }
}

TEST_F(RedisBackboneTest, a_server_that_does_not_read_is_full_and_drained_later) {
    Faults& faults = world.faults();
    faults.send_buffer_least = faults.send_buffer_most = 65'536;
    faults.receive_buffer_least = faults.receive_buffer_most = 65'536;
    start({.backlog_size_max = 400'000});
    RawPeer peer = accept();
    expect_notes({"back"});
    const std::string large(100'000, 'x');
    int count = 0;
    while (backbone().send("a", large) == Backbone::Sent::yes) {
        ++count;
        run(1);
        ASSERT_LT(count, 100);
    }
    EXPECT_GE(count, 4);
    const std::size_t size = command({"PUBLISH", "a", large}).size();
    for (int i = 0; i < count; ++i) (void)peer.read_exactly(size);
    expect_notes({"drained"});
    EXPECT_EQ(backbone().send("a", large), Backbone::Sent::yes);
}

TEST(RedisBackboneOptions, urls_are_looked_at_before) {
    EXPECT_TRUE(RedisBackbone::speaks("redis://x"));
    EXPECT_TRUE(RedisBackbone::speaks("rediss://x"));
    EXPECT_TRUE(RedisBackbone::speaks("redis+unix:///x"));
    EXPECT_TRUE(RedisBackbone::speaks("unix:///x"));
    EXPECT_FALSE(RedisBackbone::speaks("stomp://x"));
    const auto make = [](std::vector<std::string> upstreams) {
        Backplane backplane({.upstreams = std::move(upstreams)});
    };
    EXPECT_NO_THROW(make({"redis://x", "redis://y:1"}));
    EXPECT_THROW(make({"redis://x", "stomp://y"}), std::invalid_argument);
    EXPECT_THROW(make({"stomp://x", "redis://y"}), std::invalid_argument);
    EXPECT_THROW(make({"redis://secret@x"}), std::invalid_argument);
    EXPECT_THROW(make({"rediss://x"}), std::invalid_argument);
}

}  // namespace
}  // namespace edgews::sim::test
