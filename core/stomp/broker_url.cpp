#include "core/stomp/broker_url.hpp"

#include "core/http/url.hpp"

#include <array>

namespace edgews::stomp {
namespace {

using Carrier = BrokerUrl::Carrier;

struct Scheme {
    std::string_view prefix;
    Carrier carrier;
    std::uint16_t port;
};
constexpr std::array schemes{
    Scheme{"stomp://", Carrier::tcp, 61613},     Scheme{"stomps://", Carrier::tls, 61614},
    Scheme{"stomp+ssl://", Carrier::tls, 61614}, Scheme{"stomp+tls://", Carrier::tls, 61614},
    Scheme{"ws://", Carrier::websocket, 80},     Scheme{"wss://", Carrier::websocket, 443},
};

// What stands in front of the host, taken from `rest` with its '@'; empty, if there is none.
std::string_view take_user_info(std::string_view& rest) noexcept {
    const std::size_t at = rest.substr(0, rest.find('/')).rfind('@');
    if (at == std::string_view::npos) return {};
    const std::string_view user_info = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    return user_info;
}

BrokerUrlFault read_user_info(std::string_view text, BrokerUrl& url) noexcept {
    const std::size_t colon = text.find(':');
    const std::string_view passcode =
        colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    const bool is_good =
        percent_decode(text.substr(0, colon), url.login) && percent_decode(passcode, url.passcode);
    return is_good ? BrokerUrlFault::none : BrokerUrlFault::escape_malformed;
}

BrokerUrlFault read(std::string_view rest, const Scheme& scheme, BrokerUrl& url) noexcept {
    if (rest.find_first_of("?#") != std::string_view::npos) return BrokerUrlFault::rest_present;
    const BrokerUrlFault fault = read_user_info(take_user_info(rest), url);
    if (fault != BrokerUrlFault::none) return fault;
    const std::size_t slash = rest.find('/');
    const std::string_view authority = rest.substr(0, slash);
    const Authority parsed = parse_authority(authority);
    if (!parsed.is_valid) return BrokerUrlFault::host_malformed;
    url.port = port_or(parsed, scheme.port);
    if (url.port == 0) return BrokerUrlFault::host_malformed;
    std::string_view host = parsed.host;
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    url.host = host;
    url.name = scheme.prefix;
    url.name += authority;
    const bool has_path = slash != std::string_view::npos;
    const bool is_good = !has_path || percent_decode(rest.substr(slash + 1), url.virtual_host);
    return is_good ? BrokerUrlFault::none : BrokerUrlFault::escape_malformed;
}

BrokerUrlFault read(std::string_view text, BrokerUrl& url) noexcept {
    for (const Scheme& scheme : schemes) {
        if (!text.starts_with(scheme.prefix)) continue;
        url.carrier = scheme.carrier;
        if (scheme.carrier != Carrier::websocket) {
            return read(text.substr(scheme.prefix.size()), scheme, url);
        }
        url.text = text;
        std::string_view rest = text.substr(scheme.prefix.size());
        static_cast<void>(take_user_info(rest));  // HTTP's, and as secret.
        url.name = scheme.prefix;
        url.name += rest;
        return BrokerUrlFault::none;
    }
    return BrokerUrlFault::scheme_unknown;
}

}  // namespace

std::string_view describe(BrokerUrlFault fault) noexcept {
    switch (fault) {
        case BrokerUrlFault::none: return "No rule was broken.";
        case BrokerUrlFault::scheme_unknown:
            return "A broker's URL begins with stomp://, stomps://, ws:// or wss://.";
        case BrokerUrlFault::host_malformed: return "The host or the port is malformed.";
        case BrokerUrlFault::escape_malformed: return "A percent sign begins no escape.";
        case BrokerUrlFault::rest_present: return "A broker's URL has no query and no fragment.";
    }
    return {};
}

BrokerUrl parse_broker_url(std::string_view text) noexcept {
    BrokerUrl url;
    url.fault = read(text, url);
    return url.fault == BrokerUrlFault::none ? url : BrokerUrl{.fault = url.fault};
}

}  // namespace edgews::stomp
