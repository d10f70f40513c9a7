// A simulated world: a kernel, and the thread that made it as the first of its program.
//
//     for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
//         edgews::sim::World world({.seed = seed});
//         edgews::Server server({.loops = 1});
//         …                                     // routes, listen(), start(): as ever
//         world.draw_faults();
//         edgews::sim::WebSocketPeer peer(world, {.path = "/orders"});
//         peer.connect(server.port());
//         world.run_for(10'000);                // milliseconds, which pass in an instant
//         server.shutdown(1'000);
//     }                                         // and what must hold is asked
//
// From its constructor to its destructor all that this thread, and those that it starts, ask of the
// system is simulated: descriptors, sockets, epoll, clocks, sleeps, mutexes, names, chance. The
// same options give the same history, to the byte. One thread runs at a time, and others may go on
// wherever the system is asked for something.
//
// Not simulated: files (but /dev/null and set_file()), processes, select(). docs/simulator.md says
// what else, and what comes of it.
#pragma once

#include "sim/choices.hpp"
#include "sim/faults.hpp"
#include "sim/kernel.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace edgews::sim {

struct WorldOptions {
    std::uint64_t seed = 1;
    // In place of the seed: what choices().taken() was in an earlier run, or a part of it. Copied.
    std::span<const std::byte> recorded{};
    // The clock at the beginning (CLOCK_MONOTONIC).
    std::uint64_t now_ns = Kernel::begin_ns;
};

class World {
  public:
    // Requires: this thread is of no world.
    explicit World(const WorldOptions& options = {});
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    // Waits for the threads that are left (detached ones) to end.
    ~World();

    [[nodiscard]] Choices& choices() noexcept { return choices_; }
    // A calm, quick network, until it is told otherwise.
    [[nodiscard]] Faults& faults() noexcept { return kernel_.faults(); }
    // From here on things go wrong, in a mix that the seed has (see Faults::drawn()).
    void draw_faults() { faults() = Faults::drawn(choices_); }
    [[nodiscard]] Kernel& kernel() noexcept { return kernel_; }

    [[nodiscard]] std::uint64_t now_ns() const noexcept { return kernel_.now_ns(); }
    // This thread sleeps; the others, and the network, go on. The same as
    // std::this_thread::sleep_for().
    void run_for(std::uint64_t milliseconds);
    // The same until nothing has happened on the network for so long: what is not done by then
    // waits for something that will not come. False: the limit came first.
    bool run_until_quiet(std::uint64_t quiet_ms, std::uint64_t limit_ms);
    // Has `event` happen outside, after a while. It may act on peers, and calls nothing of the
    // engine's: it comes in the midst of other code, as an interrupt does.
    void after(std::uint64_t delay_ns, std::function<void()> event) {
        kernel_.after(delay_ns, std::move(event));
    }
    // As kill() of another process: whoever has a signalfd() for it, or waits for it, has it.
    // Requires: all threads block it, or it is ignored.
    void raise(int signal) { kernel_.signals().raise(signal, "World::raise()"); }
    // What a name stands for: getaddrinfo() knows those that were set here, and numbers.
    void set_name(std::string name, Names::Answer answer) {
        kernel_.names().set(std::move(name), std::move(answer));
    }
    // What a file says to those who open it, in place of the system's.
    void set_file(std::string path, std::string text) {
        kernel_.texts().insert_or_assign(std::move(path), std::move(text));
    }

    // Waits for all other threads to end.
    void await_threads() { kernel_.threads().await_all(); }
    // Descriptors that are open: 0 when all is over.
    [[nodiscard]] std::size_t descriptor_count() const noexcept {
        return kernel_.descriptor_count();
    }
    // Of all that happened: equal where the history was.
    [[nodiscard]] std::uint64_t hash() const noexcept { return kernel_.hash(); }

  private:
    Choices choices_;
    Kernel kernel_;
};

}  // namespace edgews::sim
