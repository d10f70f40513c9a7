#include "core/engineio/packet.hpp"

#include "crypto/base64.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <optional>

namespace edgews::engineio {
namespace {

constexpr char base64_prefix = 'b';

constexpr bool is_line_end(std::byte byte) noexcept {
    return byte == std::byte{'\n'} || byte == std::byte{'\r'};
}

// Without its line ends, at its front.
std::span<std::byte> remove_line_ends(std::span<std::byte> text) noexcept {
    if (text.empty() || std::memchr(text.data(), '\n', text.size()) == nullptr) return text;
    const auto end = std::remove_if(text.begin(), text.end(), is_line_end);
    return text.first(static_cast<std::size_t>(end - text.begin()));
}

}  // namespace

Packet decode_packet(std::span<std::byte> text) noexcept {
    const bool is_base64 = !text.empty() && text.front() == std::byte{base64_prefix};
    return is_base64 ? decode_base64_message(text.subspan(1)) : decode_plain_packet(text);
}

Packet decode_plain_packet(std::span<const std::byte> text) noexcept {
    if (text.empty()) return {.fault = Fault::packet_empty};
    const auto type = std::to_integer<unsigned>(text.front());
    const std::span<const std::byte> data = text.subspan(1);
    if (type < '0' || type > '6') return {.fault = Fault::type_unknown};
    return {.type = static_cast<PacketType>(type - '0'), .data = data};
}

Packet decode_base64_message(std::span<std::byte> text) noexcept {
    text = remove_line_ends(text);
    const std::string_view characters(reinterpret_cast<const char*>(text.data()), text.size());
    const std::optional<std::size_t> size = base64_decode(characters, text);
    if (!size) return {.fault = Fault::base64_malformed};
    return Packet::of_binary(text.first(*size));
}

std::size_t encoded_size(const Packet& packet) noexcept {
    const std::size_t size = packet.data.size();
    return 1 + (packet.is_binary ? base64_encoded_size(size) : size);
}

void append_packet(std::string& out, const Packet& packet) {
    assert(packet.fault == Fault::none);
    if (!packet.is_binary) {
        out.push_back(digit_of(packet.type));
        out.append(packet.text());
        return;
    }
    assert(packet.type == PacketType::message);
    out.push_back(base64_prefix);
    const std::size_t begin = out.size();
    out.resize(begin + base64_encoded_size(packet.data.size()));
    base64_encode(packet.data, std::span(out).subspan(begin));
}

}  // namespace edgews::engineio
