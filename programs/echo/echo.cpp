// The echo server of the conformance suites and benchmarks.
//
//     echo [--host 127.0.0.1] [--port 9001] [--threads 1] [--max-message BYTES] [--busy-poll US]
//          [--idle-ping MS] [--trusted-proxy ADDRESS]... [--proxy-protocol] [--log text|json]
//
// Its routes are in echo_server.hpp.
#include "echo_server.hpp"
#include "programs/common/command_line.hpp"

int main(int count, char** words) {
    return programs::run_with<programs::EchoOptions>(
        "echo", programs::EchoOptions::usage, count, words,
        [](const programs::EchoOptions& options) { return programs::serve_echo("echo", options); });
}
