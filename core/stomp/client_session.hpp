// One connection of a STOMP client, without I/O: what the server said, checked, and what is to be
// sent.
//
//     connecting ──CONNECTED──▶ connected ──ERROR, or a fault of the server's──▶ over
//
// Pull-style:
//
//     session.connect({…});                                     // CONNECT is in output().
//     while (const ServerFrame* frame = session.next(input)) …  // What came.
//     socket.write(session.output());
//
// Subscriptions, receipts and transactions have numbers, which are their ids on the wire: who has
// the session gives them out, each once, and knows what they are about. 0 is none.
//
// After an ERROR it is over (1.2, ERROR). Some brokers leave the connection open then, but what has
// become of the frames before is not known.
#pragma once

#include <edgews/stomp_options.hpp>
#include "core/base/buffer.hpp"
#include "core/stomp/frame_reader.hpp"
#include "core/stomp/server_frame.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace edgews::stomp {

// The headers of CONNECT. Borrowed for the call.
struct Connect {
    std::string_view host{};      // The virtual host. Empty: there is no such header, as in 1.0.
    std::string_view login{};     // Empty: no such header.
    std::string_view passcode{};  // The same.
    std::span<const Header> headers{};  // Further ones.
};

// A message to acknowledge, as the server named it.
struct ToAcknowledge {
    std::string_view ack{};           // The `ack` header of 1.2; before: `message-id`.
    std::string_view subscription{};  // The header's text.
};

class ClientSession {
  public:
    // Both are borrowed.
    ClientSession(const FrameLimits& limits, BufferPool& pool) noexcept : reader_(limits, pool) {}
    ClientSession(const ClientSession&) = delete;
    ClientSession& operator=(const ClientSession&) = delete;
    ~ClientSession() = default;

    // Writes CONNECT. Once, before all else.
    void connect(const Connect& connect, HeartBeat heart_beat);
    // The next frame from the front of `input`, of which it takes what it used. Valid until the
    // next call, as long as the input's memory. Null: all was used, or it is over.
    [[nodiscard]] const ServerFrame* next(std::span<const std::byte>& input) noexcept;

    // Frames. Require: is_connected(). `receipt`: the number of the receipt that it asks for.

    // False: the destination cannot be said in this version (core/stomp/value_encoding.hpp), and
    // nothing is written. Of headers, those that cannot are left out, and so are destination, id,
    // transaction, receipt and content-length, which are written here.
    [[nodiscard]] bool subscribe(std::uint64_t number, std::string_view destination, AckMode mode,
                                 std::span<const Header> headers, std::uint64_t receipt);
    void unsubscribe(std::uint64_t number, std::span<const Header> headers, std::uint64_t receipt);
    struct Send {
        std::string_view destination{};
        std::span<const Header> headers{};
        std::span<const std::byte> body{};
        std::uint64_t transaction = 0;
        std::uint64_t receipt = 0;
    };
    // False: as subscribe().
    [[nodiscard]] bool send(const Send& send);
    // ACK or NACK. False: this version has no such frame (NACK in 1.0).
    [[nodiscard]] bool acknowledge(Command command, const ToAcknowledge& message,
                                   std::span<const Header> headers, std::uint64_t transaction,
                                   std::uint64_t receipt);
    // BEGIN, COMMIT or ABORT.
    void transact(Command command, std::uint64_t transaction, std::uint64_t receipt);
    void disconnect(std::uint64_t receipt);
    // An EOL, if nothing else was sent (1.2, Heart-beating).
    void beat() { output_ += '\n'; }

    // What is to be sent. Whoever sends it takes it out.
    [[nodiscard]] std::string& output() noexcept { return output_; }

    [[nodiscard]] bool is_connected() const noexcept { return state_ == State::connected; }
    [[nodiscard]] bool is_over() const noexcept { return state_ == State::over; }
    [[nodiscard]] Version version() const noexcept { return version_; }
    // Milliseconds; 0: none. Valid when connected.
    [[nodiscard]] std::uint32_t send_every_ms() const noexcept;
    [[nodiscard]] std::uint32_t hear_every_ms() const noexcept;
    // Whether a server that has said nothing for so long counts as gone. Requires: hear_every_ms()
    // is not 0.
    [[nodiscard]] bool is_too_silent(std::uint64_t silence_ms) const noexcept;
    // What `message` is to be acknowledged by. Empty: it cannot be.
    [[nodiscard]] std::string_view ack_of(const Frame& message) const noexcept;

  private:
    enum class State : std::uint8_t { connecting, connected, over };
    void enter(State state) noexcept { state_ = state; }
    [[nodiscard]] ServerFault check(const Frame& frame);
    [[nodiscard]] ServerFault check_connected(const Frame& frame);
    [[nodiscard]] ServerFault check_message(const Frame& frame);
    [[nodiscard]] bool may_say(std::string_view destination) const noexcept;

    // The parts of a frame.
    void begin(Command command);
    void say(std::string_view name, std::string_view value);
    void say(std::string_view name, std::uint64_t number);
    void say(std::span<const Header> headers);
    void end(std::uint64_t receipt, std::span<const std::byte> body = {});

    FrameReader reader_;
    ServerFrame shown_{};
    State state_ = State::connecting;
    Version version_ = Version::v1_2;
    HeartBeat ours_{};
    HeartBeat servers_{};
    bool is_server_late_ = false;  // With its heart-beats.
    std::string output_{};
};

}  // namespace edgews::stomp
