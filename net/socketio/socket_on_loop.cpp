#include "net/socketio/socket_on_loop.hpp"

#include "core/socketio/packet_writer.hpp"
#include "net/engineio/socket_user.hpp"
#include "net/socketio/client_on_loop.hpp"
#include "net/socketio/hub_on_loop.hpp"
#include "net/socketio/hub_state.hpp"
#include "net/socketio/spoken.hpp"

#include <cassert>
#include <new>
#include <utility>

namespace edgews::sio {

SocketOnLoop::SocketOnLoop(ClientOnLoop& client, NamespaceOnLoop& space, std::string auth)
    // Of its own, for the session's is a secret between client and server.
    : client_(client), space_(&space), id_(engineio::new_session_id()) {
    if (!auth.empty()) auth_ = std::make_unique<const std::string>(std::move(auth));
    space.add(*this);
}

SocketOnLoop::~SocketOnLoop() {
    if (data_) {
        data_->kind.destroy(data_->object);
        ::operator delete(data_->object);
    }
    if (space_ == nullptr) return;
    if (!has_ended_) space_->remove(*this);
    client_.loop().release_namespace(*space_);
}

void SocketOnLoop::end(Reason reason) noexcept {
    assert(!has_ended_);
    space_->remove(*this);
    has_ended_ = true;
    reason_ = reason;
}

SocketOnLoop::Moving SocketOnLoop::leave_loop() {
    assert(!has_ended_);
    Moving moving{space_->state(), space_->name(), {}};
    if (places) {
        for (const auto& [room, place] : *places) moving.rooms.push_back(room->name);
    }
    space_->remove(*this);
    client_.loop().release_namespace(*space_);
    space_ = nullptr;
    return moving;
}

void SocketOnLoop::enter_loop(HubOnLoop& loop, const Moving& moving) {
    space_ = &loop.hold_namespace(moving.state, moving.namespace_name);
    space_->add(*this);
    for (const HashedName& room : moving.rooms) space_->join(*this, room);
}

SendResult SocketOnLoop::send(const PacketEncoder& packet) {
    if (has_ended_) return SendResult::closed;
    const SendResult result = client_.send(packet);
    if (was_accepted(result)) ++space_->sent_total;
    return result;
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
    if (!data_) {
        auto made = std::make_unique<Data>(Data{kind, ::operator new(kind.size)});
        try {
            kind.construct(made->object);
        } catch (...) {
            ::operator delete(made->object);
            throw;
        }
        data_ = std::move(made);
    }
    if (data_->kind.type != kind.type) UserData::throw_other_type();
    return data_->object;
}

}  // namespace edgews::sio
