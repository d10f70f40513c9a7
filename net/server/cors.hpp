// What pages of other origins may ask and see: the headers of the CORS protocol (the Fetch
// standard, section 3.2), by a route's CorsOptions.
#pragma once

#include <edgews/options.hpp>
#include <edgews/response.hpp>
#include "core/http/http_head.hpp"

#include <string_view>

namespace edgews {

// Whether the request asks, before another one, whether that would be allowed. Then `method` is
// that one's.
[[nodiscard]] bool is_preflight(const HttpHead& head, std::string_view& method) noexcept;

// For the answer to a request. `is_secure`: it came over TLS. Nothing, without origins.
[[nodiscard]] ResponseHeaders cors_headers(const HttpHead& head, bool is_secure,
                                           const CorsOptions& options);

// For the answer to a preflight. `methods`: of the path, as Allow has them.
[[nodiscard]] ResponseHeaders preflight_headers(const HttpHead& head, bool is_secure,
                                                const CorsOptions& options,
                                                std::string_view methods);

}  // namespace edgews
