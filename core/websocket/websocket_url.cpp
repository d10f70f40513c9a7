#include "core/websocket/websocket_url.hpp"

#include "core/address/ip_address.hpp"
#include "core/base/ascii.hpp"
#include "core/http/basic_credentials.hpp"
#include "core/http/url.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>

namespace edgews {
namespace {

constexpr std::uint32_t port_max = 65535;

constexpr std::uint16_t default_port(bool is_secure) noexcept {
    return is_secure ? 443 : 80;
}

struct Scheme {
    std::string_view prefix;
    bool is_secure;
};
constexpr std::array schemes{
    Scheme{"ws://", false},
    Scheme{"wss://", true},
    Scheme{"http://", false},
    Scheme{"https://", true},
};

bool has_forbidden_char(std::string_view text) noexcept {
    return !std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

// The part of `text` before the first of `ends`; `text` keeps the rest.
std::string_view take_until(std::string_view& text, std::string_view ends) noexcept {
    const std::string_view part = text.substr(0, text.find_first_of(ends));
    text.remove_prefix(part.size());
    return part;
}

// An escape could be part of a name, but none that can be looked up.
UrlFault check_host(std::string_view host) noexcept {
    if (host.empty()) return UrlFault::host_missing;
    if (host.starts_with('[')) {
        const bool is_closed = host.size() > 2 && host.ends_with(']');
        const bool is_address = is_closed && parse_ipv6(host.substr(1, host.size() - 2));
        return is_address ? UrlFault::none : UrlFault::host_malformed;
    }
    const bool is_name = parse_authority(host).is_valid && host.find('%') == std::string_view::npos;
    return is_name ? UrlFault::none : UrlFault::host_malformed;
}

// Takes the zone out of a host "[fe80::1%25eth0]", where it has one.
UrlFault take_zone(WebSocketUrl& url) noexcept {
    const std::size_t percent = url.host.starts_with('[') ? url.host.find('%') : std::string::npos;
    if (percent == std::string::npos || !url.host.ends_with(']')) return UrlFault::none;
    std::string_view zone = std::string_view(url.host).substr(percent + 1);
    zone.remove_suffix(1);
    if (zone.starts_with("25")) zone.remove_prefix(2);
    if (!percent_decode(zone, url.zone) || url.zone.empty() || has_forbidden_char(url.zone)) {
        return UrlFault::zone_malformed;
    }
    url.host.erase(percent).push_back(']');
    return UrlFault::none;
}

// As it stands in a URL (RFC 6874, section 2).
std::string encoded_zone(std::string_view zone) noexcept {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string text = "%25";
    for (const char c : zone) {
        if (is_letter(c) || is_digit(c) || std::string_view("-._~").find(c) != zone.npos) {
            text += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        text.append({'%', digits[byte / 16], digits[byte % 16]});
    }
    return text;
}

// What stands behind the colon, or nothing.
UrlFault read_port(std::string_view text, WebSocketUrl& url) noexcept {
    url.port = default_port(url.is_secure);
    if (text.empty()) return UrlFault::none;
    if (!std::all_of(text.begin(), text.end(), is_digit)) return UrlFault::port_malformed;
    std::uint32_t port = 0;
    for (const char c : text) {
        port = std::min(port * 10 + static_cast<std::uint32_t>(c - '0'), port_max + 1);
    }
    if (port == 0 || port > port_max) return UrlFault::port_out_of_range;
    url.port = static_cast<std::uint16_t>(port);
    return UrlFault::none;
}

// [user-info "@"] host [":" port]
UrlFault read_authority(std::string_view text, WebSocketUrl& url) noexcept {
    const std::size_t at = text.rfind('@');
    if (at != std::string_view::npos) {
        if (!is_user_info(text.substr(0, at))) return UrlFault::user_info_malformed;
        url.user_info = text.substr(0, at);
        text.remove_prefix(at + 1);
    }
    const std::size_t bracket = text.starts_with('[') ? text.find(']') : 0;
    if (bracket == std::string_view::npos) return UrlFault::host_malformed;
    url.host = text.substr(0, text.find(':', bracket));
    text.remove_prefix(url.host.size());
    UrlFault fault = take_zone(url);
    if (fault == UrlFault::none) fault = check_host(url.host);
    if (fault != UrlFault::none) return fault;
    return read_port(text.empty() ? text : text.substr(1), url);
}

UrlFault read_url(std::string_view text, WebSocketUrl& url) noexcept {
    if (has_forbidden_char(text)) return UrlFault::character_forbidden;
    const auto* const scheme = std::find_if(schemes.begin(), schemes.end(), [&](const Scheme& s) {
        return equals_ignoring_case(text.substr(0, s.prefix.size()), s.prefix);
    });
    if (scheme == schemes.end()) return UrlFault::scheme_unsupported;
    if (text.find('#') != std::string_view::npos) return UrlFault::fragment_present;
    url.is_secure = scheme->is_secure;
    text.remove_prefix(scheme->prefix.size());
    const UrlFault fault = read_authority(take_until(text, "/?"), url);
    if (fault != UrlFault::none) return fault;
    if (!text.starts_with('/')) url.target = '/';
    url.target += text;
    return UrlFault::none;
}

// scheme ":", which a relative reference cannot begin with (RFC 3986, sections 3.1 and 4.2).
bool has_scheme(std::string_view reference) noexcept {
    const std::string_view scheme = take_until(reference, ":/?");
    return !scheme.empty() && is_letter(scheme.front()) && reference.starts_with(':');
}

// RFC 3986, section 5.2.4. Requires: a path that begins with '/'. So does the result.
std::string without_dot_segments(std::string_view path) noexcept {
    std::string out;
    while (!path.empty()) {
        const std::string_view segment = path.substr(0, path.find('/', 1));  // With its slash.
        path.remove_prefix(segment.size());
        const bool is_dots = segment == "/." || segment == "/..";
        if (segment == "/..") out.resize(std::min(out.rfind('/'), out.size()));
        if (!is_dots) out += segment;
        if (is_dots && path.empty()) out += '/';
    }
    return out;
}

// The target that a reference without scheme and authority means (RFC 3986, section 5.2.2).
std::string resolve_target(std::string_view base, std::string_view reference) noexcept {
    const std::string_view base_path = take_until(base, "?");
    const std::string_view path = take_until(reference, "?");
    // What is left of both are the queries.
    if (path.empty()) return std::string(base_path).append(reference.empty() ? base : reference);
    std::string merged;
    if (!path.starts_with('/')) merged = base_path.substr(0, base_path.rfind('/') + 1);
    return without_dot_segments(merged.append(path)).append(reference);
}

}  // namespace

std::string_view describe(UrlFault fault) noexcept {
    switch (fault) {
        case UrlFault::none: return "no fault";
        case UrlFault::character_forbidden:
            return "the URL holds a space, a control character or one that is not ASCII";
        case UrlFault::scheme_unsupported:
            return "the URL does not begin with ws://, wss://, http:// or https://";
        case UrlFault::fragment_present: return "the URL of a WebSocket has no fragment (\"#\")";
        case UrlFault::user_info_malformed:
            return "the URL's user and password are not well-formed and percent-encoded";
        case UrlFault::host_missing: return "the URL names no host";
        case UrlFault::host_malformed: return "the URL's host is neither a name nor an address";
        case UrlFault::zone_malformed:
            return "the zone of the URL's address is not well-formed and percent-encoded";
        case UrlFault::port_malformed: return "the URL's port is not a number";
        case UrlFault::port_out_of_range: return "the URL's port is not from 1 to 65535";
    }
    assert(false);
    return {};
}

std::string_view WebSocketUrl::bare_host() const noexcept {
    const std::string_view all = host;
    return all.starts_with('[') ? all.substr(1, all.size() - 2) : all;
}

std::string WebSocketUrl::dial_host() const noexcept {
    std::string text(bare_host());
    return zone.empty() ? text : text + '%' + zone;
}

std::string WebSocketUrl::host_header() const noexcept {
    if (port == default_port(is_secure)) return host;
    return host + ':' + std::to_string(port);
}

std::string WebSocketUrl::to_string() const noexcept {
    std::string text = is_secure ? "wss://" : "ws://";
    if (!user_info.empty()) text += user_info + '@';
    std::string authority = host_header();
    if (!zone.empty()) authority.insert(host.size() - 1, encoded_zone(zone));
    return text + authority + target;
}

WebSocketUrl parse_websocket_url(std::string_view text) noexcept {
    WebSocketUrl url;
    const UrlFault fault = read_url(text, url);
    if (fault != UrlFault::none) return {.fault = fault};
    return url;
}

bool is_same_origin(const WebSocketUrl& a, const WebSocketUrl& b) noexcept {
    return a.is_secure == b.is_secure && a.port == b.port && a.zone == b.zone &&
           equals_ignoring_case(a.host, b.host);
}

WebSocketUrl resolve_location(const WebSocketUrl& base, std::string_view location) noexcept {
    assert(base.fault == UrlFault::none);
    location = location.substr(0, location.find('#'));
    const bool is_absolute = has_scheme(location);
    if (!is_absolute && !location.starts_with("//")) {
        if (has_forbidden_char(location)) return {.fault = UrlFault::character_forbidden};
        WebSocketUrl url = base;
        url.target = resolve_target(base.target, location);
        return url;
    }
    std::string text = is_absolute ? "" : base.is_secure ? "wss:" : "ws:";
    WebSocketUrl url = parse_websocket_url(text.append(location));
    if (url.fault != UrlFault::none) return url;
    url.target = resolve_target("/", url.target);
    if (url.zone.empty() && equals_ignoring_case(base.host, url.host)) url.zone = base.zone;
    if (url.user_info.empty() && is_same_origin(base, url)) url.user_info = base.user_info;
    return url;
}

}  // namespace edgews
