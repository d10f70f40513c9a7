#include "net/server/trusted_proxies.hpp"

#include <optional>

namespace edgews {

bool TrustedProxies::add(std::string_view text) {
    if (text == "unix") {
        has_unix_ = true;
        return true;
    }
    const std::optional<Network> network = Network::parse(text);
    if (network) networks_.push_back(*network);
    return network.has_value();
}

bool TrustedProxies::contains(const Address& address) const noexcept {
    if (address.family() == Address::Family::unix_socket) return has_unix_;
    return !networks_.empty() && is_in(address.ip_address(), networks_);
}

}  // namespace edgews
