#include "core/socketio/msgpack_packet.hpp"

#include "core/base/ascii.hpp"
#include "core/base/number.hpp"
#include "core/base/scratch.hpp"
#include "core/socketio/json_members.hpp"
#include "core/socketio/json_string.hpp"

#include <algorithm>
#include <cassert>
#include <cstdint>

namespace edgews::sio {
namespace {

// Those of the map, as JSON. Empty: there is none of that name.
struct Members {
    std::string_view type{};
    std::string_view namespace_name{};
    std::string_view data{};
    std::string_view id{};
};

Members find_members(std::string_view json) noexcept {
    Members found;
    if (!json.starts_with('{')) return found;
    JsonMembers members(json);
    for (auto each = members.next(); !each.name.empty(); each = members.next()) {
        if (json_string_says(each.name, "type")) found.type = each.value;
        if (json_string_says(each.name, "nsp")) found.namespace_name = each.value;
        if (json_string_says(each.name, "data")) found.data = each.value;
        if (json_string_says(each.name, "id")) found.id = each.value;
    }
    return found;
}

bool has_arguments(PacketType type) noexcept {
    return type == PacketType::event || type == PacketType::acknowledgement;
}

// Data that begin otherwise could be read as the rest of an id, or the like.
Fault check_data(PacketType type, std::string_view data) noexcept {
    if (data.empty()) return Fault::none;
    if (type == PacketType::disconnect) return Fault::payload_unexpected;
    if (has_arguments(type)) {
        return data.front() == '[' ? Fault::none : Fault::payload_not_array;
    }
    return data.front() == '{' ? Fault::none : Fault::payload_not_object;
}

// A text of packet_writer's.
struct Parts {
    PacketType type;
    std::string_view namespace_name = "/";
    std::string_view id{};
    std::string_view payload{};
};

Parts split(std::string_view text) noexcept {
    Parts parts{.type = static_cast<PacketType>(text.front() - '0')};
    text.remove_prefix(1);
    if (parts.type >= PacketType::binary_event) {
        parts.type = parts.type == PacketType::binary_event ? PacketType::event
                                                            : PacketType::acknowledgement;
        text.remove_prefix(text.find('-') + 1);
    }
    if (text.starts_with('/')) {
        const std::size_t size = text.find(',');
        parts.namespace_name = text.substr(0, size);
        text.remove_prefix(size + 1);
    }
    const auto id_end = std::ranges::find_if_not(text, is_digit);
    parts.id = text.substr(0, static_cast<std::size_t>(id_end - text.begin()));
    parts.payload = text.substr(parts.id.size());
    return parts;
}

}  // namespace

Assembled MsgpackPacketReader::take(std::span<const std::byte> message,
                                    std::span<std::string_view> space) {
    const Fault fault = read(message);
    const Packet packet =
        fault == Fault::none ? decode_packet(text_, *limits_, space) : Packet{.fault = fault};
    if (packet.fault != Fault::none) return {.kind = Assembled::Kind::fault, .packet = packet};
    assert(packet.attachment_count == attachments_.size());
    return {.kind = Assembled::Kind::packet, .packet = packet, .attachments = attachments_};
}

// The JSON has no limit of its own: but for its few placeholders there are at most six bytes of it
// for each that came.
Fault MsgpackPacketReader::read(std::span<const std::byte> message) {
    clear_scratch(json_);
    clear_scratch(text_);
    found_.clear();
    attachments_.clear();
    const MsgpackLimits limits{.attachment_count_max = limits_->attachment_count_max,
                               .json_size_max = SIZE_MAX};
    const MsgpackFault fault = append_json_of_msgpack(message, limits, json_, found_);
    if (fault == MsgpackFault::too_many_attachments) return Fault::too_many_attachments;
    if (fault != MsgpackFault::none) return Fault::msgpack_malformed;
    const Fault attachment_fault = take_attachments();
    return attachment_fault == Fault::none ? append_text() : attachment_fault;
}

Fault MsgpackPacketReader::take_attachments() {
    std::size_t size = 0;
    for (const std::span<const std::byte> bytes : found_) {
        size += bytes.size();
        attachments_.push_back({.data = bytes.data(), .size = bytes.size()});
    }
    return size > limits_->attachments_size_max ? Fault::attachments_too_big : Fault::none;
}

// Of each part it is known that it is not read as another one: what else is to be checked,
// decode_packet() does.
Fault MsgpackPacketReader::append_text() {
    const auto [type_text, namespace_text, data, id] = find_members(json_);
    if (type_text.size() != 1 || type_text.front() < '0' || type_text.front() > '4') {
        return Fault::type_unknown;
    }
    const auto type = static_cast<PacketType>(type_text.front() - '0');
    if (!namespace_text.starts_with('"')) return Fault::namespace_malformed;
    const std::string_view name = json_string_text(namespace_text, scratch_);
    if (!is_namespace(name)) return Fault::namespace_malformed;
    if (!std::ranges::all_of(id, is_digit)) return Fault::id_malformed;
    const Fault fault = check_data(type, data);
    if (fault != Fault::none) return fault;
    if (attachments_.empty()) {
        text_.append(type_text);
    } else {
        if (!has_arguments(type)) return Fault::attachment_unexpected;
        text_.append(type == PacketType::event ? "5" : "6");
        append_number(text_, attachments_.size());
        text_.push_back('-');
    }
    text_.append(name).append(",").append(id).append(data);
    return Fault::none;
}

void append_msgpack_packet(std::string& out, std::string_view text,
                           std::span<const std::span<const std::byte>> attachments) {
    const auto [type, namespace_name, id, payload] = split(text);
    const int count = 2 + (payload.empty() ? 0 : 1) + (id.empty() ? 0 : 1);
    out.push_back(static_cast<char>(0x80 + count));  // A map of so many; a string is 0xA0 + size.
    out.append("\xA4type").push_back(static_cast<char>(type));
    std::string name;
    static_cast<void>(
        append_json_string(name, namespace_name));  // It is a name: see is_namespace().
    out.append("\xA3nsp");
    append_msgpack_of_json(out, name, {});
    if (!payload.empty()) {
        out.append("\xA4").append("data");
        append_msgpack_of_json(out, payload, attachments);
    }
    if (id.empty()) return;
    out.append("\xA2id");
    append_msgpack_of_json(out, id, {});
}

}  // namespace edgews::sio
