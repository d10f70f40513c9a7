// What a peer can do wrong in the packets of Socket.IO (protocol 5), and an application in those
// that it has sent.
//
// One enumerator for each rule, so that a test, a log line and a counter can tell which was broken.
#pragma once

#include <cstdint>
#include <string_view>

namespace edgews::sio {

enum class Fault : std::uint8_t {
    none,
    // Of the head of a packet (Packet encoding, Format).
    packet_empty,
    type_unknown,           // The first character is not '0' to '6'; of MessagePack, 0 to 4.
    attachments_malformed,  // A binary packet's number of attachments, or the '-' behind it.
    too_many_attachments,   // More than PacketLimits::attachment_count_max.
    namespace_too_long,     // More bytes than PacketLimits::namespace_size_max.
    namespace_malformed,    // It is none, see is_namespace().
    id_missing,             // Of an acknowledgement.
    id_unexpected,          // Only events have one, and acknowledgements.
    id_malformed,           // Of MessagePack: something else than digits.
    id_too_large,           // More than JavaScript's numbers hold.
    msgpack_malformed,      // It is no MessagePack that we read, see MsgpackFault.
    // Of its payload (Exchange protocol).
    payload_missing,       // Of all but CONNECT and DISCONNECT.
    payload_unexpected,    // DISCONNECT has none.
    payload_malformed,     // It is not JSON, see Packet::json_fault.
    payload_not_object,    // Of CONNECT and CONNECT_ERROR.
    payload_not_array,     // Of events and acknowledgements.
    too_many_elements,     // More than there is room for.
    event_name_missing,    // The array of an event is empty.
    event_name_malformed,  // The first element is neither a string nor a number.
    event_name_reserved,   // See is_reserved_event().
    // Of its attachments.
    placeholder_malformed,  // Not {"_placeholder":true,"num":…}, with a number and nothing else.
    placeholder_out_of_range,  // Its number is that of no attachment.
    placeholder_repeated,      // Two have one number.
    placeholder_missing,       // There is none for some attachment.
    attachment_missing,        // Text came in its place.
    attachment_unexpected,     // Binary came, and no packet waits for any.
    attachments_too_big,       // More bytes than PacketLimits::attachments_size_max.
    no_memory,                 // No rule: ours, that there is none to keep the attachments.
    // Of what is to be written.
    text_not_utf8,  // The name of an event, or the message of an error.
};

// One sentence, fit for a log.
[[nodiscard]] std::string_view describe(Fault fault) noexcept;

}  // namespace edgews::sio
