// STOMP over WebSocket: a session on a connection (the subprotocols v10.stomp to v12.stomp).
//
// A message may hold several frames, and a frame may span several messages. What goes to a client
// is one frame a message: text, if its own were and the frame is UTF-8, or else binary.
#pragma once

#include <edgews/options.hpp>
#include <edgews/route.hpp>
#include "net/connection/websocket_connection.hpp"
#include "net/stomp/session_link.hpp"

#include <memory>

namespace edgews {

class StompOnWebSocket final : public StompSessionLink {
  public:
    // `connection` is borrowed, and keeps this.
    StompOnWebSocket(StompLoop& loop, WebSocketConnection& connection);
    ~StompOnWebSocket() override;

    // The kind of the client's messages, which is that of the answers.
    void set_kind(Message::Kind kind) noexcept { kind_ = kind; }

  private:
    bool send(const Pieces& pieces) override;
    [[nodiscard]] bool may_send() const override { return connection_.is_open(); }
    void finish(stomp::Fault fault) override;
    void pause() override { connection_.pause_reading(); }
    void resume() override { connection_.resume_reading(); }

    WebSocketConnection& connection_;
    Message::Kind kind_ = Message::Kind::text;
};

// What a connection of the route has as its user data.
struct StompOnConnection {
    std::unique_ptr<StompOnWebSocket> session{};
};

[[nodiscard]] Handlers stomp_handlers(StompBroker::State& state);
[[nodiscard]] RouteOptions stomp_route_options(const StompBroker::State& state,
                                               RouteOptions options);

}  // namespace edgews
