// The server of a soak: one with all that the library offers.
#pragma once

#include <edgews/server.hpp>
#include <edgews/stats.hpp>
#include <edgews/stomp_broker.hpp>
#include <edgews/tls.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

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
    // Goes as a server should, with those who are there.
    void shut_down();

    [[nodiscard]] edgews::Stats stats() const { return server_.stats(); }
    [[nodiscard]] edgews::StompStats broker_stats() const { return broker_.stats(); }
    // Messages in the broker's queues, those that consumers have included.
    [[nodiscard]] std::size_t waiting() const;

  private:
    void add_echoes();
    void add_others();
    void add_pages();
    void listen(const edgews::TlsIdentity& identity);

    std::unique_ptr<Meetings> meetings_;
    edgews::StompBroker broker_;
    edgews::Server server_;
    Ports ports_{};
};

}  // namespace soak
