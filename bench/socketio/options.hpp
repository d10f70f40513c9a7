// What the command line asks for.
#pragma once

#include <cstdint>
#include <string_view>

#include "bench/load/options.hpp"
#include "session.hpp"

namespace load::sio {

enum class Mode : std::uint8_t { echo, broadcast, connect, upgrade, idle };

struct Options {
    Mode mode = Mode::echo;
    Transport transport = Transport::websocket;
    load::Options load{};  // Of them host, port, pid, connections, in_flight, size and times.
};

[[nodiscard]] std::string_view name_of(Mode mode) noexcept;
[[nodiscard]] std::string_view name_of(Transport transport) noexcept;

// Understands the whole command line; throws std::runtime_error that says which word it does not.
[[nodiscard]] Options parse_options(int count, const char* const* words);

}  // namespace load::sio
