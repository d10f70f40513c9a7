// STOMP over TCP, or over TLS: a session on a socket of its own.
#pragma once

#include "net/connection/admission.hpp"
#include "net/server/stream_protocol.hpp"
#include "net/stomp/session_link.hpp"
#include "net/stream/stream.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

namespace edgews {

class Shard;

class StompOnTcp final : public Stream, private StompSessionLink {
  public:
    StompOnTcp(Shard& shard, StompLoop& loop, Admission admission);
    ~StompOnTcp() override;

    // Registers with the loop. False: the system refuses.
    [[nodiscard]] bool start(Fd fd, std::unique_ptr<Transport> tls) noexcept;
    void shut_down() override;

  private:
    void on_readable() override { pull(*this); }
    friend class Stream;
    [[nodiscard]] Reading reading(int receive_count) const noexcept;
    [[nodiscard]] std::span<std::byte> space() const noexcept { return reactor().receive_space(); }
    [[nodiscard]] bool take(const Received& received, std::span<std::byte> bytes);
    void on_reset() override;
    void on_lost() override;
    void report_tls() const noexcept;
    void end_of_input();
    void on_writable() override;
    void on_timer() override;
    void count_sent(std::size_t size) noexcept override;

    bool send(const Pieces& pieces) override;
    [[nodiscard]] bool may_send() const override { return is_open() && !is_broken(); }
    void finish(stomp::Fault fault) override;
    [[nodiscard]] bool waits_for_handshake() const override {
        return Stream::waits_for_handshake();
    }
    void pause() override { is_paused_ = true; }
    void resume() override;

    Shard& shard_;
    Admission admission_;
    bool is_paused_ = false;
};

class StompOverTcp final : public StreamProtocol {
  public:
    // `state` is borrowed.
    explicit StompOverTcp(StompBroker::State& state) noexcept : state_(state) {}
    [[nodiscard]] bool accept(Shard& shard, Fd fd, Admission admission,
                              std::unique_ptr<Transport> tls) const override;
    [[nodiscard]] std::string_view refusal() const noexcept override;

  private:
    StompBroker::State& state_;
};

}  // namespace edgews
