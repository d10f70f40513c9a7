// The check that a request is for a name of this server.
//
// A page may have its own name lead to an address of its visitor's machine or network (DNS
// rebinding), and is then of one origin with the server there: only the name that the request is
// for tells them apart.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace edgews {

// Whether a name of that form can be nobody's who wants to deceive: an IP address ("127.0.0.1",
// "[::1]", and whatever else ends in a number), "localhost", what ends in ".localhost" (RFC 6761,
// section 6.3), or a name without a dot, which public DNS does not have. `host`: without a port.
[[nodiscard]] bool is_local_host(std::string_view host) noexcept;

// Whether a request for `host`, as HttpHead::host() says it, is good: is_local_host(), or a name
// that is `allowed`, in any case and at any port; "*" there allows all. So is one that names none,
// which no browser sends.
[[nodiscard]] bool host_allowed(std::string_view host,
                                std::span<const std::string> allowed) noexcept;

// Whether an entry of such a list could ever match: a name or an address without a port, or "*".
[[nodiscard]] bool is_host_entry(std::string_view text) noexcept;

}  // namespace edgews
