// The state behind a Client: what goes from one try to connect to the next, and the connection
// while it is open.
//
//     connecting ──try_opened()──▶ open ──TCP has ended──▶ closed ──it is to try again──▶ waiting
//      ▲  ▲ └───────────────── try_failed() ────────────────▲│ ▲                           │  │
//      │  └──────────────────── reconnect() ─────────────────┘ └───────── close() ─────────┘  │
//      └───────────────────── reconnect(), or the time has come ──────────────────────────────┘
//
// Two more states are not kept here: an open connection knows whether it is closing, and a try that
// was given up fails in a moment.
//
// Lives as long as its Client, and as the Connection that may outlive that by its goodbye.
#pragma once

#include <edgews/client.hpp>
#include "net/client/client_pings.hpp"
#include "net/client/client_try.hpp"
#include "net/connection/connections_on_loop.hpp"
#include "net/loop/alarm.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace edgews {

class ClientState final : public std::enable_shared_from_this<ClientState>,
                          private ClientTry::Owner,
                          private ClientPings::Owner {
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
    [[nodiscard]] const std::string& url() const noexcept { return try_.url(); }
    [[nodiscard]] const Address& peer() const noexcept { return try_.peer(); }
    [[nodiscard]] std::optional<std::uint32_t> latency_us() const noexcept {
        return pings_.latency_us();
    }

  private:
    enum class Phase : std::uint8_t { connecting, open, closed, waiting };
    // What a connection keeps of us: all that it is made of.
    struct Link {
        std::shared_ptr<ClientState> state{};
    };

    void begin();
    void try_opened(ClientOpening& opening, const HttpHead& head,
                    const ReadOpeningResponse& response, std::span<std::byte> rest) override;
    void try_failed(const ClientError& error) override;

    void make_route();
    void on_open();
    void server_is_silent() override;
    void on_close(const CloseEvent& event);
    template <class Handler, class... Arguments>
    void call(const Handler& handler, Arguments&&... arguments);

    void end(const ClientError* error, const CloseEvent& event);
    void plan_reconnecting(bool is_vain);
    template <class Handler, class... Arguments>
    void tell(const Handler& handler, Arguments&&... arguments) noexcept;
    void report(EventKind kind, std::uint32_t code, std::string_view text) noexcept;
    [[nodiscard]] bool give_up();

    Reactor& reactor_;
    Client* client_ = nullptr;  // Null: it is gone.
    ClientHandlers handlers_;
    ClientOptions options_;
    std::string wanted_url_;  // Where each try begins.
    ClientTry try_;
    Phase phase_ = Phase::closed;
    bool is_unwanted_ = false;  // The application closed it: it is not opened again.

    // The connection, and what is left of the last one.
    WebSocketRoute route_;
    RouteOnLoop route_on_loop_{};
    WebSocketConnection* connection_ = nullptr;  // Null unless the phase is `open`.
    ClientPings pings_;
    std::string protocol_{};
    std::string extensions_{};
    std::string failure_{};  // Why the connection is about to be lost; empty: nobody said.
    std::size_t unsent_size_ = 0;
    std::uint64_t opened_ms_ = 0;  // 0: it was not.

    unsigned failure_count_ = 0;  // Since the connection was stable.
    Alarm next_try_;
};

}  // namespace edgews
