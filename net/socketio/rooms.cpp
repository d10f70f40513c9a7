#include "net/socketio/rooms.hpp"

#include "net/socketio/absent_socket.hpp"
#include "net/socketio/namespace_state.hpp"
#include "net/socketio/socket_on_loop.hpp"
#include "net/socketio/spoken.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace edgews::sio {

NamespaceOnLoop::NamespaceOnLoop(const NamespaceState& state, std::string name)
    : state_(state), name_(std::move(name)) {}

NamespaceOnLoop::~NamespaceOnLoop() = default;

std::size_t NamespaceOnLoop::IdHash::operator()(const SocketOnLoop* socket) const noexcept {
    return hash_of(socket->id_text());
}

bool NamespaceOnLoop::IdEqual::operator()(const HashedView& id,
                                          const SocketOnLoop* socket) const noexcept {
    return id.text() == socket->id_text();
}

Room* NamespaceOnLoop::find_room(const HashedView& name) const noexcept {
    const auto found = rooms_.find(name);
    return found == rooms_.end() ? nullptr : found->second.get();
}

SocketOnLoop* NamespaceOnLoop::find(const HashedView& id) const noexcept {
    const auto found = ids_.find(id);
    return found == ids_.end() ? nullptr : *found;
}

void NamespaceOnLoop::add(SocketOnLoop& socket, std::unique_ptr<Recoverable> recoverable) {
    socket.place_in_namespace = sockets_.size();
    socket.round = 0;  // It comes from another loop, whose rounds are others.
    sockets_.push_back(&socket);
    ids_.insert(&socket);
    if (recoverable) recoverables_.push_back(std::move(recoverable));
    assert(recoverables_.empty() || recoverables_.size() == sockets_.size());
}

Recoverable* NamespaceOnLoop::recoverable_of(const SocketOnLoop& socket) const noexcept {
    return recoverables_.empty() ? nullptr : recoverables_[socket.place_in_namespace].get();
}

// The last takes the freed place.
std::unique_ptr<Recoverable> NamespaceOnLoop::remove(SocketOnLoop& socket) noexcept {
    assert(sockets_[socket.place_in_namespace] == &socket);
    if (socket.places) {
        while (!socket.places->empty()) leave(socket, socket.places->begin());
        socket.places.reset();
    }
    sockets_[socket.place_in_namespace] = sockets_.back();
    sockets_[socket.place_in_namespace]->place_in_namespace = socket.place_in_namespace;
    sockets_.pop_back();
    ids_.erase(&socket);
    if (recoverables_.empty()) return nullptr;
    recoverables_[socket.place_in_namespace].swap(recoverables_.back());
    std::unique_ptr<Recoverable> removed = std::move(recoverables_.back());
    recoverables_.pop_back();
    return removed;
}

bool NamespaceOnLoop::join(SocketOnLoop& socket, const HashedView& name) {
    Room* room = find_room(name);
    if (!socket.places) socket.places = std::make_unique<Places>();
    if (room != nullptr && socket.places->contains(room)) return false;
    if (room == nullptr) {
        auto made = std::make_unique<Room>();
        made->name = HashedName(name);
        const HashedView key = made->name;
        room = rooms_.emplace(key, std::move(made)).first->second.get();
    }
    socket.places->emplace(room, room->members.size());
    room->members.push_back(&socket);
    return true;
}

bool NamespaceOnLoop::leave(SocketOnLoop& socket, const HashedView& name) noexcept {
    Room* const room = socket.places ? find_room(name) : nullptr;
    if (room == nullptr) return false;
    const auto place = socket.places->find(room);
    if (place == socket.places->end()) return false;
    leave(socket, place);
    return true;
}

void NamespaceOnLoop::leave(SocketOnLoop& socket, Places::iterator place) noexcept {
    const auto [room, index] = *place;
    socket.places->erase(place);
    SocketOnLoop* const last = room->members.back();
    if (last != &socket) {
        room->members[index] = last;
        (*last->places)[room] = index;
    }
    room->members.pop_back();
    if (room->members.empty()) rooms_.erase(rooms_.find(room->name));
}

bool NamespaceOnLoop::is_in(const SocketOnLoop& socket, const HashedView& name) const noexcept {
    if (name.text() == socket.id_text()) return true;
    Room* const room = socket.places ? find_room(name) : nullptr;
    return room != nullptr && socket.places->contains(room);
}

// The members of a room, and the socket whose id it is.
template <class F>
void NamespaceOnLoop::visit(const HashedView& name, const F& visitor) const {
    if (const Room* const room = find_room(name)) {
        for (SocketOnLoop* const member : room->members) visitor(*member);
    }
    if (!SocketOnLoop::may_be_id(name.text())) return;
    if (SocketOnLoop* const own = find(name)) visitor(*own);
}

void NamespaceOnLoop::collect(const Spoken& spoken, std::vector<SocketOnLoop*>& sockets) {
    if (spoken.is_for_socket) {
        if (SocketOnLoop* const socket = find(spoken.rooms.front())) sockets.push_back(socket);
        return;
    }
    ++round_;
    for (const HashedName& room : spoken.except) {
        visit(room, [this](SocketOnLoop& socket) { socket.round = round_; });
    }
    const auto take = [this, &sockets](SocketOnLoop& socket) {
        if (std::exchange(socket.round, round_) != round_) sockets.push_back(&socket);
    };
    if (spoken.rooms.empty()) {
        for (SocketOnLoop* const socket : sockets_) take(*socket);
    }
    for (const HashedName& room : spoken.rooms) visit(room, take);
}

bool NamespaceOnLoop::is_for(const Spoken& spoken, const SocketOnLoop& socket) const noexcept {
    return sio::is_for(spoken, socket.id_text(),
                       [&](const HashedName& room) { return is_in(socket, room); });
}

}  // namespace edgews::sio
