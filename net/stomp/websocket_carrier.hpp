// A STOMP client's WebSocket: each frame is a message.
#pragma once

#include <edgews/client.hpp>
#include <edgews/loop.hpp>
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
    void flush() override;
    [[nodiscard]] std::size_t untaken_size() const noexcept override;
    [[nodiscard]] ClientStage stage() const noexcept override { return ClientStage::handshake; }
    [[nodiscard]] std::size_t unsent_size() const noexcept override {
        return lost_size_ + client_.buffered_amount();
    }
    [[nodiscard]] const Address& peer() const noexcept override { return client_.remote_address(); }

  private:
    [[nodiscard]] ClientHandlers handlers();
    void closed(const CloseEvent& event);

    Reactor& reactor_;
    Owner& owner_;
    ClientError error_{};  // That came before the end.
    bool has_failed_ = false;
    bool is_paused_ = false;
    bool has_ended_ = false;     // The owner hears of it when reading goes on.
    std::size_t lost_size_ = 0;  // Bytes of frames that came too late to be sent.
    Token end_timer_ = no_token;
    Client client_;
};

}  // namespace edgews
