#include "core/engineio/fault.hpp"

#include <cassert>

namespace edgews::engineio {

std::string_view describe(Fault fault) noexcept {
    switch (fault) {
        case Fault::none: return "No rule was broken.";
        case Fault::packet_empty: return "A packet has not even a type.";
        case Fault::type_unknown: return "A packet begins with a character that names no type.";
        case Fault::base64_malformed: return "What follows the b of a binary packet is not base64.";
        case Fault::payload_too_big: return "The payload is larger than the limit.";
        case Fault::payload_has_too_many: return "The payload has more packets than the limit.";
        case Fault::payload_not_utf8: return "The payload is not UTF-8.";
        case Fault::length_malformed: return "What stands for a packet's length is no number.";
        case Fault::length_beyond_payload: return "A packet is longer than its payload.";
        case Fault::length_cuts_character: return "A packet's length cuts a character.";
        case Fault::binary_payload_malformed:
            return "A packet of a binary payload says neither text nor binary.";
    }
    assert(false);
    return {};
}

}  // namespace edgews::engineio
