// A session's phases: every state with every event.
#include "core/engineio/session_phase.hpp"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace edgews::engineio {
namespace {

using State = SessionPhase::State;
using Event = SessionPhase::Event;

const std::vector<Event> events = {Event::accepted_polling,
                                   Event::accepted_websocket,
                                   Event::probe_began,
                                   Event::probe_ended,
                                   Event::left,
                                   Event::arrived,
                                   Event::closed,
                                   Event::parted,
                                   Event::ended};

// A state, how it is reached, where each event leads that can happen in it, and what it allows.
struct Row {
    State state;
    std::vector<Event> way;
    std::map<Event, State> next;
    bool may_send, may_take, may_poll;
};

const std::vector<Row> rows = {
    {State::opening,
     {},
     {{Event::accepted_polling, State::polling},
      {Event::accepted_websocket, State::websocket},
      {Event::closed, State::closing},
      {Event::ended, State::over}},
     true,
     false,
     false},
    {State::polling,
     {Event::accepted_polling},
     {{Event::probe_began, State::probing},
      {Event::closed, State::closing},
      {Event::ended, State::over}},
     true,
     true,
     true},
    {State::probing,
     {Event::accepted_polling, Event::probe_began},
     {{Event::probe_ended, State::polling},
      {Event::left, State::moving},
      {Event::closed, State::closing},
      {Event::ended, State::over}},
     true,
     true,
     true},
    {State::moving,
     {Event::accepted_polling, Event::probe_began, Event::left},
     {{Event::arrived, State::websocket}, {Event::ended, State::over}},
     false,
     false,
     false},
    {State::websocket,
     {Event::accepted_websocket},
     {{Event::closed, State::closing}, {Event::ended, State::over}},
     true,
     true,
     false},
    {State::closing,
     {Event::closed},
     {{Event::parted, State::parting}, {Event::ended, State::over}},
     false,
     false,
     true},
    {State::parting,
     {Event::closed, Event::parted},
     {{Event::ended, State::over}},
     false,
     false,
     true},
    {State::over, {Event::ended}, {}, false, false, false},
};

SessionPhase phase_after(const std::vector<Event>& way) {
    SessionPhase phase;
    for (const Event event : way) phase.enter(event);
    return phase;
}

TEST(EngineIoSessionPhase, each_event_leads_where_it_should_or_cannot_happen) {
    for (const Row& row : rows) {
        SCOPED_TRACE(static_cast<int>(row.state));
        const SessionPhase phase = phase_after(row.way);
        EXPECT_TRUE(phase.is(row.state));
        for (const Event event : events) {
            SCOPED_TRACE(static_cast<int>(event));
            const auto expected = row.next.find(event);
            ASSERT_EQ(phase.allows(event), expected != row.next.end());
            if (expected == row.next.end()) continue;
            SessionPhase next = phase;
            next.enter(event);
            EXPECT_EQ(next.state(), expected->second);
        }
    }
}

TEST(EngineIoSessionPhase, each_state_says_what_may_happen_in_it) {
    for (const Row& row : rows) {
        SCOPED_TRACE(static_cast<int>(row.state));
        const SessionPhase phase = phase_after(row.way);
        EXPECT_EQ(phase.may_send(), row.may_send);
        EXPECT_EQ(phase.may_take(), row.may_take);
        EXPECT_EQ(phase.may_poll(), row.may_poll);
    }
}

TEST(EngineIoSessionPhase, one_that_has_moved_is_as_good_as_one_that_was_opened_there) {
    SessionPhase phase =
        phase_after({Event::accepted_polling, Event::probe_began, Event::left, Event::arrived});
    EXPECT_TRUE(phase.is(State::websocket));
    EXPECT_FALSE(phase.allows(Event::probe_began));
}

TEST(EngineIoSessionPhaseDeathTest, what_a_state_refuses_is_a_bug_of_the_caller) {
    SessionPhase phase = phase_after({Event::ended});
    EXPECT_DEATH(phase.enter(Event::closed), "");
}

}  // namespace
}  // namespace edgews::engineio
