// The URLs of Redis servers:
//
//     redis://[[user]:password@]host[:port][/database]
//     rediss://…                                                  the same over TLS
//     redis+unix://[[user]:password@]/path/of/socket[?db=database]    also "unix://"
//
// Nothing is guessed and nothing ignored: "redis://secret@host" means the user to some clients and
// the password to others, so it is a fault, and so is any parameter but db.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace edgews::redis {

// What can be wrong with a URL: one enumerator per rule.
enum class UrlFault : std::uint8_t {
    none,
    character_forbidden,  // A space, a control character, or one that is not ASCII.
    scheme_unsupported,   // Does not begin with redis://, rediss://, redis+unix:// or unix://.
    fragment_present,     // "#"
    user_info_malformed,  // A character that must be percent-encoded and is not, or a bad escape.
    password_missing,     // A user without a password, or a text that may be either.
    host_missing,
    host_malformed,      // Not a name, an IPv4 address or an IPv6 address in brackets.
    host_unexpected,     // Of a socket's URL: there is something before the path.
    port_malformed,      // Not a decimal number from 1 to 65535.
    path_missing,        // Of a socket's URL: there is no path, or a bad escape in it.
    database_malformed,  // Not a decimal number of at most 2^31 - 1.
    query_unsupported,   // A parameter, other than db of a socket's URL.
};

// One sentence, for a log or an error.
[[nodiscard]] std::string_view describe(UrlFault fault) noexcept;

struct Url {
    UrlFault fault = UrlFault::none;  // With a fault, all else is as it stands here.
    bool is_secure = false;           // rediss
    std::uint16_t port = 0;           // Given, or 6379. 0: `socket_path` says where.
    std::uint32_t database = 0;
    std::string host{};         // To look up or to connect to: an IPv6 address has no brackets.
    std::string socket_path{};  // Decoded; empty: host and port say where.
    std::string user{};         // Decoded; empty: none was given.
    std::string password{};     // The same.
};

[[nodiscard]] Url parse_url(std::string_view text) noexcept;

}  // namespace edgews::redis
