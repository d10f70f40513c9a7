// Nodes of a backplane and their hub, to the millisecond: a test turns each one's loop, or does
// not.
#include "world_fixture.hpp"

#include <edgews/backplane.hpp>
#include <edgews/server.hpp>
#include <edgews/stomp_broker.hpp>
#include "core/backplane/publishers.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews::sim::test {
namespace {

using Notes = std::vector<std::string>;
using enum BackplaneCounter;

// Of a world: it must be gone before that.
class SimulatedHub {
  public:
    explicit SimulatedHub(std::uint16_t port) {
        broker_.emplace();
        server_.emplace(ServerOptions{.loops = 1});
        const Error error = broker_->listen(*server_, {.host = "127.0.0.1", .port = port});
        if (error) throw std::runtime_error(error.message);
    }
    void turn() { server_->loop(0).poll(0); }
    [[nodiscard]] std::uint16_t port() const { return server_->port(); }

  private:
    std::optional<StompBroker> broker_{};
    std::optional<Server> server_{};
};

class SimulatedNode {
  public:
    SimulatedNode(World& world, std::string url, BackplaneOptions options)
        : world_(world),
          backplane(
              with(std::move(url), std::move(options)),
              {.gap =
                   [this](const TopicGap& gap) {
                       note("gap " + std::to_string(gap.first) + "-" + std::to_string(gap.last));
                   },
               .upstream = [this](
                               bool is_available, std::string_view,
                               std::string_view) { note(is_available ? "available" : "away"); }}),
          server({.loops = 1}) {
        server.backplane(backplane);
        server.ws("/", {.open = [](Connection& c) { c.subscribe("news"); }});
        const Error error = server.listen({.host = "127.0.0.1"});
        if (error) throw std::runtime_error(error.message);
    }
    void turn() { server.loop(0).poll(0); }
    // Milliseconds since the world began, and what.
    void note(const std::string& text) {
        if (has_times) {
            notes.push_back(std::to_string(now_ms() - begin_ms) + " " + text);
        } else {
            notes.push_back(text);
        }
    }
    void note_times_from_now() {
        notes.clear();
        has_times = true;
        begin_ms = now_ms();
    }
    [[nodiscard]] std::uint64_t operator[](BackplaneCounter counter) const {
        return backplane.stats()[counter];
    }
    PublishResult publish(std::string_view text) { return server.publish("news", text); }
    // From now on what a subscriber gets is noted.
    void subscribe() {
        listener = std::make_unique<WebSocketPeer>(world_, WebSocketPeerOptions{});
        listener->message = [this](WebSocketPeer&, std::string_view text, bool) {
            note(std::string(text));
        };
        listener->connect(server.port());
    }

    std::unique_ptr<WebSocketPeer> listener{};
    Notes notes{};
    bool has_times = false;
    std::uint64_t begin_ms = 0;

  private:
    static BackplaneOptions with(std::string url, BackplaneOptions options) {
        options.upstreams = {std::move(url)};
        options.prefixes = {""};
        options.reconnect.delay_max_ms = 100;
        return options;
    }
    [[nodiscard]] std::uint64_t now_ms() const { return world_.now_ns() / 1'000'000; }

    World& world_;

  public:
    Backplane backplane;
    Server server;
};

class BackplaneTimes : private CalmWorld, public testing::Test {
  protected:
    BackplaneTimes() { hub_.emplace(std::uint16_t{0}); }

    SimulatedNode& add(BackplaneOptions options = {}) {
        const std::string url = "stomp://127.0.0.1:" + std::to_string(port());
        return nodes_.emplace_back(world, url, std::move(options));
    }
    // One that is connected, and another with a subscriber.
    void add_two(const BackplaneOptions& options = {}) {
        a_ = &add(options);
        b_ = &add(options);
        b_->subscribe();
        run(100);
        ASSERT_EQ(b_->notes, Notes{"available"});
        ASSERT_EQ((*b_)[unconfirmed], 0U);
        // It is too long for a message to have been on its way.
        run(backplane::Publishers::transit_max_ms);
        b_->notes.clear();
    }
    [[nodiscard]] SimulatedNode& a() { return *a_; }
    [[nodiscard]] SimulatedNode& b() { return *b_; }
    [[nodiscard]] std::uint16_t port() {
        if (hub_) port_ = hub_->port();
        return port_;
    }
    void run(std::uint64_t milliseconds) {
        for (std::uint64_t i = 0; i < milliseconds; ++i) {
            for (int round = 0; round < 2; ++round) {
                if (hub_ && hub_turns_) hub_->turn();
                for (SimulatedNode& node : nodes_) {
                    if (&node != standing_) node.turn();
                }
            }
            world.run_for(1);
        }
    }
    void stop_hub() {
        (void)port();
        hub_.reset();
    }
    void start_hub() { hub_.emplace(port_); }
    // It stands still, or goes on: SIGSTOP and SIGCONT.
    void hub_turns(bool turns) { hub_turns_ = turns; }
    void stand_still(SimulatedNode* node) { standing_ = node; }

    using CalmWorld::world;

  private:
    std::optional<SimulatedHub> hub_{};
    std::list<SimulatedNode> nodes_{};
    SimulatedNode* a_ = nullptr;
    SimulatedNode* b_ = nullptr;
    SimulatedNode* standing_ = nullptr;
    std::uint16_t port_ = 0;
    bool hub_turns_ = true;
};

TEST_F(BackplaneTimes, what_was_published_while_the_hub_is_away_comes_when_it_is_back) {
    add_two();
    a().publish("1");
    run(10);
    stop_hub();
    run(10);
    EXPECT_EQ(a().publish("2"), PublishResult::queued);
    EXPECT_EQ(a().publish("3"), PublishResult::queued);
    run(500);
    start_hub();
    run(1'000);
    // Who was back first sent what waited, and the other may not have been there yet.
    a().publish("4");
    run(100);
    ASSERT_FALSE(b().notes.empty());
    EXPECT_EQ(b().notes.front(), "1");
    EXPECT_EQ(b().notes.back(), "4");
    EXPECT_EQ(b()[received] + b()[missing], 4U);
}

TEST_F(BackplaneTimes, what_waits_too_long_is_lost_and_what_follows_is_refused) {
    add_two({.queue_ms = 2'000});
    stop_hub();
    run(10);
    EXPECT_EQ(a().publish("1"), PublishResult::queued);
    run(1'980);
    EXPECT_EQ(a().publish("2"), PublishResult::queued);
    EXPECT_EQ(a()[unsent], 0U);
    run(30);
    EXPECT_EQ(a()[unsent], 2U);
    EXPECT_EQ(a()[waiting], 0U);
    EXPECT_EQ(a().publish("3"), PublishResult::refused);
    start_hub();
    run(1'000);
    EXPECT_EQ(a().publish("4"), PublishResult::sent);
    run(100);
    // The one that is known to be missing may have been told by a mark.
    EXPECT_EQ(b().notes, (Notes{"away", "available", "gap 1-3", "4"}));
}

TEST_F(BackplaneTimes, what_does_not_fit_is_refused) {
    add_two({.queue_size_max = 10'000, .queue_ms = 60'000});
    stop_hub();
    run(10);
    const std::string large(6'000, 'x');
    EXPECT_EQ(a().publish(large), PublishResult::queued);
    run(1);
    EXPECT_EQ(a().publish(large), PublishResult::queued);
    run(1);
    EXPECT_EQ(a().publish("small"), PublishResult::refused);
    run(1);
    EXPECT_EQ(a()[waiting], 1U);
    start_hub();
    run(1'000);
    EXPECT_EQ(a().publish("end"), PublishResult::sent);
    run(100);
    EXPECT_EQ(b().notes.back(), "end");
    EXPECT_EQ(b()[received] + b()[missing], 4U);
}

// The hub comes back, all are connected again, and nobody publishes any more.
TEST_F(BackplaneTimes, the_last_message_before_a_silence_is_told_soon_after_the_hub_is_back) {
    add_two({.queue_ms = 0});
    stop_hub();
    run(10);
    EXPECT_EQ(a().publish("lost"), PublishResult::refused);
    run(10);
    start_hub();
    run(1'000);
    EXPECT_EQ(b().notes, (Notes{"away", "available", "gap 1-1"}));
    run(20'000);
    EXPECT_EQ(b().notes.size(), 3U);
}

// A node that stood still is cut by the hub, and hears nothing of what is published meanwhile.
TEST_F(BackplaneTimes, a_node_that_was_away_learns_what_it_missed) {
    add_two({.heartbeat_ms = 1'000});
    a().publish("1");
    run(100);
    stand_still(&b());
    run(10'000);
    for (const char* text : {"2", "3", "4"}) a().publish(text);
    run(30'000);
    stand_still(nullptr);
    run(3'000);
    Notes told;
    for (const std::string& note : b().notes) {
        if (note != "away" && note != "available") told.push_back(note);
    }
    EXPECT_EQ(told, (Notes{"1", "gap 2-4"}));
    a().publish("5");
    run(100);
    EXPECT_EQ(b().notes.back(), "5");
}

TEST_F(BackplaneTimes, a_hub_that_stands_still_is_noticed_within_two_heartbeats) {
    add_two({.heartbeat_ms = 1'000});
    run(5'000);
    b().note_times_from_now();
    hub_turns(false);
    run(2'500);
    ASSERT_EQ(b().notes.size(), 1U);
    const std::uint64_t away_ms = std::stoull(b().notes[0]);
    EXPECT_GE(away_ms, 700U);
    EXPECT_LE(away_ms, 2'000U);
    EXPECT_NE(b().notes[0].find("away"), std::string::npos);
    hub_turns(true);
    run(2'000);
    EXPECT_EQ(b()[is_available], 1U);
    EXPECT_EQ(b()[unconfirmed], 0U);
}

TEST_F(BackplaneTimes, a_node_marks_how_far_it_is_once_in_each_heartbeat) {
    add_two({.heartbeat_ms = 1'000});
    run(2'000);
    const std::uint64_t before = a()[marks];
    for (int i = 0; i < 10; ++i) a().publish("x");
    run(1'100);
    EXPECT_EQ(a()[marks], before + 1);
    run(10'000);
    EXPECT_EQ(a()[marks], before + 1);
    EXPECT_EQ(b()[gaps], 0U);
}

TEST_F(BackplaneTimes, a_topic_is_heard_for_a_while_after_its_last_subscriber) {
    add_two({.linger_ms = 10'000});
    b().listener->close(1000);
    run(5'000);
    EXPECT_EQ(b()[subscriptions], 1U);
    b().subscribe();
    run(20'000);
    EXPECT_EQ(b()[subscriptions], 1U);  // Of the first that went there is nothing left.
    b().listener->close(1000);
    run(9'900);
    EXPECT_EQ(b()[subscriptions], 1U);
    run(200);
    EXPECT_EQ(b()[subscriptions], 0U);
}

// Without its hub, nobody knows what a new subscriber misses.
TEST_F(BackplaneTimes, who_subscribes_while_the_hub_is_away_is_told_that_it_may_have_missed_some) {
    SimulatedNode& node = add();
    run(100);
    stop_hub();
    run(10);
    node.subscribe();
    run(100);
    start_hub();
    run(1'000);
    EXPECT_EQ(node.notes, (Notes{"available", "away", "available", "gap 0-0"}));
}

// It leaves behind the new subscription, and comes back by that.
TEST_F(BackplaneTimes, through_the_hub_nobody_gets_what_was_published_before_anybody_subscribed) {
    SimulatedNode& node = add({.mode = BackplaneMode::through});
    run(100);
    stop_hub();
    run(10);
    EXPECT_EQ(node.publish("1"), PublishResult::queued);
    run(10);
    node.subscribe();
    run(10);
    EXPECT_EQ(node.publish("2"), PublishResult::queued);
    start_hub();
    run(1'000);
    EXPECT_EQ(node[echoes], 2U);
    EXPECT_EQ(node.notes, (Notes{"available", "away", "available", "gap 0-0", "2"}));
}

TEST_F(BackplaneTimes, prepared_topics_are_told_once_and_of_an_absent_hub_at_once) {
    SimulatedNode& node = add();
    Notes told;
    const auto prepare = [&](const std::string& topic) {
        node.backplane.prepare(topic, [&told, topic](bool is_heard) {
            told.push_back(topic + (is_heard ? " heard" : " not"));
        });
    };
    prepare("early");  // Before it is connected.
    run(100);
    prepare("early");
    prepare("late");
    run(100);
    EXPECT_EQ(told, (Notes{"early heard", "early heard", "late heard"}));
    stop_hub();
    run(10);
    prepare("early");
    run(2);
    EXPECT_EQ(told.back(), "early not");
    start_hub();
    run(1'000);
    EXPECT_EQ(told.size(), 4U);
    EXPECT_EQ(node[subscriptions], 2U);
    run(10'000);  // Nobody came.
    EXPECT_EQ(node[subscriptions], 0U);
}

TEST_F(BackplaneTimes, a_hub_that_does_not_answer_is_not_waited_for) {
    SimulatedNode& node = add({.queue_ms = 2'000});
    run(100);
    hub_turns(false);
    Notes told;
    for (const char* topic : {"news", "news", "other"}) {
        node.backplane.prepare(topic, [&told, topic](bool is_heard) {
            told.push_back(std::string(topic) + (is_heard ? " heard" : " not"));
        });
    }
    run(1'990);
    EXPECT_EQ(told, Notes{});
    run(20);
    EXPECT_EQ(told, (Notes{"news not", "news not", "other not"}));
    node.subscribe();
    run(100);
    hub_turns(true);
    run(100);
    EXPECT_EQ(node.notes, (Notes{"available", "gap 0-0"}));  // It may have missed some.
}

TEST_F(BackplaneTimes, a_server_may_end_whatever_its_hub_does) {
    stop_hub();
    {
        SimulatedNode& node = add();
        node.publish("into the blue");
        node.backplane.prepare("news", [](bool) {});
    }
    run(1);
    SimulatedNode& node = add();
    node.subscribe();
    run(50);
    node.publish("1");
}

}  // namespace
}  // namespace edgews::sim::test
