#include "guests.hpp"

#include <utility>

namespace edgews::sim::test {

namespace {

constexpr std::string_view page_end = "\r\n\r\npage";

}  // namespace

// ---- Outside ---------------------------------------------------------------

EchoGuest::EchoGuest(Visit& visit, std::string name, std::vector<std::string> sentences)
    : guest_(visit.expect(std::move(name))),
      peer_(visit.world(), {.path = "/echo"}),
      sentences_(std::move(sentences)) {
    peer_.open = [this](WebSocketPeer&) { say_next(); };
    peer_.message = [this](WebSocketPeer&, std::string_view message, bool) {
        if (message != sentences_[next_]) return;
        ++next_;
        say_next();
    };
    peer_.gone = [this](WebSocketPeer& peer) {
        guest_.has_ended = true;
        guest_.is_served = next_ == sentences_.size();
        const bool is_orderly = peer.close_code() == 1000 && !peer.was_reset();
        if (!guest_.is_served || !is_orderly || !peer.fault().empty()) ++guest_.losses;
    };
}

void EchoGuest::come(std::uint16_t port) {
    const Busy busy;
    peer_.connect(port);
}

void EchoGuest::say_next() {
    next_ < sentences_.size() ? peer_.send_text(sentences_[next_]) : peer_.close(1000);
}

TopicGuest::TopicGuest(Visit& visit, std::string name, std::size_t message_count)
    : guest_(visit.expect(std::move(name))),
      peer_(visit.world(), {.path = "/topic"}),
      left_(message_count) {
    peer_.message = [this](WebSocketPeer&, std::string_view, bool) {
        if (--left_ == 0) guest_.is_served = true;
    };
    peer_.gone = [this](WebSocketPeer& peer) {
        guest_.has_ended = true;
        const bool is_orderly = peer.close_code() == 1001 && !peer.was_reset();
        if (!guest_.is_served || !is_orderly) ++guest_.losses;
    };
}

void TopicGuest::come(std::uint16_t port) {
    const Busy busy;
    peer_.connect(port);
}

SurplusGuest::SurplusGuest(Visit& visit, std::string name)
    : guest_(visit.expect(std::move(name))), peer_(visit.world(), {.path = "/echo"}) {
    peer_.open = [](WebSocketPeer& peer) { peer.close(1000); };
    peer_.gone = [this](WebSocketPeer& peer) {
        guest_.has_ended = true;
        guest_.is_served = !peer.is_open() || peer.close_code() == 1000;
        if (!guest_.is_served) ++guest_.losses;
    };
}

void SurplusGuest::come(std::uint16_t port) {
    const Busy busy;
    peer_.connect(port);
}

// A pause after each step: the server's pings and their time-outs come in between.
SlowGuest::SlowGuest(Visit& visit, std::string name, std::size_t message_count)
    : world_(visit.world()),
      guest_(visit.expect(std::move(name))),
      peer_(visit.world(), {.path = "/flood"}),
      left_(message_count) {
    peer_.open = [this](WebSocketPeer& peer) {
        peer.set_reading(false);
        read_after(1'500);
    };
    peer_.message = [this, message_count](WebSocketPeer& peer, std::string_view, bool) {
        if (left_-- == message_count) {
            peer.set_reading(false);
            read_after(900);
        }
        if (left_ == 0) peer.close(1000);
    };
    peer_.gone = [this](WebSocketPeer& peer) {
        guest_.has_ended = true;
        guest_.is_served = left_ == 0;
        if (!guest_.is_served || peer.close_code() != 1000 || peer.was_reset()) ++guest_.losses;
    };
}

void SlowGuest::come(std::uint16_t port) {
    const Busy busy;
    peer_.connect(port);
}

void SlowGuest::read_after(std::uint64_t milliseconds) {
    world_.after(milliseconds * 1'000'000, [this] { peer_.set_reading(true); });
}

SlowSpeaker::SlowSpeaker(Visit& visit, std::string name, std::uint64_t pause_ms)
    : guest_(visit.expect(std::move(name))), peer_(visit.world(), {.path = "/echo"}) {
    peer_.open = [&world = visit.world(), pause_ms](WebSocketPeer& peer) {
        const std::string half(20'000, 'x');
        peer.send_frame(0x01, half);
        world.after(pause_ms * 1'000'000, [&peer, half] { peer.send_frame(0x80, half); });
    };
    peer_.message = [](WebSocketPeer& peer, std::string_view message, bool) {
        if (message.size() == 40'000) peer.close(1000);
    };
    peer_.gone = [this](WebSocketPeer& peer) {
        guest_.has_ended = true;
        guest_.is_served = peer.close_code() == 1000;
        if (!guest_.is_served || peer.was_reset()) ++guest_.losses;
    };
}

void SlowSpeaker::come(std::uint16_t port) {
    const Busy busy;
    peer_.connect(port);
}

PageGuest::PageGuest(Visit& visit, std::string name)
    : Peer(visit.world(), {}), guest_(visit.expect(std::move(name))) {}

void PageGuest::come(std::uint16_t port) {
    const Busy busy;
    connect(port);
}

void PageGuest::ask() {
    send("GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

void PageGuest::on_bytes(std::string_view bytes) {
    input_ += bytes;
    if (!input_.ends_with(page_end)) return;
    input_.clear();
    if (++answer_count_ < 2) return ask();
    guest_.is_served = true;
    end();
}

void PageGuest::on_end() {
    guest_.has_ended = true;
    if (!guest_.is_served || was_reset()) ++guest_.losses;
}

// ---- Of the engine ---------------------------------------------------------

ClientGuest::ClientGuest(Visit& visit, std::string name, std::vector<std::string> sentences)
    : guest_(visit.expect(std::move(name))), sentences_(std::move(sentences)) {}

void ClientGuest::connect(Loop& loop, const std::string& url, ClientOptions options) {
    options.reconnect = {.enabled = true, .delay_ms = 20, .delay_max_ms = 20};
    ClientHandlers handlers;
    handlers.open = [this](Client& client) {
        guest_.has_ended = false;
        say_next(client);
    };
    handlers.message = [this](Client& client, Message message) { on_message(client, message); };
    handlers.close = [this](Client&, const CloseEvent& event) { on_close(event); };
    client_.emplace(loop, url, std::move(handlers), std::move(options));
}

void ClientGuest::say_next(Client& client) {
    if (next_ < sentences_.size()) {
        (void)client.send(sentences_[next_]);
    } else {
        client.close();
    }
}

void ClientGuest::on_message(Client& client, Message message) {
    if (message.text() != sentences_[next_]) return;
    ++next_;
    say_next(client);
}

// One that is lost with all said may be lost behind its goodbye.
void ClientGuest::on_close(const CloseEvent& event) {
    guest_.has_ended = true;
    if (!event.clean) ++guest_.losses;
    if (next_ < sentences_.size()) return;
    guest_.is_served = true;
    client_->close();  // It is not to come back.
    if (done) done();
}

void run_client(Loop& loop, ClientGuest& guest, const std::string& url, ClientOptions options) {
    // It does not outlive its loop, whatever is thrown here.
    const std::shared_ptr<void> end(nullptr, [&guest](void*) { guest.destroy(); });
    guest.done = [&loop] { loop.stop(); };
    options.ping_ms = 0;
    guest.connect(loop, url, std::move(options));
    loop.after(2'000, [&loop] { loop.stop(); });
    loop.run();
}

}  // namespace edgews::sim::test
