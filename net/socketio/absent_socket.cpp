#include "net/socketio/absent_socket.hpp"

#include "net/socketio/spoken.hpp"

#include <algorithm>
#include <cassert>
#include <new>

namespace edgews::sio {

OwnData::OwnData(const UserData& kind) : kind_(kind), object_(::operator new(kind.size)) {
    try {
        kind_.construct(object_);
    } catch (...) {
        ::operator delete(object_);
        throw;
    }
}

OwnData::~OwnData() {
    kind_.destroy(object_);
    ::operator delete(object_);
}

bool AbsentSocket::is_in(const HashedName& room) const noexcept {
    if (room.text() == id.text()) return true;
    return std::ranges::any_of(rooms, [&room](const HashedName& each) {
        return each.hash() == room.hash() && each.text() == room.text();
    });
}

bool AbsentSocket::follow(const Spoken& spoken, std::size_t room_count_max) {
    switch (spoken.act) {
        case Spoken::Act::send: break;
        case Spoken::Act::join:
            if (!is_in(spoken.room) && rooms.size() < room_count_max) rooms.push_back(spoken.room);
            break;
        case Spoken::Act::leave:
            std::erase_if(rooms, [&spoken](const HashedName& each) {
                return each.text() == spoken.room.text();
            });
            break;
        case Spoken::Act::disconnect:
        case Spoken::Act::disconnect_and_close: return false;
    }
    return true;
}

}  // namespace edgews::sio
