// A queue in one growing block of memory: what a std::deque does, without a call to the heap for
// every few elements that pass through.
#pragma once

#include <cassert>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace edgews {

// T: default-constructed where nothing is, and cheap to move.
template <class T>
class Ring {
  public:
    [[nodiscard]] bool is_empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    // Counted from the front. Requires: index < size().
    [[nodiscard]] T& operator[](std::size_t index) noexcept {
        assert(index < size_);
        return slots_[(first_ + index) & (capacity_ - 1)];
    }
    [[nodiscard]] const T& operator[](std::size_t index) const noexcept {
        assert(index < size_);
        return slots_[(first_ + index) & (capacity_ - 1)];
    }
    // Requires: not empty.
    [[nodiscard]] T& front() noexcept { return (*this)[0]; }

    void push_back(T value) {
        if (size_ == capacity_) grow();
        slots_[(first_ + size_++) & (capacity_ - 1)] = std::move(value);
    }
    // Requires: not empty.
    T pop_front() noexcept {
        T value = std::exchange(front(), T{});
        first_ = (first_ + 1) & (capacity_ - 1);
        --size_;
        if (capacity_ > kept_capacity_max && size_ <= capacity_ / 8) shrink();
        return value;
    }
    void clear() noexcept { *this = Ring{}; }

    Ring() = default;
    Ring(Ring&& other) noexcept
        : slots_(std::move(other.slots_)),
          capacity_(std::exchange(other.capacity_, 0)),
          first_(std::exchange(other.first_, 0)),
          size_(std::exchange(other.size_, 0)) {}
    Ring& operator=(Ring&& other) noexcept {
        slots_ = std::move(other.slots_);
        capacity_ = std::exchange(other.capacity_, 0);
        first_ = std::exchange(other.first_, 0);
        size_ = std::exchange(other.size_, 0);
        return *this;
    }

  private:
    // What a ring may keep for the next burst, however little is in it.
    static constexpr std::size_t kept_capacity_max = 1024;

    void grow() {
        const std::size_t capacity = capacity_ == 0 ? 4 : capacity_ * 2;
        move_to(std::make_unique<T[]>(capacity), capacity);
    }
    // What a burst has needed goes back while the rest is taken. Where no smaller block is to be
    // had, it stays.
    void shrink() noexcept {
        if (size_ == 0) return clear();
        const std::size_t capacity = capacity_ / 4;
        std::unique_ptr<T[]> slots(new (std::nothrow) T[capacity]());
        if (slots) move_to(std::move(slots), capacity);
    }
    void move_to(std::unique_ptr<T[]> slots, std::size_t capacity) noexcept {
        for (std::size_t i = 0; i < size_; ++i) slots[i] = std::move((*this)[i]);
        slots_ = std::move(slots);
        capacity_ = capacity;
        first_ = 0;
    }

    std::unique_ptr<T[]> slots_;
    std::size_t capacity_ = 0;  // A power of two, or 0.
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

}  // namespace edgews
