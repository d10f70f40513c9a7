// A WebSocket client outside a simulated world, written apart from the engine's own: what it says
// of a server is a second opinion.
#pragma once

#include "sim/peer.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim {

struct WebSocketPeerOptions {
    std::string path = "/";
    std::string host = "localhost";
    std::string headers{};  // More of them, each with its CR and LF.
    Pace pace{};
    // An offer of permessage-deflate is made in `headers`: what comes compressed is told as it is.
    bool allows_rsv1 = false;
    // Frames leave behind the request, before it is answered.
    bool is_hasty = false;
    // The server's close frame is answered (RFC 6455, section 5.5.1).
    bool answers_close = true;
    // What it asks for first, on the same connection and without waiting: the answers are passed
    // over.
    std::vector<std::string> paths_before{};
};

class WebSocketPeer final : public Peer {
  public:
    WebSocketPeer(World& world, WebSocketPeerOptions options);

    // What happens to it; all are optional, and called as the world's events are.
    std::function<void(WebSocketPeer&)> open{};  // The handshake is done.
    std::function<void(WebSocketPeer&, std::string_view payload, bool is_text)> message{};
    std::function<void(WebSocketPeer&)> gone{};  // The server has ended the connection.

    void send_text(std::string_view payload) { send_frame(0x81, payload); }
    void send_binary(std::string_view payload) { send_frame(0x82, payload); }
    void ping(std::string_view payload) { send_frame(0x89, payload); }
    // A close frame (RFC 6455, section 5.5.1).
    void close(std::uint16_t code, std::string_view reason = {});
    // Any frame: its first byte is FIN, RSV and the opcode; it is masked.
    void send_frame(unsigned first_byte, std::string_view payload);

    [[nodiscard]] bool is_open() const noexcept { return is_open_; }
    // The status of an answer that was not 101; 0: none came.
    [[nodiscard]] int refused_status() const noexcept { return refused_status_; }
    // The server's close frame: its code, 1005 without one, 0: none came.
    [[nodiscard]] unsigned close_code() const noexcept { return close_code_; }
    [[nodiscard]] std::size_t pongs() const noexcept { return pongs_; }
    // The rule that the server broke; empty: none.
    [[nodiscard]] const std::string& fault() const noexcept { return fault_; }

  private:
    struct Head {
        std::size_t size = 0;  // 0: more is needed.
        std::uint64_t payload_size = 0;
    };
    void on_open() override;
    void on_bytes(std::string_view bytes) override;
    void on_end() override;
    [[nodiscard]] bool pass_over_answer();
    void read_answer();
    [[nodiscard]] Head read_head();
    [[nodiscard]] bool read_frame();
    void take_frame(unsigned first_byte, std::string_view payload);
    void take_data(unsigned first_byte, std::string_view payload);
    void take_control(unsigned opcode, std::string_view payload);
    void blame(const char* fault);

    WebSocketPeerOptions options_;
    Bytes input_{};
    std::string early_{};    // Frames for when the handshake is done, or the request was sent.
    std::string message_{};  // The part of one that has come.
    std::size_t answers_passed_ = 0;
    bool is_open_ = false;
    bool is_in_message_ = false;
    bool is_text_ = false;
    bool has_sent_close_ = false;
    int refused_status_ = 0;
    unsigned close_code_ = 0;
    std::size_t pongs_ = 0;
    std::string fault_{};
};

}  // namespace edgews::sim
