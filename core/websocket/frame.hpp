// WebSocket frame headers (RFC 6455, section 5.2).
//
// Pure functions over bytes: no I/O, no allocation, no state. A header takes 2
// to 14 bytes; the payload never passes through here.
#pragma once

#include "core/websocket/fault.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace edgews {

inline constexpr std::size_t frame_header_size_max = 14;
inline constexpr std::size_t control_payload_size_max = 125;  // RFC 6455, section 5.5

enum class Opcode : std::uint8_t {
    continuation = 0x0,
    text = 0x1,
    binary = 0x2,
    close = 0x8,
    ping = 0x9,
    pong = 0xA,
};

[[nodiscard]] constexpr bool is_control(Opcode opcode) noexcept {
    return opcode >= Opcode::close;
}

// Which end of the connection we are. Clients mask, servers do not (section 5.1).
enum class Role : std::uint8_t { client, server };

struct FrameHeader {
    bool fin = true;
    bool rsv1 = false;  // An extension's bit; permessage-deflate sets it.
    Opcode opcode = Opcode::text;
    bool masked = false;
    std::uint32_t mask_key =
        0;  // As it lies in memory: its first byte masks the first payload byte.
    std::uint64_t payload_size = 0;
};

struct ParsedHeader {
    Fault fault = Fault::none;
    std::size_t size = 0;  // Bytes the header takes. 0 without a fault: more input is needed.
    FrameHeader header{};
};

// Parses the frame header at the start of `input`, received by `role`.
//
// Reports a fault by the time the header is complete, often sooner, and looks at
// nothing past it. `rsv1_allowed`: an extension that uses RSV1 was negotiated.
[[nodiscard]] ParsedHeader parse_frame_header(std::span<const std::byte> input, Role role,
                                              bool rsv1_allowed) noexcept;

// What encode_frame_header() does for all but the shortest headers.
std::size_t encode_long_frame_header(const FrameHeader& header,
                                     std::span<std::byte, frame_header_size_max> output) noexcept;

// Writes `header` in its minimal encoding and returns the bytes written.
inline std::size_t encode_frame_header(
    const FrameHeader& header, std::span<std::byte, frame_header_size_max> output) noexcept {
    // | FIN | RSV1 | RSV2 | RSV3 | opcode, 4 bits |
    output[0] = static_cast<std::byte>((header.fin ? 0x80U : 0U) | (header.rsv1 ? 0x40U : 0U) |
                                       static_cast<unsigned>(header.opcode));
    if (header.masked || header.payload_size > 125) return encode_long_frame_header(header, output);
    output[1] = static_cast<std::byte>(header.payload_size);
    return 2;
}

}  // namespace edgews
