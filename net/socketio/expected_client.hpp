// A client that is on its way to this loop: see core/socketio/departure.hpp.
#pragma once

#include "net/engineio/application.hpp"
#include "net/socketio/hub_on_loop.hpp"

namespace edgews::sio {

class ExpectedClient final : public engineio::Expected {
  public:
    explicit ExpectedClient(HubOnLoop& loop) : loop_(loop), keeping_(loop) {}

    [[nodiscard]] HubOnLoop& loop() const noexcept { return loop_; }
    [[nodiscard]] const HubOnLoop::Keeping& keeping() const noexcept { return keeping_; }

  private:
    HubOnLoop& loop_;
    const HubOnLoop::Keeping keeping_;
};

}  // namespace edgews::sio
