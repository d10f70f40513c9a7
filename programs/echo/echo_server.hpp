// The options and the routes that the echo servers have in common.
//
// Every WebSocket path echoes, with the same opcode; /broadcast sends each message to
// every connection on it, the sender too; /sink swallows. GET /healthz answers 200,
// GET /whoami with the client's address, and GET /line with 60 bytes.
#pragma once

#include <edgews/edgews.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "programs/common/log_option.hpp"
#include "programs/common/number.hpp"
#include "programs/common/serving.hpp"

namespace programs {

struct EchoOptions {
    edgews::ListenOptions listen{.host = "127.0.0.1", .port = 9001};
    // A benchmark's connections ask for pages as long as they like.
    edgews::ServerOptions server{.loops = 1, .requests_per_connection_max = 0};
    edgews::RouteOptions route{.message_size_max = 16 * 1024 * 1024};

    static constexpr const char* usage =
        "[--host ADDRESS] [--port 0-65535] [--threads N, 0: one per CPU] [--max-message BYTES]"
        " [--busy-poll MICROSECONDS] [--idle-ping MILLISECONDS]"
        " [--trusted-proxy ADDRESS, NETWORK or unix]... [--proxy-protocol] [--allow-host NAME]..."
        " [--log text|json|off]";

    // How many words it takes: an option, and its value if it has one. 0: it is not understood.
    int take(std::string_view option, std::string_view value) {
        if (option == "--proxy-protocol") {
            listen.proxy_protocol = true;
            return 1;
        }
        return take_value(option, value) ? 2 : 0;
    }

  private:
    bool take_value(std::string_view option, std::string_view value) {
        if (value.empty()) return false;
        if (option == "--port") return parse_number(value, listen.port);
        if (option == "--threads") return parse_number(value, server.loops);
        if (option == "--busy-poll") return parse_number(value, server.busy_poll_us);
        if (option == "--max-message") return parse_number(value, route.message_size_max);
        if (option == "--idle-ping") return parse_number(value, route.idle_ping_ms);
        if (option == "--log") return parse_log(value, server.on_event);
        if (option == "--trusted-proxy") {
            server.trusted_proxies.emplace_back(value);
        } else if (option == "--allow-host") {
            server.hosts.emplace_back(value);
        } else if (option == "--host") {
            listen.host = value;
        } else {
            return false;
        }
        return true;
    }
};

inline void answer_text(edgews::Response& response, std::string_view text) {
    response.headers.add("Content-Type", "text/plain; charset=utf-8");
    response.body = text;
}

// Until SIGTERM or SIGINT. The process's exit status.
inline int serve_echo(const char* name, EchoOptions arguments) {
    edgews::Server server(arguments.server);
    edgews::RouteOptions& options = arguments.route;
    // Whoever sends faster than it reads gets its echoes still, up to here.
    options.backlog_size_max =
        std::max<std::size_t>(64 * 1024 * 1024, 4 * options.message_size_max);

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
    server.get("/healthz",
               [](const edgews::Request&, edgews::Response& r) { answer_text(r, "ok"); });
    server.get("/whoami", [](const edgews::Request& request, edgews::Response& response) {
        answer_text(response, request.remote_address().ip());
    });

    server.get("/line", [](const edgews::Request&, edgews::Response& r) {
        answer_text(r, "A line of sixty bytes, which is what the benchmark asks for.");
    });

    return serve_until_stopped(name, server, arguments.listen);
}

}  // namespace programs
