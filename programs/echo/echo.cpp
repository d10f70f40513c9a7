// The echo server of the conformance suites and benchmarks.
//
//     echo [--host 127.0.0.1] [--port 9001] [--threads 1] [--max-message BYTES] [--busy-poll US]
//          [--idle-ping MS] [--trusted-proxy ADDRESS]... [--proxy-protocol]
//
// Its routes are in echo_server.hpp.
#include <cstdio>
#include <string_view>

#include "echo_server.hpp"

int main(int count, char** words) {
    programs::EchoOptions options;
    for (int i = 1; i < count;) {
        const std::string_view value = i + 1 < count ? words[i + 1] : "";
        const int taken = options.take(words[i], value);
        if (taken == 0) {
            std::fprintf(stderr, "echo: %s %s is not understood\nusage: echo %s\n", words[i],
                         value.data(), programs::EchoOptions::usage);
            return 2;
        }
        i += taken;
    }
    return programs::serve_echo(options);
}
