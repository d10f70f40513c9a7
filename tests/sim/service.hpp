// An edgews server for the engine's own clients: it answers each message with itself, and does now
// and then what servers do to clients.
#pragma once

#include "talk.hpp"

#include <edgews/coroutine.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace edgews::sim::test {

// Of a coroutine: counts it as long as it is there, waiting or not.
class Presence {
  public:
    explicit Presence(std::uint32_t& count) noexcept : count_(count) { ++count_; }
    Presence(const Presence&) = delete;
    Presence& operator=(const Presence&) = delete;
    ~Presence() { --count_; }

  private:
    std::uint32_t& count_;
};

struct ServiceOptions {
    std::shared_ptr<const TransportFactory> tls{};
    std::shared_ptr<const Compression> compression{};
    // What it may do to connections, in all: close, drop, throw, be slow.
    std::uint32_t mischief_max = 0;
    std::uint32_t idle_ping_ms = 30'000;
};

class Service {
  public:
    // It listens, and has started. Requires: no fault has been drawn.
    Service(World& world, Record& record, const ServiceOptions& options);
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    // Of one of its routes. `authority`: the host and the port to connect to.
    [[nodiscard]] std::string drawn_url(const std::string& authority);
    // Connections are closed with 1001, and nobody is answered any more.
    void shut_down();
    [[nodiscard]] bool is_shut_down() const noexcept { return is_shut_down_; }
    // Somebody who was silent for that long.
    [[nodiscard]] bool may_have_pinged() const noexcept {
        return (world_.now_ns() - began_ns_) / 1'000'000 >= options_.idle_ping_ms;
    }
    // Connections of TCP. Requires: it has not ended.
    [[nodiscard]] std::uint64_t connection_count() const {
        return server_->stats()[Counter::connections_open];
    }
    // Nothing of it is left, not even its threads.
    void end();

    [[nodiscard]] const Receipts& receipts() const noexcept { return receipts_; }
    // Connections that have opened and not closed, and coroutines that are there.
    [[nodiscard]] std::uint32_t open_count() const noexcept {
        return opened_ - closed_ + coroutine_count_;
    }

    static constexpr std::array<const char*, 3> paths{"/echo", "/stream", "/coroutine"};

  private:
    enum class Mischief : std::uint8_t { none, closes, terminates, throws, pauses };
    // User data: of a connection.
    struct Guest {
        std::string message{};  // The parts that have come.
        Message::Kind kind = Message::Kind::text;
        AttemptId of{};  // Once it has said something.
        std::uint32_t number = 0;
        bool was_greeted = false;
    };

    [[nodiscard]] Handlers common_handlers();
    void add_echo(const RouteOptions& options);
    [[nodiscard]] SendResult answer(Connection& connection, const Message& message);
    void add_stream(const RouteOptions& options);
    void add_coroutine(const RouteOptions& options);
    void take(Guest& guest, const Message& message);
    [[nodiscard]] bool wants_to_greet() { return world_.choices().once_in(3); }
    void note_close(const Guest& guest, const CloseEvent& event);
    void require_sent(SendResult result);
    // Does it; throws where that is what it is.
    [[nodiscard]] Mischief drawn_mischief();
    void act(Connection& connection);
    Task<> echo(AsyncConnection connection);

    World& world_;
    Record& record_;
    ServiceOptions options_;
    Receipts receipts_{};
    std::uint64_t began_ns_;
    std::uint32_t mischief_left_;
    std::uint32_t opened_ = 0;
    std::uint32_t closed_ = 0;
    std::uint32_t coroutine_count_ = 0;
    std::uint16_t port_ = 0;
    bool is_shut_down_ = false;
    std::optional<Server> server_{};
};

}  // namespace edgews::sim::test
