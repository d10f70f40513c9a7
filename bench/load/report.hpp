// What a run found out, and how it is told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "histogram.hpp"
#include "options.hpp"

namespace load {

struct ServerFigures {
    double cpu_ns = 0;  // This and the next two per message.
    double user_ns = 0;
    double system_ns = 0;
    double cpu_share = 0;   // Of one core.
    double wait_share = 0;  // Of the time, in which it waited for a core that others had.
    std::uint64_t voluntary_switches = 0;
    std::uint64_t involuntary_switches = 0;
    std::optional<std::size_t> rss_bytes{};
    std::optional<double> rss_per_connection{};
};

struct Report {
    double seconds = 0;
    std::uint64_t messages = 0;
    double per_second = 0;
    std::optional<ServerFigures> server{};
    Histogram latency_ns{};
    std::uint64_t errors = 0;
};

// One JSON object on one line. What was not measured is null.
[[nodiscard]] std::string to_json(const Options& options, const Report& report);

// A few lines for people.
[[nodiscard]] std::string to_table(const Options& options, const Report& report);

}  // namespace load
