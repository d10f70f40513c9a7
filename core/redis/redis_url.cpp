#include "core/redis/redis_url.hpp"

#include "core/address/ip_address.hpp"
#include "core/base/ascii.hpp"
#include "core/base/number.hpp"
#include "core/http/url.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <optional>

namespace edgews::redis {
namespace {

constexpr std::uint16_t default_port = 6379;
constexpr std::uint32_t database_max = INT32_MAX;  // That of Redis.

struct Scheme {
    std::string_view prefix;
    bool is_secure;
    bool is_socket;
};
constexpr Scheme schemes[] = {
    {"redis://", false, false},
    {"rediss://", true, false},
    {"redis+unix://", false, true},
    {"unix://", false, true},
};

bool is_plain(char c) noexcept {
    return c > ' ' && c < 0x7F;
}

// What user information may hold (RFC 3986, section 3.2.1), escapes included.
bool is_user_info_char(char c) noexcept {
    return is_letter(c) || is_digit(c) ||
           std::string_view("-._~!$&'()*+,;=:%").find(c) != std::string_view::npos;
}

// The part of `text` before the first of `ends`; `text` keeps the rest.
std::string_view take_until(std::string_view& text, std::string_view ends) noexcept {
    const std::string_view part = text.substr(0, text.find_first_of(ends));
    text.remove_prefix(part.size());
    return part;
}

// [user] ":" password, or nothing.
UrlFault read_user_info(std::string_view text, Url& url) noexcept {
    if (!std::all_of(text.begin(), text.end(), is_user_info_char)) {
        return UrlFault::user_info_malformed;
    }
    if (text.empty()) return UrlFault::none;
    const std::string_view user = take_until(text, ":");
    if (text.size() < 2) return UrlFault::password_missing;
    const bool is_decoded =
        percent_decode(user, url.user) && percent_decode(text.substr(1), url.password);
    return is_decoded ? UrlFault::none : UrlFault::user_info_malformed;
}

// host [":" port]
UrlFault read_host(std::string_view text, Url& url) noexcept {
    if (text.empty() || text.front() == ':') return UrlFault::host_missing;
    const bool is_bracketed = text.front() == '[';
    const std::size_t host_end = text.find(is_bracketed ? ']' : ':');
    std::string_view host = text.substr(0, host_end);
    std::string_view port = text.substr(host.size());
    if (is_bracketed) {
        host.remove_prefix(1);
        if (port.empty() || !parse_ipv6(host)) return UrlFault::host_malformed;
        port.remove_prefix(1);
        if (!port.empty() && port.front() != ':') return UrlFault::host_malformed;
    } else if (!parse_authority(host).is_valid || host.find('%') != std::string_view::npos) {
        return UrlFault::host_malformed;
    }
    url.host = host;
    url.port = default_port;
    if (port.size() < 2) return UrlFault::none;
    const std::optional<std::uint16_t> number = parse_number<std::uint16_t>(port.substr(1));
    if (!number || *number == 0) return UrlFault::port_malformed;
    url.port = *number;
    return UrlFault::none;
}

UrlFault read_database(std::string_view text, Url& url) noexcept {
    const std::optional<std::uint32_t> number = parse_number<std::uint32_t>(text);
    if (!number || *number > database_max) return UrlFault::database_malformed;
    url.database = *number;
    return UrlFault::none;
}

// What stands behind the authority of a server's URL.
UrlFault read_server_path(std::string_view text, Url& url) noexcept {
    const std::string_view path = take_until(text, "?");
    if (text.size() > 1) return UrlFault::query_unsupported;
    return path.size() > 1 ? read_database(path.substr(1), url) : UrlFault::none;
}

// The same of a socket's.
UrlFault read_socket_path(std::string_view text, Url& url) noexcept {
    const std::string_view path = take_until(text, "?");
    if (path.size() < 2 || !percent_decode(path, url.socket_path)) return UrlFault::path_missing;
    if (text.size() < 2) return UrlFault::none;
    constexpr std::string_view parameter = "?db=";
    if (!text.starts_with(parameter)) return UrlFault::query_unsupported;
    return read_database(text.substr(parameter.size()), url);
}

UrlFault read_url(std::string_view text, Url& url) noexcept {
    if (!std::all_of(text.begin(), text.end(), is_plain)) return UrlFault::character_forbidden;
    const Scheme* const scheme =
        std::find_if(std::begin(schemes), std::end(schemes), [&](const Scheme& s) {
            return equals_ignoring_case(text.substr(0, s.prefix.size()), s.prefix);
        });
    if (scheme == std::end(schemes)) return UrlFault::scheme_unsupported;
    if (text.find('#') != std::string_view::npos) return UrlFault::fragment_present;
    url.is_secure = scheme->is_secure;
    text.remove_prefix(scheme->prefix.size());
    std::string_view authority = take_until(text, "/?");
    const std::size_t at = authority.rfind('@');
    if (at != std::string_view::npos) {
        const UrlFault fault = read_user_info(authority.substr(0, at), url);
        if (fault != UrlFault::none) return fault;
        authority.remove_prefix(at + 1);
    }
    if (scheme->is_socket) {
        return authority.empty() ? read_socket_path(text, url) : UrlFault::host_unexpected;
    }
    const UrlFault fault = read_host(authority, url);
    return fault == UrlFault::none ? read_server_path(text, url) : fault;
}

}  // namespace

std::string_view describe(UrlFault fault) noexcept {
    switch (fault) {
        case UrlFault::none: return "no fault";
        case UrlFault::character_forbidden:
            return "the URL holds a space, a control character or one that is not ASCII";
        case UrlFault::scheme_unsupported:
            return "the URL does not begin with redis://, rediss://, redis+unix:// or unix://";
        case UrlFault::fragment_present: return "the URL of a Redis server has no fragment (\"#\")";
        case UrlFault::user_info_malformed:
            return "the URL's user and password are not well-formed and percent-encoded";
        case UrlFault::password_missing:
            return "the URL has a user without a password: \":password@\" has no user";
        case UrlFault::host_missing: return "the URL names no host";
        case UrlFault::host_malformed: return "the URL's host is neither a name nor an address";
        case UrlFault::host_unexpected: return "the URL of a socket has a host";
        case UrlFault::port_malformed: return "the URL's port is not a number from 1 to 65535";
        case UrlFault::path_missing: return "the URL names no path of a socket";
        case UrlFault::database_malformed: return "the URL's database is not a number";
        case UrlFault::query_unsupported: return "the URL has a parameter that is not known";
    }
    assert(false);
    return {};
}

Url parse_url(std::string_view text) noexcept {
    Url url;
    const UrlFault fault = read_url(text, url);
    if (fault != UrlFault::none) return {.fault = fault};
    return url;
}

}  // namespace edgews::redis
