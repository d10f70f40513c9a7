// The threads of a simulated world: real ones, of which one runs at a time.
//
// A thread goes on until it waits, or a system call of its lets another one go on; who that is, the
// choices say. All that threads of a world wait for is simulated: locks, conditions, futexes,
// joins, sleeps, descriptors and signals. So is the time that passes meanwhile.
#pragma once

#include <pthread.h>
#include <semaphore.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace edgews::sim {

class Kernel;

// Of one thread: by their bits (sim/process_signals.hpp).
struct ThreadSignals {
    std::uint64_t blocked = 0;
    std::uint64_t pending = 0;
};

class Threads {
  public:
    explicit Threads(Kernel& kernel);
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;
    ~Threads();

    // 0, or an error number, as pthread_create().
    [[nodiscard]] int create(pthread_t* thread, const pthread_attr_t* attributes,
                             void* (*function)(void*), void* argument);
    // It is of the world, and has not ended.
    [[nodiscard]] bool has(pthread_t thread) const noexcept;
    // Until it has ended, if it is of the world; then the real one may be joined. False: the time
    // has come.
    [[nodiscard]] bool await_end(pthread_t thread, std::uint64_t deadline_ns);
    // Until none is left but the one that calls.
    void await_all();

    // Waits for wake_one() or wake_all() of `what`, or for the time. False: the time has come.
    bool wait(const void* what, std::uint64_t deadline_ns);
    void sleep_until(std::uint64_t time_ns);
    void wake_one(const void* what);
    void wake_all(const void* what);
    [[nodiscard]] bool is_waited_for(const void* what) const noexcept;
    // Another one may go on, if the faults have it so.
    void maybe_switch();

    // Of the thread that runs; of that one, null: it is not of the world.
    [[nodiscard]] ThreadSignals& own_signals() const noexcept { return running_->signals; }
    [[nodiscard]] ThreadSignals* signals_of(pthread_t thread) const noexcept;
    // No thread is there that one of these would be delivered to.
    [[nodiscard]] bool all_block(std::uint64_t bits) const noexcept;

    [[nodiscard]] std::size_t count() const noexcept { return threads_.size(); }

  private:
    struct Thread {
        pthread_t id{};
        sem_t baton{};  // Posted when it may go on.
        void* (*function)(void*) = nullptr;
        void* argument = nullptr;
        Threads* owner = nullptr;
        const void* awaits = nullptr;
        std::uint64_t deadline_ns = UINT64_MAX;
        bool is_waiting = false;
        bool was_woken = false;
        unsigned leave_count = 0;
        ThreadSignals signals{};
    };
    static void* begin(void* thread);
    static void leave(void* thread);
    [[nodiscard]] static pthread_key_t leaving_key();
    [[nodiscard]] std::vector<Thread*> runnable();
    // Lets another one run, until this one may again. Requires: there is something to come.
    void yield();
    [[nodiscard]] Thread& choose_next();
    void pass_time();
    void hand_over(Thread& from, Thread& to);
    void end(Thread& thread);

    Kernel& kernel_;
    std::vector<std::unique_ptr<Thread>> threads_{};
    Thread* running_ = nullptr;
};

// The kernel of the calling thread's world.
void set_current_kernel(Kernel* kernel) noexcept;

}  // namespace edgews::sim
