#include <algorithm>
#include <cstddef>
#include <optional>
#include <stdexcept>

#include "crowd.hpp"
#include "measurement.hpp"
#include "modes.hpp"

namespace load {
namespace {

void ignore(std::size_t, unsigned, std::uint64_t) {}

}  // namespace

Report run_idle(const Options& options, const ServerProbe& probe, Failures& failures) {
    // What a server allocates only once should have been allocated before we look.
    const unsigned first = options.connections / 10;
    Crowd crowd(options, failures);
    crowd.open(first);
    const std::optional<std::size_t> before = probe.resident_size();
    const std::uint64_t began_at = now_ns();
    crowd.open(options.connections - first);
    const double opening = static_cast<double>(now_ns() - began_at) / 1e9;
    const std::optional<std::size_t> after = probe.resident_size();

    Measurement measurement(options, probe, failures);
    while (measurement.goes_on(now_ns()) && crowd.open_count() > 0) crowd.turn(ignore, 10);
    measurement.finish(options.connections);
    Report report = measurement.take_report();
    report.per_second = (options.connections - first) / opening;
    if (report.server && before && after) {
        report.server->rss_bytes = after;
        report.server->rss_per_connection =
            (static_cast<double>(*after) - static_cast<double>(*before)) /
            (options.connections - first);
    }
    return report;
}

}  // namespace load
