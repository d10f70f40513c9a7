#include "core/redis/fault.hpp"

#include <cassert>

namespace edgews::redis {

std::string_view describe(Fault fault) noexcept {
    switch (fault) {
        case Fault::none: return "No rule was broken.";
        case Fault::type_unknown: return "A value begins with a byte that names no type.";
        case Fault::type_streamed: return "A value has no length: streamed types are not read.";
        case Fault::line_end_malformed: return "A line does not end in CR LF.";
        case Fault::length_malformed: return "A length is no decimal number.";
        case Fault::integer_malformed: return "An integer is no decimal number of 64 bits.";
        case Fault::double_malformed: return "A double is no number that it can hold.";
        case Fault::boolean_malformed: return "A boolean is neither t nor f.";
        case Fault::null_malformed: return "A null has something behind its type.";
        case Fault::big_number_malformed: return "A big number is no decimal number.";
        case Fault::verbatim_malformed: return "A verbatim string does not begin with its format.";
        case Fault::string_end_missing: return "No CR LF follows the bytes that a length counts.";
        case Fault::push_inside_reply: return "A push is inside another value.";
        case Fault::reply_too_big: return "The reply is larger than the limit.";
        case Fault::reply_too_deep: return "The reply is nested deeper than the limit.";
        case Fault::reply_has_too_many: return "The reply has more elements than the limit.";
        case Fault::reply_unexpected: return "The reply answers no command that waits for it.";
        case Fault::push_malformed: return "A push about a subscription lacks its channel or more.";
        case Fault::confirmation_unexpected:
            return "The server confirms a subscription that was not asked for.";
        case Fault::hello_malformed: return "The answer to HELLO is not a map.";
    }
    assert(false);
    return {};
}

}  // namespace edgews::redis
