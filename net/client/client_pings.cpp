#include "net/client/client_pings.hpp"

#include "net/connection/websocket_connection.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace edgews {

namespace {

std::uint64_t now_us() noexcept {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

}  // namespace

ClientPings::ClientPings(Reactor& reactor, const ClientOptions& options, Owner& owner)
    : reactor_(reactor),
      options_(options),
      owner_(owner),
      next_ping_(reactor),
      pong_limit_(reactor) {}

void ClientPings::start(WebSocketConnection& connection) {
    connection_ = &connection;
    answered_us_ = pinged_us_ = now_us();
    if (options_.ping_ms > 0) next_ping_.set(options_.ping_ms, [this] { ping(); });
}

void ClientPings::stop() noexcept {
    next_ping_.cancel();
    pong_limit_.cancel();
}

// The payload says when it left, so that pings of the application's do not disturb, and one that is
// answered after the next has left still measures.
void ClientPings::ping() {
    if (!connection_->is_open()) return;  // It is closing, in a time of its own.
    if (options_.pong_timeout_ms > 0 && (!pong_limit_.is_set() || is_answered())) {
        pinged_ms_ = static_cast<std::uint32_t>(reactor_.listened_ms());
        pong_limit_.set(options_.pong_timeout_ms, [this] { check_pong(); });
    }
    pinged_us_ = now_us();
    connection_->mark_taken();
    connection_->ping(std::as_bytes(std::span(&pinged_us_, 1)));
    next_ping_.set(options_.ping_ms, [this] { ping(); });
}

void ClientPings::take_pong(std::span<const std::byte> payload) noexcept {
    std::uint64_t left_us = 0;
    if (payload.size() == sizeof left_us) std::memcpy(&left_us, payload.data(), sizeof left_us);
    if (left_us <= answered_us_ || left_us > pinged_us_) return;
    answered_us_ = left_us;
    latency_us_ =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(now_us() - left_us, UINT32_MAX));
}

void ClientPings::check_pong() {
    // It is us who do not listen; but a server that takes nothing is not excused.
    if (connection_->is_paused() && connection_->buffered_amount() == 0) return;
    if (is_answered() || !connection_->is_open()) return;
    // A standstill was no silence of the server's.
    const auto passed_ms = static_cast<std::uint32_t>(reactor_.listened_ms()) - pinged_ms_;
    if (passed_ms < options_.pong_timeout_ms ||
        connection_->is_still_taking(options_.ping_ms + options_.pong_timeout_ms)) {
        return pong_limit_.set(options_.pong_timeout_ms, [this] { check_pong(); });
    }
    owner_.server_is_silent();
}

// Anything that was heard is as good as the pong. In the millisecond of the ping, too: an answer
// may be as fast, and if it was none, there is another ping.
bool ClientPings::is_answered() const noexcept {
    return static_cast<std::int32_t>(connection_->last_heard_ms() - pinged_ms_) >= 0;
}

}  // namespace edgews
