// What was said to clients that may come back, in the order of its numbers, as far as there is room
// for it.
//
// What was said to one room is a chain, each with the place of the one before; so is what was said
// to everybody in a namespace, and to a socket alone. Whoever comes back walks the chains of its
// rooms, from the newest to the last that it had: a crowd that comes back costs as many steps as it
// gets messages, whatever else was said.
#pragma once

#include "net/socketio/spoken.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

namespace edgews::sio {

struct AbsentSocket;

class SpokenLog {
  public:
    explicit SpokenLog(std::size_t size_max) noexcept : size_max_(size_max) {}

    // Requires: its number is larger than all before.
    void add(const std::shared_ptr<const Spoken>& spoken);
    // Nobody needs what there is, and what else has a number up to that.
    void forget_all(std::uint64_t number) noexcept;

    // Null: it was never here, or is not any more.
    [[nodiscard]] const Spoken* find(std::uint64_t offset) const noexcept;
    // All that has a number above that is here.
    [[nodiscard]] std::uint64_t forgotten() const noexcept { return forgotten_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    // Those with numbers above that to a room of the socket's, in order: of that socket itself, and
    // of all that it is told to join there. Some of them may be for others only.
    [[nodiscard]] std::vector<std::shared_ptr<const Spoken>> find_behind(
        std::uint64_t number, const AbsentSocket& socket) const;

  private:
    using Chains = std::unordered_map<std::size_t, std::uint64_t>;  // Their last places.
    // What was said to several rooms has a place for each of them, one behind the other.
    struct Kept {
        std::shared_ptr<const Spoken> spoken;
        const Chains::value_type& chain;
        std::uint64_t before;  // The place in that chain. Forgotten: it was the first one.
    };
    struct Offset {
        std::uint64_t offset;
        std::uint64_t place;
    };
    void add(const std::shared_ptr<const Spoken>& spoken, std::size_t chain);
    void forget_first() noexcept;
    [[nodiscard]] bool is_kept(std::uint64_t place) const noexcept { return place >= first_; }
    [[nodiscard]] const Kept& at(std::uint64_t place) const noexcept {
        return kept_[static_cast<std::size_t>(place - first_)];
    }
    [[nodiscard]] std::uint64_t end() const noexcept { return first_ + kept_.size(); }

    const std::size_t size_max_;  // Bytes.
    std::size_t size_ = 0;
    std::deque<Kept> kept_;
    std::uint64_t first_ = 1;  // The place of the first of them. They count on.
    Chains chains_;
    // In their order. They are drawn before numbers are, so a few come late; some may be forgotten.
    std::deque<Offset> offsets_;
    std::uint64_t forgotten_ = 0;  // The last number that is not here any more, or never was.
};

}  // namespace edgews::sio
