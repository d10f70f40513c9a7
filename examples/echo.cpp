// The echo server of the conformance suites and benchmarks.
//
//     echo [--host 127.0.0.1] [--port 9001] [--threads 1] [--max-message BYTES] [--busy-poll US]
//
// Every WebSocket path echoes, with the same opcode; /broadcast sends each message to
// every connection on it, the sender too; /sink swallows. GET /healthz answers 200.
#include <edgews/edgews.hpp>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace {

struct Arguments {
    edgews::ListenOptions listen{.host = "127.0.0.1", .port = 9001};
    unsigned threads = 1;
    std::uint32_t busy_poll_us = 0;
    std::size_t message_size_max = 16 * 1024 * 1024;
    bool is_valid = true;
};

template <class Number>
bool parse_number(std::string_view text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

Arguments parse(int count, char** words) {
    Arguments arguments;
    for (int i = 1; i < count && arguments.is_valid; i += 2) {
        const std::string_view option = words[i];
        const std::string_view value = i + 1 < count ? words[i + 1] : "";
        if (option == "--host") {
            arguments.listen.host = value;
            arguments.is_valid = !value.empty();
        } else if (option == "--port") {
            arguments.is_valid = parse_number(value, arguments.listen.port);
        } else if (option == "--threads") {
            arguments.is_valid = parse_number(value, arguments.threads);
        } else if (option == "--busy-poll") {
            arguments.is_valid = parse_number(value, arguments.busy_poll_us);
        } else if (option == "--max-message") {
            arguments.is_valid = parse_number(value, arguments.message_size_max);
        } else {
            arguments.is_valid = false;
        }
        if (!arguments.is_valid) {
            std::fprintf(stderr, "echo: %s %s is not understood\n", words[i], value.data());
        }
    }
    return arguments;
}

}  // namespace

int main(int count, char** words) {
    const Arguments arguments = parse(count, words);
    if (!arguments.is_valid) {
        std::fputs(
            "usage: echo [--host ADDRESS] [--port 0-65535] [--threads N, 0: one per CPU]"
            " [--max-message BYTES] [--busy-poll MICROSECONDS]\n",
            stderr);
        return 2;
    }
    edgews::Server server({.loops = arguments.threads, .busy_poll_us = arguments.busy_poll_us});
    const edgews::RouteOptions options{
        .message_size_max = arguments.message_size_max,
        // Whoever sends faster than it reads gets its echoes still, up to here.
        .backlog_size_max = std::max<std::size_t>(64 * 1024 * 1024, 4 * arguments.message_size_max),
    };

    server.ws("/*", {.message = [](edgews::Connection& c, edgews::Message m) { c.send(m); }},
              options);
    server.ws("/broadcast",
              {
                  .open = [](edgews::Connection& c) { c.subscribe("broadcast"); },
                  .message = [&](edgews::Connection&,
                                 edgews::Message m) { server.publish("broadcast", m); },
              },
              options);
    server.ws("/sink", {.message = [](edgews::Connection&, edgews::Message) {}}, options);
    server.get("/healthz", [](const edgews::Request&, edgews::Response& r) { r.body = "ok"; });

    const edgews::Signals stop(server.loop(0), {SIGINT, SIGTERM},
                               [&](int) { server.shutdown(5'000); });
    if (const edgews::Error error = server.listen(arguments.listen)) {
        std::fprintf(stderr, "echo: %s\n", error.message.c_str());
        return 1;
    }
    std::printf("listening on %s\n", server.listening_on().c_str());
    std::fflush(stdout);
    return server.run();
}
