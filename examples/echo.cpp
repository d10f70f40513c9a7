// The echo server of the conformance suites and benchmarks.
//
//     echo [--host 127.0.0.1] [--port 9001] [--threads 1] [--max-message BYTES] [--busy-poll US]
//
// Its routes are in echo_server.hpp.
#include <cstdio>
#include <string_view>

#include "echo_server.hpp"

int main(int count, char** words) {
    examples::EchoOptions options;
    for (int i = 1; i < count; i += 2) {
        const std::string_view value = i + 1 < count ? words[i + 1] : "";
        if (!options.take(words[i], value)) {
            std::fprintf(stderr, "echo: %s %s is not understood\nusage: echo %s\n", words[i],
                         value.data(), examples::EchoOptions::usage);
            return 2;
        }
    }
    return examples::serve_echo(options);
}
