// What the echo servers have in common: their options, and their routes.
//
// Every WebSocket path echoes, with the same opcode; /broadcast sends each message to
// every connection on it, the sender too; /sink swallows. GET /healthz answers 200.
#pragma once

#include <edgews/edgews.hpp>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string_view>
#include <system_error>

namespace examples {

template <class Number>
bool parse_number(std::string_view text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

struct EchoOptions {
    edgews::ListenOptions listen{.host = "127.0.0.1", .port = 9001};
    unsigned threads = 1;
    std::uint32_t busy_poll_us = 0;
    std::size_t message_size_max = 16 * 1024 * 1024;
    std::shared_ptr<const edgews::Compression> compression{};

    static constexpr const char* usage =
        "[--host ADDRESS] [--port 0-65535] [--threads N, 0: one per CPU] [--max-message BYTES]"
        " [--busy-poll MICROSECONDS]";

    // False: there is no such option, or it has no such value.
    bool take(std::string_view option, std::string_view value) {
        if (option == "--host") {
            listen.host = value;
            return !value.empty();
        }
        if (option == "--port") return parse_number(value, listen.port);
        if (option == "--threads") return parse_number(value, threads);
        if (option == "--busy-poll") return parse_number(value, busy_poll_us);
        if (option == "--max-message") return parse_number(value, message_size_max);
        return false;
    }
};

// Until SIGTERM or SIGINT. The process's exit status.
inline int serve_echo(const EchoOptions& arguments) {
    edgews::Server server({.loops = arguments.threads, .busy_poll_us = arguments.busy_poll_us});
    const edgews::RouteOptions options{
        .message_size_max = arguments.message_size_max,
        // Whoever sends faster than it reads gets its echoes still, up to here.
        .backlog_size_max = std::max<std::size_t>(64 * 1024 * 1024, 4 * arguments.message_size_max),
        .compression = arguments.compression,
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
        std::fprintf(stderr, "%s\n", error.message.c_str());
        return 1;
    }
    std::printf("listening on %s\n", server.listening_on().c_str());
    std::fflush(stdout);
    return server.run();
}

}  // namespace examples
