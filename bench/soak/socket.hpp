// A TCP connection of which each byte, and each discourtesy, is the client's to choose.
//
// It is not watched by a loop: whoever has it looks now and then, and may as well not look at all.
#pragma once

#include <edgews/coroutine.hpp>
#include "net/loop/fd.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "world.hpp"

namespace soak {

class Socket {
  public:
    // Connects to a port of 127.0.0.1, without waiting; a failure shows as an end.
    explicit Socket(std::uint16_t port, int receive_size = 0);
    // To an abstract Unix socket: "@name".
    explicit Socket(const std::string& unix_path);

    // As much as the system takes at once. False: not all, or it is over.
    bool send(std::string_view bytes);
    // What has come since.
    [[nodiscard]] std::string take();
    // The peer has ended it, or reset it.
    [[nodiscard]] bool is_over() const noexcept { return is_over_; }

    void shut_down() noexcept;
    // Closes so that the peer gets a reset.
    void reset() noexcept;

  private:
    edgews::Fd fd_;
    bool is_over_ = false;
};

// Hears until `wanted` has come: all that came by then. "": it has not. What is waited for, or
// sent, here and in drip() must live until then.
[[nodiscard]] edgews::Task<std::string> hear(World& world, Socket& socket, std::string_view wanted,
                                             std::uint64_t limit_ms);
// Reads until the peer has ended it.
[[nodiscard]] edgews::Task<bool> hear_end(World& world, Socket& socket, std::uint64_t limit_ms);
// Sends a few bytes at a time, with pauses. False: the peer has ended it.
[[nodiscard]] edgews::Task<bool> drip(World& world, Socket& socket, std::string_view bytes,
                                      std::uint64_t piece, std::uint64_t pause_ms);
// Goes without a goodbye: resets, half-closes, or stays silent for a while and closes.
[[nodiscard]] edgews::Task<> desert(World& world, Socket& socket);

// A whole opening request (RFC 6455, section 4.1).
[[nodiscard]] std::string upgrade_request(std::string_view path, std::string_view headers = {});
// A masked frame, with a key of zeros: `first` has FIN, RSV and the opcode.
[[nodiscard]] std::string frame(std::uint8_t first, std::string_view payload);
// The header of one that claims `size` bytes.
[[nodiscard]] std::string frame_header(std::uint8_t first, std::size_t size);

inline constexpr std::uint8_t text_frame = 0x81;
inline constexpr std::uint8_t binary_frame = 0x82;
inline constexpr std::uint8_t close_frame = 0x88;
inline constexpr std::uint8_t ping_frame = 0x89;

}  // namespace soak
