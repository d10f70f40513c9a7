// A node's connection to Redis, with a server that the test plays, to the millisecond.
#include "world_fixture.hpp"

#include <edgews/backplane.hpp>
#include "core/redis/topic_history.hpp"
#include "net/backplane/redis_backbone.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <set>
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
    [[nodiscard]] const BackplaneOptions& options() const { return options_; }

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
    void backbone_received(ChannelNumber channel, TopicPosition position,
                           std::span<const std::byte> bytes) override {
        notes_.push_back(std::to_string(channel) + " " + describe(position) + ": " +
                         edgews::test::text_of(bytes));
    }
    void backbone_read(ReadingNumber number, const HistoryReading* reading) override {
        std::string note = "read " + std::to_string(number);
        if (reading == nullptr) return notes_.push_back(note + " refused");
        note += (reading->is_whole ? " whole to " : " to ") + describe(reading->position);
        for (const std::string_view message : reading->messages) note.append(" ").append(message);
        notes_.push_back(note);
    }
    void backbone_dropped() override { notes_.emplace_back("dropped"); }
    void backbone_drained() override { notes_.emplace_back("drained"); }

    [[nodiscard]] static std::string describe(const TopicPosition& position) {
        return std::to_string(position.epoch) + ":" + std::to_string(position.offset);
    }

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
    expect_notes({"dropped"});
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

// ---- Histories ---------------------------------------------------------------------------------

class RedisHistoriesTest : public RedisBackboneTest {
  protected:
    static constexpr std::string_view channel = "{edgews}:t:news";
    static constexpr std::string_view info = "$37\r\n# Server\r\nrun_id:0123456789abcdefgh\r\n\r\n";

    RawPeer prepare(BackplaneOptions options = {}) {
        options.histories = {history_};
        start(std::move(options));
        RawPeer peer = accept();
        expect(peer, command({"INFO", "server"}) +
                         command({"SCRIPT", "LOAD", redis::topic_history_script()}));
        return peer;
    }
    RawPeer open_prepared(BackplaneOptions options = {}) {
        RawPeer peer = prepare(std::move(options));
        peer.send(info);
        peer.send("$4\r\n5ca1\r\n");
        expect_notes({"back"});
        return peer;
    }
    // EVALSHA, and what it is to do. Each proposes another epoch.
    void expect_script(RawPeer& peer, std::initializer_list<std::string_view> rest) {
        std::vector<std::string> words{
            "EVALSHA",          "5ca1", "2",     std::string(channel), "{edgews}:p:news",
            "0123456789abcdef", "",     "60000", "86460000",           "1000",
            "1048576"};
        words.insert(words.end(), rest.begin(), rest.end());
        std::string text = "*" + std::to_string(words.size()) + "\r\n";
        for (std::size_t i = 0; i < words.size(); ++i) {
            if (i == 6) {
                expect(peer, text + "$16\r\n");
                epochs_.insert(edgews::test::text_of(peer.read_exactly(16)));
                text = "\r\n";
                continue;
            }
            text += "$" + std::to_string(words[i].size()) + "\r\n" + words[i] + "\r\n";
        }
        expect(peer, text);
    }
    [[nodiscard]] const TopicHistory& history() const { return options().histories[0]; }

    std::set<std::string> epochs_{};

  private:
    const TopicHistory history_{.prefix = "news"};
};

TEST_F(RedisHistoriesTest, it_is_ready_when_the_server_has_said_its_run_and_taken_the_script) {
    RawPeer peer = prepare();
    EXPECT_EQ(backbone().send(channel, "1", history()), Backbone::Sent::away);
    EXPECT_EQ(backbone().read(channel, history(), {}), 0U);
    peer.send(info);
    expect_notes({});
    peer.send("$4\r\n5ca1\r\n");
    expect_notes({"back"});
}

TEST_F(RedisHistoriesTest, one_that_does_not_say_its_run_or_refuses_is_left) {
    RawPeer first = prepare({.connection = {.handshake_timeout_ms = 2'000}});
    first.send("$3\r\nx\r\n\r\n");
    expect_notes({away("it does not say which run it is of")});
    for (const std::string& answers :
         {std::string("-NOPERM no\r\n"), std::string(info) + "-NOPERM no\r\n"}) {
        RawPeer next = accept();
        next.send(answers);
        expect_notes({away("NOPERM no")});
    }
    RawPeer silent = accept();
    run(2'100);
    expect_notes({away("no answer to HELLO in time")});
}

TEST_F(RedisHistoriesTest, what_is_sent_is_published_by_the_script) {
    RawPeer peer = open_prepared();
    EXPECT_EQ(backbone().send(channel, "\r\n", history()), Backbone::Sent::yes);
    expect_script(peer, {"PUBLISH", "\r\n"});
    EXPECT_EQ(backbone().send(channel, "2", history()), Backbone::Sent::yes);
    expect_script(peer, {"PUBLISH", "2"});
    EXPECT_EQ(epochs_.size(), 2U);
    peer.send("$1\r\n1\r\n-OOM no\r\n");
    expect_notes({"dropped"});
}

TEST_F(RedisHistoriesTest, what_comes_has_its_place) {
    RawPeer peer = open_prepared({.is_sharded = true});
    (void)backbone().subscribe(channel);
    expect(peer, command({"SSUBSCRIBE", channel}));
    EXPECT_EQ(backbone().send(channel, "1", history()), Backbone::Sent::yes);
    expect_script(peer, {"SPUBLISH", "1"});
    peer.send(confirmation(channel, "ssubscribe") +
              push({"smessage", channel, "000000000000000a:7:hello"}) +
              push({"smessage", channel, "000000000000000a:x:hello"}));
    expect_notes({"confirmed 1", "1 10:7: hello", "1: 000000000000000a:x:hello"});
}

TEST_F(RedisHistoriesTest, what_is_read_is_told_or_refused) {
    RawPeer peer = open_prepared();
    const ReadingNumber one =
        backbone().read(channel, history(), {.from = {.epoch = 11, .offset = 5}});
    expect_script(peer, {"", "000000000000000b", "5", "0"});
    const ReadingNumber two = backbone().read(
        channel, history(), {.from = {.epoch = UINT64_MAX, .offset = 0}, .wants_rest = true});
    expect_script(peer, {"", "ffffffffffffffff", "0", "1"});
    const ReadingNumber three = backbone().read(channel, history(), {});
    const ReadingNumber four = backbone().read(channel, history(), {});
    peer.send("*4\r\n$16\r\n000000000000000b\r\n$1\r\n7\r\n:1\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n");
    peer.send("*4\r\n$16\r\n000000000000000c\r\n$1\r\n0\r\n:0\r\n*0\r\n");
    peer.send("*1\r\n:1\r\n-OOM no\r\n");
    expect_notes({"read " + std::to_string(one) + " whole to 11:7 a b",
                  "read " + std::to_string(two) + " to 12:0",
                  "read " + std::to_string(three) + " refused",
                  "read " + std::to_string(four) + " refused"});
}

TEST_F(RedisHistoriesTest, no_more_than_four_megabytes_are_read_at_a_time) {
    RawPeer peer = open_prepared();
    for (int i = 0; i < 6; ++i) (void)backbone().read(channel, history(), {});
    for (int i = 0; i < 4; ++i) expect_script(peer, {"", "0000000000000000", "0", "0"});
    peer.expect_silence();
    for (const char* const answer : {"*1\r\n:1\r\n", "-OOM no\r\n"}) {
        peer.send(answer);
        expect_script(peer, {"", "0000000000000000", "0", "0"});
    }
    peer.expect_silence();
}

TEST_F(RedisHistoriesTest, one_that_has_forgotten_the_script_is_asked_to_take_it_again) {
    RawPeer peer = open_prepared();
    EXPECT_EQ(backbone().send(channel, "1", history()), Backbone::Sent::yes);
    (void)backbone().read(channel, history(), {});
    peer.send("-NOSCRIPT no\r\n-NOSCRIPT no\r\n");
    expect_notes({away("NOSCRIPT no")});
    RawPeer again = accept();
    expect(again, command({"INFO", "server"}));
}

TEST_F(RedisHistoriesTest, a_history_of_any_length_is_read_in_one_reply) {
    RawPeer peer = open_prepared({.message_size_max = 64 * 1024});
    const ReadingNumber number = backbone().read(channel, history(), {});
    std::string messages;
    const std::string message(history().size_max / history().message_count_max, 'x');
    for (std::size_t i = 0; i < history().message_count_max; ++i) {
        messages += "$" + std::to_string(message.size()) + "\r\n" + message + "\r\n";
    }
    peer.send("*4\r\n$16\r\n000000000000000b\r\n$4\r\n1000\r\n:1\r\n*1000\r\n" + messages);
    std::string expected = "read " + std::to_string(number) + " whole to 11:1000";
    for (std::size_t i = 0; i < history().message_count_max; ++i) expected += " " + message;
    expect_notes({expected});
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
