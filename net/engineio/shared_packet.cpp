#include "net/engineio/shared_packet.hpp"

#include "core/engineio/payload.hpp"
#include "core/kernels/utf8.hpp"
#include "core/websocket/frame.hpp"

#include <cassert>
#include <string>

namespace edgews::engineio {

SharedPacket::SharedPacket(const Packet& packet) {
    assert(packet.fault == Fault::none);
    if (packet.is_binary) {
        prepared_ = PreparedMessage(Opcode::binary, packet.data);
        fits_payload_ = true;
        return;
    }
    if (!is_utf8(packet.text())) return;
    std::string text;
    text.reserve(encoded_size(packet));
    append_packet(text, packet);
    prepared_ = PreparedMessage(Opcode::text, std::as_bytes(std::span(text)));
    fits_payload_ = packet.text().find(packet_separator) == std::string_view::npos;
}

Packet SharedPacket::packet() const noexcept {
    const std::span<const std::byte> payload = prepared_.payload();
    if (prepared_.opcode() == Opcode::binary) return Packet::of_binary(payload);
    const auto digit = std::to_integer<char>(payload.front());
    return {.type = static_cast<PacketType>(digit - '0'), .data = payload.subspan(1)};
}

}  // namespace edgews::engineio
