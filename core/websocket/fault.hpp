// The faults that a peer can commit on an established connection (RFC 6455).
//
// One enumerator per rule, so that a test, a log line and a counter can tell
// which rule was broken; each knows the close code and the sentence that the
// peer is told (RFC 6455, section 7.1.7).
#pragma once

#include <cstdint>
#include <string_view>

namespace edgews {

enum class Fault : std::uint8_t {
    none,
    reserved_bits,             // 5.2: RSV1-3 set and no extension defines them
    reserved_opcode,           // 5.2: 3-7 or 11-15
    unmasked_client_frame,     // 5.1: a server closes when a frame is not masked
    masked_server_frame,       // 5.1: a client closes when a frame is masked
    fragmented_control_frame,  // 5.5: a control frame without FIN
    control_frame_too_long,    // 5.5: a control frame of more than 125 bytes
    length_not_minimal,        // 5.2: the minimal number of bytes must be used
    length_top_bit,            // 5.2: the most significant bit must be 0
    unexpected_continuation,   // 5.4: a continuation frame, but no message to continue
    expected_continuation,     // 5.4: a new data frame inside a fragmented message
    invalid_utf8,              // 8.1: text or a close reason that is not UTF-8
    close_payload_of_one,      // 5.5.1: a close body is empty or starts with a code
    close_code_invalid,        // 7.4: a code that must not appear on the wire
    message_too_big,           // 7.4.1: over the limit on a message
    frame_too_big,             // 7.4.1: over the limit on a frame
    too_many_fragments,        // 10.4: over the limit on the frames of a message
    compression_malformed,     // RFC 7692 7.2.2: a compressed message that is no DEFLATE stream
    no_memory,                 // No rule: ours, that there is no memory for the message
};

// The status code that the close frame carries (RFC 6455, section 7.4.1).
// Requires: not `none`.
[[nodiscard]] std::uint16_t close_code_for(Fault fault) noexcept;

// One sentence of at most 123 bytes, fit for a close frame's reason and for a log.
[[nodiscard]] std::string_view describe(Fault fault) noexcept;

}  // namespace edgews
