#include "net/stomp/client_brokers.hpp"

#include "core/stomp/frame_writer.hpp"
#include "core/websocket/websocket_url.hpp"
#include "net/client/dialer.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

namespace edgews::stomp {

namespace {

void refuse(const std::string& what) {
    throw std::invalid_argument("stomp::ClientOptions::" + what);
}

// What is sent to a broker before its version is known.
void require_expressible(const std::string& name, std::string_view value) {
    if (is_expressible({name, value}, Version::v1_0)) return;
    refuse(name + ": CONNECT cannot say it");
}

void check_websocket(BrokerUrl& url, const edgews::ClientOptions& connection) {
    const WebSocketUrl parsed = parse_websocket_url(url.text);
    if (parsed.fault != UrlFault::none) {
        refuse("brokers: " + std::string(edgews::describe(parsed.fault)));
    }
    if (parsed.is_secure && !connection.tls) {
        refuse("connection.tls is not set, and " + url.name + " needs it");
    }
    url.host = parsed.bare_host();
}

void check_socket(const BrokerUrl& url, const edgews::ClientOptions& connection) {
    if (url.carrier == BrokerUrl::Carrier::tls && !connection.tls) {
        refuse("connection.tls is not set, and " + url.name + " needs it");
    }
    if (!connection.proxy.empty()) {
        refuse("connection.proxy is for WebSockets, and " + url.name + " is none");
    }
    require_expressible("login", url.login);
    require_expressible("passcode", url.passcode);
    require_expressible("host", url.virtual_host);
}

std::vector<BrokerUrl> parse(const ClientOptions& options) {
    if (options.brokers.empty()) refuse("brokers: there is none");
    std::vector<BrokerUrl> brokers;
    for (const std::string& text : options.brokers) {
        brokers.push_back(parse_broker_url(text));
        BrokerUrl& url = brokers.back();
        if (url.fault != BrokerUrlFault::none) {
            refuse("brokers: " + std::string(describe(url.fault)));
        }
        if (url.carrier == BrokerUrl::Carrier::websocket) {
            check_websocket(url, options.connection);
        } else {
            check_socket(url, options.connection);
        }
    }
    return brokers;
}

void check(const edgews::ClientOptions& connection) {
    if (!connection.lookup) refuse("connection.lookup is empty");
    if (connection.close_timeout_ms == 0) refuse("connection.close_timeout_ms must not be 0");
    if (!is_in_range(watch_of(connection))) {
        refuse("connection.tcp_keep_alive_ms or tcp_user_timeout_ms is more than the system knows");
    }
    if (connection.proxy.empty()) return;
    const WebSocketUrl proxy = parse_websocket_url(connection.proxy);
    if (proxy.fault != UrlFault::none) {
        refuse("connection.proxy: " + std::string(edgews::describe(proxy.fault)));
    }
    if (proxy.is_secure) refuse("connection.proxy must be http");
}

}  // namespace

std::vector<BrokerUrl> usable_brokers(const ClientOptions& options) {
    if (options.disconnect_timeout_ms == 0) refuse("disconnect_timeout_ms must not be 0");
    check(options.connection);
    require_expressible("login", options.login);
    require_expressible("passcode", options.passcode);
    require_expressible("host", options.host);
    for (const ClientHeader& header : options.headers) {
        if (is_expressible({header.name, header.value}, Version::v1_0)) continue;
        refuse("headers: CONNECT cannot say \"" + header.name + "\"");
    }
    return parse(options);
}

}  // namespace edgews::stomp
