// The demo's chat room by Socket.IO, for those who have a client of that: at /socket.io/.
//
//     connect  auth: {"name":"Ada"}      a name of up to 24 characters; it proves nothing
//     "room"   one object                what the room says, JSON as on the page's WebSocket
//     "chat"   "Hello", acknowledgement  a line of up to 500 characters
//
// Who loses the connection and is back within two minutes gets what the room said meanwhile.
//
// The room shows such lines as those of "Ada (Socket.IO)". The acknowledgement has nothing, or a
// sentence that says why the line was refused.
#pragma once

#include "programs/common/json.hpp"
#include "room.hpp"

#include <edgews/loop.hpp>
#include <edgews/server.hpp>
#include <edgews/socketio.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace demo {

class SocketRoom {
  public:
    // `say` is called on any of the loops, with a name and a line.
    explicit SocketRoom(std::function<void(std::string name, std::string text)> say)
        : say_(std::move(say)) {
        hub_.of("/")
            .use([](edgews::sio::Handshake& handshake) {
                if (!is_line(name_of(handshake.auth()), 24)) {
                    handshake.refuse("A name has 1 to 24 visible characters.");
                }
            })
            .on("chat", [this](edgews::sio::Socket& socket, const edgews::sio::Event& event,
                               const edgews::sio::Ack& ack) { chat(socket, event, ack); });
    }

    void attach(edgews::Server& server) { hub_.attach(server); }

    // What the room says.
    void publish(std::string_view message) {
        static_cast<void>(hub_.of("/").emit("room", edgews::sio::raw(message)));
    }

  private:
    static std::string name_of(std::string_view auth) {
        const std::optional<FlatObject> object = FlatParser::parse(auth);
        return object ? trimmed(object->string("name")) : "";
    }

    void chat(edgews::sio::Socket& socket, const edgews::sio::Event& event,
              const edgews::sio::Ack& ack) {
        const std::string text = trimmed(event.find<std::string>(0).value_or(""));
        if (!is_line(text, 500)) {
            ack(edgews::sio::json("A message has 1 to 500 characters, on one line."));
        } else if (!socket.data<Visitor>().may_speak(edgews::Loop::current()->now_ms())) {
            ack(edgews::sio::json("That was a lot at once. Wait a moment."));
        } else {
            say_(name_of(socket.auth()) + " (Socket.IO)", text);
            ack();
        }
    }

    std::function<void(std::string name, std::string text)> say_;
    edgews::sio::Hub hub_{{.recovery = {.max_disconnection_ms = 120'000}}};
};

}  // namespace demo
