// The decision about a request that wants to become a WebSocket connection.
#pragma once

#include <edgews/connection.hpp>
#include <edgews/function.hpp>
#include <edgews/request.hpp>
#include <edgews/response.hpp>

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace edgews {

// How an accepted request is answered.
struct UpgradeAnswer {
    // One that the client offered, or it fails the connection; empty: what
    // RouteOptions::subprotocols chooses. No token: the client is answered 500.
    std::string subprotocol{};
    ResponseHeaders headers{};
    // Runs on the connection's loop before its open handler: to fill in user data, for one.
    Function<void(Connection&)> prepare{};
};

// A decision that is still open, to be made on any thread; see Upgrade::defer().
// One that is dropped undecided is answered 503 when the handshake times out.
class DeferredUpgrade {
  public:
    DeferredUpgrade() = default;

    // Each is sent to the connection's loop; the first counts. False: the client is
    // gone, or too late, or was decided on before.
    bool accept(UpgradeAnswer answer = {}) const;
    bool reject(unsigned status, std::string body = {}) const;

  private:
    friend class HttpConnection;  // The engine's.
    friend class Upgrade;
    DeferredUpgrade(std::shared_ptr<LoopLink> link, Token token) noexcept
        : link_(std::move(link)), token_(token) {}
    // Makes the decision the caller's. False: it is somebody else's.
    [[nodiscard]] bool claim() const noexcept;

    std::shared_ptr<LoopLink> link_;
    Token token_ = no_token;
    std::shared_ptr<std::atomic<bool>> is_claimed_;  // Null: nothing was deferred.
};

// What an upgrade handler decides; without a word from it, the request is accepted.
// The opening handshake has been checked by then (RFC 6455, section 4.2.1), and the
// origin is welcome.
class Upgrade {
  public:
    Upgrade(const Upgrade&) = delete;
    Upgrade& operator=(const Upgrade&) = delete;
    // What was deferred and not taken over, as the handler threw, is nobody's to decide any more.
    ~Upgrade() { (void)deferred_.claim(); }

    // The user data of the connection to be. Throws std::logic_error where the route was given no
    // T: the client is answered 500.
    template <class T>
    [[nodiscard]] T& data() {
        return connection_.data<T>();
    }
    // False: the client did not offer it, and it is not chosen.
    bool choose_subprotocol(std::string_view name);
    // A header for the 101 response, or for the one that rejects.
    HeaderFault add_header(std::string_view name, std::string_view value) {
        return answer_.headers.add(name, value);
    }
    // `status`: 300 to 599. `body`: plain text; empty: the status in words. Takes back what was
    // deferred; nothing happens if that was decided on already.
    void reject(unsigned status, std::string_view body = {});
    // Leaves the decision to the result, which may go to another thread. The client waits, for
    // ServerOptions::handshake_timeout_ms at most. Headers added here stay.
    [[nodiscard]] DeferredUpgrade defer();

  private:
    friend class HttpConnection;  // The engine's.
    enum class Decision : unsigned char { accept, reject, defer };

    // `deferred`: what defer() hands out.
    Upgrade(const Request& request, Connection& connection, DeferredUpgrade deferred) noexcept
        : request_(request), connection_(connection), deferred_(std::move(deferred)) {}
    // The first of `preferred` that the client offers, unless the handler chooses.
    void choose_preferred(std::span<const std::string> preferred);
    [[nodiscard]] Decision decision() const noexcept { return decision_; }
    [[nodiscard]] unsigned status() const noexcept { return status_; }
    [[nodiscard]] const std::string& body() const noexcept { return body_; }
    [[nodiscard]] UpgradeAnswer& answer() noexcept { return answer_; }
    // Whoever takes it answers the client. Requires: it was deferred.
    [[nodiscard]] DeferredUpgrade take_deferred() noexcept { return std::move(deferred_); }

    const Request& request_;
    Connection& connection_;
    DeferredUpgrade deferred_;
    Decision decision_ = Decision::accept;
    unsigned status_ = 403;
    std::string body_;
    UpgradeAnswer answer_;
};

}  // namespace edgews
