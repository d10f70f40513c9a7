#include "core/backplane/publishers.hpp"

#include <algorithm>

namespace edgews::backplane {

Publishers::Publisher* Publishers::find(NodeId node) noexcept {
    for (Publisher& each : publishers_) {
        if (each.node == node) return &each;
    }
    return nullptr;
}

// As one of which all is still to come, or nothing that was before.
Publishers::Publisher& Publishers::add(const Envelope& envelope, std::uint64_t now_ms) {
    const bool is_known_whole =
        now_ms >= heard_since_ms_ && now_ms - heard_since_ms_ >= transit_max_ms + envelope.age_ms;
    const std::uint64_t before = envelope.is_message() ? envelope.sequence - 1 : envelope.sequence;
    const Publisher made{envelope.node, envelope.run, is_known_whole ? 0 : before, now_ms};
    if (publishers_.size() < count_max) return publishers_.emplace_back(made);
    return *std::min_element(publishers_.begin(), publishers_.end(),
                             [](const auto& a, const auto& b) { return a.heard_ms < b.heard_ms; }) =
               made;
}

Publishers::Verdict Publishers::take(const Envelope& envelope, std::uint64_t now_ms) {
    Publisher* publisher = find(envelope.node);
    if (publisher == nullptr) publisher = &add(envelope, now_ms);
    publisher->heard_ms = now_ms;
    if (envelope.run < publisher->run) return {};
    if (envelope.run > publisher->run) {
        publisher->run = envelope.run;
        publisher->last = 0;
    }
    if (envelope.sequence <= publisher->last) return {};
    const std::uint64_t first = publisher->last + 1;
    publisher->last = envelope.sequence;
    // A mark says that its message has passed, too.
    const std::uint64_t last = envelope.is_message() ? envelope.sequence - 1 : envelope.sequence;
    Verdict verdict{.is_new = true};
    if (first <= last) verdict.missing = {.node = envelope.node, .first = first, .last = last};
    return verdict;
}

}  // namespace edgews::backplane
