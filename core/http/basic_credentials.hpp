// Credentials of the Basic scheme (RFC 7617), from the user information of a URL.
#pragma once

#include <string>
#include <string_view>

namespace edgews {

// Whether the text is user information ("user:password", percent-encoded: RFC 3986, section
// 3.2.1) that can be sent: decoded, it holds no control character, and the user's name no colon,
// at which the receiver would take it apart (RFC 7617, section 2). Empty text is.
[[nodiscard]] bool is_user_info(std::string_view text) noexcept;

// Appends "Basic " and what the user information says, decoded, in base64: the value of an
// Authorization or Proxy-Authorization header. Without a password that is empty.
// Requires: is_user_info(user_info).
void append_basic_credentials(std::string& out, std::string_view user_info) noexcept;

}  // namespace edgews
