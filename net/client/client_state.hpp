// The state behind a Client, from one try to connect to the next.
//
//     idle ──connect()──▶ connecting ──opened──▶ open ──close frame──▶ closing ──TCP ends──▶ closed
//                           └────────── failed, lost ───────────────────────────────────────▲  │
//                           ▲────────────── redirected, waiting to reconnect ──────────────────┘
//
// Lives as long as its Client, and as the Connection that may outlive that by its goodbye.
#pragma once

#include <edgews/client.hpp>
#include "core/websocket/client_handshake.hpp"
#include "core/websocket/websocket_url.hpp"
#include "net/client/client_opening.hpp"
#include "net/client/dialer.hpp"
#include "net/connection/connections_on_loop.hpp"
#include "net/loop/alarm.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace edgews {

class ClientState final : public std::enable_shared_from_this<ClientState>,
                          private ClientOpening::Owner {
  public:
    ClientState(Reactor& reactor, std::string url, ClientHandlers handlers, ClientOptions options);
    ~ClientState() = default;

    // Of `client`, whom the handlers are given.
    void connect(Client& client);
    // It goes: says goodbye, and calls no handler any more.
    void detach();

    bool close(std::uint16_t code, std::string_view reason);
    void terminate();
    void reconnect();

    [[nodiscard]] Loop& loop() const noexcept { return reactor_.loop(); }
    // Null unless open or closing.
    [[nodiscard]] WebSocketConnection* connection() const noexcept { return connection_; }
    [[nodiscard]] ReadyState ready_state() const noexcept;
    [[nodiscard]] std::size_t unsent_size() const noexcept { return unsent_size_; }
    [[nodiscard]] const std::string& protocol() const noexcept { return protocol_; }
    [[nodiscard]] const std::string& extensions() const noexcept { return extensions_; }
    [[nodiscard]] const std::string& url() const noexcept { return url_text_; }
    [[nodiscard]] const Address& peer() const noexcept { return peer_; }
    [[nodiscard]] std::optional<std::uint32_t> latency_us() const noexcept { return latency_us_; }

  private:
    enum class Phase : std::uint8_t { connecting, open, closed, waiting };
    // What a connection keeps of us: all that it is made of.
    struct Link {
        std::shared_ptr<ClientState> state{};
    };

    // One try.
    void begin();
    [[nodiscard]] Error prepare();
    [[nodiscard]] Error check_options() const;
    void dial();
    void dialed(Dialed dialed);
    [[nodiscard]] OpeningOffer offer() const noexcept;
    [[nodiscard]] OpeningRequestFault append_request();
    void start_opening(Fd fd);
    void opened(ClientOpening& opening, const HttpHead& head, const ReadOpeningResponse& response,
                std::span<std::byte> rest) override;
    void opening_failed(ClientError error) override;
    [[nodiscard]] bool leads_on(const HttpHead& head) override;
    [[nodiscard]] std::string why_not(const HttpHead& head, const WebSocketUrl& target) const;
    [[nodiscard]] Error error_of(std::errc code, std::string_view what) const;
    [[nodiscard]] ClientStage stage() const noexcept;
    void fail(ClientStage stage, Error error);
    void end(const ClientError* error, const CloseEvent& event);
    void stop_trying();
    void plan_reconnecting(bool is_vain);
    [[nodiscard]] bool give_up();

    // While open.
    void make_route();
    void on_close(const CloseEvent& event);
    void on_pong(std::span<const std::byte> payload);
    void ping();
    void check_pong();
    [[nodiscard]] bool is_ping_answered() const noexcept;

    [[nodiscard]] bool is_proxied() const noexcept { return !options_.proxy.empty(); }
    template <class Handler, class... Arguments>
    void call(const Handler& handler, Arguments&&... arguments);
    template <class Handler, class... Arguments>
    void tell(const Handler& handler, Arguments&&... arguments) noexcept;

    Reactor& reactor_;
    Client* client_ = nullptr;  // Null: it is gone.
    ClientHandlers handlers_;
    ClientOptions options_;
    WebSocketRoute route_;
    RouteOnLoop route_on_loop_;
    Dialer dialer_;

    std::string wanted_url_;  // Where each try begins,
    std::string url_text_{};  // and where it is by now.
    std::string name_{};      // The same without user information, which errors do not tell.
    WebSocketUrl url_{};
    WebSocketUrl proxy_{};
    std::string request_{};  // The opening request.
    std::array<char, websocket_key_size> key_{};
    std::optional<DeflateParameters> deflate_terms_{};
    Phase phase_ = Phase::closed;
    ClientOpening* opening_ = nullptr;
    WebSocketConnection* connection_ = nullptr;
    std::string failure_{};      // Why the connection is about to be lost; empty: nobody said.
    bool is_unwanted_ = false;   // The application closed it: it is not opened again.
    bool is_elsewhere_ = false;  // A redirection led to another origin.

    Address peer_{};
    std::string protocol_{};
    std::string extensions_{};
    std::size_t unsent_size_ = 0;
    std::optional<std::uint32_t> latency_us_{};
    std::uint64_t pinged_us_ = 0;    // When the last ping left,
    std::uint64_t answered_us_ = 0;  // and the last one whose pong came.
    std::uint32_t pinged_ms_ = 0;    // When the first one left that waits for an answer.
    unsigned redirect_count_ = 0;
    std::string why_not_followed_{};  // For the error about the last redirection: " (why)".
    unsigned failure_count_ = 0;      // Since the connection was stable.
    std::uint64_t opened_ms_ = 0;
    Alarm open_timer_;
    Alarm ping_timer_;
    Alarm pong_timer_;
    Alarm reconnect_timer_;
};

}  // namespace edgews
