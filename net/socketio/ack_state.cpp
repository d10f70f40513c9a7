#include "net/socketio/ack_state.hpp"

#include "core/socketio/packet_encoder.hpp"
#include "net/loop/loop_link.hpp"
#include "net/loop/reactor.hpp"
#include "net/socketio/hub_on_loop.hpp"

#include <utility>

namespace edgews::sio {

AckStates::~AckStates() {
    for (AckState* const state : kept_) delete state;
}

AckState& AckStates::take() {
    if (kept_.empty()) return *new AckState;
    AckState& state = *kept_.back();
    kept_.pop_back();
    return state;
}

void AckStates::give_back(AckState& state) noexcept {
    if (kept_.capacity() == 0) kept_.reserve(kept_count_max);
    if (kept_.size() == kept_count_max) {
        delete &state;
    } else {
        kept_.push_back(&state);
    }
}

Ack AckState::ack_of(AckState& state) noexcept {
    ++state.holder_count;
    return Ack(state);
}

Ack::Ack(const Ack& other) noexcept : state_(other.state_) {
    if (state_ != nullptr) state_->holder_count.fetch_add(1, std::memory_order_relaxed);
}

Ack::~Ack() {
    if (state_ == nullptr) return;
    if (state_->holder_count.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    if (Reactor::is_current(state_->link)) {
        state_->home->acks().give_back(*state_);
    } else {
        delete state_;
    }
}

bool Ack::wanted() const noexcept {
    return state_ != nullptr && !state_->is_sent.load(std::memory_order_relaxed);
}

SendResult Ack::send(std::span<const Argument> arguments) const {
    if (state_ == nullptr || state_->is_sent.exchange(true)) return SendResult::closed;
    SendResult result = SendResult::invalid;
    if (Reactor::is_current(state_->link)) {
        result = state_->home->acknowledge(*state_, arguments);
    } else {
        PacketEncoder encoder;
        const Fault fault =
            encoder.encode_acknowledgement(state_->namespace_name, state_->id, arguments);
        if (fault == Fault::none) {
            const bool is_posted = state_->link->mailbox.post(make_job(
                [home = state_->home, name = state_->namespace_name, id = state_->socket_id,
                 packets = shared_packets_of(encoder, state_->parser)]() mutable {
                    home->send_to(id, name, std::move(packets));
                }));
            result = is_posted ? SendResult::queued : SendResult::closed;
        }
    }
    if (result == SendResult::invalid) state_->is_sent = false;  // Another one may be.
    return result;
}

}  // namespace edgews::sio
