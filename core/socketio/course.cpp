#include "core/socketio/course.hpp"

#include <utility>

namespace edgews::sio {

void Course::leave(const Departure& now) {
    if (loop_ != nullptr) stays_.push_back({std::exchange(loop_, nullptr), now});
}

std::size_t Course::stay_of(const Said& said) const noexcept {
    std::size_t index = 0;
    for (const Stay& stay : stays_) {
        if (stay.until.has_had(said.number, said.origin == stay.loop)) break;
        ++index;
    }
    return index;
}

bool Course::is_before(const Said& a, const Said& b) const noexcept {
    const std::size_t stay = stay_of(a);
    const std::size_t other_stay = stay_of(b);
    if (stay != other_stay) return stay < other_stay;
    const void* const loop = stay < stays_.size() ? stays_[stay].loop : loop_;
    const bool is_own = a.origin == loop;
    if (is_own == (b.origin == loop)) return a.number < b.number;
    return is_own ? b.number > a.taken : a.number <= b.taken;
}

std::uint64_t Course::all_before(const Said& said) const noexcept {
    const std::size_t stay = stay_of(said);
    if (stay == 0) return beginning().taken;
    const void* const loop = stay < stays_.size() ? stays_[stay].loop : loop_;
    return said.origin == loop ? said.taken : said.number - 1;
}

void Course::forget_before(const Said& said) noexcept {
    const std::size_t stay = stay_of(said);
    if (stay > 1)
        stays_.erase(stays_.begin(), stays_.begin() + static_cast<std::ptrdiff_t>(stay - 1));
}

void Course::forget_stays() noexcept {
    stays_.erase(stays_.begin(), stays_.end() - 1);
}

}  // namespace edgews::sio
