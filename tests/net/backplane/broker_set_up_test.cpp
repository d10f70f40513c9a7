// A broker, its servers and its backplane: in which order they come, and go.
#include <edgews/backplane.hpp>
#include <edgews/server.hpp>
#include <edgews/stomp_broker.hpp>
#include <edgews/stomp_relay.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string_view>

namespace edgews::test {
namespace {

constexpr std::string_view news = "/topic/news";

BackplaneOptions some_options() {
    return {.upstreams = {"stomp://127.0.0.1:1"}, .prefixes = {""}};
}

TEST(BrokerTopicsSetUp, it_comes_before_all_else_and_once) {
    Backplane backplane(some_options());
    Backplane second(some_options());
    StompBroker broker;
    StompBroker other;
    Server server({.loops = 1});
    broker.backplane(backplane);
    EXPECT_THROW(broker.backplane(second), std::logic_error);
    EXPECT_THROW(other.backplane(backplane), std::logic_error);
    other.attach(server, "/other");
    EXPECT_THROW(other.backplane(second), std::logic_error);
    broker.attach(server, "/ws");
    EXPECT_THROW(server.backplane(second), std::logic_error);  // It has the broker's.
}

TEST(BrokerTopicsSetUp, a_relays_topics_are_its_upstreams) {
    Backplane backplane(some_options());
    StompRelay relay({.upstream = {.brokers = {"stomp://127.0.0.1:1"}}});
    EXPECT_THROW(relay.backplane(backplane), std::logic_error);
    StompBroker broker;
    EXPECT_NO_THROW(broker.backplane(backplane));
}

TEST(BrokerTopicsSetUp, a_server_may_have_it_already) {
    Backplane backplane(some_options());
    StompBroker broker;
    broker.backplane(backplane);
    Server server({.loops = 1});
    Server second({.loops = 1});
    server.backplane(backplane);
    EXPECT_NO_THROW(broker.attach(server, "/ws"));
    EXPECT_NO_THROW(broker.attach(second, "/ws"));
    Backplane late(some_options());
    EXPECT_FALSE(server.listen({.host = "127.0.0.1"}));
    StompBroker other;
    other.backplane(late);
    EXPECT_THROW((void)other.listen(server, {.host = "127.0.0.1"}), std::logic_error);
}

TEST(BrokerTopicsSetUp, before_its_server_listens_messages_have_no_way) {
    Backplane backplane(some_options());
    StompBroker broker;
    broker.backplane(backplane);
    EXPECT_EQ(broker.send(news, "x"), stomp::Fault::upstream_unavailable);
    EXPECT_EQ(broker.send("/queue/a", "x"), stomp::Fault::none);
}

// Either may be declared first.
TEST(BrokerTopicsSetUp, a_broker_may_outlive_its_backplane_unused) {
    StompBroker broker;
    Backplane backplane(some_options());
    broker.backplane(backplane);
    Server server({.loops = 1});
    broker.attach(server, "/ws");
    EXPECT_FALSE(server.listen({.host = "127.0.0.1"}));
    EXPECT_EQ(broker.send(news, "never taken"), stomp::Fault::none);
    for (int i = 0; i < 10; ++i) server.loop(0).poll(0);
    EXPECT_EQ(broker.send(news, "never taken, too"), stomp::Fault::none);
}

}  // namespace
}  // namespace edgews::test
