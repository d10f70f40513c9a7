#include "core/socketio/fault.hpp"

#include <cassert>

namespace edgews::sio {

std::string_view describe(Fault fault) noexcept {
    switch (fault) {
        case Fault::none: return "No rule was broken.";
        case Fault::packet_empty: return "A packet has not even a type.";
        case Fault::type_unknown: return "A packet has no type that is known.";
        case Fault::attachments_malformed: return "A binary packet does not say its attachments.";
        case Fault::too_many_attachments: return "A packet has more attachments than the limit.";
        case Fault::namespace_too_long: return "The name of a namespace is longer than the limit.";
        case Fault::namespace_malformed: return "A packet names no namespace that can be.";
        case Fault::id_missing: return "An acknowledgement does not say what it is of.";
        case Fault::id_unexpected: return "A packet has an id that is no event.";
        case Fault::id_malformed: return "An id has more in it than digits.";
        case Fault::id_too_large: return "An id is larger than the limit.";
        case Fault::msgpack_malformed: return "A packet is not in MessagePack.";
        case Fault::payload_missing: return "A packet has no payload.";
        case Fault::payload_unexpected: return "A DISCONNECT packet has a payload.";
        case Fault::payload_malformed: return "The payload of a packet is not JSON.";
        case Fault::payload_not_object: return "The payload of a packet has to be an object.";
        case Fault::payload_not_array: return "The payload of a packet has to be an array.";
        case Fault::too_many_elements: return "A packet has more elements than the limit.";
        case Fault::event_name_missing: return "An event has no name.";
        case Fault::event_name_malformed: return "An event's name is no string and no number.";
        case Fault::event_name_reserved: return "An event has a name that is reserved.";
        case Fault::placeholder_malformed: return "A placeholder has not the form of one.";
        case Fault::placeholder_out_of_range: return "A placeholder is for no attachment.";
        case Fault::placeholder_repeated: return "Two placeholders are for one attachment.";
        case Fault::placeholder_missing: return "An attachment has no placeholder.";
        case Fault::attachment_missing: return "Text came where an attachment was due.";
        case Fault::attachment_unexpected: return "Binary came that is no packet's attachment.";
        case Fault::attachments_too_big: return "A packet's attachments are larger than the limit.";
        case Fault::no_memory: return "There is no memory for a packet's attachments.";
        case Fault::text_not_utf8: return "A text that is to be sent is not UTF-8.";
    }
    assert(false);
    return {};
}

}  // namespace edgews::sio
