// The proxies whose word about a client's address is taken.
#pragma once

#include <edgews/address.hpp>
#include "core/address/network.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace edgews {

// Nobody, until some are added. Unchanged once connections come.
class TrustedProxies {
  public:
    // An address, a network (core/address/network.hpp), or "unix": whoever connects to a Unix
    // socket. False: the text is none of these, and nobody was added.
    [[nodiscard]] bool add(std::string_view text);

    [[nodiscard]] bool contains(const Address& address) const noexcept;
    [[nodiscard]] std::span<const Network> networks() const noexcept { return networks_; }

  private:
    std::vector<Network> networks_;
    bool has_unix_ = false;
};

}  // namespace edgews
