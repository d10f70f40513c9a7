// Whether the judgement of a soak finds what has grown, and only that.
#include "bench/soak/judge.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace soak {
namespace {

constexpr Tolerances tolerances{
    .resident_kib = 1'000, .clients_resident_kib = 2'000, .heap_kib = 100};

Calm calm_at(double minutes) {
    return {.minutes = minutes,
            .server = {.resident_kib = 20'000, .heap_kib = 3'000, .descriptors = 30},
            .clients = {.resident_kib = 10'000, .heap_kib = 2'000, .descriptors = 10},
            .accepted_total = 1};
}

// Twenty calms, each as `change` leaves it: change(calm, number).
template <class Change>
std::vector<Calm> calms(Change change) {
    std::vector<Calm> made;
    for (unsigned i = 0; i < 20; ++i) {
        made.push_back(calm_at(3.0 * (i + 1)));
        change(made.back(), i);
    }
    return made;
}

template <class Change>
std::string verdict_on(Change change, const Tolerances& allowed = tolerances) {
    const Verdict verdict = judge(calm_at(0), calms(change), allowed);
    EXPECT_EQ(verdict.is_flat, verdict.text.starts_with("flat: "));
    EXPECT_EQ(!verdict.is_flat, verdict.text.starts_with("not flat: "));
    return verdict.text;
}

bool is_flat(const std::string& text) {
    return text.starts_with("flat: ");
}

// What is wrong is said first, in front of the bracket with what is right.
std::string faults_of(const std::string& text) {
    return text.substr(0, text.find(" ("));
}

TEST(SoakJudge, what_is_the_same_in_all_calms_is_flat) {
    const std::string text = verdict_on([](Calm&, unsigned) {});
    EXPECT_TRUE(is_flat(text)) << text;
    EXPECT_NE(text.find("resident 20000 KiB in the first calm, +0 by the line"), text.npos) << text;
}

TEST(SoakJudge, memory_that_sways_is_flat) {
    EXPECT_TRUE(is_flat(verdict_on([](Calm& calm, unsigned i) {
        calm.server.resident_kib += i % 3 * 300;
        calm.server.heap_kib += i % 2 * 50;
    })));
}

TEST(SoakJudge, before_the_first_calm_memory_may_have_been_less) {
    Calm before = calm_at(0);
    before.server.resident_kib = 1'000;
    EXPECT_TRUE(judge(before, calms([](Calm&, unsigned) {}), tolerances).is_flat);
}

TEST(SoakJudge, memory_that_grows_slowly_is_not_flat) {
    const std::string text =
        verdict_on([](Calm& calm, unsigned i) { calm.server.heap_kib += 6 * i; });
    EXPECT_TRUE(faults_of(text).starts_with("not flat: heap 3000 KiB in the first calm, +114"))
        << text;
}

TEST(SoakJudge, one_calm_may_have_twice_as_much_more_and_no_more_than_that) {
    EXPECT_TRUE(is_flat(verdict_on(
        [](Calm& calm, unsigned i) { calm.clients.resident_kib += i == 10 ? 4'000 : 0; })));
    const std::string text = verdict_on(
        [](Calm& calm, unsigned i) { calm.clients.resident_kib += i == 10 ? 4'001 : 0; });
    EXPECT_TRUE(faults_of(text).starts_with("not flat: the clients' resident 10000")) << text;
}

TEST(SoakJudge, memory_that_grows_beyond_a_low_first_calm_by_the_line_is_not_flat) {
    // No calm has 2,000 more than the first; but the line rises by more than 1,000.
    const std::string text = verdict_on(
        [](Calm& calm, unsigned i) { calm.server.resident_kib += i == 0 ? 400 : i * 70; });
    EXPECT_TRUE(faults_of(text).starts_with("not flat: resident ")) << text;
}

TEST(SoakJudge, under_a_sanitizer_memory_is_not_judged) {
    Tolerances none = tolerances;
    none.judges_memory = false;
    EXPECT_TRUE(is_flat(
        verdict_on([](Calm& calm, unsigned i) { calm.server.heap_kib += 1'000 * i; }, none)));
}

TEST(SoakJudge, whatever_is_left_in_a_calm_is_named) {
    struct Row {
        const char* what;
        void (*leave)(Calm&);
    };
    const std::vector<Row> rows{
        {"descriptors 30 before, 31 in calm 5", [](Calm& c) { ++c.server.descriptors; }},
        {"descriptors 30 before, 29 in calm 5", [](Calm& c) { --c.server.descriptors; }},
        {"the clients' 10 before, 11 in calm 5", [](Calm& c) { ++c.clients.descriptors; }},
        {"connections 0 before, 1 in calm 5", [](Calm& c) { ++c.connections; }},
        {"sessions 0 before, 1 in calm 5", [](Calm& c) { ++c.sessions; }},
        {"bytes in the broker 0 before, 1 in calm 5", [](Calm& c) { ++c.broker_bytes; }},
        {"clients 0 before, 1 in calm 5", [](Calm& c) { ++c.live_clients; }},
    };
    for (const Row& row : rows) {
        const std::string text = verdict_on([&row](Calm& calm, unsigned i) {
            if (i == 4) row.leave(calm);
        });
        EXPECT_EQ(faults_of(text), std::string("not flat: ") + row.what);
    }
}

TEST(SoakJudge, a_soak_that_did_nothing_proves_nothing) {
    EXPECT_FALSE(is_flat(verdict_on([](Calm& calm, unsigned) { calm.accepted_total = 0; })));
    EXPECT_FALSE(is_flat(verdict_on([](Calm& calm, unsigned) { calm.idle_personas = 1; })));
    EXPECT_FALSE(judge(calm_at(0), {}, tolerances).is_flat);
    const std::vector<Calm> one{calm_at(3)};
    EXPECT_FALSE(judge(calm_at(0), one, tolerances).is_flat);
}

TEST(SoakJudge, a_wrong_answer_is_a_fault) {
    EXPECT_EQ(faults_of(verdict_on([](Calm& calm, unsigned) { calm.wrong_total = 2; })),
              "not flat: 2 wrong answers");
}

}  // namespace
}  // namespace soak
