#include "core/backplane/publications.hpp"

namespace edgews::backplane {

void Publications::need_mark(Publication& publication) {
    if (publication.place_ != Publication::none) return;
    publication.place_ = unmarked_.size();
    unmarked_.push_back(&publication);
}

// Whoever hears it next hears a run of its own.
void Publications::forget_oldest() noexcept {
    const Publication& oldest = by_age_.front();
    if (oldest.place_ != Publication::none) {
        unmarked_[oldest.place_] = unmarked_.back();
        unmarked_[oldest.place_]->place_ = oldest.place_;
        unmarked_.pop_back();
    }
    by_topic_.erase(by_topic_.find(oldest.topic));
    by_age_.pop_front();
}

Publication& Publications::next(const HashedView& topic, std::uint64_t now_ms) {
    const auto found = by_topic_.find(topic);
    if (found == by_topic_.end()) {
        Publication& made = by_age_.emplace_back();
        made.topic = HashedName(topic);
        made.run = ++last_run_;
        made.began_ms = now_ms;
        by_topic_.emplace(made.topic, std::prev(by_age_.end()));
        if (by_age_.size() > count_max) forget_oldest();
    } else {
        by_age_.splice(by_age_.end(), by_age_, found->second);
    }
    Publication& publication = by_age_.back();
    ++publication.sequence;
    publication.used_ms = now_ms;
    need_mark(publication);
    return publication;
}

const Publication* Publications::find(const HashedView& topic) const noexcept {
    const auto found = by_topic_.find(topic);
    return found == by_topic_.end() ? nullptr : &*found->second;
}

bool Publications::ask(const HashedView& topic) {
    const auto found = by_topic_.find(topic);
    if (found == by_topic_.end()) return false;
    need_mark(*found->second);
    return true;
}

void Publications::mark_all() {
    for (Publication& publication : by_age_) need_mark(publication);
}

void Publications::forget_idle(std::uint64_t now_ms) noexcept {
    while (!by_age_.empty()) {
        const Publication& oldest = by_age_.front();
        const bool is_to_be_marked = oldest.place_ != Publication::none;
        if (is_to_be_marked || now_ms - oldest.used_ms < remembered_ms) return;
        forget_oldest();
    }
}

}  // namespace edgews::backplane
