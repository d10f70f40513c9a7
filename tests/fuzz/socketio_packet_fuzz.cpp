// Invariants: of any messages that a client may send,
//
// - a packet's parts lie in its text, its arguments are JSON, and written again it is the same
//   packet;
// - it comes with as many attachments as it says, which are those messages that followed it;
// - nothing follows a fault, what is kept meanwhile is bounded by what arrived, and between two
//   packets nothing is.
//
// The first byte of the input chooses the limits. The rest is messages with 0x1E between them: one
// that begins with 'b' is binary, any other is text.
#include "core/socketio/packet_assembler.hpp"
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
#include <vector>

namespace {

using namespace edgews::sio;

using Space = std::array<std::string_view, 16>;

void check(bool holds) {
    if (!holds) std::abort();
}

void check_same(const Packet& packet, const Packet& again) {
    check(again.fault == Fault::none);
    check(again.namespace_name == packet.namespace_name);
    check(again.id == packet.id);
    check(again.attachment_count == packet.attachment_count);
    check(std::ranges::equal(again.arguments, packet.arguments));
    check(again.argument_text.text() == packet.argument_text.text());
}

// Packets with a number for a name come back with a string; binary ones of nothing as others.
void check_written(const Packet& packet, const PacketLimits& limits) {
    const PacketHead head{.namespace_name = packet.namespace_name,
                          .id = packet.id,
                          .attachment_count = packet.attachment_count};
    std::string out;
    std::string scratch;
    std::string again_scratch;
    Space space;
    if (packet.is_event()) {
        const std::string name(event_name(packet, scratch));
        check(append_event(out, head, name, packet.argument_text) == Fault::none);
        const Packet again = decode_packet(out, limits, space);
        check_same(packet, again);
        check(again.is_event());
        check(event_name(again, again_scratch) == name);
    } else if (packet.is_acknowledgement()) {
        check(append_acknowledgement(out, head, packet.argument_text) == Fault::none);
        const Packet again = decode_packet(out, limits, space);
        check_same(packet, again);
        check(again.is_acknowledgement());
    }
}

void check_packet(const Packet& packet, const PacketLimits& limits) {
    check(is_namespace(packet.namespace_name));
    check(packet.namespace_name.size() <= limits.namespace_size_max);
    check(packet.attachment_count <= limits.attachment_count_max);
    for (const std::string_view argument : packet.arguments) {
        check(scan_json(argument).fault() == JsonFault::none);
    }
    check(scan_json_elements(packet.argument_text.text()).fault() == JsonFault::none);
    check(packet.argument_text.count() == packet.arguments.size());
    check_written(packet, limits);
}

void check_place(const Packet& packet, std::string_view text) {
    const auto check_part = [text](std::string_view part) {
        const auto outer = std::as_bytes(std::span(text));
        check(part.empty() || edgews::contains(outer, std::as_bytes(std::span(part))));
    };
    if (packet.namespace_name != "/") check_part(packet.namespace_name);
    check_part(packet.payload);
    check_part(packet.name);
    check_part(packet.argument_text.text());
    for (const std::string_view argument : packet.arguments) check_part(argument);
}

class Feed {
  public:
    explicit Feed(const PacketLimits& limits) : limits_(limits) {}

    // In a heap block of exactly the size, which is gone after the call.
    void message(std::string_view message) {
        const bool is_binary = message.starts_with('b');
        if (is_binary) message.remove_prefix(1);
        const auto block = std::make_unique<std::byte[]>(message.size());
        if (!message.empty()) std::memcpy(block.get(), message.data(), message.size());
        const std::span<const std::byte> bytes(block.get(), message.size());
        const std::string_view text(reinterpret_cast<const char*>(block.get()), message.size());
        Space space;
        if (!is_binary) arrived_ = 0;
        arrived_ += message.size();
        if (is_binary) binary_.emplace_back(message);
        const Assembled result =
            is_binary ? assembler_.take_binary(bytes, space) : assembler_.take_text(text, space);
        // Two blocks of less than twice what arrived, or of 256 bytes, and their headers.
        check(pool_.lent_size() <= 2 * arrived_ + 2 * 16 * 64 + 640);
        look_at(result, text, is_binary);
        if (assembler_.is_inside_packet()) return;
        const bool is_shown = is_binary && result.kind == Assembled::Kind::packet;
        if (!is_shown) check(pool_.lent_size() == 0);
        binary_.clear();
    }

  private:
    void look_at(const Assembled& result, std::string_view text, bool is_binary) {
        check(!has_failed_ || result.kind == Assembled::Kind::none);
        check((result.kind == Assembled::Kind::fault) == (result.packet.fault != Fault::none));
        has_failed_ = has_failed_ || result.kind == Assembled::Kind::fault;
        if (result.kind != Assembled::Kind::packet) return;
        check(result.packet.attachment_count == result.attachments.size());
        check(is_binary == !result.attachments.empty());
        check_packet(result.packet, limits_);
        if (!is_binary) return check_place(result.packet, text);
        check(binary_.size() == result.attachments.size());
        std::size_t size = 0;
        for (std::size_t i = 0; i < binary_.size(); ++i) {
            const auto kept = std::as_bytes(std::span(binary_[i]));
            check(std::ranges::equal(result.attachments[i].bytes(), kept));
            size += kept.size();
        }
        check(size <= limits_.attachments_size_max);
    }

    PacketLimits limits_;
    edgews::BufferPool pool_{0};  // Keeps nothing: a sanitizer sees late uses.
    PacketAssembler assembler_{limits_, pool_};
    std::vector<std::string> binary_;
    std::size_t arrived_ = 0;  // Of the packet.
    bool has_failed_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    PacketLimits limits;
    if ((data[0] & 1) != 0) limits.attachment_count_max = 64;
    if ((data[0] & 2) != 0) limits.attachments_size_max = 4;
    if ((data[0] & 4) != 0) limits.namespace_size_max = 4;
    Feed feed(limits);
    std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    for (;;) {
        const std::size_t end = rest.find('\x1E');
        feed.message(rest.substr(0, end));
        if (end == std::string_view::npos) return 0;
        rest.remove_prefix(end + 1);
    }
}
