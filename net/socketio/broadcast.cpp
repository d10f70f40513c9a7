#include <edgews/socketio.hpp>

#include "core/socketio/packet.hpp"
#include "core/socketio/packet_encoder.hpp"
#include "net/loop/loop_link.hpp"
#include "net/loop/reactor.hpp"
#include "net/socketio/gathering.hpp"
#include "net/socketio/hub_on_loop.hpp"
#include "net/socketio/hub_state.hpp"
#include "net/socketio/spoken.hpp"

#include <utility>

namespace edgews::sio {

Broadcast::Broadcast(HubState& hub, std::string_view namespace_name, std::string_view except_id)
    : hub_(&hub), spoken_(std::make_shared<Spoken>()) {
    spoken_->namespace_name = namespace_name;
    if (!except_id.empty()) spoken_->except.emplace_back(HashedView(except_id));
}

// What was sent is others' by now.
Spoken& Broadcast::own() {
    if (spoken_->number == 0 && spoken_.use_count() == 1) return *spoken_;
    auto fresh = std::make_shared<Spoken>();
    fresh->namespace_name = spoken_->namespace_name;
    fresh->rooms = spoken_->rooms;
    fresh->except = spoken_->except;
    fresh->is_unreliable = spoken_->is_unreliable;
    spoken_ = std::move(fresh);
    return *spoken_;
}

Broadcast& Broadcast::to(std::string_view room) {
    own().rooms.emplace_back(HashedView(room));
    return *this;
}

Broadcast& Broadcast::except(std::string_view room) {
    own().except.emplace_back(HashedView(room));
    return *this;
}

Broadcast& Broadcast::unreliable() {
    own().is_unreliable = true;
    return *this;
}

SendResult Broadcast::emit_all(std::string_view event, std::span<const Argument> arguments) {
    PacketEncoder& encoder = hub_->thread_encoder();
    Spoken& spoken = own();
    if (!is_namespace(spoken.namespace_name)) return SendResult::invalid;
    const std::uint64_t offset = spoken.is_unreliable ? 0 : hub_->next_offset();
    if (encoder.encode_event(spoken.namespace_name, std::nullopt, event, arguments, offset) !=
        Fault::none) {
        return SendResult::invalid;
    }
    spoken.offset = offset;
    spoken.packets =
        shared_packets_of(encoder, hub_->options().parser, hub_->options().allows_eio3);
    hub_->speak(spoken_);
    return SendResult::sent;
}

SendResult Broadcast::call_all(std::string_view event, std::uint32_t timeout_ms,
                               Function<void(const Replies&)> gathered,
                               std::span<const Argument> arguments) {
    require_callable(gathered, "sio::Broadcast::call()");
    PacketEncoder& encoder = hub_->thread_encoder();
    Spoken& spoken = own();
    if (!is_namespace(spoken.namespace_name)) return SendResult::invalid;
    spoken.call_id = hub_->next_call_id();
    if (encoder.encode_event(spoken.namespace_name, spoken.call_id, event, arguments) !=
        Fault::none) {
        return SendResult::invalid;
    }
    HubOnLoop* const home = hub_->some_loop();
    const std::shared_ptr<LoopLink> link = home == nullptr ? nullptr : home->link();
    if (!link) return SendResult::closed;
    spoken.packets =
        shared_packets_of(encoder, hub_->options().parser, hub_->options().allows_eio3);
    spoken.timeout_ms = timeout_ms;
    spoken.gathering = std::make_shared<Gathering>(link, std::move(gathered),
                                                   hub_->options().limits.gathered_size_max);
    link->mailbox.post(make_job([gathering = spoken.gathering, timeout_ms] {
        Reactor::current()->after(timeout_ms, make_job([gathering] { gathering->give_up(); }));
    }));
    hub_->speak(spoken_);
    return SendResult::sent;
}

void Broadcast::join(std::string_view room) {
    act(Spoken::Act::join, room);
}

void Broadcast::leave(std::string_view room) {
    act(Spoken::Act::leave, room);
}

void Broadcast::disconnect(bool close) {
    act(close ? Spoken::Act::disconnect_and_close : Spoken::Act::disconnect, {});
}

void Broadcast::act(SpokenAct act, std::string_view room) {
    Spoken& spoken = own();
    spoken.act = act;
    spoken.room = HashedName(HashedView(room));
    hub_->speak(spoken_);
}

}  // namespace edgews::sio
