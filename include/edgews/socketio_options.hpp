// The options of a Socket.IO server. The defaults are safe ones.
#pragma once

#include <cstddef>
#include <cstdint>

namespace edgews::sio {

// What one client may have and send. Beyond that its session ends, unless it says otherwise.
struct Limits {
    // Namespaces that it is connected to, or waits to be. A further one is refused
    // (CONNECT_ERROR).
    std::size_t namespace_count_max = 32;
    std::size_t namespace_size_max = 256;  // Bytes of a namespace's name.
    // Bytes of what CONNECT brings (Handshake::auth()). With more it is refused (CONNECT_ERROR).
    std::size_t auth_size_max = 16 * 1024;
    // Arguments of an event or an acknowledgement, at most 4,095.
    std::size_t argument_count_max = 255;
    std::size_t attachment_count_max = 10;          // Of one packet, at most 64.
    std::size_t attachments_size_max = 10'000'000;  // Bytes of all attachments of a packet.
    // Rooms of one socket, and bytes of a room's name. Socket::join() refuses more.
    std::size_t room_count_max = 1'000;
    std::size_t room_size_max = 256;
    // Calls whose replies one client still owes. A further call is not sent, and dropped.
    std::size_t reply_count_max = 1'000;
    // Bytes of the replies of a call to many, all clients together. Those beyond count as missing.
    std::size_t gathered_size_max = 16 * 1024 * 1024;
};

struct Options {
    // Milliseconds that a client has to connect to a first namespace, before its session ends.
    std::uint32_t connect_timeout_ms = 45'000;
    Limits limits{};
};

}  // namespace edgews::sio
