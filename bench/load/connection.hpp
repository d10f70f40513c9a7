// One WebSocket after its opening handshake: sends messages of a run, checks what comes back.
#pragma once

#include "net/loop/fd.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "frame_run.hpp"
#include "reply_reader.hpp"
#include "target.hpp"

namespace load {

class Connection {
  public:
    // `fd` does not block, and `run` is borrowed.
    Connection(edgews::Fd fd, const FrameRun& run) noexcept
        : fd_(std::move(fd)), run_(&run), reader_(run) {}

    // The next `count` messages are to be sent, by flush().
    void queue(std::uint64_t count) noexcept { owed_ += count * run_->request_size(); }
    // The server owes us `count` messages more: those that we queue, or that others publish.
    void expect(std::uint64_t count) noexcept { expected_ += count; }

    // Sends what is queued, as far as the socket takes it; what it did not take goes with a
    // later call, after epoll has told that there is room.
    void flush() noexcept;

    // Receives into `buffer` all that is there, and checks it. Returns how many messages are
    // complete; after them something may have failed.
    [[nodiscard]] unsigned receive(std::span<std::byte> buffer);

    // Ends it at once, by a reset, so that no port stays taken.
    void reset() noexcept { close_at_once(fd_); }

    [[nodiscard]] bool is_open() const noexcept { return static_cast<bool>(fd_); }
    // What went wrong, or empty. Nothing works any more then.
    [[nodiscard]] const std::string& fault() const noexcept { return fault_; }
    // Messages that came in so far.
    [[nodiscard]] std::uint64_t received() const noexcept { return received_; }
    [[nodiscard]] std::uint64_t expected() const noexcept { return expected_; }

  private:
    bool flush_messages() noexcept;
    bool flush_pongs() noexcept;
    unsigned check(std::span<const std::byte> input);
    std::size_t send(std::span<const std::byte> bytes) noexcept;

    edgews::Fd fd_;
    const FrameRun* run_;
    std::size_t offset_ = 0;  // In the run's cycle of requests, of the next byte to send.
    std::size_t owed_ = 0;    // Bytes that are queued: up to the end of a message.
    std::uint64_t received_ = 0;
    std::uint64_t expected_ = 0;
    ReplyReader reader_;
    std::vector<std::byte> pongs_{};  // To be sent between two messages.
    std::size_t pongs_sent_ = 0;
    std::string fault_{};
};

}  // namespace load
