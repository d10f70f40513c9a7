// The demo's chat room by STOMP, for those who have a client of that: on the WebSocket /stomp, and
// over TCP.
//
//     CONNECT    login:Ada                   a name of up to 24 characters; it proves nothing
//     SUBSCRIBE  destination:/topic/room     what the room says, JSON as on the page's WebSocket
//     SEND       destination:/app/chat       the body is a line of up to 500 characters
//
// The room shows such lines as those of "Ada (STOMP)". Whatever is against the rules is answered
// with ERROR.
#pragma once

#include "room.hpp"

#include <edgews/loop.hpp>
#include <edgews/server.hpp>
#include <edgews/stomp_broker.hpp>
#include "core/kernels/utf8.hpp"

#include <array>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace demo {

class StompRoom {
  public:
    // `say` is called on any of the loops, with a name and a line.
    explicit StompRoom(std::function<void(std::string name, std::string text)> say)
        : say_(std::move(say)), broker_({}, hooks()) {
        broker_.app("/app/chat", [this](edgews::StompRequest& request) { chat(request); });
    }

    void attach(edgews::Server& server) { broker_.attach(server, "/stomp"); }
    [[nodiscard]] edgews::Error listen(edgews::Server& server, edgews::ListenOptions options) {
        return broker_.listen(server, std::move(options));
    }

    // What the room says.
    void publish(std::string_view message) {
        static constexpr std::array<edgews::stomp::Header, 1> headers{
            {{"content-type", "application/json"}}};
        static_cast<void>(broker_.send("/topic/room", message, headers));
    }

  private:
    edgews::StompHooks hooks() {
        using edgews::StompAction;
        using edgews::StompClient;
        return {
            .authenticate =
                [](const StompClient&, const edgews::stomp::Frame& connect) {
                    const std::string name = trimmed(connect.find("login").value_or(""));
                    if (is_line(name, 24)) return edgews::StompAccess{.user = name};
                    return edgews::StompAccess{
                        .is_granted = false,
                        .reason = "login is your name: 1 to 24 visible characters."};
                },
            // Only the room says what is on its topic.
            .authorise =
                [](const StompClient&, StompAction action, std::string_view destination) {
                    return destination ==
                           (action == StompAction::send ? "/app/chat" : "/topic/room");
                },
            .disconnected =
                [this](const StompClient& client, edgews::stomp::Fault) {
                    const std::lock_guard lock(mutex_);
                    visitors_.erase(std::string(client.session_id));
                },
        };
    }

    void chat(edgews::StompRequest& request) {
        const std::string text = trimmed(request.text());
        if (!edgews::is_utf8(request.body()) || !is_line(text, 500)) {
            throw edgews::StompRefusal("A message has 1 to 500 characters, on one line.");
        }
        if (!may_speak(request.client())) {
            throw edgews::StompRefusal("That was a lot at once. Wait a moment.");
        }
        say_(std::string(request.client().user) + " (STOMP)", text);
    }

    bool may_speak(const edgews::StompClient& client) {
        const std::lock_guard lock(mutex_);
        return visitors_[std::string(client.session_id)].may_speak(
            edgews::Loop::current()->now_ms());
    }

    std::function<void(std::string name, std::string text)> say_;
    std::mutex mutex_;
    std::map<std::string, Visitor> visitors_;  // By session, on all loops.
    edgews::StompBroker broker_;
};

}  // namespace demo
