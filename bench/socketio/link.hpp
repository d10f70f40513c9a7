// One TCP connection to the server: what is to be sent, and what came and was not yet taken.
//
// What goes wrong throws std::runtime_error.
#pragma once

#include "net/loop/fd.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/poller.hpp"
#include "bench/load/target.hpp"

namespace load::sio {

class Link {
  public:
    // Begins to connect, with nothing to send or take; from then on `poller` tells of it by
    // `number`, which also chooses the address to come from.
    void connect(const Target& target, Poller& poller, std::uint32_t number);
    void close() noexcept { fd_.reset(); }
    [[nodiscard]] bool is_open() const noexcept { return static_cast<bool>(fd_); }

    // What flush() is to send, to be appended to.
    [[nodiscard]] std::vector<std::byte>& output() noexcept { return output_; }
    // Sends what the socket takes. The rest goes with a later call, after epoll has told of room.
    void flush();

    // Receives all that is there, after epoll has told `events`.
    void receive(std::uint32_t events);
    // The server has closed. Nothing more will be received.
    [[nodiscard]] bool has_ended() const noexcept { return has_ended_; }
    // Valid until take() or receive().
    [[nodiscard]] std::string_view input() const noexcept {
        return std::string_view(input_).substr(taken_);
    }
    // Requires: no more than there is.
    void take(std::size_t size) noexcept { taken_ += size; }

  private:
    edgews::Fd fd_;
    std::vector<std::byte> output_{};
    std::string input_{};    // | taken | to be taken |
    std::size_t taken_ = 0;  // Bytes of it.
    bool has_ended_ = false;
};

}  // namespace load::sio
