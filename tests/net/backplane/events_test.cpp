// What a backplane tells its on_event hook of its upstream.
#include <edgews/event.hpp>

#include <gtest/gtest.h>

#include <string>

#include "hub.hpp"
#include "tests/support/told_events.hpp"

namespace edgews::test {
namespace {

TEST(BackplaneEvents, an_upstream_that_goes_and_comes_back_is_told_once_each) {
    ToldEvents events;
    BackplaneHub hub;
    BackplaneOptions options;
    options.reconnect = {.enabled = true, .delay_ms = 1, .delay_max_ms = 5};
    options.on_event = events.hook();
    Node node(hub.url(), std::move(options));
    EXPECT_EQ(events.wait_for(1), List{"info upstream_found 0: " + hub.url()});
    hub.stop();
    (void)events.wait_for(2);
    node.await(BackplaneCounter::is_available, 0);
    hub.start();
    const List told = events.wait_for(3);
    EXPECT_TRUE(told[1].starts_with("error upstream_lost 0: " + hub.url() + ": ")) << told[1];
    EXPECT_EQ(told[2], "info upstream_found 0: " + hub.url());
    EXPECT_EQ(told.size(), 3U);
}

}  // namespace
}  // namespace edgews::test
