// A client's socket as a carrier: TCP or a Unix socket, perhaps with TLS.
#pragma once

#include <edgews/client_options.hpp>
#include "net/client/carrier.hpp"
#include "net/client/dialer.hpp"
#include "net/stream/stream.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace edgews {

// The socket, once it is connected. The loop owns it, and it may outlive its carrier: by what is
// still to be sent.
class CarrierSocket final : public Stream {
  public:
    // `owner` is borrowed until abandon().
    CarrierSocket(Reactor& reactor, Carrier::Owner& owner, const ClientOptions& options);

    // Registers with the loop, and begins. 0, or the system's error number.
    [[nodiscard]] int start(Fd fd, std::unique_ptr<Transport> tls);
    void send(std::string_view bytes);
    // The owner is told nothing any more. Then: what waits is sent, or not.
    void finish();
    void cut() noexcept;
    void pause() noexcept { is_paused_ = true; }
    void resume();
    void send_now() { flush(); }
    void end_grace() override {}  // No server's.
    [[nodiscard]] bool is_opening() const noexcept { return is_opening_; }
    // After the end: bytes that did not leave.
    [[nodiscard]] std::size_t unsent_size() const noexcept {
        return lost_size_ + (is_closed() ? 0 : output_size());
    }

  private:
    void on_readable() override { pull(*this); }
    friend class Stream;
    [[nodiscard]] Reading reading(int receive_count) const noexcept;
    [[nodiscard]] std::span<std::byte> space() const noexcept { return reactor().receive_space(); }
    [[nodiscard]] bool take(const Received& received, std::span<std::byte> bytes);
    void on_reset() override;
    void on_lost() override;
    void on_output_lost(std::size_t size) noexcept override;
    void on_writable() override;
    void on_timer() override;
    void count_sent(std::size_t) noexcept override {}  // Nobody counts them.
    void lose(ClientStage stage, std::errc code, std::string_view what);

    Carrier::Owner* owner_;  // Null: nobody wants to know any more.
    const std::uint32_t tls_timeout_ms_;
    std::size_t lost_size_ = 0;
    bool is_opening_ = false;  // TLS's handshake goes on.
    bool is_paused_ = false;
};

class TcpCarrier final : public Carrier {
  public:
    struct Target {
        std::string host{};  // Without brackets.
        std::uint16_t port = 0;
        bool has_tls = false;
    };
    // Begins to connect, in the way that `options` say: look-up, time-outs, `unix_path`, `tls`,
    // which must be there for a target with TLS. They are borrowed, and so is `owner`.
    TcpCarrier(Reactor& reactor, Target target, const ClientOptions& options, Owner& owner);
    ~TcpCarrier() override;

    void send(std::string_view bytes) override { socket_->send(bytes); }
    void finish() override;
    void pause() override;
    void resume() override;
    void flush() override { socket_->send_now(); }
    [[nodiscard]] std::size_t untaken_size() const noexcept override {
        return socket_->untaken_size();
    }
    [[nodiscard]] ClientStage stage() const noexcept override;
    [[nodiscard]] std::size_t unsent_size() const noexcept override;
    [[nodiscard]] const Address& peer() const noexcept override { return peer_; }

  private:
    void dialed(Dialed dialed);
    void lose(ClientStage stage, Error error);

    Reactor& reactor_;
    const Target target_;
    const ClientOptions& options_;
    Owner& owner_;
    Dialer dialer_;
    Address peer_{};
    CarrierSocket* socket_ = nullptr;  // Null: it is not connected, or has ended.
};

}  // namespace edgews
