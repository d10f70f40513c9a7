// Counters: per loop, summed up, and as Prometheus reads them.
#include <gtest/gtest.h>

#include <edgews/stats.hpp>

#include <cstddef>
#include <cstdint>
#include <set>
#include <sstream>
#include <string>
#include <thread>

namespace edgews {
namespace {

TEST(Counters, loops_are_summed_and_a_gauge_that_falls_on_another_loop_still_adds_up) {
    Counters first;
    Counters second;
    first.add(Counter::bytes_received, 1000);
    second.add(Counter::bytes_received, 234);
    first.add(Counter::connections_open);
    first.add(Counter::connections_open);
    second.subtract(Counter::connections_open);
    Stats stats;
    first.add_to(stats);
    second.add_to(stats);
    EXPECT_EQ(stats[Counter::bytes_received], 1234U);
    EXPECT_EQ(stats[Counter::connections_open], 1U);
    EXPECT_EQ(stats[Counter::bytes_sent], 0U);
}

TEST(Counters, another_thread_may_read_while_the_loop_counts) {
    Counters counters;
    constexpr std::uint64_t total = 100'000;
    std::thread loop([&] {
        for (std::uint64_t i = 0; i < total; ++i) counters.add(Counter::messages_sent);
    });
    std::uint64_t last = 0;
    while (last < total) {
        Stats stats;
        counters.add_to(stats);
        EXPECT_GE(stats[Counter::messages_sent], last);
        last = stats[Counter::messages_sent];
    }
    loop.join();
    EXPECT_EQ(last, total);
}

TEST(Stats, every_counter_has_a_name_of_its_own_that_tells_totals_from_the_present) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < counter_count; ++i) {
        const auto counter = static_cast<Counter>(i);
        const std::string name = metric_name(counter);
        SCOPED_TRACE(name);
        EXPECT_TRUE(name.starts_with("edgews_"));
        EXPECT_TRUE(names.insert(name).second);
        EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string::npos);
        const bool is_gauge =
            counter == Counter::connections_open || counter == Counter::websockets_open;
        EXPECT_EQ(name.ends_with("_total"), !is_gauge);
    }
    EXPECT_EQ(names.size(), counter_count);
}

TEST(Stats, the_exposition_has_a_type_and_a_value_for_every_counter) {
    Stats stats;
    for (std::size_t i = 0; i < counter_count; ++i) stats.values[i] = 100 + i;
    std::istringstream lines(stats.prometheus());
    std::string line;
    for (std::size_t i = 0; i < counter_count; ++i) {
        const std::string name = metric_name(static_cast<Counter>(i));
        ASSERT_TRUE(std::getline(lines, line));
        EXPECT_EQ(line, "# TYPE " + name + (name.ends_with("_total") ? " counter" : " gauge"));
        ASSERT_TRUE(std::getline(lines, line));
        EXPECT_EQ(line, name + " " + std::to_string(100 + i));
    }
    EXPECT_FALSE(std::getline(lines, line));
    EXPECT_TRUE(stats.prometheus().ends_with("\n"));
}

}  // namespace
}  // namespace edgews
