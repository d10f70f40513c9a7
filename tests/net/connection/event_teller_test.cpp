// How a hook is told, whatever it is told of.
#include "net/connection/event_teller.hpp"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/support/allocations.hpp"

namespace edgews::test {
namespace {

TEST(EventTeller, each_kind_has_a_name_and_a_level_of_its_own) {
    EngineEvent told;
    const EventHook hook = [&](const EngineEvent& event) { told = event; };
    const EventTeller events(hook);
    ASSERT_TRUE(events);
    std::set<std::string_view> names;
    std::string levels;
    for (std::size_t i = 0; i < event_kind_count; ++i) {
        events.tell({.kind = static_cast<EventKind>(i), .code = 400});
        names.insert(name_of(told.kind));
        levels += name_of(told.level).front();
    }
    EXPECT_EQ(names.size(), event_kind_count);
    EXPECT_EQ(levels,
              "nnwn"
              "ewnn"
              "nwii"
              "wiei"
              "n");  // info, notice, warning, error
    events.tell({.kind = EventKind::request_refused, .code = 503});
    EXPECT_EQ(told.level, EventLevel::warning);
    events.tell({.level = EventLevel::error, .kind = EventKind::accept_failed});
    EXPECT_EQ(told.level, EventLevel::error);
}

TEST(EventTeller, nothing_is_allocated_and_what_is_thrown_is_counted) {
    Counters counters;
    const EventHook hook = [](const EngineEvent& event) {
        if (event.code == 1) throw 1;
    };
    const EventTeller events(hook, &counters);
    const std::size_t before = allocation_count();
    events.tell({.kind = EventKind::protocol_error, .code = 1002, .text = "a sentence"});
    EXPECT_EQ(allocation_count(), before);
    events.tell({.code = 1});
    EventTeller(hook).tell({.code = 1});  // Where nobody counts.
    Stats stats;
    counters.add_to(stats);
    EXPECT_EQ(stats[Counter::handler_failures], 1U);
}

TEST(EventTeller, without_a_hook_there_is_nobody_and_no_time_is_taken) {
    const EventHook none;
    EXPECT_FALSE(EventTeller(none));
    EXPECT_FALSE(EventTeller());
    EXPECT_EQ(EventTeller().slow_handler_ms(), 0U);
}

TEST(EventTeller, the_text_of_an_exception_is_what_it_says) {
    std::string text;
    try {
        throw std::runtime_error("no such order");
    } catch (...) {
        text = text_of_exception();
    }
    EXPECT_EQ(text, "no such order");
    try {
        throw 7;
    } catch (...) {
        text = text_of_exception();
    }
    EXPECT_EQ(text, "a handler threw something that is no std::exception");
}

}  // namespace
}  // namespace edgews::test
