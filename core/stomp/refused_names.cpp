#include "core/stomp/refused_names.hpp"

#include <algorithm>

namespace edgews::stomp {

void RefusedNames::add(const Refusal& refusal, std::uint64_t now_ms) {
    forget_old(now_ms);
    const HashedView key(refusal.name);
    if (by_name_.contains(key)) return;
    if (by_time_.size() >= count_max) forget_oldest();
    by_time_.push_back({.name = HashedName(key),
                        .reason = std::string(refusal.reason.substr(0, reason_size_max)),
                        .asker = std::string(refusal.asker),
                        .since_ms = now_ms});
    by_name_.emplace(by_time_.back().name, &by_time_.back());
}

std::optional<std::string_view> RefusedNames::find(std::string_view name, std::uint64_t now_ms) {
    forget_old(now_ms);
    const auto found = by_name_.find(HashedView(name));
    if (found == by_name_.end()) return std::nullopt;
    return found->second->reason;
}

std::size_t RefusedNames::count(std::string_view asker, std::uint64_t now_ms) {
    forget_old(now_ms);
    const auto count = std::ranges::count(by_time_, asker, &Refused::asker);
    return static_cast<std::size_t>(count);
}

void RefusedNames::forget_oldest() noexcept {
    by_name_.erase(HashedView(by_time_.front().name));
    by_time_.pop_front();
}

// Loops do not look at the clock at the same time: one may be a little behind another.
void RefusedNames::forget_old(std::uint64_t now_ms) noexcept {
    while (!by_time_.empty() && now_ms >= by_time_.front().since_ms + kept_ms) forget_oldest();
}

}  // namespace edgews::stomp
