// The echo server with what the add-ons give: compression (RFC 7692).
//
//     secure_echo [--deflate [--no-context-takeover] [--window-bits 8-15]
//                 [--min-size BYTES]] and the options of echo
//
// Its routes are in echo_server.hpp.
#include <edgews/deflate/deflate.hpp>

#include <cstdio>
#include <string_view>

#include "echo_server.hpp"

namespace {

struct Options {
    examples::EchoOptions echo{};
    bool is_deflating = false;
    edgews::DeflateOptions deflate{.memory = edgews::DeflateMemory::dedicated};

    // How many words it takes: an option, and its value if it has one. 0: it is not understood.
    int take(std::string_view option, std::string_view value) {
        if (option == "--deflate") {
            is_deflating = true;
            return 1;
        }
        if (option == "--no-context-takeover") {
            deflate.memory = edgews::DeflateMemory::shared;
            return 1;
        }
        if (option == "--window-bits") {
            return examples::parse_number(value, deflate.window_bits) &&
                           deflate.window_bits >= edgews::window_bits_min &&
                           deflate.window_bits <= edgews::window_bits_max
                       ? 2
                       : 0;
        }
        if (option == "--min-size") {
            return examples::parse_number(value, deflate.message_size_min.emplace()) ? 2 : 0;
        }
        return echo.take(option, value);
    }
};

}  // namespace

int main(int count, char** words) {
    Options options;
    for (int i = 1; i < count;) {
        const std::string_view value = i + 1 < count ? words[i + 1] : "";
        const int taken = options.take(words[i], value);
        if (taken == 0) {
            std::fprintf(stderr,
                         "secure_echo: %s %s is not understood\n"
                         "usage: secure_echo [--deflate] [--no-context-takeover]"
                         " [--window-bits 8-15] [--min-size BYTES] %s\n",
                         words[i], value.data(), examples::EchoOptions::usage);
            return 2;
        }
        i += taken;
    }
    if (options.is_deflating) options.echo.route.compression = edgews::deflate(options.deflate);
    return examples::serve_echo(options.echo);
}
