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

// The answer to a request that is accepted.
struct UpgradeAnswer {
    // The subprotocol. The client must have offered it, or it fails the connection. Text that is no
    // token answers the client 500. Empty: RouteOptions::subprotocols choose.
    std::string subprotocol{};
    ResponseHeaders headers{};
    // Runs on the connection's loop before its open handler. It can fill in user data, for example.
    Function<void(Connection&)> prepare{};
};

// A decision that is still open, and may be made on any thread: see Upgrade::defer(). If nobody
// decides, the client is answered 503 when the handshake times out.
class DeferredUpgrade {
  public:
    DeferredUpgrade() = default;

    // The first decision counts, and goes to the connection's loop. False: the client is gone, or
    // the decision was made before or comes too late.
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

// The decision of an upgrade handler. If it does nothing, the request is accepted. The opening
// handshake has been checked before (RFC 6455, section 4.2.1), and so has the origin.
class Upgrade {
  public:
    Upgrade(const Upgrade&) = delete;
    Upgrade& operator=(const Upgrade&) = delete;
    // A decision that was deferred by a handler that threw can no longer be made.
    ~Upgrade() { (void)deferred_.claim(); }

    // The user data of the connection to be. Throws std::logic_error if the route has no T; the
    // client is then answered 500.
    template <class T>
    [[nodiscard]] T& data() {
        return connection_.data<T>();
    }
    // Chooses a subprotocol. False: the client did not offer it, and it is not chosen.
    bool choose_subprotocol(std::string_view name);
    // Adds a header to the response, whichever it becomes.
    HeaderFault add_header(std::string_view name, std::string_view value) {
        return answer_.headers.add(name, value);
    }
    // Rejects the request. `status`: 300 to 599. `body` is plain text; empty: the status in words.
    // A decision that was deferred is taken back; if it was made already, nothing happens.
    void reject(unsigned status, std::string_view body = {});
    // Leaves the decision to whoever has the result, on any thread. The client waits for it, for
    // ServerOptions::handshake_timeout_ms at most. Headers that were added stay.
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
    // Takes the right to answer the client. Requires: it was deferred.
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
