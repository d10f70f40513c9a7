#include "core/websocket/fault.hpp"

#include <edgews/close_code.hpp>

#include <cassert>

namespace edgews {

std::uint16_t close_code_for(Fault fault) noexcept {
    assert(fault != Fault::none);
    switch (fault) {
        case Fault::reserved_bits:
        case Fault::reserved_opcode:
        case Fault::unmasked_client_frame:
        case Fault::masked_server_frame:
        case Fault::fragmented_control_frame:
        case Fault::control_frame_too_long:
        case Fault::length_not_minimal:
        case Fault::length_top_bit:
        case Fault::unexpected_continuation:
        case Fault::expected_continuation:
        case Fault::close_payload_of_one:
        case Fault::close_code_invalid: return close_code::protocol_error;
        case Fault::invalid_utf8:
        case Fault::compression_malformed: return close_code::invalid_payload;
        case Fault::message_too_big:
        case Fault::frame_too_big: return close_code::message_too_big;
        case Fault::too_many_fragments: return close_code::policy_violation;
        case Fault::no_memory: return close_code::try_again_later;
        case Fault::none: break;
    }
    return close_code::internal_error;
}

std::string_view describe(Fault fault) noexcept {
    switch (fault) {
        case Fault::none: return "No rule was broken.";
        case Fault::reserved_bits: return "A reserved bit is set and no extension defines it.";
        case Fault::reserved_opcode: return "The opcode is reserved.";
        case Fault::unmasked_client_frame: return "A client must mask its frames.";
        case Fault::masked_server_frame: return "A server must not mask its frames.";
        case Fault::fragmented_control_frame: return "A control frame must not be fragmented.";
        case Fault::control_frame_too_long: return "A control frame carries at most 125 bytes.";
        case Fault::length_not_minimal:
            return "The payload length must be encoded in as few bytes as possible.";
        case Fault::length_top_bit:
            return "The most significant bit of the payload length must be 0.";
        case Fault::unexpected_continuation:
            return "There is no message for this continuation frame.";
        case Fault::expected_continuation: return "A new message began before the last one ended.";
        case Fault::invalid_utf8: return "The text is not valid UTF-8.";
        case Fault::close_payload_of_one:
            return "A close frame's payload is empty or begins with a code of two bytes.";
        case Fault::close_code_invalid: return "This close code must not be sent.";
        case Fault::message_too_big: return "The message is larger than the limit.";
        case Fault::frame_too_big: return "The frame is larger than the limit.";
        case Fault::too_many_fragments: return "The message has more fragments than the limit.";
        case Fault::compression_malformed: return "The compressed message is malformed.";
        case Fault::no_memory: return "There is no memory for the message now.";
    }
    return {};
}

}  // namespace edgews
