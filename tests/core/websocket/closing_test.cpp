// The closing handshake: every state with every event (RFC 6455, section 7).
#include <gtest/gtest.h>

#include "core/websocket/closing.hpp"

#include <vector>

namespace edgews {
namespace {

enum class Step { sent, received };

// A state is named by how it was reached. What it answers tells which events it
// takes: may_send_close() for sent, may_receive() for received.
struct Row {
    const char* name;
    std::vector<Step> steps;
    bool may_send;
    bool may_send_close;
    bool may_receive;
    bool is_done;
    std::uint16_t code;
};

const std::vector<Row> rows = {
    {"open", {}, true, true, true, false, 1006},
    {"sent", {Step::sent}, false, false, true, false, 1006},
    {"received", {Step::received}, false, true, false, false, 3001},
    {"sent, then received", {Step::sent, Step::received}, false, false, false, true, 3001},
    {"received, then sent", {Step::received, Step::sent}, false, false, false, true, 3001},
};

Closing closing_after(const std::vector<Step>& steps) {
    Closing closing;
    for (const Step step : steps) {
        if (step == Step::sent) closing.close_sent();
        if (step == Step::received) closing.close_received(3001);
    }
    return closing;
}

TEST(Closing, each_state_says_what_may_happen_in_it) {
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        const Closing closing = closing_after(row.steps);
        EXPECT_EQ(closing.may_send(), row.may_send);
        EXPECT_EQ(closing.may_send_close(), row.may_send_close);
        EXPECT_EQ(closing.may_receive(), row.may_receive);
        EXPECT_EQ(closing.is_done(), row.is_done);
        EXPECT_EQ(closing.code(), row.code);
    }
}

TEST(Closing, a_close_without_a_code_is_told_as_1005) {
    Closing closing;
    closing.close_received(1005);
    EXPECT_EQ(closing.code(), 1005);
}

TEST(ClosingDeathTest, what_a_state_refuses_is_a_bug_of_the_caller) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        Closing closing = closing_after(row.steps);
        if (!row.may_send_close) {
            EXPECT_DEATH(closing.close_sent(), "may_send_close");
        }
        if (!row.may_receive) {
            EXPECT_DEATH(closing.close_received(1000), "may_receive");
        }
    }
}

}  // namespace
}  // namespace edgews
