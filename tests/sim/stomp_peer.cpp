#include "stomp_peer.hpp"

#include <algorithm>
#include <utility>

namespace edgews::sim::test {

class StompPeer::Line final : public Peer {
  public:
    Line(StompPeer& owner, World& world, const Pace& pace) : Peer(world, pace), owner_(owner) {}

  private:
    void on_bytes(std::string_view bytes) override { (void)owner_.take(bytes); }
    void on_end() override { owner_.gone(); }
    StompPeer& owner_;
};

StompPeer::StompPeer(World& world, bool is_over_websocket, const Pace& pace) : world_(world) {
    if (!is_over_websocket) {
        line_ = std::make_unique<Line>(*this, world, pace);
        return;
    }
    is_text_ = !world.choices().once_in(3);
    websocket_ = std::make_unique<WebSocketPeer>(
        world,
        WebSocketPeerOptions{
            .path = "/stomp", .headers = "Sec-WebSocket-Protocol: v12.stomp\r\n", .pace = pace});
    // One frame is one message, or one beat is. No body has that byte but those that are no text.
    websocket_->message = [this](WebSocketPeer&, std::string_view payload, bool is_text) {
        const bool is_one = take(payload) == 1 && input_.is_empty();
        require(is_one, "a WebSocket message that is not one frame");
        require(!is_text || payload.find('\xFF') == std::string_view::npos, "6455 5.6: no text");
    };
    websocket_->gone = [this](WebSocketPeer&) { gone(); };
}

StompPeer::~StompPeer() = default;

Peer& StompPeer::peer() const noexcept {
    return line_ ? static_cast<Peer&>(*line_) : *websocket_;
}

std::string StompPeer::fault() const {
    return fault_.empty() && websocket_ ? websocket_->fault() : fault_;
}

std::uint64_t StompPeer::take_longest_silence_ns() noexcept {
    const std::uint64_t now_ns = world_.now_ns();
    const std::uint64_t last_ns = now_ns - std::exchange(heard_ns_, now_ns);
    return std::max(std::exchange(longest_silence_ns_, 0), last_ns);
}

void StompPeer::send(std::string_view bytes) {
    if (line_) return line_->send(bytes);
    Choices& choices = world_.choices();
    while (!bytes.empty()) {
        const auto size = static_cast<std::uint32_t>(bytes.size());
        const std::size_t cut = choices.once_in(4) ? choices.between(1, size) : size;
        websocket_->send_frame(is_text_ ? 0x81 : 0x82, bytes.substr(0, cut));
        bytes.remove_prefix(cut);
    }
}

void StompPeer::end() {
    const bool has_close_frame = websocket_ && world_.choices().once_in(2);
    has_close_frame ? websocket_->close(1000) : peer().end();
}

std::size_t StompPeer::take(std::string_view bytes) {
    const std::uint64_t silence_ns = take_longest_silence_ns();
    longest_silence_ns_ = silence_ns;
    input_.append(bytes);
    for (std::size_t count = 0;; ++count) {
        if (input_.view().starts_with('\n')) {
            input_.consume(1);
            continue;
        }
        const auto next = take_frame(input_, fault_);
        if (!next) return count;
        require(last_command_ != "ERROR", "1.2, ERROR: something comes behind it");
        const bool is_first = last_command_.empty();
        require(next->command == "ERROR" || is_first == (next->command == "CONNECTED"),
                "1.2, Connecting: CONNECTED first, and once");
        last_command_ = next->command;
        frame(*next);
    }
}

}  // namespace edgews::sim::test
