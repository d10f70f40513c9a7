// The one option of the peers' servers. C++17, as one of them needs that.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

// What --port says: a number up to 65535, 0 for any free port; 9001 without it. Anything else
// ends the process with status 2 and a message.
inline std::uint16_t port_option(int argc, char** argv) {
    std::uint16_t port = 9001;
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        std::string_view value;
        if (argument.substr(0, 7) == "--port=") {
            value = argument.substr(7);
        } else if (argument == "--port" && i + 1 < argc) {
            value = argv[++i];
        } else {
            std::fprintf(stderr, "%s: %s: the only option is --port NUMBER\n", argv[0], argv[i]);
            std::exit(2);
        }
        const char* const end = value.data() + value.size();
        const auto [rest, error] = std::from_chars(value.data(), end, port);
        if (error != std::errc{} || rest != end) {
            std::fprintf(stderr, "%s: --port: not a port: %s\n", argv[0], value.data());
            std::exit(2);
        }
    }
    return port;
}

// Tells whoever waits for it that connections are welcome.
inline void print_listening(unsigned port) {
    std::printf("listening on 127.0.0.1:%u\n", port);
    std::fflush(stdout);
}
