#include "core/backplane/publications.hpp"

namespace edgews::backplane {

void Publications::need_mark(Publication& publication) {
    if (std::exchange(publication.is_to_be_marked_, true)) return;
    unmarked_.push_back(&publication);
}

Publication& Publications::next(const HashedView& topic, std::uint64_t now_ms) {
    const auto found = by_topic_.find(topic);
    if (found == by_topic_.end()) {
        Publication& made = by_age_.emplace_back();
        made.topic = HashedName(topic);
        made.run = ++last_run_;
        made.began_ms = now_ms;
        by_topic_.emplace(made.topic, std::prev(by_age_.end()));
    } else {
        by_age_.splice(by_age_.end(), by_age_, found->second);
    }
    Publication& publication = by_age_.back();
    ++publication.sequence;
    publication.used_ms = now_ms;
    need_mark(publication);
    return publication;
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
        if (oldest.is_to_be_marked_ || now_ms - oldest.used_ms < remembered_ms) return;
        by_topic_.erase(by_topic_.find(oldest.topic));
        by_age_.pop_front();
    }
}

}  // namespace edgews::backplane
