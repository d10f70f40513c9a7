// What a peer can do wrong in the packets of Engine.IO (protocol 4, Packet encoding; protocol 3,
// Encoding).
//
// One enumerator for each rule, so that a test, a log line and a counter can tell which was broken.
#pragma once

#include <cstdint>
#include <string_view>

namespace edgews::engineio {

enum class Fault : std::uint8_t {
    none,
    packet_empty,  // No type: an empty payload, or a separator with nothing before or behind.
    // The first character is neither '0' to '6' nor the 'b' of base64; or in protocol 3, where each
    // packet could be binary, one is that is no message.
    type_unknown,
    base64_malformed,      // Behind a 'b' there is something else, line ends left aside.
    payload_too_big,       // More bytes than PayloadLimits::size_max.
    payload_has_too_many,  // More packets than PayloadLimits::packet_count_max.
    payload_not_utf8,      // Text and base64 are UTF-8.
    // Of protocol 3, whose packets have a length in front.
    length_malformed,          // It is no number, or is not written as one would be.
    length_beyond_payload,     // The payload ends before its packet does.
    length_cuts_character,     // It ends its packet between two surrogates.
    binary_payload_malformed,  // Where a packet begins there is neither 0 for text nor 1 for bytes.
};

// One sentence, fit for a log.
[[nodiscard]] std::string_view describe(Fault fault) noexcept;

}  // namespace edgews::engineio
