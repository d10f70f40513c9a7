// What a peer can do wrong in the packets of Engine.IO (protocol 4, Packet encoding).
//
// One enumerator for each rule, so that a test, a log line and a counter can tell which was broken.
#pragma once

#include <cstdint>
#include <string_view>

namespace edgews::engineio {

enum class Fault : std::uint8_t {
    none,
    packet_empty,      // No type: an empty payload, or a separator with nothing before or behind.
    type_unknown,      // The first character is neither '0' to '6' nor the 'b' of base64.
    base64_malformed,  // Behind a 'b' there is something else, line ends left aside.
    payload_too_big,   // More bytes than PayloadLimits::size_max.
    payload_has_too_many,  // More packets than PayloadLimits::packet_count_max.
    payload_not_utf8,      // Text and base64 are UTF-8.
};

// One sentence, fit for a log.
[[nodiscard]] std::string_view describe(Fault fault) noexcept;

}  // namespace edgews::engineio
