// The option --log of programs with a server: whether they say on standard error what their
// operator wants to know, and how.
#pragma once

#include <edgews/event.hpp>
#include <edgews/log.hpp>

#include <string_view>

namespace programs {

// False: the value is none of these. "off" is the default.
inline bool parse_log(std::string_view value, edgews::EventHook& hook) {
    hook = {};
    if (value == "text") hook = edgews::log_to_stderr();
    if (value == "json") hook = edgews::log_to_stderr({.format = edgews::LogFormat::json});
    return hook || value == "off";
}

}  // namespace programs
