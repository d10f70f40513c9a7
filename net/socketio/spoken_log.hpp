// What was said to clients that may come back, in the order of its numbers, as far as there is room
// for it.
#pragma once

#include "core/socketio/departure.hpp"
#include "net/socketio/spoken.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

namespace edgews::sio {

class SpokenLog {
  public:
    explicit SpokenLog(std::size_t size_max) noexcept : size_max_(size_max) {}

    // Requires: its number is larger than all before.
    void add(std::shared_ptr<const Spoken> spoken);
    // Nobody needs what there is, and what else has a number up to that.
    void forget_all(std::uint64_t number) noexcept;

    // Null: it was never here, or is not any more.
    [[nodiscard]] const Spoken* find(std::uint64_t offset) const noexcept;
    // All that has a number above that is here.
    [[nodiscard]] std::uint64_t forgotten() const noexcept { return forgotten_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    // Calls visitor(const std::shared_ptr<const Spoken>&) for those with numbers above that.
    template <class F>
    void visit_behind(std::uint64_t number, const F& visitor) const {
        for (std::size_t i = index_behind(number); i < kept_.size(); ++i) visitor(kept_[i]);
    }

  private:
    [[nodiscard]] std::size_t index_behind(std::uint64_t number) const noexcept;

    const std::size_t size_max_;  // Bytes.
    std::size_t size_ = 0;
    std::deque<std::shared_ptr<const Spoken>> kept_;
    std::uint64_t forgotten_ = 0;  // The last number that is not here any more, or never was.
};

}  // namespace edgews::sio
