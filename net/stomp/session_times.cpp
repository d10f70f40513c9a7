// What a STOMP session does when its time has come: heart-beats, and the ends of its patience.
#include "core/stomp/heart_beat.hpp"
#include "net/loop/reactor.hpp"
#include "net/stomp/broker_state.hpp"
#include "net/stomp/session_link.hpp"
#include "net/stomp/session_relay.hpp"
#include "net/stomp/stomp_loop.hpp"

#include <utility>

namespace edgews {

void StompSessionLink::begin_heart_beats() noexcept {
    was_connected_ = true;
    Reactor& reactor = loop_.reactor();
    if (const std::uint32_t send_ms = session_.send_every_ms(); send_ms > 0) {
        beat_timer_ = reactor.every(stomp::beat_period_ms(send_ms), make_job([this] { beat(); }));
    }
    if (const std::uint32_t hear_ms = session_.hear_every_ms(); hear_ms > 0) {
        heard_timer_ =
            reactor.every(stomp::hearing_period_ms(hear_ms), make_job([this] { check_heard(); }));
    }
}

// What was sent since the last one is a sign of life, too.
void StompSessionLink::beat() {
    if (!std::exchange(has_sent_, false)) static_cast<void>(send({.front = "\n"}));
}

void StompSessionLink::check_heard() {
    const std::uint64_t silence_ms = loop_.reactor().listened_ms() - heard_ms_;
    if (is_blocked_) heard_ms_ = loop_.reactor().listened_ms();  // It is we who do not listen.
    if (!stomp::is_too_silent(silence_ms, session_.hear_every_ms()) || is_blocked_) return;
    end_here(stomp::Fault::heart_beat_missed, {});
}

// As its loop has listened to it, and let it go on.
void StompSessionLink::await_connect(std::uint64_t delay_ms) {
    connect_timer_ = loop_.reactor().after(
        delay_ms, make_job([this] {
            connect_timer_ = no_token;
            const std::uint64_t limit_ms = state_.options.connect_timeout_ms;
            const std::uint64_t passed_ms = loop_.reactor().listened_ms() - began_ms_;
            if (waits_for_handshake()) return await_connect(limit_ms);
            if (passed_ms < limit_ms) return await_connect(limit_ms - passed_ms);
            end_here(stomp::Fault::not_connected, "No CONNECT came in time (connect_timeout_ms).");
        }));
}

void StompSessionLink::await_room() {
    refuse_in_time(state_.options.block_timeout_ms);
}

// Whoever waits does not hear its client: not even that it is gone.
void StompSessionLink::refuse_in_time(std::uint64_t delay_ms) {
    const auto refuse = [this] {
        block_timer_ = no_token;
        if (waits_for_upstream_ && relay_) {
            session_.refuse(relay_->give_up(), "No receipt came in time (receipt_timeout_ms).");
        } else if (waits_for_upstream_) {
            session_.refuse(stomp::Fault::upstream_unavailable, "The backplane has not answered.");
        } else {
            session_.refuse(stomp::Fault::queue_full, "No room came in time (block_timeout_ms).");
        }
        write_output();
        finish_if_over();
    };
    block_timer_ = loop_.reactor().after(delay_ms, make_job(refuse));
}

}  // namespace edgews
