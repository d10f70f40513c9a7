// A server of Engine.IO 4, and of 3 where that is wanted: sessions by polling and by WebSocket, on
// all loops of a Server.
//
//     engineio::Host host(application);
//     Server server;
//     host.attach(server, "/engine.io/");
//
// A request is part of a session when its query names it. It may arrive on any loop: one that is
// not the session's own is left open there (Request::defer()) and passed on. A WebSocket with which
// a session is to go on is a Probe of its loop (net/engineio/probe.hpp), to which the session moves
// when the client says UPGRADE; so no message of a WebSocket ever changes threads.
#pragma once

#include "net/engineio/directory.hpp"
#include "net/engineio/options.hpp"
#include "net/engineio/shared_packet.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace edgews {

class Connection;
class Loop;
class Request;
class Server;
class Upgrade;
struct Handlers;
struct Response;

namespace engineio {

class Application;

class Host {
  public:
    // `application` is borrowed. Throws std::invalid_argument for an option out of its range.
    explicit Host(Application& application, Options options = {});
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;
    // Requires: the server that it was attached to is gone.
    ~Host();

    // Serves `path`, with and without a slash at its end. It comes before Server::listen(), may be
    // called for several paths, and throws what Server's routes do; and std::logic_error for
    // another server than before.
    void attach(Server& server, std::string_view path = "/engine.io/");
    // Any thread.
    [[nodiscard]] std::size_t session_count() const { return directory_.count(); }

    // For the sessions, and the probes.

    [[nodiscard]] Application& application() const noexcept { return application_; }
    [[nodiscard]] const Options& options() const noexcept { return options_; }
    [[nodiscard]] Directory& directory() noexcept { return directory_; }
    // One of the loops has heard of it, or more.
    [[nodiscard]] bool is_shutting_down() const noexcept {
        return is_shutting_down_.load(std::memory_order_relaxed);
    }
    // PING, PONG, CLOSE and NOOP, made once.
    [[nodiscard]] const SharedPacket& ping() const noexcept { return ping_; }
    [[nodiscard]] const SharedPacket& pong() const noexcept { return pong_; }
    [[nodiscard]] const SharedPacket& close() const noexcept { return close_; }
    [[nodiscard]] const SharedPacket& noop() const noexcept { return noop_; }

  private:
    void serve(const Request& request, Response& response);
    void open(const Request& request, Response& response);
    [[nodiscard]] Refusal refusal_of(const RequestClaims& said, Directory::Result known) const;
    [[nodiscard]] Dialect dialect_of(const Request& request) const;
    void poll(const Request& request, Response& response, const std::string& id,
              const Directory::Found& known);
    void post(const Request& request, Response& response, const std::string& id);
    void decide(const Request& request, Upgrade& upgrade);
    void opened(Connection& connection);
    void shut_down(Loop& loop);
    [[nodiscard]] bool is_full() const;
    [[nodiscard]] std::string cookie_of(std::string_view id) const;
    [[nodiscard]] Response refusal_of_lost(std::string_view id);
    [[nodiscard]] Handlers handlers();

    Application& application_;
    const Options options_;
    Server* server_ = nullptr;  // Null: it was not attached yet.
    Directory directory_;
    const SharedPacket ping_, pong_, close_, noop_;
    std::atomic<bool> is_shutting_down_{false};
    std::atomic<std::uint64_t> poll_count_{0};  // Each has a number, by which it is told of.
};

}  // namespace engineio

}  // namespace edgews
