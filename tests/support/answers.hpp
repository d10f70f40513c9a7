// What calls return, in the words of tables.
#pragma once

#include <edgews/message.hpp>

#include <string>

namespace edgews::test {

inline std::string to_string(SendResult result) {
    switch (result) {
        case SendResult::sent: return "sent";
        case SendResult::queued: return "queued";
        case SendResult::dropped: return "dropped";
        case SendResult::closed: return "closed";
        case SendResult::invalid: return "invalid";
    }
    return "?";
}

inline std::string to_string(bool answer) {
    return answer ? "yes" : "no";
}

}  // namespace edgews::test
