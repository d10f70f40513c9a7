// Packets of Engine.IO 3, where they are not those of Engine.IO 4 (protocol 3, Packet).
//
//     b4AQIDBA==       as text: behind the 'b' stands the type
//     04 01 02 03 04   as bytes: the type is in front, as a number
//
// Nothing but a message is binary. Pure functions over bytes, which keep nothing.
#pragma once

#include "core/engineio/packet.hpp"

#include <cstddef>
#include <span>
#include <string>

namespace edgews::engineio {

// In front of a binary message.
inline constexpr std::byte binary_message_v3{static_cast<unsigned char>(PacketType::message)};

// As decode_packet(): base64 is decoded where it stands.
[[nodiscard]] Packet decode_packet_v3(std::span<std::byte> text) noexcept;
// Of bytes: a WebSocket's binary message, or what a binary payload says is binary.
[[nodiscard]] Packet decode_binary_packet_v3(std::span<const std::byte> bytes) noexcept;

// Bytes of the packet as text, and those themselves: binary as base64. Require: no fault, and of
// binary data a message.
[[nodiscard]] std::size_t encoded_size_v3(const Packet& packet) noexcept;
void append_packet_v3(std::string& out, const Packet& packet);
// The packet as bytes. Requires: it is binary.
void append_binary_packet_v3(std::string& out, const Packet& packet);

}  // namespace edgews::engineio
