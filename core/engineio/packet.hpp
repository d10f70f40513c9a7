// One packet of Engine.IO: a type and data (protocol 4, Packet encoding).
//
//     4hello      text, in a WebSocket message or in a payload
//     bAQIDBA==   a message of binary data as text: base64
//
// In a WebSocket a message of binary data is a binary message as it is, and the 'b' is for clients
// that were told to have no binary. Pure functions over bytes, which keep nothing.
#pragma once

#include "core/engineio/fault.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace edgews::engineio {

// In the order of their digits.
enum class PacketType : std::uint8_t { open, close, ping, pong, message, upgrade, noop };

struct Packet {
    Fault fault = Fault::none;  // With a fault, all else is as it stands here.
    PacketType type = PacketType::noop;
    bool is_binary = false;  // Only a message is.
    std::span<const std::byte> data{};

    [[nodiscard]] static Packet of_text(PacketType type, std::string_view text) noexcept {
        return {.type = type, .data = std::as_bytes(std::span(text))};
    }
    [[nodiscard]] static Packet of_binary(std::span<const std::byte> bytes) noexcept {
        return {.type = PacketType::message, .is_binary = true, .data = bytes};
    }
    [[nodiscard]] std::string_view text() const noexcept {
        return {reinterpret_cast<const char*>(data.data()), data.size()};
    }
};

// Reads a packet that is text. Base64 is decoded where it stands, which is why the text is
// writable; the data are a view of it. Line ends inside base64 are passed over: the Java client
// writes one every 76 characters. Whether the text is UTF-8 is for others to know.
[[nodiscard]] Packet decode_packet(std::span<std::byte> text) noexcept;

// The same of text that nobody may write to, without base64: a 'b' is an unknown type.
[[nodiscard]] Packet decode_plain_packet(std::span<const std::byte> text) noexcept;

// The base64 of a binary message, without what stands in front of it, decoded as above.
[[nodiscard]] Packet decode_base64_message(std::span<std::byte> text) noexcept;

// '4' for a message.
[[nodiscard]] constexpr char digit_of(PacketType type) noexcept {
    return static_cast<char>('0' + static_cast<int>(type));
}

// Bytes of the packet as text, and those themselves: binary as base64. Require: no fault, and of
// binary data a message.
[[nodiscard]] std::size_t encoded_size(const Packet& packet) noexcept;
void append_packet(std::string& out, const Packet& packet);

}  // namespace edgews::engineio
