// A WebSocket with which a session that polls is to go on (protocol 4, Upgrade), on its own loop.
//
//     the client         here                                  on the session's loop
//     ──2probe──▶        answers 3probe                 ──▶    probe_began(): each GET ends
//     ──5──▶             stops reading; expect()        ──▶    move_to(): the session leaves
//                        arrived(): it reads again      ◀──
//                        or say_last(), and the end     ◀──    where the session was closed
//
// A client that has been answered may not poll any more, and hears by the WebSocket only what comes
// behind its UPGRADE: when the server shuts down, that is waited for.
//
// It outlives its connection while the session is on its way, for that ends where it arrives.
#pragma once

#include <edgews/loop.hpp>
#include <edgews/message.hpp>
#include "net/engineio/application.hpp"
#include "net/engineio/place.hpp"
#include "net/engineio/socket_user.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace edgews {

class Connection;

namespace engineio {

class Host;
class HostedSession;

class Probe final : public Timer, public SocketUser {
  public:
    // Of the session `id`, which is there. The loop owns it, and `connection` is its.
    static void begin(Host& host, Reactor& reactor, Connection& connection, std::string id,
                      const Place& session);

    // The session has come, or does not come.
    void arrived(std::unique_ptr<HostedSession> session);
    void refused();
    // It does not come, and this is what its client has yet to hear.
    void say_last(std::span<const SharedPacket> packets, Dialect dialect);

    void received(Message message) override;
    void lost() override;
    void on_timer() override;

  private:
    enum class State : std::uint8_t { silent, tried, chosen, over };

    Probe(Host& host, Reactor& reactor, Connection& connection, std::string id,
          const Place& session);
    [[nodiscard]] Place place() const noexcept { return {&reactor_, token()}; }
    void answer_probe();
    void choose();
    void give_up();
    void end();

    Host& host_;
    Reactor& reactor_;
    Connection* connection_;  // Null: it is gone.
    const std::string id_;
    const Place session_;
    State state_ = State::silent;
    std::unique_ptr<Expected> expected_;  // While the session is on its way.
};

}  // namespace engineio

}  // namespace edgews
