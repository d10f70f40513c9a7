// What is said to many sockets, on its way to all loops: to whom, and what. Encoded once, and not
// changed once it has its number (core/socketio/departure.hpp).
#pragma once

#include "core/base/string_hash.hpp"
#include "core/socketio/course.hpp"
#include "net/engineio/shared_packet.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sio {

class Gathering;
class HubOnLoop;

enum class SpokenAct : std::uint8_t { send, join, leave, disconnect, disconnect_and_close };

struct Spoken {
    using Act = SpokenAct;

    // To whom.
    std::string namespace_name{};
    std::vector<HashedName> rooms{};   // None: everybody.
    std::vector<HashedName> except{};  // A socket's id among them is that socket.
    bool is_for_socket = false;        // Whose id is the only room: for no other that is in that.
    bool is_unreliable = false;

    // What.
    Act act = Act::send;
    std::vector<engineio::SharedPacket> packets{};  // Of msgpack one, else text and attachments.
    HashedName room{};                              // To join, or to leave.
    std::shared_ptr<Gathering> gathering{};         // Of a call's replies. Null: it is none.
    std::uint64_t call_id = 0;
    std::uint32_t timeout_ms = 0;

    std::uint64_t number = 0;           // 0: it has not been sent.
    const HubOnLoop* origin = nullptr;  // The loop that drew the number. Null: another thread.

    // Where clients may come back.
    std::uint64_t offset = 0;  // Its last argument. 0: it has none, and is not sent again.
    std::uint64_t taken = 0;   // As in Said.
    [[nodiscard]] Said said() const noexcept { return {number, origin, taken}; }
};

// Whether it is for a socket of that id. `is_in(const HashedName&)`: that is in the room.
template <class F>
[[nodiscard]] bool is_for(const Spoken& spoken, std::string_view id, const F& is_in) {
    if (spoken.is_for_socket) return spoken.rooms.front().text() == id;
    return (spoken.rooms.empty() || std::ranges::any_of(spoken.rooms, is_in)) &&
           std::ranges::none_of(spoken.except, is_in);
}

}  // namespace edgews::sio
