#include <cstddef>
#include <cstdint>

#include "crowd.hpp"
#include "measurement.hpp"
#include "modes.hpp"
#include "send_times.hpp"

namespace load {

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
