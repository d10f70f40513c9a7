// The limit of bytes that the peers of a server may make it hold, on all its loops together.
#pragma once

#include <atomic>
#include <cstddef>

namespace edgews {

// Any thread. The loops' pools tell what they lend in steps, so that they do not fight for it.
class MemoryBudget {
  public:
    // SIZE_MAX: no limit.
    explicit MemoryBudget(std::size_t size_max) noexcept : size_max_(size_max) {}

    // More is held, or less.
    void change(std::ptrdiff_t size) noexcept { used_.fetch_add(size, std::memory_order_relaxed); }

    [[nodiscard]] std::size_t size_max() const noexcept { return size_max_; }
    [[nodiscard]] std::size_t used() const noexcept {
        // Less than nothing: loops do not use all that does not count.
        const std::ptrdiff_t used = used_.load(std::memory_order_relaxed);
        return used > 0 ? static_cast<std::size_t>(used) : 0;
    }
    [[nodiscard]] bool has_room_for(std::size_t size) const noexcept {
        const std::size_t now = used();
        return now <= size_max_ && size <= size_max_ - now;
    }

  private:
    const std::size_t size_max_;
    std::atomic<std::ptrdiff_t> used_{0};
};

}  // namespace edgews
