#include "net/stomp/carrier.hpp"

#include "net/stomp/tcp_carrier.hpp"
#include "net/stomp/websocket_carrier.hpp"

namespace edgews {

std::unique_ptr<StompCarrier> StompCarrier::start(Reactor& reactor, const stomp::BrokerUrl& url,
                                                  const ClientOptions& options, Owner& owner) {
    if (url.carrier == stomp::BrokerUrl::Carrier::websocket) {
        return std::make_unique<StompWebSocketCarrier>(reactor, url, options, owner);
    }
    return std::make_unique<StompTcpCarrier>(reactor, url, options, owner);
}

}  // namespace edgews
