// Fail the n-th: each system call that the engine makes, with each error that Linux documents for
// it, at each time that a history makes it. What comes of it stands in tests/faults/table.cpp.
//
// EDGEWS_EVERY_FAULT=1 tries all errors at all times; without it, the first of each row, and each
// of the others at some.
#include "tests/faults/table.hpp"
#include "tests/faults/trials.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace edgews::sim::test {

namespace {

constexpr std::uint64_t usual_stride = 5;

std::uint64_t stride() {
    return std::getenv("EDGEWS_EVERY_FAULT") != nullptr ? 1 : usual_stride;
}

// Of all rows of the call. Which times an error is tried at differs from error to error.
std::vector<TriedError> errors_of(Call call) {
    std::vector<TriedError> tried;
    for (const Row& row : table()) {
        if (row.call != call) continue;
        for (std::size_t i = 0; i < row.errors.size(); ++i) {
            const int error = row.errors[i];
            const auto is_it = [&](const TriedError& one) { return one.error == error; };
            if (std::any_of(tried.begin(), tried.end(), is_it)) continue;
            const std::uint64_t step = i == 0 ? 1 : stride();
            tried.push_back({.error = error, .first = i % step, .stride = step});
        }
    }
    return tried;
}

std::string describe(const History& history, Call call, const Trial& trial) {
    std::string text = std::string(history.name) + ": " + name_of(call) + " fails with ";
    text += trial.error < 0 ? "EAI " + std::to_string(-trial.error) : strerrorname_np(trial.error);
    text += ", the " + std::to_string(trial.index) + "th (detail " + std::to_string(trial.detail) +
            "): " + name_of(trial.outcome);
    return text + (trial.said.empty() ? "" : ": " + trial.said);
}

// What each outcome has to say.
void check_words(const Row& row, const Trial& trial) {
    if (trial.outcome == Outcome::refused) {
        const int error = trial.refusal_code;
        EXPECT_TRUE(error == trial.error || (error != 0 && error == row.told_error));
        EXPECT_TRUE(trial.said.starts_with(row.words) || trial.said.starts_with("listen on "));
        EXPECT_NE(trial.said.find(std::strerror(error)), std::string::npos);
    } else if (trial.outcome == Outcome::dies) {
        EXPECT_TRUE(trial.said.starts_with(row.words));
        EXPECT_EQ(std::count(trial.said.begin(), trial.said.end(), '\n'), 1);
    }
}

// What came, by row and time.
using Seen = std::set<std::tuple<const Row*, bool, Outcome>>;

void check(const History& history, Call call, const Trial& trial, Seen& seen) {
    SCOPED_TRACE(describe(history, call, trial));
    const Row* const row = find_row(call, trial.detail, trial.error);
    ASSERT_NE(row, nullptr) << "no row is about it";
    const Outcomes& expected = trial.was_running ? row->running : row->in_set_up;
    EXPECT_TRUE(expected.has(trial.outcome)) << (trial.was_running ? "while it runs" : "in set-up");
    check_words(*row, trial);
    seen.emplace(row, trial.was_running, trial.outcome);
}

// The table promises no more than there is.
void check_all_was_seen(Call call, const Seen& seen) {
    for (const Row& row : table()) {
        if (row.call != call) continue;
        for (const Outcome outcome : all_outcomes) {
            const bool is_seen_early = seen.contains({&row, false, outcome});
            const bool is_seen_late = seen.contains({&row, true, outcome});
            SCOPED_TRACE(std::string(name_of(call)) + ", detail " + std::to_string(row.detail) +
                         ", error " + std::to_string(row.errors.front()) + ", " + name_of(outcome));
            EXPECT_EQ(row.in_set_up.has(outcome), is_seen_early) << "in set-up";
            EXPECT_EQ(row.running.has(outcome), is_seen_late) << "while it runs";
        }
    }
}

class FailCall : public testing::TestWithParam<Call> {};

TEST_P(FailCall, does_to_each_what_the_table_says) {
    const std::vector<TriedError> errors = errors_of(GetParam());
    Seen seen;
    std::size_t count = 0;
    for (const History& history : histories()) {
        for (const Trial& trial : try_call(history, GetParam(), errors)) {
            check(history, GetParam(), trial, seen);
            ++count;
        }
    }
    check_all_was_seen(GetParam(), seen);
    RecordProperty("trials", std::to_string(count));
    std::printf("%zu trials\n", count);
}

std::vector<Call> calls() {
    std::vector<Call> all;
    for (const Row& row : table()) {
        if (std::find(all.begin(), all.end(), row.call) == all.end()) all.push_back(row.call);
    }
    return all;
}

TEST(FailCallTable, has_a_row_for_each_call_that_is_simulated_or_says_why_not) {
    const std::vector<Call> all = calls();
    for (std::size_t i = 0; i < call_count; ++i) {
        const auto call = static_cast<Call>(i);
        const auto is_it = [call](const Unfailing& one) { return one.call == call; };
        const bool has_row = std::find(all.begin(), all.end(), call) != all.end();
        const bool has_reason = std::any_of(unfailing().begin(), unfailing().end(), is_it);
        EXPECT_NE(has_row, has_reason) << name_of(call);
    }
}

// Of memory, and of randomness.
TEST(FailCallTable, lets_two_calls_end_the_process) {
    for (const Row& row : table()) {
        const bool dies = row.in_set_up.has(Outcome::dies) || row.running.has(Outcome::dies);
        EXPECT_TRUE(!dies || row.call == Call::mmap || row.call == Call::getrandom)
            << name_of(row.call);
        EXPECT_FALSE(row.in_set_up.has(Outcome::undefined) || row.running.has(Outcome::undefined));
    }
}

INSTANTIATE_TEST_SUITE_P(Calls, FailCall, testing::ValuesIn(calls()),
                         [](const auto& call) { return std::string(name_of(call.param)); });

}  // namespace

}  // namespace edgews::sim::test
