#include <cstddef>
#include <cstdint>
#include <vector>

#include "crowd.hpp"
#include "measurement.hpp"
#include "modes.hpp"

namespace load {
namespace {

constexpr std::size_t publisher = 0;

// The messages that are in the air: when each was sent, and how many have received it.
class Air {
  public:
    explicit Air(const Options& options)
        : receivers_(options.connections), messages_(options.in_flight) {}

    void send(std::uint64_t now) noexcept { at(next_++) = {.sent_at = now}; }

    // Someone received message `number`, counted from the first. Returns when it was sent.
    std::uint64_t receive(std::uint64_t number) noexcept {
        ++at(number).received;
        return at(number).sent_at;
    }

    // Takes the messages away that all have received, and returns how many.
    std::uint64_t take_landed() noexcept {
        const std::uint64_t before = oldest_;
        while (oldest_ < next_ && at(oldest_).received == receivers_) ++oldest_;
        return oldest_ - before;
    }

  private:
    struct Message {
        std::uint64_t sent_at = 0;
        std::uint64_t received = 0;
    };

    Message& at(std::uint64_t number) noexcept { return messages_[number % messages_.size()]; }

    std::uint64_t receivers_;
    std::uint64_t oldest_ = 0;
    std::uint64_t next_ = 0;
    std::vector<Message> messages_;  // A ring.
};

}  // namespace

Report run_broadcast(const Options& options, const ServerProbe& probe, Failures& failures) {
    Crowd crowd(options, failures);
    crowd.open(options.connections);
    Air air(options);
    Measurement measurement(options, probe, failures);
    const auto publish = [&](std::uint64_t count) {
        const std::uint64_t now = now_ns();
        for (std::uint64_t i = 0; i < count; ++i) air.send(now);
        for (std::size_t i = 0; i < options.connections; ++i) crowd[i].expect(count);
        crowd[publisher].queue(count);
        crowd.flush(publisher);
    };
    publish(options.in_flight);
    // One that failed will never receive: the others then wait in vain for the next message.
    while (measurement.goes_on(now_ns()) && crowd.open_count() == options.connections) {
        crowd.turn([&](std::size_t index, unsigned count, std::uint64_t now) {
            const std::uint64_t end = crowd[index].received();
            for (std::uint64_t i = end - count; i < end; ++i) {
                measurement.record(now - air.receive(i));
            }
        });
        if (const std::uint64_t landed = air.take_landed(); landed > 0) publish(landed);
    }
    measurement.finish();
    crowd.drain([](std::size_t, unsigned, std::uint64_t) {});
    return measurement.take_report();
}

}  // namespace load
