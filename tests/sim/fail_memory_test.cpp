// Fail the n-th: each block of memory that a history's program asks for. Out of memory, what sets
// up throws or returns an error, and leaves nothing behind; what runs ends one connection, or the
// process.
//
// EDGEWS_EVERY_FAULT=1 refuses each of them; without it, one of some.
#include "tests/faults/trials.hpp"

#include "deflate/zlib_stream.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace edgews::sim::test {

namespace {

constexpr std::uint64_t usual_stride = 5;
constexpr std::uint64_t usual_openssl_stride = 151;  // It asks for more than ten thousand.

std::uint64_t stride(std::uint64_t usual) {
    return std::getenv("EDGEWS_EVERY_FAULT") != nullptr ? 1 : usual;
}

std::string describe(const Trial& trial) {
    return "block " + std::to_string(trial.index) + (trial.was_running ? ", running: " : ": ") +
           name_of(trial.outcome) + ": " + trial.said;
}

bool is_defined_death(const Trial& trial) {
    constexpr std::array<std::string_view, 2> words{"std::terminate(): no memory\n",
                                                    "edgews: out of memory\n"};
    return trial.outcome == Outcome::dies &&
           std::find(words.begin(), words.end(), trial.said) != words.end();
}

void check(const Trial& trial) {
    SCOPED_TRACE(describe(trial));
    EXPECT_NE(trial.outcome, Outcome::undefined);
    // Functions that set up return or throw.
    EXPECT_TRUE(trial.outcome != Outcome::dies || (trial.was_running && is_defined_death(trial)));
}

class FailMemory : public testing::TestWithParam<History> {
  protected:
    // All that is made once for the process is made, and counted by nobody.
    void SetUp() override { (void)run(GetParam(), {}, nullptr); }
};

TEST_P(FailMemory, sets_up_wholly_or_not_at_all_and_runs_or_ends) {
    const History& history = GetParam();
    const std::vector<Trial> trials =
        try_memory(history, Asker::engine, {.error = ENOMEM, .stride = stride(usual_stride)});
    std::size_t refused_count = 0;
    for (const Trial& trial : trials) {
        check(trial);
        SCOPED_TRACE(describe(trial));
        EXPECT_EQ(trial.live_count, 0U) << "blocks are left";
        if (trial.outcome == Outcome::refused) ++refused_count;
        EXPECT_TRUE(trial.was_running || trial.outcome == Outcome::refused);
    }
    EXPECT_GT(refused_count, 0U);
    std::printf("%zu trials\n", trials.size());
}

INSTANTIATE_TEST_SUITE_P(Histories, FailMemory, testing::ValuesIn(histories()),
                         [](const auto& history) { return std::string(history.param.name); });

// What OpenSSL makes of it is its own: it may leave blocks, do without, or take a certificate that
// it cannot use then. It ends no more than a connection.
TEST(FailMemoryOfOpenssl, ends_no_more_than_one_connection) {
    const History history{"secure", play_secure};
    (void)run(history, {}, nullptr);
    const std::vector<Trial> trials = try_memory(
        history, Asker::openssl, {.error = ENOMEM, .stride = stride(usual_openssl_stride)});
    EXPECT_GT(trials.size(), 50U);
    for (const Trial& trial : trials) check(trial);
    std::printf("%zu trials\n", trials.size());
}

// Compression does without its pages; without the heap as well, the process ends.
TEST(FailMemoryOfDeflate, says_so_when_there_is_none_at_all) {
    const Ended ended = run_in_child(
        [] {
            World world;
            world.kernel().plan({.call = Call::mmap, .index = 0, .error = ENOMEM});
            const Heap heap(Asker::engine, 0);
            const Deflater deflater(DeflaterSetup{});
        },
        10);
    EXPECT_EQ(ended.signal, SIGABRT);
    EXPECT_EQ(ended.said, "edgews: out of memory\n");
}

}  // namespace

}  // namespace edgews::sim::test
