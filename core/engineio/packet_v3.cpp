#include "core/engineio/packet_v3.hpp"

#include "crypto/base64.hpp"

#include <cassert>

namespace edgews::engineio {
namespace {

constexpr std::byte base64_prefix{'b'};
constexpr std::byte message_digit{digit_of(PacketType::message)};

}  // namespace

Packet decode_packet_v3(std::span<std::byte> text) noexcept {
    if (text.empty() || text.front() != base64_prefix) return decode_plain_packet(text);
    if (text.size() < 2) return {.fault = Fault::packet_empty};
    if (text[1] != message_digit) return {.fault = Fault::type_unknown};
    return decode_base64_message(text.subspan(2));
}

Packet decode_binary_packet_v3(std::span<const std::byte> bytes) noexcept {
    if (bytes.empty()) return {.fault = Fault::packet_empty};
    if (bytes.front() != binary_message_v3) return {.fault = Fault::type_unknown};
    return Packet::of_binary(bytes.subspan(1));
}

std::size_t encoded_size_v3(const Packet& packet) noexcept {
    return encoded_size(packet) + (packet.is_binary ? 1 : 0);
}

void append_packet_v3(std::string& out, const Packet& packet) {
    const std::size_t begin = out.size();
    append_packet(out, packet);
    if (packet.is_binary) out.insert(begin + 1, 1, digit_of(PacketType::message));
}

void append_binary_packet_v3(std::string& out, const Packet& packet) {
    assert(packet.is_binary && packet.type == PacketType::message);
    out.push_back(std::to_integer<char>(binary_message_v3));
    out.append(packet.text());
}

}  // namespace edgews::engineio
