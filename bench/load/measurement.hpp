// The measured part of a run: when it begins and ends, what is counted in it, and what it
// costs the server.
#pragma once

#include <cstdint>
#include <utility>

#include "clock.hpp"
#include "failures.hpp"
#include "options.hpp"
#include "report.hpp"
#include "server_probe.hpp"

namespace load {

class Measurement {
  public:
    // The warm-up begins now. `probe` and `failures` are borrowed.
    Measurement(const Options& options, const ServerProbe& probe, Failures& failures);

    // Whether to go on at that time. Call it once a turn: it begins to measure when the warm-up
    // is over, and from then on for as long as the options say, however late that was; and shows
    // progress on a terminal.
    [[nodiscard]] bool goes_on(std::uint64_t now);

    // Counts a message, if it belongs to the measured part.
    void record(std::uint64_t latency_ns) noexcept {
        if (is_measuring_) report_.latency_ns.record(latency_ns);
    }

    // Whether that time lies in the measured part, which has no end until finish().
    [[nodiscard]] bool covers(std::uint64_t time) const noexcept {
        return is_measuring_ && time >= began_at_;
    }

    // Ends the measured part; nothing is counted any more. `messages`: how many the server's
    // work is divided by. None is a failure.
    void finish(std::uint64_t messages);
    void finish() { finish(report_.latency_ns.count()); }

    // Requires: finish() was called.
    [[nodiscard]] Report take_report() noexcept { return std::move(report_); }

  private:
    void begin();
    void show_progress(std::uint64_t now);

    const ServerProbe* probe_;
    Failures* failures_;
    std::uint64_t began_at_;  // The warm-up, and then the measured part.
    std::uint64_t warm_until_;
    std::uint64_t length_ns_;
    std::uint64_t ends_at_;
    bool is_measuring_ = false;
    ServerSample before_{};
    Report report_{};
    bool is_on_terminal_;
    std::uint64_t shown_at_;
    std::uint64_t shown_count_ = 0;
};

}  // namespace load
