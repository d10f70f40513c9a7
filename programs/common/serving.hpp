// What programs with a server do alike.
#pragma once

#include <edgews/request.hpp>
#include <edgews/response.hpp>
#include <edgews/server.hpp>
#include <edgews/signals.hpp>

#include <csignal>
#include <cstdio>
#include <string>
#include <utility>

namespace programs {

// An answer that nobody keeps, for it is another one a moment later.
inline void answer_json(edgews::Response& response, std::string json) {
    response.headers.add("Content-Type", "application/json");
    response.headers.add("Cache-Control", "no-store");
    response.body = std::move(json);
}

inline void answer_metrics(edgews::Response& response, std::string text) {
    response.headers.add("Content-Type", "text/plain; version=0.0.4");
    response.body = std::move(text);
}

// GET /metrics answers with the server's counters, for Prometheus.
inline void serve_metrics(edgews::Server& server) {
    server.get("/metrics", [&server](const edgews::Request&, edgews::Response& response) {
        answer_metrics(response, server.stats().prometheus());
    });
}

// Listens, says so, and runs until SIGINT or SIGTERM. Returns the program's status.
inline int serve_until_stopped(const char* name, edgews::Server& server,
                               const edgews::ListenOptions& options) {
    const edgews::Signals stop(server.loop(0), {SIGINT, SIGTERM},
                               [&](int) { server.shutdown(5'000); });
    if (const edgews::Error error = server.listen(options)) {
        std::fprintf(stderr, "%s: %s\n", name, error.message.c_str());
        return 1;
    }
    std::printf("listening on %s\n", server.listening_on().c_str());
    std::fflush(stdout);
    return server.run();
}

}  // namespace programs
