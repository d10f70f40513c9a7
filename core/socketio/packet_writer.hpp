// Packets of Socket.IO to be sent, as text (protocol 5, Packet encoding), without the type of
// Engine.IO's packet.
//
// Arguments are JsonElements, so that only what was checked gets into a packet. Where there is
// something to refuse, the result says what, and nothing is written. All append to `out`.
#pragma once

#include "core/socketio/fault.hpp"
#include "core/socketio/json_scan.hpp"
#include "core/socketio/packet.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace edgews::sio {

// What stands in front of an event's or acknowledgement's payload. Requires: is_namespace().
struct PacketHead {
    std::string_view namespace_name = "/";
    std::optional<std::uint64_t> id{};  // Of an event: an acknowledgement is asked for.
    std::size_t attachment_count = 0;   // They follow. Above 0 it is a binary packet.
    // Of an event: a further argument, by which a client that comes back says what it got last
    // (Connection state recovery). 0: none.
    std::uint64_t offset = 0;
};

// Refused: a name that is reserved or not UTF-8; attachments and placeholders that do not fit each
// other. Without attachments, placeholders are data like any other.
[[nodiscard]] Fault append_event(std::string& out, const PacketHead& head, std::string_view name,
                                 const JsonElements& arguments);
// Refused: the same of attachments, and an id that is missing.
[[nodiscard]] Fault append_acknowledgement(std::string& out, const PacketHead& head,
                                           const JsonElements& arguments);

// The server's answer to CONNECT. In the ids nothing has to be escaped. `private_id`: with which
// the client may come back. Empty: it may not.
void append_connect(std::string& out, std::string_view namespace_name, std::string_view session_id,
                    std::string_view private_id = {});
// The other answer. `data`: one value at most, for the application at the other end. Refused: a
// message that is not UTF-8.
[[nodiscard]] Fault append_connect_error(std::string& out, std::string_view namespace_name,
                                         std::string_view message, const JsonElements& data = {});
void append_disconnect(std::string& out, std::string_view namespace_name);
// A type and a namespace, behind which others may write more.
void append_bare(std::string& out, PacketType type, std::string_view namespace_name);

}  // namespace edgews::sio
