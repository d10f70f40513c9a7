#include "core/stomp/stream_place.hpp"

#include "core/base/number.hpp"

#include <utility>

namespace edgews::stomp {

std::optional<StreamPlace> StreamPlace::of(const Frame& subscribe) {
    const auto asked = subscribe.find(stream_offset_header);
    const bool is_stream = asked || subscribe.find("x-queue-type") == "stream";
    if (!is_stream) return std::nullopt;
    return StreamPlace(asked.value_or(""));
}

StreamPlace::Step StreamPlace::take(const Frame& message) noexcept {
    const auto number =
        parse_number<std::uint64_t>(message.find(stream_offset_header).value_or(""));
    if (!number) return Step::unnumbered;
    const auto before = std::exchange(last_, number);
    const bool is_first = std::exchange(is_resumed_, false);
    return is_first && before && *number > *before + 1 ? Step::skips : Step::next;
}

std::string StreamPlace::resume() {
    is_resumed_ = true;
    return last_ ? "offset=" + std::to_string(*last_ + 1) : asked_;
}

// "next", which is what it is without a word, and "last" are elsewhere a moment later, and so is
// whatever else there may be.
bool StreamPlace::has_to_miss() const noexcept {
    const bool stays =
        asked_ == "first" || asked_.starts_with("offset=") || asked_.starts_with("timestamp=");
    return !last_ && !stays;
}

}  // namespace edgews::stomp
