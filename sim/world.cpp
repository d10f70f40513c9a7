#include "sim/world.hpp"

#include "core/base/string_hash.hpp"
#include "sim/calls.hpp"

#include <algorithm>
#include <cassert>

namespace edgews::sim {

namespace {

Choices choices_of(const WorldOptions& options) {
    return options.recorded.data() != nullptr ? Choices(options.recorded) : Choices(options.seed);
}

// The process has one key for its tables, made when it is first needed: that is now, in a world of
// its own, and so of the same bytes in every process.
void make_hash_key() {
    Choices choices(std::uint64_t{1});
    Kernel kernel(choices, Kernel::begin_ns);
    set_current_kernel(&kernel);
    (void)hash_of("");
    set_current_kernel(nullptr);
}

}  // namespace

World::World(const WorldOptions& options)
    : choices_(choices_of(options)), kernel_(choices_, options.now_ns) {
    assert(current_kernel() == nullptr);
    link_c_thread_calls();
    link_chance_calls();
    link_descriptor_calls();
    link_file_calls();
    link_fortified_calls();
    link_futex_calls();
    link_lock_calls();
    link_message_calls();
    link_process_calls();
    link_refused_calls();
    link_signal_calls();
    link_socket_calls();
    link_thread_calls();
    link_time_calls();
    link_wait_calls();
    make_hash_key();
    set_current_kernel(&kernel_);
}

World::~World() {
    await_threads();
    set_current_kernel(nullptr);
}

bool World::run_until_quiet(std::uint64_t quiet_ms, std::uint64_t limit_ms) {
    const std::uint64_t limit_ns = now_ns() + limit_ms * 1'000'000;
    kernel_.network().note_event();
    for (;;) {
        const std::uint64_t quiet_ns = kernel_.network().last_event_ns() + quiet_ms * 1'000'000;
        if (quiet_ns <= now_ns()) return true;
        if (limit_ns <= now_ns()) return false;
        kernel_.threads().sleep_until(std::min(quiet_ns, limit_ns));
    }
}

void World::run_for(std::uint64_t milliseconds) {
    kernel_.threads().sleep_until(kernel_.now_ns() + milliseconds * 1'000'000);
}

}  // namespace edgews::sim
