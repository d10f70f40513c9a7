#include "core/socketio/packet.hpp"

#include "core/base/ascii.hpp"
#include "core/base/number.hpp"
#include "core/kernels/utf8.hpp"
#include "core/socketio/json_string.hpp"
#include "core/socketio/placeholders.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace edgews::sio {
namespace {

constexpr std::size_t id_digit_count_max = 16;

constexpr std::array<std::string_view, 6> reserved_events{
    "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener",
};

// Removes the digits at the front of `text`.
std::string_view take_digits(std::string_view& text) noexcept {
    const auto end = std::ranges::find_if_not(text, is_digit);
    const std::string_view digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(digits.size());
    return digits;
}

Fault take_attachment_count(std::string_view& text, const PacketLimits& limits,
                            Packet& packet) noexcept {
    const std::string_view digits = take_digits(text);
    if (digits.empty() || !text.starts_with('-')) return Fault::attachments_malformed;
    text.remove_prefix(1);
    const std::size_t count_max = std::min(limits.attachment_count_max, attachment_count_bound);
    const std::optional<std::size_t> count = parse_number<std::size_t>(digits);
    if (!count || *count > count_max) return Fault::too_many_attachments;
    packet.attachment_count = *count;
    return Fault::none;
}

// Also one to the end: no comma has to tell it from anything.
Fault take_namespace(std::string_view& text, const PacketLimits& limits, Packet& packet) noexcept {
    if (!text.starts_with('/')) return Fault::none;
    const std::size_t room = std::min(limits.namespace_size_max, text.size());
    const std::size_t size = std::min(text.substr(0, room + 1).find(','), text.size());
    if (size > room) return Fault::namespace_too_long;
    const std::string_view name = text.substr(0, size);
    if (!is_namespace(name)) return Fault::namespace_malformed;
    packet.namespace_name = name;
    text.remove_prefix(std::min(size + 1, text.size()));
    return Fault::none;
}

Fault take_id(std::string_view& text, Packet& packet) noexcept {
    const std::string_view digits = take_digits(text);
    if (digits.empty()) {
        return packet.is_acknowledgement() ? Fault::id_missing : Fault::none;
    }
    if (!packet.is_event() && !packet.is_acknowledgement()) return Fault::id_unexpected;
    if (digits.size() > id_digit_count_max) return Fault::id_too_large;
    packet.id = parse_number<std::uint64_t>(digits);
    return *packet.id > packet_id_max ? Fault::id_too_large : Fault::none;
}

Fault check_name(std::string_view name) noexcept {
    if (name.front() == '-' || is_digit(name.front())) return Fault::none;
    if (name.front() != '"') return Fault::event_name_malformed;
    const bool is_escaped = name.find('\\') != std::string_view::npos;
    const auto says = [name](std::string_view reserved) {
        return json_string_says(name, reserved);
    };
    const bool is_reserved = is_escaped ? std::ranges::any_of(reserved_events, says)
                                        : is_reserved_event(name.substr(1, name.size() - 2));
    return is_reserved ? Fault::event_name_reserved : Fault::none;
}

// Of an event or an acknowledgement.
Fault take_elements(const JsonScan& scan, std::span<std::string_view> space,
                    Packet& packet) noexcept {
    if (scan.kind() != JsonScan::Kind::array) return Fault::payload_not_array;
    if (scan.element_count() > space.size()) return Fault::too_many_elements;
    std::span<const std::string_view> elements = space.first(scan.element_count());
    if (packet.is_event()) {
        if (elements.empty()) return Fault::event_name_missing;
        packet.name = elements.front();
        const Fault fault = check_name(packet.name);
        if (fault != Fault::none) return fault;
        elements = elements.subspan(1);
    }
    packet.arguments = elements;
    packet.argument_text = scan.elements_from(packet.is_event() ? 1 : 0);
    if (!packet.is_binary()) return Fault::none;
    return check_placeholders(packet.argument_text, packet.attachment_count);
}

Fault take_payload(std::string_view text, std::span<std::string_view> space,
                   Packet& packet) noexcept {
    if (packet.type == PacketType::disconnect) {
        return text.empty() ? Fault::none : Fault::payload_unexpected;
    }
    if (text.empty()) {
        return packet.type == PacketType::connect ? Fault::none : Fault::payload_missing;
    }
    const JsonScan scan = scan_json(text, space);
    packet.json_fault = scan.fault();
    if (scan.fault() != JsonFault::none) return Fault::payload_malformed;
    packet.payload = text;
    if (packet.is_event() || packet.is_acknowledgement()) return take_elements(scan, space, packet);
    return scan.kind() == JsonScan::Kind::object ? Fault::none : Fault::payload_not_object;
}

// What is wrong with a text; `packet` has all that comes before that.
Fault read_packet(std::string_view text, const PacketLimits& limits,
                  std::span<std::string_view> space, Packet& packet) noexcept {
    if (text.empty()) return Fault::packet_empty;
    const char type = text.front();
    if (type < '0' || type > '6') return Fault::type_unknown;
    text.remove_prefix(1);
    packet.type = static_cast<PacketType>(type - '0');
    Fault fault = Fault::none;
    if (packet.is_binary()) fault = take_attachment_count(text, limits, packet);
    if (fault == Fault::none) fault = take_namespace(text, limits, packet);
    if (fault == Fault::none) fault = take_id(text, packet);
    return fault == Fault::none ? take_payload(text, space, packet) : fault;
}

}  // namespace

Packet decode_packet(std::string_view text, const PacketLimits& limits,
                     std::span<std::string_view> space) noexcept {
    Packet packet;
    const Fault fault = read_packet(text, limits, space, packet);
    if (fault != Fault::none) packet = {.fault = fault, .json_fault = packet.json_fault};
    return packet;
}

std::string_view event_name(const Packet& packet, std::string& scratch) {
    assert(packet.is_event() && !packet.name.empty());
    return packet.name.front() == '"' ? json_string_text(packet.name, scratch) : packet.name;
}

bool is_reserved_event(std::string_view name) noexcept {
    return std::ranges::find(reserved_events, name) != reserved_events.end();
}

bool is_namespace(std::string_view name) noexcept {
    if (!name.starts_with('/') || name.find(',') != std::string_view::npos) return false;
    return std::ranges::none_of(name, is_control_char) && is_utf8(name);
}

}  // namespace edgews::sio
