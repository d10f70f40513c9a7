// A server of many routes that tells its on_event hook what is provoked.
#pragma once

#include <edgews/server.hpp>

#include <optional>
#include <stdexcept>
#include <utility>

#include "tests/support/told_events.hpp"

namespace edgews::test {

// A server whose hook notes what it is told. It ends before that is compared: nothing more comes.
class Telling {
  public:
    explicit Telling(ServerOptions options = {}) {
        options.on_event = events.hook();
        server.emplace(std::move(options));
    }
    TestServer& operator*() { return *server; }
    TestServer* operator->() { return &*server; }
    // All that is told from the beginning to the server's end.
    [[nodiscard]] List told(std::size_t count) {
        (void)events.wait_for(count);
        server.reset();
        return events.all();
    }

    ToldEvents events;
    std::optional<TestServer> server;
};

inline void add_faulty_routes(TestServer& server) {
    server->ws("/echo", {.message = [](Connection& c, Message m) {
                   if (m.text() == "throw") throw std::runtime_error("no such order");
                   if (m.text() == "throw 7") throw 7;
                   c.send(m);
               }});
    server->ws("/refuses", {.upgrade = [](const Request&, Upgrade& u) { u.reject(401, "who?"); }});
    server->ws("/upgrade_throws", {.upgrade = [](const Request&, Upgrade&) {
                   throw std::runtime_error("no database");
               }});
    server->ws("/open_throws", {.open = [](Connection&) { throw std::runtime_error("no room"); }});
    server->ws("/close_throws",
               {.close = [](Connection&, CloseEvent) { throw std::runtime_error("no log"); }});
    server->ws(
        "/error_throws",
        {.message = [](Connection&, Message) { throw std::runtime_error("first"); },
         .error = [](Connection&, std::string_view) { throw std::runtime_error("second"); }});
    server->ws("/small", {}, {.message_size_max = 10, .fragment_count_max = 2});
    server->ws("/short_frames", {}, {.frame_size_max = 10});
    server->ws("/overdue", {}, {.message_timeout_ms = 20});
    server->ws("/silent", {}, {.idle_ping_ms = 10, .ping_timeout_ms = 10});
    server->get("/page", [](const Request&, Response& r) { r.body = "page"; });
    server->get("/forbidden", [](const Request&, Response& r) { r.status = 403; });
    server->get("/throws", [](const Request&, Response&) { throw std::runtime_error("no page"); });
    server->get("/odd", [](const Request&, Response& r) { r.status = 1; });
    server->get("/late/:id", [](const Request& r, Response&) { (void)r.defer(); },
                {.answer_timeout_ms = 10});
    server->post("/form", [](const Request&, Response&) {},
                 {.body_size_max = 4, .body_timeout_ms = 20});
}

}  // namespace edgews::test
