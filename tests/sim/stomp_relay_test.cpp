// A relay and its hub in a simulated world: what is lost, late, silent or slow, by a clock that is
// told.
#include <edgews/stomp_relay.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "stomp_session.hpp"

namespace edgews::sim::test {
namespace {

std::size_t count_of(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos;
         at = text.find(part, at + part.size())) {
        ++count;
    }
    return count;
}

// A broker on a server of its own.
struct HubInTime {
    HubInTime(StompOptions options, StompHooks hooks, std::uint16_t port)
        : broker(std::move(options), std::move(hooks)) {
        EXPECT_FALSE(broker.listen(server, {.host = "127.0.0.1", .port = port}));
        server.start();
    }
    ~HubInTime() { server.shutdown(0); }

    StompBroker broker;
    Server server{{.loops = 1}};
};

class StompRelayInTime : public testing::Test {
  protected:
    ~StompRelayInTime() override {
        if (server_) server_->shutdown(0);
    }

    void begin_hub(StompOptions options = {}) {
        // A hub that stands still, as after SIGSTOP: until it is time.
        StompHooks hooks{.authorise = [this](const StompClient&, StompAction,
                                             const stomp::Destination& destination) {
            if (destination.text() == "/topic/stop") {
                std::this_thread::sleep_for(std::chrono::milliseconds(stop_ms_.load()));
            }
            return true;
        }};
        hub_.emplace(std::move(options), std::move(hooks), hub_port_);
        hub_port_ = hub_->server.port();
    }
    [[nodiscard]] std::string hub_url() const {
        return "stomp://127.0.0.1:" + std::to_string(hub_port_);
    }
    void begin_relay(StompRelayOptions relay = {}, StompOptions options = {}) {
        if (relay.upstream.brokers.empty()) relay.upstream.brokers = {hub_url()};
        relay_ = std::make_unique<StompRelay>(std::move(relay), std::move(options));
        relay_->app("/app/echo", [](StompRequest& request) { request.reply(request.text()); });
        server_.emplace(ServerOptions{.loops = 1});
        ASSERT_FALSE(relay_->listen(*server_, {.host = "127.0.0.1"}));
        server_->start();
        world_.run_for(10);
    }
    void connect(StompClientPeer& peer, const std::string& lines = "") {
        peer.connect(server_->port());
        peer.say("CONNECT\naccept-version:1.2\nhost:x\n" + lines + "\n");
        world_.run_for(5);
        ASSERT_TRUE(peer.has_heard("CONNECTED\n")) << peer.take_heard();
        (void)peer.take_heard();
    }
    void subscribe(StompClientPeer& peer, const std::string& destination,
                   const std::string& lines = "") {
        peer.say("SUBSCRIBE\nid:1\ndestination:" + destination + "\nreceipt:there\n" + lines +
                 "\n");
        world_.run_for(20);
        ASSERT_TRUE(peer.has_heard("receipt-id:there\n")) << peer.take_heard();
        (void)peer.take_heard();
    }
    [[nodiscard]] std::size_t subscriptions_at_hub() const {
        return hub_->broker.stats().destinations;
    }
    [[nodiscard]] StompUpstreamStats upstream() const {
        return relay_->relay_stats().upstreams.at(0);
    }
    // Until `is_so`; how many milliseconds that took.
    template <class F>
    std::uint64_t run_until(F is_so, std::uint64_t limit_ms) {
        for (std::uint64_t passed_ms = 0; passed_ms < limit_ms; ++passed_ms) {
            if (is_so()) return passed_ms;
            world_.run_for(1);
        }
        ADD_FAILURE() << "it was not so in " << limit_ms << " ms";
        return limit_ms;
    }

    World world_{{.recorded = calm}};
    std::atomic<int> stop_ms_{0};
    std::uint16_t hub_port_ = 0;
    std::optional<HubInTime> hub_{};
    std::unique_ptr<StompRelay> relay_{};
    std::optional<Server> server_{};
};

TEST_F(StompRelayInTime, a_subscription_stays_for_a_while_when_nobody_has_it) {
    begin_hub();
    begin_relay({.linger_ms = 10'000});
    StompClientPeer joe(world_);
    connect(joe);
    subscribe(joe, "/topic/a");
    EXPECT_EQ(subscriptions_at_hub(), 1U);
    joe.say("UNSUBSCRIBE\nid:1\n\n");
    world_.run_for(9'900);
    EXPECT_EQ(subscriptions_at_hub(), 1U);
    // Whoever comes meanwhile has it at once, and it stays as long as he does.
    joe.say("SUBSCRIBE\nid:1\ndestination:/topic/a\nreceipt:r\n\n");
    world_.run_for(20'000);
    EXPECT_TRUE(joe.has_heard("receipt-id:r\n"));
    EXPECT_EQ(subscriptions_at_hub(), 1U);
    joe.say("UNSUBSCRIBE\nid:1\n\n");
    world_.run_for(12'100);
    EXPECT_EQ(subscriptions_at_hub(), 0U);
    EXPECT_EQ(upstream().subscriptions, 0U);
    subscribe(joe, "/topic/a");
    EXPECT_EQ(subscriptions_at_hub(), 1U);
}

TEST_F(StompRelayInTime, not_many_stay_that_nobody_has) {
    begin_hub();
    begin_relay({.linger_ms = 1'000'000});
    StompClientPeer joe(world_);
    connect(joe);
    for (int i = 0; i < 3'000; ++i) {
        joe.say("SUBSCRIBE\nid:1\ndestination:/topic/" + std::to_string(i) + "\n\n");
        joe.say("UNSUBSCRIBE\nid:1\n\n");
    }
    subscribe(joe, "/topic/last");
    world_.run_for(5'000);
    EXPECT_EQ(subscriptions_at_hub(), 1'001U);
    EXPECT_EQ(upstream().subscriptions, 1'001U);
    EXPECT_EQ(hub_->broker.send("/topic/last", "x"), stomp::Fault::none);
    world_.run_for(10);
    EXPECT_TRUE(joe.has_heard("\n\nx"));
}

TEST_F(StompRelayInTime, a_hub_that_is_gone_is_looked_for_and_found_again) {
    begin_hub();
    begin_relay();
    StompClientPeer joe(world_);
    connect(joe);
    subscribe(joe, "/topic/a", "gap:true\n");
    hub_.reset();
    world_.run_for(60'000);
    EXPECT_EQ(joe.ended_ms(), 0U);
    EXPECT_EQ(joe.take_heard(), "");
    EXPECT_FALSE(upstream().is_available);
    // It backs off, to some seconds.
    EXPECT_GE(upstream().failures, 8U);
    EXPECT_LE(upstream().failures, 60U);
    begin_hub();
    run_until([&] { return joe.has_heard("gap:true\n"); }, 10'100);
    EXPECT_EQ(count_of(joe.take_heard(), "MESSAGE\n"), 1U);
    EXPECT_EQ(hub_->broker.send("/topic/a", "x"), stomp::Fault::none);
    world_.run_for(10);
    EXPECT_TRUE(joe.has_heard("\n\nx"));
    EXPECT_EQ(relay_->relay_stats().gaps, 1U);
}

TEST_F(StompRelayInTime, a_hub_that_stands_still_is_left_for_another) {
    begin_hub();
    HubInTime second({}, {}, 0);
    const std::string second_url = "stomp://127.0.0.1:" + std::to_string(second.server.port());
    // Whichever comes first, it is the hub that stands still.
    begin_relay({.upstream = {.brokers = {hub_url(), second_url},
                              .heart_beat = {.can_send_ms = 1'000, .wants_ms = 1'000}}});
    while (upstream().address != hub_url()) {
        server_->shutdown(0);
        server_.reset();
        begin_relay({.upstream = {.brokers = {hub_url(), second_url},
                                  .heart_beat = {.can_send_ms = 1'000, .wants_ms = 1'000}}});
    }
    StompClientPeer joe(world_);
    connect(joe);
    subscribe(joe, "/topic/a", "gap:true\n");
    stop_ms_ = 30'000;
    StompClientPeer outsider(world_);
    outsider.connect(hub_port_);
    outsider.say("CONNECT\naccept-version:1.2\nhost:x\n\n");
    outsider.send_to("/topic/stop", "");
    // The clients' own business goes on meanwhile.
    std::uint64_t slowest_ms = 0;
    const std::uint64_t noticed_ms = run_until(
        [&] {
            joe.say("SEND\ndestination:/app/echo\nreply-to:/temp-queue/r\n\necho");
            slowest_ms =
                std::max(slowest_ms, run_until([&] { return joe.has_heard("echo"); }, 100));
            const bool is_told = joe.has_heard("gap:true\n");
            (void)joe.take_heard();
            return is_told;
        },
        4'000);
    EXPECT_GE(noticed_ms, 500U);
    EXPECT_LE(slowest_ms, 5U);
    EXPECT_EQ(upstream().address, second_url);
    EXPECT_EQ(second.broker.send("/topic/a", "x"), stomp::Fault::none);
    world_.run_for(10);
    EXPECT_TRUE(joe.has_heard("\n\nx"));
    world_.run_for(30'000);
}

TEST_F(StompRelayInTime, brokers_that_refuse_or_say_nothing_are_passed_over) {
    begin_hub();
    world_.kernel().network().silence("192.0.2.1");
    for (int i = 0; i < 5; ++i) {  // It begins with any of them.
        begin_relay(
            {.upstream = {.brokers = {"stomp://127.0.0.1:1", "stomp://192.0.2.1", hub_url()},
                          .connection = {.connect_timeout_ms = 1'000}}});
        StompClientPeer joe(world_);
        connect(joe);
        joe.say("SUBSCRIBE\nid:1\ndestination:/topic/a\nreceipt:r\n\n");
        run_until([&] { return joe.has_heard("receipt-id:r\n"); }, 1'500);
        EXPECT_EQ(upstream().address, hub_url());
        server_->shutdown(0);
        server_.reset();
    }
}

// Who waits does not hear its client, and so it is not judged by its silence.
TEST_F(StompRelayInTime, a_receipt_that_is_late_is_waited_for) {
    begin_hub({.session = {.heart_beat = {}}});
    begin_relay();
    StompClientPeer joe(world_);
    connect(joe, "heart-beat:1000,0\n");
    stop_ms_ = 20'000;
    joe.send_to("/topic/stop", "");
    joe.say("SUBSCRIBE\nid:1\ndestination:/topic/a\nreceipt:r\n\n");
    world_.run_for(19'000);
    EXPECT_EQ(joe.take_heard(), "");
    world_.run_for(1'100);
    EXPECT_TRUE(joe.has_heard("receipt-id:r\n"));
}

TEST_F(StompRelayInTime, what_is_kept_for_too_long_is_refused) {
    begin_hub();
    begin_relay({.kept_size_max = 10'000});
    StompClientPeer joe(world_);
    StompClientPeer ann(world_);
    connect(joe);
    connect(ann);
    hub_.reset();
    world_.run_for(100);
    joe.send_to("/topic/a", "x");
    ann.say("SEND\ndestination:/topic/a\nreceipt:r\n\n" + std::string(10'000, 'x'));  // Too much.
    world_.run_for(10);
    EXPECT_TRUE(ann.has_heard("ERROR\n"));
    EXPECT_TRUE(ann.has_heard("receipt-id:r\n"));
    world_.run_for(1'900);
    EXPECT_EQ(joe.take_heard(), "");
    world_.run_for(200);
    EXPECT_TRUE(joe.has_heard("ERROR\nmessage:The upstream broker is not available.\n"));
}

TEST_F(StompRelayInTime, a_connection_of_ones_own_is_tried_twice_at_each_broker) {
    begin_hub();
    begin_relay({.upstream = {.brokers = {hub_url(), hub_url()}}});
    StompClientPeer joe(world_);
    connect(joe);
    hub_.reset();
    world_.run_for(1);
    joe.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nreceipt:r\n\n");
    run_until([&] { return joe.has_heard("ERROR\nmessage:The upstream broker is not"); }, 2'000);
    EXPECT_EQ(relay_->relay_stats().own_connections, 0U);
}

// ---- Who reads slowly --------------------------------------------------------------------------

TEST_F(StompRelayInTime, a_topics_subscriber_that_does_not_read_ends_and_no_other_waits_for_it) {
    Faults& faults = world_.faults();
    faults.send_buffer_least = faults.send_buffer_most = 4'096;
    faults.receive_buffer_least = faults.receive_buffer_most = 4'096;
    begin_hub();
    begin_relay({}, {.broker = {.backlog_size_max = 100'000}});
    StompClientPeer joe(world_);
    StompClientPeer ann(world_);
    connect(joe);
    connect(ann);
    subscribe(joe, "/topic/a");
    subscribe(ann, "/topic/a");
    joe.set_reading(false);
    const std::string body(1'000, 'x');
    constexpr std::size_t count = 400;
    for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(hub_->broker.send("/topic/a", body), stomp::Fault::none);
        world_.run_for(5);
    }
    world_.run_for(5'000);
    EXPECT_EQ(count_of(ann.take_heard(), "MESSAGE\n"), count);
    joe.set_reading(true);
    world_.run_for(1'000);
    EXPECT_TRUE(joe.has_heard("ERROR\nmessage:More messages wait for the client than the limit."));
    EXPECT_EQ(upstream().connects, 1U);
}

// It stops its own connection: nothing is lost, and little waits here.
TEST_F(StompRelayInTime, a_consumer_that_does_not_read_leaves_the_rest_upstream) {
    Faults& faults = world_.faults();
    faults.send_buffer_least = faults.send_buffer_most = 4'096;
    faults.receive_buffer_least = faults.receive_buffer_most = 4'096;
    begin_hub();
    constexpr std::size_t backlog_size_max = 50'000;
    begin_relay({.prefetch_count = 10'000}, {.broker = {.backlog_size_max = backlog_size_max}});
    const std::string body(1'000, 'x');
    constexpr std::size_t count = 400;
    for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(hub_->broker.send("/queue/a", body + std::to_string(i)), stomp::Fault::none);
    }
    for (const std::string lines : {"ack:client-individual\n", "ack:auto\n"}) {
        SCOPED_TRACE(lines);
        StompClientPeer joe(world_);
        connect(joe);
        joe.set_reading(false);
        joe.say("SUBSCRIBE\nid:1\ndestination:/queue/a\n" + lines + "\n");
        std::size_t most = 0;
        for (int i = 0; i < 100; ++i) {
            world_.run_for(100);
            most = std::max(most, relay_->stats().memory);
        }
        EXPECT_EQ(joe.ended_ms(), 0U);
        EXPECT_GT(most, backlog_size_max / 4);
        EXPECT_LT(most, backlog_size_max);
        joe.set_reading(true);
        world_.run_for(20'000);
        const std::string heard = joe.take_heard();
        EXPECT_EQ(count_of(heard, "MESSAGE\n"), count);
        std::size_t at = 0;
        for (std::size_t i = 0; i < count; ++i) {
            at = heard.find(body + std::to_string(i), at);
            ASSERT_NE(at, std::string::npos) << i;
        }
        joe.reset();
        world_.run_for(100);
        EXPECT_EQ(relay_->relay_stats().own_connections, 0U);
    }
}

}  // namespace
}  // namespace edgews::sim::test
