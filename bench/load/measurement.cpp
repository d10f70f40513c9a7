#include "measurement.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace load {
namespace {

std::uint64_t to_ns(double seconds) noexcept {
    return static_cast<std::uint64_t>(seconds * static_cast<double>(ns_per_second));
}

ServerFigures figures_of(const ServerSample& before, const ServerSample& after,
                         const Report& report) {
    const auto cpu_ns = static_cast<double>(after.cpu_ns - before.cpu_ns);
    const auto user = static_cast<double>(after.user_ticks - before.user_ticks);
    const auto system = static_cast<double>(after.system_ticks - before.system_ticks);
    const auto messages = static_cast<double>(std::max(report.messages, std::uint64_t{1}));
    ServerFigures figures;
    figures.cpu_ns = cpu_ns / messages;
    figures.user_ns = figures.cpu_ns * user / std::max(user + system, 1.0);
    figures.system_ns = figures.cpu_ns * system / std::max(user + system, 1.0);
    // Of the time between the samples: others may have had our core before one was taken.
    const auto time =
        static_cast<double>(std::max(after.taken_at - before.taken_at, std::uint64_t{1}));
    figures.cpu_share = cpu_ns / time;
    figures.wait_share = static_cast<double>(after.wait_ns - before.wait_ns) / time;
    figures.voluntary_switches = after.voluntary_switches - before.voluntary_switches;
    figures.involuntary_switches = after.involuntary_switches - before.involuntary_switches;
    return figures;
}

}  // namespace

Measurement::Measurement(const Options& options, const ServerProbe& probe, Failures& failures)
    : probe_(&probe),
      failures_(&failures),
      began_at_(now_ns()),
      warm_until_(began_at_ + to_ns(options.warm_up)),
      length_ns_(to_ns(options.seconds)),
      ends_at_(warm_until_ + length_ns_),
      is_on_terminal_(::isatty(STDERR_FILENO) == 1),
      shown_at_(began_at_) {}

bool Measurement::goes_on(std::uint64_t now) {
    if (!is_measuring_ && now >= warm_until_) begin();
    if (is_on_terminal_ && now - shown_at_ >= ns_per_second) show_progress(now);
    return now < ends_at_;
}

void Measurement::begin() {
    before_ = probe_->sample().value_or(ServerSample{});
    is_measuring_ = true;
    began_at_ = now_ns();  // The sample has taken its time.
    ends_at_ = began_at_ + length_ns_;
    shown_at_ = began_at_;
}

void Measurement::finish(std::uint64_t messages) {
    if (!is_measuring_) begin();
    const std::uint64_t ended_at = now_ns();
    const std::optional<ServerSample> after = probe_->sample();
    is_measuring_ = false;
    report_.seconds = static_cast<double>(ended_at - began_at_) / 1e9;
    report_.messages = messages;
    report_.per_second = static_cast<double>(report_.messages) / std::max(report_.seconds, 1e-9);
    // A machine that lets neither us nor the server run is no result.
    if (messages == 0 && failures_->count() == 0) {
        failures_->add("nothing was measured: no message came back in time");
    }
    if (after) {
        report_.server = figures_of(before_, *after, report_);
        report_.server->rss_bytes = probe_->resident_size();
    } else if (probe_->has_server()) {
        failures_->add("the server has ended");
    }
    if (is_on_terminal_) std::fputs("\r\x1b[K", stderr);
}

void Measurement::show_progress(std::uint64_t now) {
    const std::uint64_t count = report_.latency_ns.count();
    const double seconds = static_cast<double>(now - shown_at_) / 1e9;
    const double left = static_cast<double>(ends_at_ - std::min(now, ends_at_)) / 1e9;
    if (is_measuring_) {
        std::fprintf(stderr, "\r\x1b[K%.0f per second, p99 %.0f us, %.0f s to go",
                     static_cast<double>(count - shown_count_) / seconds,
                     static_cast<double>(report_.latency_ns.value_at(0.99)) / 1e3, left);
    } else {
        std::fprintf(stderr, "\r\x1b[Kwarming up, %.0f s to go", left);
    }
    shown_at_ = now;
    shown_count_ = count;
}

}  // namespace load
