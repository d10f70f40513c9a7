#include "core/engineio/heartbeat.hpp"

namespace edgews::engineio {

Heartbeat::Due Heartbeat::due(std::uint64_t now_ms) noexcept {
    if (now_ms < next_ms()) return Due::nothing;
    if (state_ != State::quiet) return Due::end;
    state_ = State::asked;
    due_ms_ = now_ms + times_.ping_timeout_ms;
    return Due::ping;
}

void Heartbeat::listen(std::uint64_t now_ms) noexcept {
    due_ms_ = now_ms + times_.ping_interval_ms + times_.ping_timeout_ms;
}

void Heartbeat::pong(std::uint64_t now_ms) noexcept {
    if (state_ == State::listening) return listen(now_ms);
    state_ = State::quiet;
    due_ms_ = now_ms + times_.ping_interval_ms;
}

void Heartbeat::heard(std::uint64_t now_ms) noexcept {
    if (state_ == State::listening) return listen(now_ms);
    if (state_ != State::asked) return;
    state_ = State::asked_and_heard;
    due_ms_ = now_ms + times_.ping_timeout_ms;
}

void Heartbeat::release(std::uint64_t now_ms) noexcept {
    if (!is_held_) return;
    is_held_ = false;
    if (state_ == State::listening) return listen(now_ms);
    if (state_ != State::quiet) due_ms_ = now_ms + times_.ping_timeout_ms;
}

void Heartbeat::begin(std::uint64_t now_ms) noexcept {
    is_held_ = false;
    pong(now_ms);
}

}  // namespace edgews::engineio
