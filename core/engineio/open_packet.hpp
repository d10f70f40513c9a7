// OPEN, with which a server begins each session (protocol 4, Handshake).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace edgews::engineio {

struct OpenPacket {
    std::string_view session_id{};  // Of SessionId: nothing in it has to be escaped.
    bool may_upgrade = true;        // To WebSocket, which is the only one that there is.
    std::uint32_t ping_interval_ms = 25'000;
    std::uint32_t ping_timeout_ms = 20'000;
    std::size_t payload_size_max = 1'000'000;  // Bytes that the client may send in one payload.
};

// Appends the whole packet, with its type.
void append_open_packet(std::string& out, const OpenPacket& packet);

}  // namespace edgews::engineio
