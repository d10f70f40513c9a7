// A broker whose topics are carried, and its hub, in a simulated world: what is silent, late or
// gone, by a clock that is told.
#include <edgews/backplane.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "stomp_session.hpp"

namespace edgews::sim::test {
namespace {

class BrokerTopicsInTime : public testing::Test {
  protected:
    ~BrokerTopicsInTime() override {
        if (server_) server_->shutdown(0);
        if (hub_server_) hub_server_->shutdown(0);
    }

    // It stands still for a while when somebody subscribes to the topic "slow" there.
    void begin_hub() {
        StompHooks hooks{.authorise = [this](const StompClient&, StompAction,
                                             const stomp::Destination& destination) {
            if (destination.text() == "/topic/edgews.t.~01slow") {
                std::this_thread::sleep_for(std::chrono::milliseconds(stop_ms_.load()));
            }
            return true;
        }};
        hub_.emplace(StompOptions{}, std::move(hooks));
        hub_server_.emplace(ServerOptions{.loops = 1});
        ASSERT_FALSE(hub_->listen(*hub_server_, {.host = "127.0.0.1", .port = hub_port_}));
        hub_port_ = hub_server_->port();
        hub_server_->start();
    }
    void end_hub() {
        hub_server_->shutdown(0);
        hub_server_.reset();
        hub_.reset();
    }
    void begin_node(BackplaneOptions options = {}) {
        options.upstreams = {"stomp://127.0.0.1:" + std::to_string(hub_port_)};
        options.prefixes = {"/topic/"};
        options.reconnect.delay_max_ms = 100;
        backplane_.emplace(std::move(options));
        broker_.emplace();
        broker_->backplane(*backplane_);
        server_.emplace(ServerOptions{.loops = 1});
        ASSERT_FALSE(broker_->listen(*server_, {.host = "127.0.0.1"}));
        server_->start();
        world_.run_for(50);
    }
    void connect(StompClientPeer& peer) {
        peer.connect(server_->port());
        peer.say("CONNECT\naccept-version:1.2\nhost:x\n\n");
        world_.run_for(5);
        ASSERT_TRUE(peer.has_heard("CONNECTED\n")) << peer.take_heard();
        (void)peer.take_heard();
    }
    [[nodiscard]] std::uint64_t count(BackplaneCounter counter) const {
        return backplane_->stats()[counter];
    }

    World world_{{.recorded = calm}};
    std::atomic<int> stop_ms_{0};
    std::uint16_t hub_port_ = 0;
    std::optional<StompBroker> hub_{};
    std::optional<Server> hub_server_{};
    std::optional<Backplane> backplane_{};
    std::optional<StompBroker> broker_{};
    std::optional<Server> server_{};
};

TEST_F(BrokerTopicsInTime, of_a_silent_hub_a_receipt_waits_for_queue_ms_and_a_gap_is_told) {
    begin_hub();
    begin_node({.queue_ms = 2'000});
    stop_ms_ = 4'000;
    StompClientPeer joe(world_);
    connect(joe);
    joe.say("SUBSCRIBE\nid:1\ndestination:/topic/slow\nreceipt:r\ngap:true\n\n");
    joe.say("SEND\ndestination:/topic/slow\nreceipt:s\n\nx");
    world_.run_for(1'980);
    EXPECT_EQ(joe.heard(), "");
    world_.run_for(40);
    EXPECT_TRUE(joe.has_heard("receipt-id:r\n"));
    EXPECT_TRUE(joe.has_heard("receipt-id:s\n"));
    EXPECT_TRUE(joe.has_heard("\n\nx"));
    EXPECT_FALSE(joe.has_heard("gap:true"));
    world_.run_for(2'500);
    EXPECT_TRUE(joe.has_heard("gap:true\n"));
    EXPECT_FALSE(joe.has_heard("missing:"));
    EXPECT_EQ(joe.ended_ms(), 0U);
}

TEST_F(BrokerTopicsInTime, of_an_absent_hub_a_receipt_comes_at_once) {
    begin_hub();
    begin_node();
    end_hub();
    world_.run_for(50);
    StompClientPeer joe(world_);
    connect(joe);
    for (int i = 0; i < 10; ++i) {
        const std::string id = std::to_string(i);
        joe.say("SUBSCRIBE\nid:" + id + "\ndestination:/topic/" + id + "\nreceipt:r" + id + "\n\n");
    }
    world_.run_for(20);
    EXPECT_TRUE(joe.has_heard("receipt-id:r9\n"));
}

TEST_F(BrokerTopicsInTime, few_topics_are_heard_that_nobody_has) {
    begin_hub();
    begin_node({.linger_ms = 1'000'000});
    StompClientPeer joe(world_);
    connect(joe);
    for (int i = 0; i < 3'000; ++i) {
        joe.say("SUBSCRIBE\nid:1\ndestination:/topic/" + std::to_string(i) + "\n\n");
        joe.say("UNSUBSCRIBE\nid:1\n\n");
    }
    joe.say("SUBSCRIBE\nid:1\ndestination:/topic/last\nreceipt:r\n\n");
    world_.run_for(5'000);
    EXPECT_TRUE(joe.has_heard("receipt-id:r\n"));
    EXPECT_EQ(count(BackplaneCounter::subscriptions), 1'001U);
    EXPECT_EQ(count(BackplaneCounter::unconfirmed), 0U);
    // One of those that are still heard, and one that is not.
    for (const std::string topic : {"/topic/0", "/topic/2999"}) {
        joe.say("SUBSCRIBE\nid:" + topic + "\ndestination:" + topic + "\nreceipt:" + topic +
                "\n\n");
        world_.run_for(100);
        EXPECT_TRUE(joe.has_heard("receipt-id:" + topic + "\n"));
    }
    EXPECT_EQ(count(BackplaneCounter::subscriptions), 1'002U);
}

// Of two servers of the broker, one has the backplane, and ends.
TEST_F(BrokerTopicsInTime, where_the_node_has_ended_nobody_waits_for_ever) {
    begin_hub();
    begin_node({.queue_ms = 2'000});
    Server second({.loops = 1});
    ASSERT_FALSE(broker_->listen(second, {.host = "127.0.0.1"}));
    second.start();
    StompClientPeer joe(world_);
    joe.connect(second.port());
    joe.say("CONNECT\naccept-version:1.2\nhost:x\n\n");
    joe.say("SUBSCRIBE\nid:1\ndestination:/topic/a\nreceipt:r\n\n");
    world_.run_for(50);
    EXPECT_TRUE(joe.has_heard("receipt-id:r\n"));
    server_->shutdown(0);
    server_.reset();
    EXPECT_EQ(broker_->send("/topic/a", "x"), stomp::Fault::upstream_unavailable);
    world_.run_for(10);
    EXPECT_TRUE(joe.has_heard("\n\nx"));
    joe.say("SUBSCRIBE\nid:2\ndestination:/topic/b\nreceipt:q\n\n");
    world_.run_for(11'000);
    EXPECT_FALSE(joe.has_heard("ERROR"));
    world_.run_for(1'100);
    EXPECT_TRUE(joe.has_heard("ERROR\n"));
    EXPECT_TRUE(joe.has_heard("has not answered"));
    second.shutdown(0);
}

}  // namespace
}  // namespace edgews::sim::test
