#include "net/server/cors.hpp"

#include "core/http/http_token.hpp"
#include "core/websocket/handshake.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

namespace edgews {

namespace {

std::string joined(std::span<const std::string> names) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    return list;
}

// Adds who may see the answer, and returns whether the asking page may.
bool add_origin(ResponseHeaders& headers, const HttpHead& head, bool is_secure,
                const CorsOptions& options) {
    const bool is_for_all = std::ranges::find(options.origins, "*") != options.origins.end();
    if (is_for_all && !options.has_credentials) {
        headers.add("Access-Control-Allow-Origin", "*");
        return true;
    }
    headers.add("Vary", "Origin");  // To others the answer is another one.
    const auto origin = head.header("Origin");
    if (!origin || head.is_repeated("Origin")) return false;
    if (!origin_allowed({.origin = origin, .host = head.host(), .secure = is_secure},
                        options.origins)) {
        return false;
    }
    headers.add("Access-Control-Allow-Origin", *origin);
    if (options.has_credentials) headers.add("Access-Control-Allow-Credentials", "true");
    return true;
}

}  // namespace

bool is_preflight(const HttpHead& head, std::string_view& method) noexcept {
    if (head.method() != "OPTIONS" || !head.header("Origin")) return false;
    method = head.header("Access-Control-Request-Method").value_or("");
    return is_token(method);
}

ResponseHeaders cors_headers(const HttpHead& head, bool is_secure, const CorsOptions& options) {
    ResponseHeaders headers;
    if (options.origins.empty() || !add_origin(headers, head, is_secure, options)) return headers;
    if (!options.exposed_headers.empty()) {
        headers.add("Access-Control-Expose-Headers", joined(options.exposed_headers));
    }
    return headers;
}

ResponseHeaders preflight_headers(const HttpHead& head, bool is_secure, const CorsOptions& options,
                                  std::string_view methods) {
    ResponseHeaders headers;
    if (options.origins.empty() || !add_origin(headers, head, is_secure, options)) return headers;
    headers.add("Access-Control-Allow-Methods", methods);
    headers.add("Access-Control-Max-Age", std::to_string(options.max_age_s));
    if (!options.request_headers.empty()) {
        headers.add("Access-Control-Allow-Headers", joined(options.request_headers));
    } else if (const auto asked = head.header("Access-Control-Request-Headers")) {
        headers.add("Access-Control-Allow-Headers", *asked);
        headers.add("Vary", "Access-Control-Request-Headers");
    }
    return headers;
}

}  // namespace edgews
