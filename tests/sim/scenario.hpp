// A kind of history: who is there, what they do, and what must hold.
#pragma once

#include <edgews/sim.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim::test {

// What came of one history.
struct Record {
    std::string fault{};  // The first promise that broke; empty: all held.
    std::uint64_t connections = 0;
    std::uint64_t messages = 0;

    void blame(std::string_view what) {
        if (fault.empty()) fault = what;
    }
    void require(bool holds, std::string_view what) {
        if (!holds) blame(what);
    }
};

// Plays it from beginning to end: when it returns nothing of the engine's is left. All that varies
// is drawn from the world's choices.
struct Scenario {
    const char* name;
    void (*play)(World& world, Record& record);
};

[[nodiscard]] std::span<const Scenario> scenarios() noexcept;

void play_echo(World& world, Record& record);
void play_last_words(World& world, Record& record);
void play_http(World& world, Record& record);
void play_chaos(World& world, Record& record);
void play_clients(World& world, Record& record);
void play_topics(World& world, Record& record);
void play_stomp(World& world, Record& record);
void play_secure(World& world, Record& record);
void play_dialing(World& world, Record& record);
void play_stomp_clients(World& world, Record& record);
void play_relay(World& world, Record& record);
void play_backplane(World& world, Record& record);
void play_socketio(World& world, Record& record);

// Milliseconds: so long after the last thing that happened outside, all is done. The engine's
// timers are set to more, so that none of them can make up for an edge that was lost.
inline constexpr std::uint64_t quiet_ms = 200;
inline constexpr std::uint64_t limit_ms = 3'600'000;

// Of bytes that are worth sending when each segment costs a step: a history stays short.
[[nodiscard]] std::size_t worthwhile_size(World& world, const Pace& pace, std::size_t wanted);
[[nodiscard]] std::string drawn_payload(World& world, std::size_t size, bool is_text);

}  // namespace edgews::sim::test
