// The server of a soak: one with all that the library offers.
#pragma once

#include <edgews/backplane.hpp>
#include <edgews/server.hpp>
#include <edgews/stats.hpp>
#include <edgews/stomp_broker.hpp>
#include <edgews/stomp_relay.hpp>
#include <edgews/tls.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "hub.hpp"
#include "orders.hpp"
#include "world.hpp"

namespace soak {

struct Meetings;

// Two loops, each with a thread of its own; all functions here are called by a third one.
class Service {
  public:
    // Listens, and runs. Throws std::runtime_error where it cannot.
    explicit Service(const edgews::TlsIdentity& identity);
    // What is under way is dropped.
    ~Service();

    [[nodiscard]] const Ports& ports() const noexcept { return ports_; }
    // What comes from outside of the loops: publishes, sends to connections that it has handles of,
    // decides about upgrades that were deferred. To be called some times a second.
    void tick(Dice& dice);
    // The broker behind the relay and the backplane is lost, and begins anew.
    void lose_hub() { hub_.lose(); }
    // Goes as a server should, with those who are there.
    void shut_down();

    [[nodiscard]] edgews::Stats stats() const { return server_.stats(); }
    // Of the broker and of the relay.
    [[nodiscard]] std::array<edgews::StompStats, 2> broker_stats() const {
        return {broker_.stats(), relay_.stats()};
    }
    // Messages in their queues, those that consumers have included.
    [[nodiscard]] std::size_t waiting() const;

  private:
    void add_echoes();
    void add_others();
    void add_pages();
    void listen(const edgews::TlsIdentity& identity);

    std::unique_ptr<Meetings> meetings_;
    Hub hub_{};
    edgews::Backplane backplane_;
    edgews::StompBroker broker_;
    edgews::StompRelay relay_;
    edgews::Server server_;
    Ports ports_{};
};

}  // namespace soak
