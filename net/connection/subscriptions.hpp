// A connection's topics, and its place among the subscribers of each.
//
// Most connections have one or two, which are looked at one by one and take no more memory than
// they are. Who has many gets a table beside them, so that no look at them takes longer for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace edgews {

struct Topic;

struct Subscription {
    Topic* topic;
    std::size_t index;  // In the topic's subscribers.
};

class Subscriptions {
  public:
    static constexpr std::size_t none = SIZE_MAX;

    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] Subscription& operator[](std::size_t place) noexcept { return entries_[place]; }
    // The place of the one to `topic`.
    [[nodiscard]] std::size_t find(const Topic& topic) const noexcept;

    // To the end. Requires: there is none to its topic.
    void add(Subscription added);
    // The last one takes the place.
    void remove(std::size_t place) noexcept;

  private:
    // At so many a search takes about as long as a look into a table.
    static constexpr std::size_t searched_count_max = 16;

    std::vector<Subscription> entries_;
    // By topic; null: they are few.
    std::unique_ptr<std::unordered_map<const Topic*, std::size_t>> places_;
};

}  // namespace edgews
