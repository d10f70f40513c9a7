// Placeholders: where the attachments of a binary packet belong in its JSON (protocol 5, Packet
// encoding).
//
//     {"_placeholder":true,"num":0}
//
// Each attachment has exactly one, and whatever has that name is one: a client that reads
// "_placeholder":1 as true would take another attachment for it.
#pragma once

#include "core/socketio/fault.hpp"
#include "core/socketio/json_scan.hpp"
#include "core/socketio/json_tokens.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace edgews::sio {

// No packet has more attachments, whatever its limits.
inline constexpr std::size_t attachment_count_bound = 64;

// Whether there is one for each of so many attachments, and no other. Requires: not more than
// attachment_count_bound.
[[nodiscard]] Fault check_placeholders(const JsonElements& elements,
                                       std::size_t attachment_count) noexcept;

// The number of the placeholder whose members follow, behind its '{'. Nothing: it is no
// placeholder.
[[nodiscard]] std::optional<std::size_t> read_placeholder(JsonTokens tokens) noexcept;

void append_placeholder(std::string& out, std::size_t index);

}  // namespace edgews::sio
