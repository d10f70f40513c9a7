// All memory of one zlib stream, in one piece.
//
// It comes from the system and goes back there as a whole. In a heap, the hundreds of kilobytes of
// a stream that is given up would stay resident, held down by whatever small thing lies among them.
#pragma once

#include <cstddef>
#include <span>

namespace edgews {

class Arena {
  public:
    // Pages that are never written to cost nothing. Where the system has none to give, it is full.
    explicit Arena(std::size_t size) noexcept;
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;
    ~Arena();

    // Aligned for any type, zeroed; null: it is full. Stays until the arena goes.
    [[nodiscard]] void* take(std::size_t size) noexcept;
    [[nodiscard]] bool owns(const void* place) const noexcept {
        return place >= memory_.data() && place < memory_.data() + memory_.size();
    }

  private:
    std::span<std::byte> memory_;
    std::size_t used_ = 0;
};

}  // namespace edgews
