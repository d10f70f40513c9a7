// Requests, good ones and others, and what must answer them.
#pragma once

#include <edgews/edgews.hpp>
#include <edgews/sim.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace edgews::sim::test {

// What is asked, and what must come.
struct HttpWant {
    std::string text{};  // The request's bytes.
    bool is_head = false;
    unsigned status = 200;
    std::string body{};
    std::string id{};            // That X-Id names; empty: no handler answers.
    bool has_any_body = false;   // The body is the engine's own words.
    bool is_chunked = false;     // It comes in chunks.
    bool is_last = false;        // Nothing behind it is answered.
    std::string upgraded{};      // What must come behind a 101.
    std::uint32_t takes_ms = 0;  // Before it is answered.
};

// The server that is asked: what it is like, and what its handlers have seen.
struct HttpHouse {
    std::uint32_t handshake_timeout_ms = 8'000;
    std::uint32_t keep_alive_timeout_ms = 30'000;
    std::uint32_t requests_max = 1'000;  // Of one connection; 0: no limit.
    bool has_proxies = false;            // Who comes over loopback or Unix is a trusted proxy.
    bool has_limits = false;             // On connections, so that some may be refused.
    bool is_short_of_memory = false;
    bool is_shutting_down = false;
    // By X-Id: how often a handler has run.
    std::map<std::string, unsigned> handled{};
    // By X-Id: streamed answers that were begun, and neither finished nor given up.
    std::set<std::string> streams{};
    // Upgrades that nobody decides on.
    std::vector<DeferredUpgrade> undecided{};
};

// Routes for all that HttpAsker asks. Both are borrowed.
void add_http_routes(Server& server, HttpHouse& house);

// Who asks on one connection: it numbers its requests, and knows which is the last.
class HttpAsker {
  public:
    struct Setting {
        std::string name{};             // Of its own among all.
        std::string address{};          // Of its client, as the server is to know it.
        bool may_forward = false;       // X-Forwarded-For is believed of it.
        bool checks_host = false;       // Strange names are answered 421.
        std::size_t body_size_max = 0;  // That is worth asking for.
    };
    HttpAsker(World& world, const HttpHouse& house, Setting setting)
        : world_(world), house_(house), setting_(std::move(setting)) {}

    [[nodiscard]] HttpWant draw();
    // One that is answered 200 and has no other before or behind it on its line.
    [[nodiscard]] HttpWant simple();

  private:
    [[nodiscard]] HttpWant begin(const char* method, const std::string& path);
    [[nodiscard]] HttpWant large();
    [[nodiscard]] HttpWant with_body();
    [[nodiscard]] HttpWant streamed();
    [[nodiscard]] std::string sent(const std::string& body);
    [[nodiscard]] HttpWant of_status();
    [[nodiscard]] HttpWant refused();
    [[nodiscard]] HttpWant malformed();
    [[nodiscard]] HttpWant upgrade();
    [[nodiscard]] std::string headers();
    void count(HttpWant& want);

    World& world_;
    const HttpHouse& house_;
    Setting setting_;
    std::string client_{};  // Of the request that is being made.
    std::uint32_t made_count_ = 0;
    std::uint32_t answered_count_ = 0;  // Those that requests_max is about.
};

}  // namespace edgews::sim::test
