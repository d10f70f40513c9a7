#include "core/websocket/frame.hpp"

#include <cassert>
#include <cstring>

namespace edgews {
namespace {

// The first byte:  | FIN | RSV1 | RSV2 | RSV3 | opcode, 4 bits |
// The second byte: | MASK | payload length, 7 bits |
constexpr std::uint8_t fin_bit = 0x80;
constexpr std::uint8_t rsv1_bit = 0x40;
constexpr std::uint8_t reserved_bits = 0x70;
constexpr std::uint8_t opcode_bits = 0x0F;
constexpr std::uint8_t mask_bit = 0x80;
constexpr std::uint8_t length_bits = 0x7F;

// Values of the short length: the length is in the next 2 or 8 bytes instead.
constexpr std::uint8_t length_in_2_bytes = 126;
constexpr std::uint8_t length_in_8_bytes = 127;
constexpr std::size_t mask_key_size = 4;

constexpr bool is_defined(unsigned opcode) noexcept {
    constexpr unsigned defined =
        1U << 0x0 | 1U << 0x1 | 1U << 0x2 | 1U << 0x8 | 1U << 0x9 | 1U << 0xA;
    return (defined >> opcode & 1) != 0;
}

std::uint8_t byte_at(std::span<const std::byte> bytes, std::size_t index) noexcept {
    return static_cast<std::uint8_t>(bytes[index]);
}

std::uint64_t load_big_endian(std::span<const std::byte> bytes) noexcept {
    std::uint64_t value = 0;
    for (const std::byte byte : bytes) value = value << 8 | static_cast<std::uint8_t>(byte);
    return value;
}

// Writes the extended length behind the first two bytes, and returns where it ends.
template <std::size_t size>
std::size_t store_big_endian(std::uint64_t length,
                             std::span<std::byte, frame_header_size_max> output) noexcept {
    for (std::size_t i = 0; i < size; ++i) {
        output[2 + i] = static_cast<std::byte>(length >> (8 * (size - 1 - i)));
    }
    return 2 + size;
}

Fault check_first_byte(std::uint8_t byte, bool rsv1_allowed) noexcept {
    const std::uint8_t opcode = byte & opcode_bits;
    if ((byte & reserved_bits) != 0) {
        // RFC 7692, section 6: RSV1 may be on the first frame of a message only.
        const bool is_first_frame = opcode == static_cast<std::uint8_t>(Opcode::text) ||
                                    opcode == static_cast<std::uint8_t>(Opcode::binary);
        const bool is_rsv1_alone = (byte & reserved_bits) == rsv1_bit;
        if (!(rsv1_allowed && is_rsv1_alone && is_first_frame)) return Fault::reserved_bits;
    }
    if (!is_defined(opcode)) return Fault::reserved_opcode;
    if (is_control(Opcode{opcode}) && (byte & fin_bit) == 0) {
        return Fault::fragmented_control_frame;
    }
    return Fault::none;
}

// Requires: the first byte was found good.
Fault check_second_byte(std::uint8_t first, std::uint8_t second, Role role) noexcept {
    const bool masked = (second & mask_bit) != 0;
    if (role == Role::server && !masked) return Fault::unmasked_client_frame;
    if (role == Role::client && masked) return Fault::masked_server_frame;
    const bool control = is_control(Opcode{static_cast<std::uint8_t>(first & opcode_bits)});
    if (control && (second & length_bits) > control_payload_size_max) {
        return Fault::control_frame_too_long;
    }
    return Fault::none;
}

struct ParsedLength {
    Fault fault = Fault::none;
    bool complete = false;
    std::uint64_t value = 0;
};

// The extended length of `size` bytes, 2 or 8, at the start of `input`.
ParsedLength parse_length(std::span<const std::byte> input, std::size_t size) noexcept {
    if (size == 8 && !input.empty() && (byte_at(input, 0) & 0x80) != 0) {
        return {.fault = Fault::length_top_bit};
    }
    if (input.size() < size) return {};
    const std::uint64_t value = load_big_endian(input.first(size));
    const std::uint64_t value_min = size == 2 ? 126 : 65536;
    if (value < value_min) return {.fault = Fault::length_not_minimal};
    return {.complete = true, .value = value};
}

}  // namespace

// Checks go in the order of the bytes, so that a header cut anywhere fails for
// the same reason as a whole one.
ParsedHeader parse_frame_header(std::span<const std::byte> input, Role role,
                                bool rsv1_allowed) noexcept {
    ParsedHeader parsed;
    if (input.empty()) return parsed;
    const std::uint8_t first = byte_at(input, 0);
    parsed.fault = check_first_byte(first, rsv1_allowed);
    if (parsed.fault != Fault::none || input.size() < 2) return parsed;
    const std::uint8_t second = byte_at(input, 1);
    parsed.fault = check_second_byte(first, second, role);
    if (parsed.fault != Fault::none) return parsed;

    std::size_t size = 2;
    std::uint64_t payload_size = second & length_bits;
    if (payload_size >= length_in_2_bytes) {
        const std::size_t length_size = payload_size == length_in_2_bytes ? 2 : 8;
        const ParsedLength length = parse_length(input.subspan(size), length_size);
        parsed.fault = length.fault;
        if (!length.complete) return parsed;
        payload_size = length.value;
        size += length_size;
    }
    const bool masked = (second & mask_bit) != 0;
    if (masked) {
        if (input.size() < size + mask_key_size) return parsed;
        std::memcpy(&parsed.header.mask_key, input.data() + size, mask_key_size);
        size += mask_key_size;
    }
    parsed.header.fin = (first & fin_bit) != 0;
    parsed.header.rsv1 = (first & rsv1_bit) != 0;
    parsed.header.opcode = Opcode{static_cast<std::uint8_t>(first & opcode_bits)};
    parsed.header.masked = masked;
    parsed.header.payload_size = payload_size;
    parsed.size = size;
    return parsed;
}

std::size_t encode_long_frame_header(const FrameHeader& header,
                                     std::span<std::byte, frame_header_size_max> output) noexcept {
    const std::uint64_t payload_size = header.payload_size;
    assert(payload_size >> 63 == 0);  // Section 5.2: the top bit is 0.
    const unsigned mask = header.masked ? mask_bit : 0U;
    std::size_t size = 2;
    if (payload_size < length_in_2_bytes) {
        output[1] = static_cast<std::byte>(mask | payload_size);
    } else if (payload_size < 65536) {
        output[1] = static_cast<std::byte>(mask | length_in_2_bytes);
        size = store_big_endian<2>(payload_size, output);
    } else {
        output[1] = static_cast<std::byte>(mask | length_in_8_bytes);
        size = store_big_endian<8>(payload_size, output);
    }
    if (!header.masked) return size;
    std::memcpy(output.data() + size, &header.mask_key, mask_key_size);
    return size + mask_key_size;
}

}  // namespace edgews
