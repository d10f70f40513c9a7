// A client's wish to connect to a namespace, while middleware is asked about it.
//
// A decision that was deferred comes from any thread, and finds its client on whatever loop that is
// by then: while the client moves it waits to be found.
#pragma once

#include <edgews/socketio.hpp>
#include "core/socketio/recovery_claim.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace edgews {
struct LoopLink;
}

namespace edgews::sio {

class ClientOnLoop;
class PendingConnect;
struct NamespaceState;

struct Refusal {
    std::string message{};
    std::string data{};  // One JSON value, or nothing.
};

// Throws std::invalid_argument: it cannot be sent.
[[nodiscard]] Refusal make_refusal(const char* where, std::string_view message,
                                   std::string_view data);

// A decision that was deferred, which its client and those who may decide share.
class DeferredDecision : public std::enable_shared_from_this<DeferredDecision> {
  public:
    enum class State : std::uint8_t { open, accepted, refused };

    explicit DeferredDecision(ClientOnLoop& client, PendingConnect& pending) noexcept
        : client_(&client), pending_(&pending) {}

    // Any thread. Decides, and has the client told. False: that was done, or the client is gone.
    bool decide(State state, Refusal refusal);

    // The client's: it is on the loop of that link, or on its way (null). Whether it was decided
    // before that: then nobody else tells the client.
    [[nodiscard]] bool place(std::shared_ptr<LoopLink> link) noexcept;
    // And is not interested any more.
    void forget_client() noexcept;
    // Requires: it was decided.
    [[nodiscard]] State state() noexcept;
    [[nodiscard]] Refusal take_refusal() noexcept;

  private:
    void tell();

    std::mutex mutex_;  // Guards what follows.
    State state_ = State::open;
    Refusal refusal_{};
    std::shared_ptr<LoopLink> link_{};  // Null: the client moves.
    ClientOnLoop* client_;              // Null: it is gone.
    PendingConnect* const pending_;
};

// What all copies of a DeferredHandshake share. Goes with the last of them.
class HandshakeVerdict {
  public:
    explicit HandshakeVerdict(std::shared_ptr<DeferredDecision> decision) noexcept
        : decision_(std::move(decision)) {}
    ~HandshakeVerdict();
    HandshakeVerdict(const HandshakeVerdict&) = delete;
    HandshakeVerdict& operator=(const HandshakeVerdict&) = delete;

    [[nodiscard]] DeferredDecision& decision() const noexcept { return *decision_; }

  private:
    const std::shared_ptr<DeferredDecision> decision_;
};

class PendingConnect {
  public:
    enum class Outcome : std::uint8_t { accepted, refused, deferred };

    PendingConnect(ClientOnLoop& client, const NamespaceState& state, std::string_view name,
                   std::string_view auth)
        : client_(client), state_(state), name_(name), auth_(auth) {}
    PendingConnect(const PendingConnect&) = delete;
    PendingConnect& operator=(const PendingConnect&) = delete;
    ~PendingConnect();

    // Asks middleware, from where that stands. What it throws comes out.
    [[nodiscard]] Outcome ask();
    // A decision that was deferred has been made: where that leaves it, before ask() goes on.
    [[nodiscard]] Outcome take_decision();
    // Null: nothing was deferred.
    [[nodiscard]] const std::shared_ptr<DeferredDecision>& decision() const noexcept {
        return decision_;
    }

    [[nodiscard]] ClientOnLoop& client() const noexcept { return client_; }
    [[nodiscard]] const NamespaceState& state() const noexcept { return state_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    // Empty: there is none.
    [[nodiscard]] std::string& auth() noexcept { return auth_; }
    [[nodiscard]] const Refusal& refusal() const noexcept { return refusal_; }

    // Of the handshake.
    void refuse(Refusal refusal) noexcept;
    [[nodiscard]] std::shared_ptr<HandshakeVerdict> defer();

    // The client says that it comes back. Nothing: it does not, or that was refused.
    std::optional<RecoveryClaim> claim{};
    // It has to wait for that: whoever has the result accepts when it is to be tried again.
    // Requires: nothing is deferred.
    [[nodiscard]] std::shared_ptr<DeferredDecision> wait();
    [[nodiscard]] std::size_t wait_count() const noexcept { return wait_count_; }

  private:
    ClientOnLoop& client_;
    const NamespaceState& state_;
    const std::string name_;
    std::string auth_;
    std::size_t asked_count_ = 0;  // Of the namespace's middleware.
    std::size_t wait_count_ = 0;
    bool is_refused_ = false;
    Refusal refusal_{};
    std::shared_ptr<DeferredDecision> decision_{};
};

}  // namespace edgews::sio
