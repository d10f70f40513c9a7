// Why a request is no part of a session, in the words and numbers of npm's engine.io, which clients
// know: {"code":1,"message":"Session ID unknown"}.
#pragma once

#include "core/engineio/dialect.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace edgews::engineio {

// In the order of their numbers, but for the first.
enum class Refusal : std::uint8_t {
    none,
    transport_unknown,    // 0: neither "polling" nor "websocket", or one that is not served.
    session_unknown,      // 1: it may have ended.
    method_wrong,         // 2: a session begins with a GET.
    request_bad,          // 3: the session is another transport's by now, or the like.
    forbidden,            // 4: the application does not want it.
    version_unsupported,  // 5: EIO is not 4, nor a 3 that is served.
};

[[nodiscard]] unsigned status_of(Refusal refusal) noexcept;
// Requires: not `none`.
[[nodiscard]] std::string json_of(Refusal refusal);

// What a request says of itself, of which absent is as good as empty.
struct RequestClaims {
    std::string_view method{};
    std::string_view version{};    // EIO.
    std::string_view transport{};  // And the transport.
    bool is_upgrade = false;       // To a WebSocket.
    bool has_session = false;      // It names one: whether there is such a one is for others.
    Dialect session_dialect = Dialect::v4;  // Of that.
    bool is_jsonp = false;                  // It polls by a script's element (j).
};
struct Transports {
    bool polling = true;
    bool websocket = true;
    bool v3 = false;  // In Engine.IO 3, too. By JSONP it is not served.
};

// Of the rules that are broken, the one that npm's server would name: but for `session_unknown`,
// which comes behind `transport_unknown`, and in front of all others.
[[nodiscard]] Refusal check_transport(const RequestClaims& claims,
                                      const Transports& served) noexcept;
[[nodiscard]] Refusal check_rest(const RequestClaims& claims, const Transports& served) noexcept;

}  // namespace edgews::engineio
