#include "net/socketio/socket_on_loop.hpp"

#include "core/socketio/packet_encoder.hpp"
#include "core/socketio/protocol_4.hpp"
#include "net/engineio/socket_user.hpp"
#include "net/socketio/client_on_loop.hpp"
#include "net/socketio/hub_on_loop.hpp"
#include "net/socketio/hub_state.hpp"
#include "net/socketio/pending_connect.hpp"
#include "net/socketio/recovery_store.hpp"
#include "net/socketio/spoken.hpp"

#include <cassert>
#include <utility>

namespace edgews::sio {

namespace {

// Of its own, for the session's is a secret between client and server: but in protocol 4, where the
// client is not told of another one, and knows that.
engineio::SessionId new_id(const ClientOnLoop& client) {
    return client.speaks_4() ? engineio::SessionId::copy_of(client.session().id())
                             : engineio::new_session_id();
}

}  // namespace

SocketOnLoop::SocketOnLoop(ClientOnLoop& client, NamespaceOnLoop& space, std::string auth,
                           std::unique_ptr<AbsentSocket> returning)
    : client_(client),
      space_(&space),
      id_(returning ? returning->id : new_id(client)),
      is_recovered_(returning != nullptr) {
    if (client.speaks_4() && space.name() != "/") {
        const std::string id = id_prefix_4(space.name()) + std::string(id_.text());
        auth.insert(0, id);
        long_id_size_ = static_cast<std::uint16_t>(id.size());
    }
    if (!auth.empty()) text_ = std::make_unique<const std::string>(std::move(auth));
    HubState& hub = client.loop().hub();
    if (!returning) {
        space.add(*this, client.has_recovery() ? hub.new_recoverable(client.loop()) : nullptr);
    } else {
        data_ = std::move(returning->data);
        space.add(*this, std::move(returning->recoverable));
        for (const HashedName& room : returning->rooms) space.join(*this, room);
    }
    if (const Recoverable* const recoverable = space.recoverable_of(*this)) {
        hub.with_recovery([&](RecoveryStore& store) {
            store.add(*recoverable, space.name(), client.loop(), *this);
        });
    }
}

SocketOnLoop::~SocketOnLoop() {
    data_.reset();
    if (space_ == nullptr) return;
    if (!has_ended_) forget(leave_namespace(reason_).get());
    client_.loop().release_namespace(*space_);
}

std::unique_ptr<Recoverable> SocketOnLoop::leave_namespace(Reason reason) noexcept {
    assert(!has_ended_);
    has_ended_ = true;
    reason_ = reason;
    return space_->remove(*this);
}

void SocketOnLoop::end(Reason reason) noexcept {
    forget(leave_namespace(reason).get());
}

// It does not come back. Who waited for that is a new client.
void SocketOnLoop::forget(const Recoverable* recoverable) noexcept {
    if (recoverable == nullptr) return;
    const auto waiter = client_.loop().hub().with_recovery(
        [recoverable](RecoveryStore& store) { return store.remove(*recoverable); });
    if (waiter) waiter->decide(DeferredDecision::State::accepted, {});
}

std::unique_ptr<AbsentSocket> SocketOnLoop::end_for_now(Reason reason) {
    std::vector<HashedName> left = rooms();
    std::unique_ptr<Recoverable> recoverable = leave_namespace(reason);
    if (!recoverable) return nullptr;
    recoverable->course.leave(client_.loop().departure());
    return std::unique_ptr<AbsentSocket>(
        new AbsentSocket{space_->name(), id_, std::move(left), std::move(recoverable)});
}

std::vector<HashedName> SocketOnLoop::rooms() const {
    std::vector<HashedName> names;
    if (places) {
        for (const auto& [room, place] : *places) names.push_back(room->name);
    }
    return names;
}

SocketOnLoop::Moving SocketOnLoop::leave_loop(const Departure& departure) {
    assert(!has_ended_);
    Moving moving{space_->state(), space_->name(), rooms(), space_->remove(*this)};
    if (moving.recoverable) {
        moving.recoverable->course.leave(departure);
        client_.loop().hub().with_recovery([&](RecoveryStore& store) {
            return store.place(*moving.recoverable, nullptr, nullptr);
        });
    }
    client_.loop().release_namespace(*space_);
    space_ = nullptr;
    return moving;
}

void SocketOnLoop::enter_loop(HubOnLoop& loop, Moving& moving) {
    space_ = &loop.hold_namespace(moving.state, moving.namespace_name);
    space_->add(*this, std::move(moving.recoverable));
    for (const HashedName& room : moving.rooms) space_->join(*this, room);
}

// Who comes back may wait for it to end.
void SocketOnLoop::arrived() {
    Recoverable* const recoverable = space_->recoverable_of(*this);
    if (recoverable == nullptr) return;
    recoverable->course.enter(&client_.loop());
    const bool is_awaited = client_.loop().hub().with_recovery(
        [&](RecoveryStore& store) { return store.place(*recoverable, &client_.loop(), this); });
    if (is_awaited) client_.be_overtaken();
}

SendResult SocketOnLoop::send(const PacketEncoder& packet) {
    if (has_ended_) return SendResult::closed;
    const SendResult result = client_.send(packet);
    if (was_accepted(result)) ++space_->sent_total;
    return result;
}

// `offset`: 0, if it is not sent again. Else it also waits for a client whose connection has just
// been lost, as what is said to its room does.
SendResult SocketOnLoop::emit(std::string_view event, std::span<const Argument> arguments,
                              std::uint64_t offset) {
    HubOnLoop& loop = client_.loop();
    PacketEncoder& encoder = loop.encoder();
    const Fault fault =
        encoder.encode_event(space_->name(), std::nullopt, event, arguments, offset);
    if (fault != Fault::none) return SendResult::invalid;
    const SendResult result = send(encoder);
    const bool is_lost = result == SendResult::closed && !has_ended_;
    if (offset == 0 || (!was_accepted(result) && !is_lost)) return result;
    auto spoken = std::make_shared<Spoken>();
    spoken->namespace_name = space_->name();
    spoken->rooms.emplace_back(HashedView(id_text()));
    spoken->is_for_socket = true;
    spoken->packets = shared_packets_of(encoder, loop.hub().options().parser);
    spoken->offset = offset;
    loop.hub().record(loop, spoken);
    space_->recoverable_of(*this)->last_offset = offset;
    return is_lost ? SendResult::queued : result;
}

void SocketOnLoop::take(const Spoken& spoken) {
    switch (spoken.act) {
        case Spoken::Act::send: client_.send(*this, spoken); return;
        case Spoken::Act::join: join_room(spoken.room); return;
        case Spoken::Act::leave: leave_room(spoken.room); return;
        case Spoken::Act::disconnect: disconnect_now(false); return;
        case Spoken::Act::disconnect_and_close: disconnect_now(true); return;
    }
}

bool SocketOnLoop::join_room(const HashedView& room) {
    if (has_ended_ || room.text() == id_text()) return false;
    const Limits& limits = client_.loop().hub().options().limits;
    if (room.text().size() > limits.room_size_max) return false;
    if (places && places->size() >= limits.room_count_max) return false;
    return space_->join(*this, room);
}

bool SocketOnLoop::leave_room(const HashedView& room) noexcept {
    return !has_ended_ && space_->leave(*this, room);
}

void SocketOnLoop::disconnect_now(bool close) {
    if (close) {
        client_.disconnect_all();
    } else if (!has_ended_) {
        client_.disconnect(*this);
    }
}

void* SocketOnLoop::find_own_data(const UserData& kind) {
    if (!data_) data_ = std::make_unique<OwnData>(kind);
    if (data_->type() != kind.type) UserData::throw_other_type();
    return data_->object();
}

}  // namespace edgews::sio
