#include "core/engineio/refusal.hpp"

#include "core/base/number.hpp"

namespace edgews::engineio {

namespace {

std::string_view message_of(Refusal refusal) noexcept {
    switch (refusal) {
        case Refusal::none: break;
        case Refusal::transport_unknown: return "Transport unknown";
        case Refusal::session_unknown: return "Session ID unknown";
        case Refusal::method_wrong: return "Bad handshake method";
        case Refusal::request_bad: return "Bad request";
        case Refusal::forbidden: return "Forbidden";
        case Refusal::version_unsupported: return "Unsupported protocol version";
    }
    return "";
}

bool is_served_v3(const RequestClaims& claims, const Transports& served) noexcept {
    return served.v3 && claims.version == "3";
}

}  // namespace

unsigned status_of(Refusal refusal) noexcept {
    return refusal == Refusal::forbidden ? 403 : 400;
}

std::string json_of(Refusal refusal) {
    std::string json = "{\"code\":";
    append_number(json, static_cast<unsigned>(refusal) - 1U);
    return json.append(",\"message\":\"").append(message_of(refusal)).append("\"}");
}

Refusal check_transport(const RequestClaims& claims, const Transports& served) noexcept {
    const bool is_known = (claims.transport == "polling" && served.polling) ||
                          (claims.transport == "websocket" && served.websocket);
    const bool is_jsonp = claims.is_jsonp && is_served_v3(claims, served);
    return is_known && !is_jsonp ? Refusal::none : Refusal::transport_unknown;
}

Refusal check_rest(const RequestClaims& claims, const Transports& served) noexcept {
    const bool is_3 = is_served_v3(claims, served);
    const bool is_version_known = claims.version == "4" || is_3;
    const bool is_version_right = is_version_known && is_3 == is_v3(claims.session_dialect);
    if (claims.has_session && !is_version_right) return Refusal::request_bad;
    if (!claims.has_session && claims.method != "GET") return Refusal::method_wrong;
    // To poll by an upgrade, or the other way round.
    if ((claims.transport == "websocket") != claims.is_upgrade) return Refusal::request_bad;
    if (!is_version_known) return Refusal::version_unsupported;
    const bool is_polled = claims.method == "GET" || claims.method == "POST";
    return is_polled ? Refusal::none : Refusal::request_bad;
}

}  // namespace edgews::engineio
