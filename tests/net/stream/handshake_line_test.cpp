// Who may take a step of a handshake, and when.
#include "net/stream/handshake_line.hpp"

#include <gtest/gtest.h>

#include <edgews/loop.hpp>
#include "net/stream/streams_on_loop.hpp"

#include <memory>
#include <string>
#include <vector>

#include "tests/support/scripted_source.hpp"

namespace edgews::test {
namespace {

using Step = HandshakeLine::Step;

class Handshakes : public testing::Test {
  protected:
    // One that asks for a step whenever it is called, and notes its name when it gets one.
    ScriptedSource& add(std::string name, Step step = Step::begins) {
        ScriptedSource& source = add_source(loop_, Fd());
        source.events = [this, &source, name = std::move(name), step](std::uint32_t) {
            if (line_.take(source, step)) taken_.push_back(name);
        };
        return source;
    }
    std::vector<std::string> take_turn() {
        taken_.clear();
        loop_.poll(0);
        return taken_;
    }
    using Names = std::vector<std::string>;

    Loop loop_;
    Reactor& reactor_ = Reactor::of(loop_);
    HandshakeLine& line_ = StreamsOnLoop::of(reactor_).handshakes();
    Names taken_;
};

TEST_F(Handshakes, two_go_on_in_a_turn_in_the_order_in_which_they_came) {
    for (const char* name : {"a", "b", "c", "d", "e"}) reactor_.read_later(add(name));
    EXPECT_EQ(take_turn(), (Names{"a", "b"}));
    EXPECT_EQ(loop_.next_timeout_ms(), 0);  // The others do not wait for an event.
    EXPECT_EQ(take_turn(), (Names{"c", "d"}));
    EXPECT_EQ(take_turn(), (Names{"e"}));
    EXPECT_EQ(take_turn(), Names{});
    EXPECT_EQ(loop_.next_timeout_ms(), -1);
}

TEST_F(Handshakes, whoever_asks_again_and_again_stands_in_line_once) {
    for (const char* name : {"a", "b"}) reactor_.read_later(add(name));
    ScriptedSource& pushy = add("pushy");
    ScriptedSource& last = add("last");
    reactor_.read_later(pushy);
    reactor_.read_later(last);
    EXPECT_EQ(take_turn(), (Names{"a", "b"}));
    for (int i = 0; i < 100; ++i) pushy.on_events(EPOLLIN);
    EXPECT_EQ(take_turn(), (Names{"pushy", "last"}));
    EXPECT_EQ(take_turn(), Names{});
}

TEST_F(Handshakes, who_is_gone_or_has_nothing_to_go_on_with_costs_nobody_a_step) {
    std::vector<ScriptedSource*> sources;
    for (int i = 0; i < 10; ++i) {
        sources.push_back(&add(std::to_string(i)));
        reactor_.read_later(*sources.back());
    }
    EXPECT_EQ(take_turn(), (Names{"0", "1"}));
    for (const std::size_t gone : {2U, 3U, 4U}) reactor_.retire(*sources[gone]);
    for (const std::size_t idle : {5U, 6U, 7U}) sources[idle]->events = [](std::uint32_t) {};
    EXPECT_EQ(take_turn(), (Names{"8", "9"}));
}

TEST_F(Handshakes, those_who_have_begun_do_not_stand_behind_all_who_begin) {
    for (int i = 0; i < 8; ++i) reactor_.read_later(add("new " + std::to_string(i)));
    EXPECT_EQ(take_turn(), (Names{"new 0", "new 1"}));
    for (int i = 0; i < 3; ++i) add("old " + std::to_string(i), Step::goes_on).on_events(EPOLLIN);
    EXPECT_EQ(take_turn(), (Names{"old 0", "new 2"}));
    EXPECT_EQ(take_turn(), (Names{"old 1", "new 3"}));
    EXPECT_EQ(take_turn(), (Names{"old 2", "new 4"}));
    EXPECT_EQ(take_turn(), (Names{"new 5", "new 6"}));
}

}  // namespace
}  // namespace edgews::test
