#include <cstddef>
#include <cstdint>
#include <vector>

#include "crowd.hpp"
#include "measurement.hpp"
#include "modes.hpp"

namespace load {
namespace {

// When each message that is on its way was sent. They come back in order, so the times of a
// connection form a ring.
class SendTimes {
  public:
    explicit SendTimes(const Options& options)
        : in_flight_(options.in_flight),
          times_(std::size_t{options.connections} * options.in_flight, now_ns()),
          oldest_(options.connections) {}

    // The time of a connection's oldest message, in whose place one is sent now.
    std::uint64_t exchange_oldest(std::size_t connection, std::uint64_t now) noexcept {
        unsigned& oldest = oldest_[connection];
        const std::uint64_t sent = std::exchange(times_[connection * in_flight_ + oldest], now);
        oldest = oldest + 1 == in_flight_ ? 0 : oldest + 1;
        return sent;
    }

  private:
    unsigned in_flight_;
    std::vector<std::uint64_t> times_;
    std::vector<unsigned> oldest_;
};

}  // namespace

Report run_echo(const Options& options, const ServerProbe& probe, Failures& failures) {
    Crowd crowd(options, failures);
    crowd.open(options.connections);
    SendTimes times(options);
    Measurement measurement(options, probe, failures);
    const auto send = [&](std::size_t index, std::uint64_t count) {
        crowd[index].queue(count);
        crowd[index].expect(count);
    };
    for (std::size_t i = 0; i < options.connections; ++i) {
        send(i, options.in_flight);
        crowd.flush(i);
    }
    while (measurement.goes_on(now_ns()) && crowd.open_count() > 0) {
        crowd.turn([&](std::size_t index, unsigned count, std::uint64_t now) {
            for (unsigned i = 0; i < count; ++i) {
                measurement.record(now - times.exchange_oldest(index, now));
            }
            send(index, count);
        });
    }
    measurement.finish();
    crowd.drain([](std::size_t, unsigned, std::uint64_t) {});
    return measurement.take_report();
}

}  // namespace load
