// A client's connection before it is a WebSocket: the tunnel through a proxy, TLS, and the opening
// handshake (RFC 6455, section 4.1).
#pragma once

#include <edgews/client_options.hpp>
#include "core/base/buffer.hpp"
#include "core/websocket/client_handshake.hpp"
#include "net/stream/stream.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace edgews {

class ClientOpening final : public Stream {
  public:
    // Who is told how it went: one of these, once, and never from within start().
    class Owner {
      public:
        // The server refused, with that head. True: the owner goes where it points, and has called
        // cancel(); false: the answer is read on, and told.
        virtual bool leads_on(const HttpHead& head) = 0;
        // The server agreed, and the connection is to be taken over. `rest` came behind the
        // response; it is valid until the end of the turn.
        virtual void opened(ClientOpening& opening, const HttpHead& head,
                            const ReadOpeningResponse& response, std::span<std::byte> rest) = 0;
        // The opening is closed, and deletes itself.
        virtual void opening_failed(ClientError error) = 0;

      protected:
        ~Owner() = default;
    };
    // What it refers to must outlive it, or its cancel().
    struct Setup {
        const ClientOptions& options;
        const WebSocketUrl& url;
        OpeningOffer offer;
        std::string_view request;       // The opening request.
        std::string connect_request{};  // For the proxy; empty: there is none.
    };

    // Takes a connected socket. Null: the system refuses, and says why in errno.
    [[nodiscard]] static ClientOpening* start(Reactor& reactor, Fd fd, Setup setup, Owner& owner);
    // Closes; the owner hears nothing any more.
    void cancel() noexcept;
    // What it is doing.
    [[nodiscard]] ClientStage stage() const noexcept;
    // An opening's output is small, and nobody counts it.
    void count_sent(std::size_t) noexcept override {}

  private:
    enum class Phase : std::uint8_t {
        proxy,     // It has been asked for a tunnel.
        tls,       // Its handshake goes on.
        response,  // The server has been asked.
        body,      // It refused, or the proxy, and says more.
    };

    ClientOpening(Reactor& reactor, Setup setup, Owner& owner);
    void on_readable() override { pull(*this); }
    friend class Stream;
    [[nodiscard]] Reading reading(int receive_count) const noexcept;
    [[nodiscard]] std::span<std::byte> space() const noexcept { return reactor().receive_space(); }
    [[nodiscard]] bool take(const Received& received, std::span<std::byte> bytes);
    void on_lost() override;
    void on_timer() override;

    void begin();
    void begin_tls();
    void request();
    void say(std::string_view text);
    void process(std::span<const std::byte> input);
    [[nodiscard]] bool take_head();
    void take_proxy_answer();
    void take_response();
    void await_body();
    void take_body(bool is_end);
    void forget_interim();
    void read_last();
    void fail(ClientStage stage, std::errc code, std::string_view what);
    void fail(ClientError error);
    void enter(Phase phase, std::uint32_t timeout_ms);
    [[nodiscard]] ClientError refusal(ClientStage stage, std::string_view what) const;

    Setup setup_;
    Owner* owner_;  // Null: it was told, or does not want to know.
    HttpHead head_;
    Buffer bytes_{};         // Received, from the head's first byte on.
    std::size_t begin_ = 0;  // What is before it was an interim response.
    Phase phase_ = Phase::response;
    ClientStage refused_ = ClientStage::handshake;  // Whose the body is.
    bool is_limited_ = false;                       // The phase has a timer.
};

}  // namespace edgews
