// The last messages of a topic, as a node delivered them: for subscribers who were away, and know
// how far they had come.
//
// Each message has an offset, from 1. Another history of the same topic, a later one or another
// node's, has another epoch, a random number: where the offsets of one mean nothing in the other.
#pragma once

#include <edgews/prepared_message.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace edgews::backplane {

struct HistoryLimits {
    std::size_t count_max = 0;  // Messages.
    std::size_t size_max = 0;   // Bytes of their frames.
    std::uint64_t ttl_ms = 0;   // Milliseconds for which each is kept.
};

class History {
  public:
    History(const HistoryLimits& limits, std::uint64_t epoch) noexcept
        : limits_(limits), epoch_(epoch) {}

    [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }
    // Of the last message. 0: there was none.
    [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

    void add(const PreparedMessage& message, std::uint64_t now_ms);
    // Messages are missing behind the last one.
    void break_off() noexcept { whole_from_ = offset_; }
    // All messages behind that offset, in order. Nothing: some are not there any more, or never
    // were; or it is none of this history's.
    [[nodiscard]] std::optional<std::vector<PreparedMessage>> since(std::uint64_t epoch,
                                                                    std::uint64_t offset,
                                                                    std::uint64_t now_ms);

  private:
    struct Kept {
        PreparedMessage message;
        std::uint64_t since_ms;
    };
    void expire(std::uint64_t now_ms) noexcept;
    void drop_first() noexcept;

    HistoryLimits limits_;
    std::uint64_t epoch_;
    std::uint64_t offset_ = 0;
    std::uint64_t whole_from_ = 0;  // Nothing is missing behind that offset.
    std::deque<Kept> kept_;         // The last has offset_.
    std::size_t kept_size_ = 0;
};

}  // namespace edgews::backplane
