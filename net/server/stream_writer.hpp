// The side of a streamed answer that its holders have, on any thread.
#pragma once

#include <edgews/response_stream.hpp>
#include "net/loop/loop_link.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace edgews {

// What the holders and the connection share.
//
//     backlog = posted, on its way from other threads | output, which waits on the loop
struct StreamState {
    StreamState(std::shared_ptr<LoopLink> its_link, Token its_token, const StreamOptions& options)
        : link(std::move(its_link)),
          token(its_token),
          backlog_size_max(options.backlog_size_max),
          overflow(options.overflow) {}

    const std::shared_ptr<LoopLink> link;
    const Token token;  // The connection's.
    const std::size_t backlog_size_max;
    const Overflow overflow;
    std::atomic<bool> is_open{true};       // More may be written.
    std::atomic<bool> is_finished{false};  // A holder has said so.
    std::atomic<bool> wants_drain{false};  // A write of another thread's was dropped.
    std::atomic<std::size_t> posted_size{0};
    std::atomic<std::size_t> output_size{0};  // As of the loop's last look.

    // Whether `size` bytes more may wait where `waiting` do.
    [[nodiscard]] bool has_room_for(std::size_t size, std::size_t waiting) const noexcept {
        const std::size_t limit = backlog_size_max;
        return waiting == 0 || (size <= limit && waiting <= limit - size);
    }
};

class StreamWriter {
  public:
    explicit StreamWriter(std::shared_ptr<StreamState> state) noexcept;
    StreamWriter(const StreamWriter&) = delete;
    StreamWriter& operator=(const StreamWriter&) = delete;
    // The last of its holders is gone.
    ~StreamWriter();

    // As ResponseStream has them.
    SendResult write(std::string_view content) const;
    bool finish() const;
    [[nodiscard]] bool is_open() const noexcept;

  private:
    SendResult post(std::string_view content) const;
    SendResult refused() const;

    std::shared_ptr<StreamState> state_;
};

}  // namespace edgews
