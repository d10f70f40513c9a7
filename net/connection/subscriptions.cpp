#include "net/connection/subscriptions.hpp"

#include <cassert>

namespace edgews {

std::size_t Subscriptions::find(const Topic& topic) const noexcept {
    if (places_) {
        const auto found = places_->find(&topic);
        return found == places_->end() ? none : found->second;
    }
    for (std::size_t place = 0; place < entries_.size(); ++place) {
        if (entries_[place].topic == &topic) return place;
    }
    return none;
}

void Subscriptions::add(Subscription added) {
    entries_.push_back(added);
    if (places_) {
        places_->emplace(added.topic, entries_.size() - 1);
    } else if (entries_.size() > searched_count_max) {
        places_ = std::make_unique<std::unordered_map<const Topic*, std::size_t>>();
        for (std::size_t i = 0; i < entries_.size(); ++i) places_->emplace(entries_[i].topic, i);
    }
}

void Subscriptions::remove(std::size_t place) noexcept {
    assert(place < entries_.size());
    if (places_) {
        (*places_)[entries_.back().topic] = place;  // There already: nothing is allocated.
        places_->erase(entries_[place].topic);
    }
    entries_[place] = entries_.back();
    entries_.pop_back();
    if (entries_.size() <= searched_count_max / 2) places_.reset();
}

}  // namespace edgews
