// The text of server-sent events (WHATWG HTML, section 9.2.5).
#pragma once

#include <edgews/event_stream.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace edgews {

// Appends its fields and the empty line that ends it. False: its name or its id would break out of
// its line, or a client would ignore the id (section 9.2.6), and nothing is appended.
[[nodiscard]] bool append_event(std::string& out, const ServerSentEvent& event);

// Appends the time after which a client comes again.
void append_retry(std::string& out, std::uint32_t retry_ms);

// What no listener hears.
inline constexpr std::string_view event_comment = ":\n\n";

}  // namespace edgews
