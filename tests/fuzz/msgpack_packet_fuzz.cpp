// Invariants: of any message, a packet's arguments are JSON, its attachments lie inside the
// message, and written and read again it is the same packet; nothing is said of one with a fault.
//
// The first byte of the input chooses the limits.
#include "core/base/buffer.hpp"
#include "core/socketio/msgpack_packet.hpp"
#include "core/socketio/packet_writer.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace {

using namespace edgews::sio;

using Space = std::array<std::string_view, 16>;

void check(bool holds) {
    if (!holds) std::abort();
}

// Nothing: it is no packet that a server sends. One with a number for a name comes back with a
// string.
std::string text_of(const Packet& packet) {
    const PacketHead head{.namespace_name = packet.namespace_name,
                          .id = packet.id,
                          .attachment_count = packet.attachment_count};
    std::string out;
    std::string scratch;
    if (packet.is_event()) {
        const std::string name(event_name(packet, scratch));
        check(append_event(out, head, name, packet.argument_text) == Fault::none);
    } else if (packet.is_acknowledgement()) {
        check(append_acknowledgement(out, head, packet.argument_text) == Fault::none);
    } else if (packet.type == PacketType::disconnect) {
        append_disconnect(out, packet.namespace_name);
    }
    return out;
}

void check_same(const Assembled& made, const Assembled& again) {
    check(again.kind == Assembled::Kind::packet);
    check(again.packet.type == made.packet.type);
    check(again.packet.namespace_name == made.packet.namespace_name);
    check(again.packet.id == made.packet.id);
    check(std::ranges::equal(again.packet.arguments, made.packet.arguments));
    check(std::ranges::equal(again.attachments, made.attachments, [](const auto& a, const auto& b) {
        return std::ranges::equal(a.bytes(), b.bytes());
    }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    PacketLimits limits;
    if ((data[0] & 1) != 0) limits.attachment_count_max = 64;
    if ((data[0] & 2) != 0) limits.attachments_size_max = 4;
    if ((data[0] & 4) != 0) limits.namespace_size_max = 4;
    // In a heap block of exactly the size.
    const auto block = std::make_unique<std::byte[]>(size - 1);
    if (size > 1) std::memcpy(block.get(), data + 1, size - 1);
    const std::span<const std::byte> message(block.get(), size - 1);
    MsgpackPacketReader reader(limits);
    Space space;
    const Assembled made = reader.take(message, space);
    check((made.kind == Assembled::Kind::fault) == (made.packet.fault != Fault::none));
    if (made.kind == Assembled::Kind::fault) return 0;
    check(made.kind == Assembled::Kind::packet);
    check(is_namespace(made.packet.namespace_name));
    check(made.packet.namespace_name.size() <= limits.namespace_size_max);
    check(made.attachments.size() == made.packet.attachment_count);
    check(made.attachments.size() <= limits.attachment_count_max);
    for (const std::string_view argument : made.packet.arguments) {
        check(scan_json(argument).fault() == JsonFault::none);
    }
    Attachments attachments;
    for (const Attachment& each : made.attachments) {
        check(edgews::contains(message, each.bytes()));
        attachments.push_back(each.bytes());
    }
    const std::string text = text_of(made.packet);
    if (text.empty()) return 0;
    std::string written;
    append_msgpack_packet(written, text, attachments);
    MsgpackPacketReader other(limits);
    Space other_space;
    check_same(made, other.take(std::as_bytes(std::span(written)), other_space));
    return 0;
}
