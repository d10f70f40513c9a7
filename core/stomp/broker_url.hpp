// The URLs of STOMP brokers, for a client:
//
//     stomp://login:passcode@host:61613/virtual-host     over TCP
//     stomps://…                                         over TLS; also stomp+ssl and stomp+tls
//     ws://host:15674/ws, wss://…                        over WebSocket
//
// Login, passcode and virtual host may be percent-encoded, and all but the host may be missing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace edgews::stomp {

// What can be wrong with one: one enumerator for each rule.
enum class BrokerUrlFault : std::uint8_t {
    none,
    scheme_unknown,
    host_malformed,    // It is missing, or no name, address, or IPv6 address in brackets; or the
                       // port.
    escape_malformed,  // A '%' without two hexadecimal digits, or one that means NUL.
    rest_present,      // A query or a fragment.
};

// One sentence, for an error.
[[nodiscard]] std::string_view describe(BrokerUrlFault fault) noexcept;

struct BrokerUrl {
    enum class Carrier : std::uint8_t { tcp, tls, websocket };

    BrokerUrlFault fault = BrokerUrlFault::none;  // With a fault, all else is as it stands here.
    Carrier carrier = Carrier::tcp;
    std::string host{};      // Without brackets. Of a WebSocket, empty: it is read elsewhere.
    std::uint16_t port = 0;  // Given, or the scheme's: 61613, or 61614 with TLS.
    std::string login{};
    std::string passcode{};
    std::string virtual_host{};  // Empty: none is named.
    std::string text{};          // Of a WebSocket: the whole URL, which is read elsewhere.
    std::string name{};          // Without login and passcode: for errors.
};

[[nodiscard]] BrokerUrl parse_broker_url(std::string_view text) noexcept;

}  // namespace edgews::stomp
