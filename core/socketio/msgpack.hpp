// MessagePack as the JSON and the attachments of a packet, and back (the MessagePack specification;
// what npm's socket.io-msgpack-parser has from notepack.io beside that).
//
//     bin, or ext 8, 16 and 32 of type 0    an attachment, and its placeholder in the JSON
//     fixext 1 of type 0: undefined         null; a member of a map is left out
//     fixext 8 of type 0: milliseconds      the time as JSON writes it: "2026-11-30T17:26:02.000Z"
//     a float that is no number             null, as JSON writes it
//
// No recursion; what is claimed is believed when it is there. Attachments are views of what they
// were read from.
#pragma once

#include "core/socketio/json_scan.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sio {

using Attachments = std::vector<std::span<const std::byte>>;

// What can be wrong with MessagePack: one enumerator for each rule.
enum class MsgpackFault : std::uint8_t {
    none,
    cut,                   // It ends inside a value, or before one.
    bytes_behind,          // Something follows the value.
    type_unknown,          // The byte 0xC1, or an ext that is none of those above.
    key_not_string,        // Of a map.
    text_not_utf8,         // Of a string.
    too_deep,              // More than json_depth_max arrays and maps inside each other.
    too_many_attachments,  // More than MsgpackLimits::attachment_count_max.
    json_too_big,          // More than MsgpackLimits::json_size_max.
};

// One sentence, fit for a log.
[[nodiscard]] std::string_view describe(MsgpackFault fault) noexcept;

struct MsgpackLimits {
    std::size_t attachment_count_max = 10;
    // Bytes of JSON: there may be some sixteen for each byte that is read.
    std::size_t json_size_max = 1'000'000;
};

// Appends a whole value as JSON to `json`, and its attachments to `attachments`, which may have
// some before. With a fault, both are as they were.
[[nodiscard]] MsgpackFault append_json_of_msgpack(std::span<const std::byte> bytes,
                                                  const MsgpackLimits& limits, std::string& json,
                                                  Attachments& attachments);

// Appends a JSON value as MessagePack, where its placeholders are the attachments of those numbers.
// A number is an integer, if it is written as one and 64 bits hold it, or a double; one that is
// beyond those, nil. Requires: scan_json() was content with it.
void append_msgpack_of_json(std::string& out, std::string_view json,
                            std::span<const std::span<const std::byte>> attachments);

}  // namespace edgews::sio
