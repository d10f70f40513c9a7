#include "core/backplane/follower.hpp"

#include <cassert>

namespace edgews::backplane {

Follower::Verdict Follower::take(Place place) noexcept {
    if (state_ == State::filling) return Verdict::passed;
    const bool is_same = is_known() && place.epoch == place_.epoch;
    if (is_same && place.offset <= place_.offset) return Verdict::passed;
    const bool is_next = is_same && place.offset == place_.offset + 1;
    if (is_known() && !is_next) return Verdict::missed;
    arrive(place);
    return Verdict::next;
}

void Follower::arrive(Place place) noexcept {
    enter(State::following);
    place_ = place;
}

void Follower::begin_filling() noexcept {
    assert(is_known());
    enter(State::filling);
}

}  // namespace edgews::backplane
