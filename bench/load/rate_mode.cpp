#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "crowd.hpp"
#include "measurement.hpp"
#include "modes.hpp"

namespace load {
namespace {

// Message k is due at start + k / rate, on connection k % connections. So the messages of one
// connection, which come back in order, tell their times by how many there were.
class Schedule {
  public:
    Schedule(const Options& options, std::uint64_t start) noexcept
        : rate_(options.rate), connections_(options.connections), start_(start) {}

    [[nodiscard]] std::uint64_t due_at(std::uint64_t message) const noexcept {
        const std::uint64_t second = message / rate_;
        return start_ + second * ns_per_second + message % rate_ * ns_per_second / rate_;
    }
    [[nodiscard]] std::size_t connection_of(std::uint64_t message) const noexcept {
        return message % connections_;
    }
    // The message that was number `count` on its connection.
    [[nodiscard]] std::uint64_t message_of(std::size_t connection,
                                           std::uint64_t count) const noexcept {
        return count * connections_ + connection;
    }

  private:
    std::uint64_t rate_;
    std::uint64_t connections_;
    std::uint64_t start_;
};

}  // namespace

Report run_rate(const Options& options, const ServerProbe& probe, Failures& failures) {
    Crowd crowd(options, failures);
    crowd.open(options.connections);
    crowd.open(options.idle);
    Measurement measurement(options, probe, failures);
    const Schedule schedule(options, now_ns());
    const auto record = [&](std::size_t index, unsigned count, std::uint64_t now) {
        const std::uint64_t end = crowd[index].received();
        for (std::uint64_t i = end - count; i < end; ++i) {
            const std::uint64_t due = schedule.due_at(schedule.message_of(index, i));
            if (measurement.covers(due)) measurement.record(now - std::min(due, now));
        }
    };
    std::uint64_t next = 0;
    for (bool goes_on = true; goes_on;) {
        const std::uint64_t now = now_ns();
        // What was due before the end is sent, if that comes late, too.
        goes_on = measurement.goes_on(now) && crowd.open_count() > 0;
        for (; schedule.due_at(next) <= now; ++next) {
            const std::size_t index = schedule.connection_of(next);
            crowd[index].queue(1);
            crowd[index].expect(1);
            crowd.flush(index);
        }
        crowd.turn(record);
    }
    // Messages that were due in the measured part belong to it, however late they come.
    crowd.drain(record);
    measurement.finish();
    return measurement.take_report();
}

}  // namespace load
