#include "player.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace edgews::sim::test {

namespace {

World* played_world = nullptr;

}  // namespace

std::span<const std::byte> choices_so_far() noexcept {
    return played_world == nullptr ? std::span<const std::byte>() : played_world->choices().taken();
}

Played play(const WorldOptions& options, const std::string& only, std::FILE* trace) {
    World world(options);
    played_world = &world;
    world.kernel().trace_to(trace);
    Played played;
    const std::span<const Scenario> all = scenarios();
    const Scenario& scenario = all[world.choices().below(static_cast<std::uint32_t>(all.size()))];
    if (!only.empty() && only != scenario.name) return played;
    played.scenario = scenario.name;
    const std::uint64_t begin_ns = world.now_ns();
    scenario.play(world, played.record);
    world.await_threads();
    played.record.require(world.descriptor_count() == 0, "a descriptor is left open");
    played.hash = world.hash();
    played.virtual_ns = world.now_ns() - begin_ns;
    played_world = nullptr;
    played.choices.assign(world.choices().taken().begin(), world.choices().taken().end());
    return played;
}

namespace {

using Bytes = std::vector<std::byte>;

// In a process of its own, which an assert, a sanitizer or a hang may end.
bool still_fails(const Bytes& choices) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(20);
        if (std::freopen("/dev/null", "w", stderr) == nullptr) ::_exit(2);
        const Played played = play({.recorded = choices});
        ::_exit(played.record.fault.empty() ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status != 0;
}

// Leaves parts out, from the end on.
bool shorten(Bytes& choices, std::size_t size) {
    bool has_shrunk = false;
    for (std::size_t end = choices.size(); end >= size; end -= std::min(end, size)) {
        Bytes shorter(choices.begin(), choices.begin() + static_cast<std::ptrdiff_t>(end - size));
        shorter.insert(shorter.end(), choices.begin() + static_cast<std::ptrdiff_t>(end),
                       choices.end());
        if (!still_fails(shorter)) continue;
        choices = std::move(shorter);
        has_shrunk = true;
    }
    return has_shrunk;
}

// Makes parts calm.
bool calm_down(Bytes& choices, std::size_t size) {
    bool has_shrunk = false;
    for (std::size_t at = 0; at < choices.size(); at += size) {
        const auto begin = choices.begin() + static_cast<std::ptrdiff_t>(at);
        const auto end = begin + static_cast<std::ptrdiff_t>(std::min(size, choices.size() - at));
        if (std::all_of(begin, end, [](std::byte one) { return one == std::byte{0}; })) continue;
        Bytes calmer = choices;
        std::fill(calmer.begin() + (begin - choices.begin()),
                  calmer.begin() + (end - choices.begin()), std::byte{0});
        if (!still_fails(calmer)) continue;
        choices = std::move(calmer);
        has_shrunk = true;
    }
    return has_shrunk;
}

}  // namespace

Bytes shrink(Bytes choices, unsigned seconds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    for (std::size_t size = std::max<std::size_t>(choices.size() / 2, 1); size > 0;) {
        const bool has_shrunk = shorten(choices, size) || calm_down(choices, size);
        if (std::chrono::steady_clock::now() > end) break;
        if (!has_shrunk || size > choices.size()) size /= 2;
    }
    while (!choices.empty() && choices.back() == std::byte{0}) choices.pop_back();
    return choices;
}

}  // namespace edgews::sim::test
