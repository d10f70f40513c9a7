// Packets of Socket.IO, told in one line.
#pragma once

#include "bytes.hpp"

#include "core/socketio/packet.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace edgews::test {

// As a test has them: not many.
using ElementSpace = std::array<std::string_view, 8>;

// "event /admin 12 \"a\" (1, [2])", and what else there is to say of it.
inline std::string describe_packet(const sio::Packet& packet) {
    if (packet.fault == sio::Fault::payload_malformed) {
        return "! " + std::string(describe(packet.json_fault));
    }
    if (packet.fault != sio::Fault::none) return "! " + std::string(describe(packet.fault));
    constexpr std::string_view types[] = {"connect",       "disconnect",   "event",     "ack",
                                          "connect_error", "binary_event", "binary_ack"};
    std::string out(types[static_cast<std::size_t>(packet.type)]);
    if (packet.is_binary()) out += '+' + std::to_string(packet.attachment_count);
    out.append(" ").append(packet.namespace_name);
    if (packet.id) out += ' ' + std::to_string(*packet.id);
    if (!packet.name.empty()) out.append(" ").append(packet.name);
    if (!packet.is_event() && !packet.is_acknowledgement()) {
        return packet.payload.empty() ? out : out.append(" ").append(packet.payload);
    }
    out += " (";
    for (const std::string_view argument : packet.arguments) {
        if (!out.ends_with('(')) out += ", ";
        out += argument;
    }
    return out + ')';
}

// In a heap block of exactly the text's size.
inline std::string decode_socketio(std::string_view text, const sio::PacketLimits& limits = {}) {
    const ExactBlock block(std::as_bytes(std::span(text)));
    ElementSpace space;
    const std::string_view exact(reinterpret_cast<const char*>(block.bytes().data()), text.size());
    return describe_packet(decode_packet(exact, limits, space));
}

inline std::string sentence(sio::Fault fault) {
    return "! " + std::string(describe(fault));
}

}  // namespace edgews::test
