// What lies behind a server of a soak: a broker that its relay and its backplane lead to, and which
// is lost now and then, and another node of that backplane.
#pragma once

#include <edgews/backplane.hpp>
#include <edgews/server.hpp>
#include <edgews/stomp_broker.hpp>
#include <edgews/stomp_relay.hpp>

#include <memory>
#include <string>

#include "world.hpp"

namespace soak {

// Each has threads of its own; all functions here are called by another one.
class Hub {
  public:
    // Listens, and runs. Throws std::runtime_error where it cannot.
    Hub();
    ~Hub();

    [[nodiscard]] edgews::StompRelayOptions relay_options() const;
    [[nodiscard]] edgews::BackplaneOptions backplane_options() const;
    // Ends the broker without a word, and begins another one with nothing of what it had. Throws as
    // the constructor does.
    void lose();
    // What the other node publishes.
    void tick(Dice& dice);

  private:
    struct Broker {
        edgews::StompBroker broker{};
        edgews::Server server{};
    };

    [[nodiscard]] edgews::ClientOptions way() const;
    void begin();

    std::string unix_path_;
    std::unique_ptr<Broker> broker_{};
    edgews::Backplane backplane_;
    edgews::Server node_{};
};

}  // namespace soak
