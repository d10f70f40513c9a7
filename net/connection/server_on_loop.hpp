// The interface by which connections ask the server that they belong to, or rather its part on
// their loop. A room above this one implements it: net/server/shard.hpp.
#pragma once

#include <edgews/address.hpp>
#include <edgews/message.hpp>
#include <edgews/prepared_message.hpp>

#include <cstdint>
#include <string_view>

namespace edgews {

class AdmissionControl;
class WebSocketConnection;

class ServerOnLoop {
  public:
    // The message goes to all subscribers of the topic, on all loops, but `except`, which is on
    // this one; null: to all of them.
    virtual PublishResult publish(std::string_view topic, const PreparedMessage& message,
                                  const WebSocketConnection* except) const = 0;

    // For Admission.

    [[nodiscard]] virtual AdmissionControl& admissions() const noexcept = 0;
    // That address is a proxy's whose word is taken. It has no limit.
    [[nodiscard]] virtual bool is_trusted(const Address& address) const noexcept = 0;
    // ServerOptions::memory_max is reached: nobody is let in.
    [[nodiscard]] virtual bool is_over_memory() const noexcept = 0;
    // Milliseconds of the loop's clock.
    [[nodiscard]] virtual std::uint64_t now_ms() const noexcept = 0;
    // A connection came, or went.
    virtual void enter() noexcept = 0;
    virtual void leave() noexcept = 0;

  protected:
    ~ServerOnLoop() = default;
};

}  // namespace edgews
