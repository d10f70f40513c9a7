// Commands for a Redis server: arrays of bulk strings (RESP2 and RESP3), appended to what is sent.
//
// Arguments are any bytes, of which none can end a command early. Nothing else is allocated than
// what `out` needs.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace edgews::redis {

// Appends a whole command. Requires: at least one argument, the command's name.
void append_command(std::string& out, std::span<const std::string_view> arguments);
void append_command(std::string& out, std::initializer_list<std::string_view> arguments);

// In steps: so many arguments follow,
void append_command_head(std::string& out, std::size_t argument_count);
// and this is one of them,
void append_argument(std::string& out, std::string_view argument);
// or this, which comes in pieces.
void append_argument(std::string& out, std::span<const std::string_view> pieces);

}  // namespace edgews::redis
