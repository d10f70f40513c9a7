#include "core/http/request_host.hpp"

#include "core/http/http_token.hpp"
#include "core/http/url.hpp"

#include <algorithm>

namespace edgews {
namespace {

// Of the root of DNS: "a.example." is the name "a.example".
std::string_view without_final_dot(std::string_view host) noexcept {
    if (host.ends_with('.')) host.remove_suffix(1);
    return host;
}

bool is_label_char(char c) noexcept {
    return is_letter(c) || is_digit(c) || c == '-' || c == '_';
}

}  // namespace

bool is_local_host(std::string_view host) noexcept {
    if (host.starts_with('[')) return true;
    host = without_final_dot(host);
    const std::size_t dot = host.rfind('.');
    const std::string_view last = dot == std::string_view::npos ? host : host.substr(dot + 1);
    if (last.empty()) return false;
    // What ends in a number is an address to browsers, or nothing (WHATWG URL, section 3.5).
    if (std::all_of(last.begin(), last.end(), is_digit)) return true;
    if (equals_ignoring_case(last, "localhost")) return true;
    return dot == std::string_view::npos && std::all_of(host.begin(), host.end(), is_label_char);
}

bool host_allowed(std::string_view host, std::span<const std::string> allowed) noexcept {
    if (host.empty()) return true;
    const std::string_view name = without_final_dot(host_of(host));
    return is_local_host(name) ||
           std::any_of(allowed.begin(), allowed.end(), [&](const std::string& entry) {
               return entry == "*" || equals_ignoring_case(without_final_dot(entry), name);
           });
}

bool is_host_entry(std::string_view text) noexcept {
    const Authority authority = parse_authority(text);
    return text == "*" || (authority.is_valid && authority.host == text);
}

}  // namespace edgews
