#include "stomp_guests.hpp"

#include <utility>

namespace edgews::sim::test {

StompTalk::StompTalk(Guest& guest, std::string topic, std::function<void(std::string_view)> send)
    : guest_(guest), topic_(std::move(topic)), send_(std::move(send)) {}

void StompTalk::say(std::string_view frame) {
    send_(std::string(frame) + '\0');
}

void StompTalk::begin() {
    say("CONNECT\naccept-version:1.2\nhost:test\n\n");
}

void StompTalk::take(std::string_view bytes) {
    input_ += bytes;
    for (std::size_t end = input_.find('\0'); end != std::string::npos; end = input_.find('\0')) {
        const std::string frame = input_.substr(0, end);
        input_.erase(0, end + 1);
        take_frame(frame);
    }
}

void StompTalk::take_frame(std::string_view frame) {
    const auto has = [&](std::string_view what) { return frame.find(what) != frame.npos; };
    if (has("CONNECTED\n")) {
        say("SUBSCRIBE\nid:0\ndestination:/topic/news\n\n");
        say("SUBSCRIBE\nid:1\ndestination:" + topic_ + "\nreceipt:ready\n\n");
    } else if (has("receipt-id:ready")) {
        say("SEND\ndestination:" + topic_ + "\n\nhello");
    } else if (has("MESSAGE\n")) {
        (has("destination:/topic/news") ? has_news_ : has_own_) = true;
        if (has_own_ && has_news_) say("DISCONNECT\nreceipt:bye\n\n");
    } else if (has("receipt-id:bye")) {
        guest_.is_served = true;
    }
}

void StompTalk::end(bool is_orderly) {
    guest_.has_ended = true;
    if (!guest_.is_served || !is_orderly) ++guest_.losses;
}

StompTcpGuest::StompTcpGuest(Visit& visit, std::string name, std::string topic)
    : Peer(visit.world(), {}),
      talk_(visit.expect(std::move(name)), std::move(topic),
            [this](std::string_view frame) { send(frame); }) {}

void StompTcpGuest::come(const Address& address) {
    const Busy busy;
    connect(address);
}

StompWebSocketGuest::StompWebSocketGuest(Visit& visit, std::string name, std::string topic)
    : peer_(visit.world(), {.path = "/stomp", .headers = "Sec-WebSocket-Protocol: v12.stomp\r\n"}),
      talk_(visit.expect(std::move(name)), std::move(topic),
            [this](std::string_view frame) { peer_.send_text(frame); }) {
    peer_.open = [this](WebSocketPeer&) { talk_.begin(); };
    peer_.message = [this](WebSocketPeer&, std::string_view message, bool) { talk_.take(message); };
    peer_.gone = [this](WebSocketPeer& peer) { talk_.end(!peer.was_reset()); };
}

void StompWebSocketGuest::come(const Address& address) {
    const Busy busy;
    peer_.connect(address);
}

}  // namespace edgews::sim::test
