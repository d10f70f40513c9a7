#include "hub.hpp"

#include <unistd.h>

#include <stdexcept>

namespace soak {
namespace {

constexpr std::uint32_t linger_ms = 2'000;
constexpr edgews::ReconnectOptions reconnect{.enabled = true, .delay_ms = 50, .delay_max_ms = 500};

std::string next_unix_path() {
    static unsigned count = 0;
    return "@edgews-soak-hub-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

}  // namespace

Hub::Hub() : unix_path_(next_unix_path()), backplane_(backplane_options()) {
    begin();
    node_.backplane(backplane_);
    node_.start();
}

Hub::~Hub() {
    node_.shutdown(0);
}

edgews::ClientOptions Hub::way() const {
    return {.unix_path = unix_path_};
}

edgews::StompRelayOptions Hub::relay_options() const {
    edgews::StompRelayOptions options;
    options.upstream.brokers = {"stomp://hub"};
    options.upstream.connection = way();
    options.upstream.reconnect = reconnect;
    options.linger_ms = linger_ms;
    options.own_connection_count_max = 200;
    return options;
}

edgews::BackplaneOptions Hub::backplane_options() const {
    edgews::BackplaneOptions options;
    options.upstreams = {"stomp://hub"};
    options.prefixes = {"room/"};
    options.linger_ms = linger_ms;
    options.heartbeat_ms = 1'000;
    options.connection = way();
    options.reconnect = reconnect;
    return options;
}

void Hub::begin() {
    broker_ = std::make_unique<Broker>();
    const edgews::Error error = broker_->broker.listen(broker_->server, {.unix_path = unix_path_});
    if (error) throw std::runtime_error(error.message);
    broker_->server.start();
}

void Hub::lose() {
    broker_->server.shutdown(0);
    broker_.reset();
    begin();
}

void Hub::tick(Dice& dice) {
    static_cast<void>(node_.publish("room/busy", "from another node"));
    static_cast<void>(node_.publish("room/" + std::to_string(dice.below(12)), "from far away"));
}

}  // namespace soak
