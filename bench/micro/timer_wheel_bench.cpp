// The timer wheel, with as many timers set as a busy server has connections.
#include "net/loop/timer_wheel.hpp"

#include "support.hpp"

namespace edgews::bench {
namespace {

constexpr std::uint64_t idle_ms = 30'000;  // The usual timeout of a connection.

// A wheel and its timers, due evenly over the next `idle_ms`.
struct Timers {
    explicit Timers(std::size_t count) : nodes(count) {
        for (std::size_t i = 0; i < count; ++i) {
            wheel.schedule(nodes[i], 1 + i * idle_ms / count);
        }
    }

    TimerWheel wheel{0};
    std::vector<TimerNode> nodes;
};

// Takes out all that is due. False: one came too early, or too late.
bool expires_in_order(Timers& timers) {
    std::size_t count = 0;
    for (std::uint64_t now_ms = 1; now_ms <= idle_ms; ++now_ms) {
        while (const TimerNode* node = timers.wheel.pop_expired(now_ms)) {
            if (node->expires_ms() != now_ms) return false;
            ++count;
        }
    }
    return count == timers.nodes.size() && timers.wheel.next_due_ms() == TimerWheel::never;
}

// A timer that is set gets a later time.
void time_set_anew(benchmark::State& state, std::size_t count) {
    Timers timers(count);
    std::size_t i = 0;
    std::uint64_t later_ms = idle_ms;
    for (auto _ : state) {
        timers.wheel.schedule(timers.nodes[i], ++later_ms);
        i = i + 1 < count ? i + 1 : 0;
    }
    check(state, timers.nodes[0].is_set());
}

void time_cancel_and_set(benchmark::State& state, std::size_t count) {
    Timers timers(count);
    std::size_t i = 0;
    for (auto _ : state) {
        timers.wheel.cancel(timers.nodes[i]);
        timers.wheel.schedule(timers.nodes[i], idle_ms);
        i = i + 1 < count ? i + 1 : 0;
    }
    check(state, timers.nodes[0].expires_ms() == idle_ms);
}

// A millisecond goes by: what is due is taken out, and set anew. With each timer, all that
// a timer costs in its life.
void time_millisecond(benchmark::State& state, std::size_t count) {
    {
        Timers timers(count);
        check(state, expires_in_order(timers));
    }
    Timers timers(count);
    std::uint64_t now_ms = 0;
    for (auto _ : state) {
        ++now_ms;
        while (TimerNode* const node = timers.wheel.pop_expired(now_ms)) {
            timers.wheel.schedule(*node, now_ms + idle_ms);
        }
        benchmark::DoNotOptimize(timers.wheel.next_due_ms());
    }
}

[[maybe_unused]] const bool is_added = [] {
    for (const std::size_t count : {1000U, 100'000U}) {
        const std::string tail = "/" + std::to_string(count);
        add_row("timer_wheel/set_anew" + tail, [=](auto& state) { time_set_anew(state, count); });
        add_row("timer_wheel/cancel_and_set" + tail,
                [=](auto& state) { time_cancel_and_set(state, count); });
        add_row("timer_wheel/millisecond" + tail,
                [=](auto& state) { time_millisecond(state, count); });
    }
    return true;
}();

}  // namespace
}  // namespace edgews::bench
