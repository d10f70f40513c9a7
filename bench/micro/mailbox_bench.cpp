// Work posted to a loop: within a thread, and from one thread to another's loop.
#include "net/loop/mailbox.hpp"

#include "support.hpp"

#include <atomic>
#include <thread>

#include <edgews/loop.hpp>

namespace edgews::bench {
namespace {

// The queue alone: no other thread, nobody to wake.
void time_post_and_run(benchmark::State& state, std::size_t count) {
    Mailbox mailbox;
    mailbox.awake();
    std::size_t run_count = 0;
    for (auto _ : state) {
        for (std::size_t i = 0; i < count; ++i) {
            mailbox.post(make_job([&run_count] { ++run_count; }));
        }
        mailbox.run_posted();
    }
    check(state, run_count == count * static_cast<std::size_t>(state.iterations()));
    count_things(state, "task", count);
}

// A loop that runs in a thread of its own until the end.
class LoopThread {
  public:
    ~LoopThread() {
        loop_.stop();
        thread_.join();
    }
    [[nodiscard]] Loop& loop() noexcept { return loop_; }

  private:
    Loop loop_;
    std::thread thread_{[this] { loop_.run(); }};
};

// Posts so many tasks to a loop that sleeps, and waits until they have run: for one task, twice
// the way between threads; for many, what each of them adds.
void time_post_to_thread(benchmark::State& state, std::size_t count) {
    LoopThread thread;
    std::size_t run_count = 0;  // The loop's, but for the end.
    std::atomic<std::size_t> finished_count = 0;
    std::size_t round_count = 0;
    for (auto _ : state) {
        for (std::size_t i = 1; i < count; ++i) thread.loop().post([&] { ++run_count; });
        thread.loop().post([&] {
            ++run_count;
            finished_count.store(finished_count.load(std::memory_order_relaxed) + 1,
                                 std::memory_order_release);
        });
        ++round_count;
        while (finished_count.load(std::memory_order_acquire) != round_count) {
            std::this_thread::yield();  // There may be one CPU only.
        }
    }
    check(state, run_count == count * round_count);
    count_things(state, "task", count);
}

[[maybe_unused]] const bool is_added = [] {
    for (const std::size_t count : {1U, 64U}) {
        add_row("mailbox/same_thread/" + std::to_string(count),
                [=](auto& state) { time_post_and_run(state, count); });
    }
    for (const std::size_t count : {1U, 64U, 4096U}) {
        add_row("mailbox/other_thread/" + std::to_string(count), [=](auto& state) {
            time_post_to_thread(state, count);
        })->UseRealTime();
    }
    return true;
}();

}  // namespace
}  // namespace edgews::bench
