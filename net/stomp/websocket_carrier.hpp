// A STOMP client's WebSocket: each frame is a message.
#pragma once

#include <edgews/client.hpp>
#include "net/client/carrier.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace edgews {

class StompWebSocketCarrier final : public Carrier {
  public:
    StompWebSocketCarrier(Reactor& reactor, const std::string& url, const ClientOptions& options,
                          Owner& owner);
    ~StompWebSocketCarrier() override;

    void send(std::string_view bytes) override;
    void finish() override;
    void pause() override;
    void resume() override;
    [[nodiscard]] std::size_t unsent_size() const noexcept override {
        return client_.buffered_amount();
    }
    [[nodiscard]] const Address& peer() const noexcept override { return client_.remote_address(); }

  private:
    [[nodiscard]] ClientHandlers handlers();
    void closed(const CloseEvent& event);

    Owner& owner_;
    ClientError error_{};  // That came before the end.
    bool has_failed_ = false;
    Client client_;
};

}  // namespace edgews
