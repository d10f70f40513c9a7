// A STOMP broker that the test plays itself, frame by frame, over TCP or WebSocket.
//
//     PlayedBroker broker(loop, Over::tcp);
//     stomp::Client client(loop, {.brokers = {broker.url()}});
//     PlayedSession session = broker.accept();
//     EXPECT_EQ(session.hear(), "CONNECT\n…");
//     session.say("CONNECTED\nversion:1.2\n\n");
//
// What does not come in time, or comes wrong, throws, as RawServer's.
#pragma once

#include <edgews/loop.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "raw_server.hpp"
#include "stomp_over.hpp"

namespace edgews::test {

// One accepted connection.
class PlayedSession {
  public:
    PlayedSession(RawPeer peer, Over over) : raw(std::move(peer)), over_(over) {}

    // The next frame, without its NUL. Heart-beats in front of it are skipped.
    std::string hear() {
        while (true) {
            std::string frame = over_ == Over::tcp ? hear_bytes() : hear_message();
            if (frame != "\n") return frame;
        }
    }
    // That a heart-beat comes, and nothing before it.
    void hear_beat() {
        const std::string frame = over_ == Over::tcp ? hear_bytes() : hear_message();
        if (frame != "\n") throw std::runtime_error("no heart-beat: " + frame);
    }
    // A frame, without its NUL.
    void say(std::string_view frame) { say_bytes(std::string(frame) + '\0'); }
    // Any bytes, as one message of a WebSocket.
    void say_bytes(std::string_view bytes) {
        over_ == Over::tcp ? raw.send(bytes) : raw.send(server_frame(0x81, bytes));
    }
    // Answers CONNECT; returns it.
    std::string connect(std::string_view lines = "version:1.2\n") {
        std::string connect = hear();
        say("CONNECTED\n" + std::string(lines) + "\n");
        return connect;
    }
    // The next frame, which must ask for a receipt; gives it. Returns the frame.
    std::string confirm() {
        std::string frame = hear();
        say("RECEIPT\nreceipt-id:" + line(frame, "receipt") + "\n\n");
        return frame;
    }
    // A message for that subscription, as the client has numbered it.
    void deliver(std::string_view subscription, std::string_view body,
                 std::string_view lines = "") {
        say("MESSAGE\ndestination:/x\nmessage-id:m\nsubscription:" + std::string(subscription) +
            "\n" + std::string(lines) + "\n" + std::string(body));
    }
    // The value of a header of `frame`. "-": there is none.
    [[nodiscard]] static std::string line(const std::string& frame, const std::string& name) {
        const std::size_t found = frame.find('\n' + name + ':');
        if (found == std::string::npos) return "-";
        const std::size_t begin = found + name.size() + 2;
        return frame.substr(begin, frame.find('\n', begin) - begin);
    }

    RawPeer raw;

  private:
    std::string hear_bytes() {
        std::string frame;
        while (true) {
            const char c = static_cast<char>(raw.read_exactly(1)[0]);
            if (c == '\0' || (frame.empty() && c == '\n')) return frame.empty() ? "\n" : frame;
            frame += c;
        }
    }
    std::string hear_message() {
        while (true) {
            const MaskedFrame message = raw.read_frame();
            if (message.first_byte != 0x81 && message.first_byte != 0x82) {
                throw std::runtime_error("no message: " + message.describe());
            }
            std::string text = message.text();
            if (text == "\n") return text;
            if (!text.ends_with('\0')) throw std::runtime_error("no frame: " + text);
            text.pop_back();
            return text;
        }
    }

    Over over_;
};

// Listens on a free port of loopback.
class PlayedBroker {
  public:
    PlayedBroker(Loop& loop, Over over) : server(loop), over_(over) {}

    [[nodiscard]] std::string url() const {
        return over_ == Over::tcp ? server.url("", "stomp") : server.url("/ws");
    }
    // The next one that connects. A WebSocket is opened.
    [[nodiscard]] PlayedSession accept() const {
        RawPeer peer = server.accept();
        if (over_ == Over::web_socket) peer.answer("Sec-WebSocket-Protocol: v12.stomp\r\n");
        return {std::move(peer), over_};
    }
    // The next one, whose CONNECT is answered.
    [[nodiscard]] PlayedSession connect(std::string_view lines = "version:1.2\n") const {
        PlayedSession session = accept();
        session.connect(lines);
        return session;
    }

    RawServer server;

  private:
    Over over_;
};

}  // namespace edgews::test
