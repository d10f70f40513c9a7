// What the command line asks for.
#pragma once

#include "payload.hpp"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace load {

enum class Mode : std::uint8_t { echo, rate, handshake, idle, broadcast, mixed, get };

struct Options {
    Mode mode = Mode::echo;
    std::string host = "127.0.0.1";
    std::uint16_t port = 9001;
    std::string path = "/";
    pid_t pid = 0;  // Of the server. 0: look for it.
    unsigned connections = 64;
    unsigned in_flight = 1;
    std::size_t size = 125;
    Alphabet payload = Alphabet::binary;
    std::uint64_t rate = 0;  // Messages per second on all connections, in modes rate and mixed.
    unsigned idle = 0;       // Connections beside, in mode mixed.
    double seconds = 3;
    double warm_up = 0.5;
    bool json = false;
    bool help = false;
};

struct ParsedOptions {
    Options options{};
    std::string fault{};  // A sentence that names the option. Empty: all is well.
};

// Understands the whole command line. What it does not say has its default, which may depend on
// the mode. Asking for more connections than this process may have descriptors is a fault.
[[nodiscard]] ParsedOptions parse_options(int count, const char* const* words);

// The text of --help.
[[nodiscard]] std::string usage();

[[nodiscard]] const char* name_of(Mode mode) noexcept;

}  // namespace load
