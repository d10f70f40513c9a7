// Frames that a server, or a client in a test, sends.
//
// Headers are escaped as the version says (1.2, Value Encoding). What it cannot express — LF in
// 1.0, CR in 1.0 and 1.1, ':' in a name of 1.0, a NUL in any — would end a line or the frame early
// and could forge a header: such a header is left out, and so is one without a name.
#pragma once

#include <edgews/stomp_frame.hpp>
#include "core/stomp/version.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace edgews::stomp {

// Whether the version can say it.
[[nodiscard]] bool is_expressible(const Header& header, Version version) noexcept;
// Whether it looks the same in all versions: none of NUL, CR, LF, ':' and '\\'.
[[nodiscard]] bool is_plain(std::string_view text) noexcept;

// Appends "name:value\n", escaped. Not expressible: nothing.
void append_header(std::string& out, const Header& header, Version version);

// Appends a whole frame: content-length where there is a body, and the NUL. A content-length among
// `headers` is left out. CONNECT and CONNECTED are not escaped. Requires: the command is known.
void append_frame(std::string& out, Command command, std::span<const Header> headers,
                  std::span<const std::byte> body, Version version);

}  // namespace edgews::stomp
