#include "net/engineio/shared_packet.hpp"

#include "core/engineio/packet_v3.hpp"
#include "core/engineio/payload.hpp"
#include "core/kernels/utf8.hpp"
#include "core/websocket/frame.hpp"

#include <cassert>
#include <string>

namespace edgews::engineio {

namespace {

PreparedMessage prepare_v3(const Packet& packet, Dialect dialect) {
    std::string bytes;
    const bool is_text = dialect == Dialect::v3_base64;
    is_text ? append_packet_v3(bytes, packet) : append_binary_packet_v3(bytes, packet);
    return {is_text ? Opcode::text : Opcode::binary, std::as_bytes(std::span(bytes))};
}

}  // namespace

SharedPacket::SharedPacket(const Packet& packet, bool is_for_v3) {
    assert(packet.fault == Fault::none);
    if (packet.is_binary) {
        prepared_ = PreparedMessage(Opcode::binary, packet.data);
        if (is_for_v3) prepared_v3_ = prepare_v3(packet, Dialect::v3);
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

PreparedMessage SharedPacket::prepared_for(Dialect dialect) const {
    const bool is_other = is_v3(dialect) && prepared_.opcode() == Opcode::binary;
    if (!is_other) return prepared_;
    if (dialect == Dialect::v3 && prepared_v3_) return prepared_v3_;
    return prepare_v3(packet(), dialect);
}

Packet SharedPacket::packet() const noexcept {
    const std::span<const std::byte> payload = prepared_.payload();
    if (prepared_.opcode() == Opcode::binary) return Packet::of_binary(payload);
    const auto digit = std::to_integer<char>(payload.front());
    return {.type = static_cast<PacketType>(digit - '0'), .data = payload.subspan(1)};
}

}  // namespace edgews::engineio
