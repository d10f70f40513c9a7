#include "core/socketio/packet_writer.hpp"

#include "core/base/number.hpp"
#include "core/socketio/json_string.hpp"
#include "core/socketio/packet.hpp"
#include "core/socketio/placeholders.hpp"

#include <cassert>

namespace edgews::sio {
namespace {

void append_type(std::string& out, PacketType type) {
    out.push_back(static_cast<char>('0' + static_cast<int>(type)));
}

void append_namespace(std::string& out, std::string_view name) {
    assert(is_namespace(name));
    if (name != "/") out.append(name).append(",");
}

// `type`: the one without attachments.
void append_head(std::string& out, PacketType type, const PacketHead& head) {
    if (head.attachment_count == 0) {
        append_type(out, type);
    } else {
        append_type(out, type == PacketType::event ? PacketType::binary_event
                                                   : PacketType::binary_acknowledgement);
        append_number(out, head.attachment_count);
        out.push_back('-');
    }
    append_namespace(out, head.namespace_name);
    if (head.id) append_number(out, *head.id);
}

Fault check(const PacketHead& head, const JsonElements& arguments) noexcept {
    if (head.attachment_count > attachment_count_bound) return Fault::too_many_attachments;
    if (head.id && *head.id > packet_id_max) return Fault::id_too_large;
    if (head.attachment_count == 0) return Fault::none;
    return check_placeholders(arguments, head.attachment_count);
}

}  // namespace

Fault append_event(std::string& out, const PacketHead& head, std::string_view name,
                   const JsonElements& arguments) {
    if (is_reserved_event(name)) return Fault::event_name_reserved;
    const Fault fault = check(head, arguments);
    if (fault != Fault::none) return fault;
    const std::size_t begin = out.size();
    append_head(out, PacketType::event, head);
    out.push_back('[');
    if (!append_json_string(out, name)) {
        out.resize(begin);
        return Fault::text_not_utf8;
    }
    if (!arguments.is_empty()) out.append(",").append(arguments.text());
    if (head.offset != 0) {
        out.append(",\"");
        append_number(out, head.offset);
        out.push_back('"');
    }
    out.push_back(']');
    return Fault::none;
}

Fault append_acknowledgement(std::string& out, const PacketHead& head,
                             const JsonElements& arguments) {
    if (!head.id) return Fault::id_missing;
    const Fault fault = check(head, arguments);
    if (fault != Fault::none) return fault;
    append_head(out, PacketType::acknowledgement, head);
    out.append("[").append(arguments.text()).append("]");
    return Fault::none;
}

void append_connect(std::string& out, std::string_view namespace_name, std::string_view session_id,
                    std::string_view private_id) {
    append_bare(out, PacketType::connect, namespace_name);
    out.append("{\"sid\":\"").append(session_id);
    if (!private_id.empty()) out.append("\",\"pid\":\"").append(private_id);
    out.append("\"}");
}

Fault append_connect_error(std::string& out, std::string_view namespace_name,
                           std::string_view message, const JsonElements& data) {
    assert(data.count() <= 1);
    const std::size_t begin = out.size();
    append_bare(out, PacketType::connect_error, namespace_name);
    out.append("{\"message\":");
    if (!append_json_string(out, message)) {
        out.resize(begin);
        return Fault::text_not_utf8;
    }
    if (!data.is_empty()) out.append(",\"data\":").append(data.text());
    out.push_back('}');
    return Fault::none;
}

void append_disconnect(std::string& out, std::string_view namespace_name) {
    append_bare(out, PacketType::disconnect, namespace_name);
}

void append_bare(std::string& out, PacketType type, std::string_view namespace_name) {
    append_type(out, type);
    append_namespace(out, namespace_name);
}

}  // namespace edgews::sio
