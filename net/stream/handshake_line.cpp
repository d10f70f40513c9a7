#include "net/stream/handshake_line.hpp"

#include "net/loop/reactor.hpp"
#include "net/loop/slots.hpp"

#include <sys/epoll.h>

#include <utility>

namespace edgews {

namespace {

constexpr unsigned steps_per_turn = 2;

}  // namespace

bool HandshakeLine::take(Watched& object, Step step) {
    if (std::exchange(is_due_, false)) return true;
    begin_turn();
    if (is_empty() && steps_left_ > 0) {
        --steps_left_;
        return true;
    }
    if (is_empty()) reactor_.read_later(*this);
    if (in_line_.insert(object.token()).second) {
        (step == Step::begins ? beginning_ : going_on_).push_back(object.token());
    }
    return false;
}

bool HandshakeLine::has(const Watched& object) const noexcept {
    return in_line_.contains(object.token());
}

// From both lines in turn. Who is gone, or has nothing to go on with, costs nobody a step.
void HandshakeLine::on_events(std::uint32_t) {
    begin_turn();
    bool prefers_begun = true;
    while (steps_left_ > 0 && !is_empty()) {
        const bool takes_begun = beginning_.empty() || (prefers_begun && !going_on_.empty());
        std::deque<Token>& line = takes_begun ? going_on_ : beginning_;
        prefers_begun = !takes_begun;
        auto* const object = static_cast<Watched*>(reactor_.slots().find(line.front()));
        in_line_.erase(line.front());
        line.pop_front();
        if (object == nullptr) continue;
        is_due_ = true;
        object->on_events(EPOLLIN);
        if (!std::exchange(is_due_, false)) --steps_left_;
    }
    if (!is_empty()) reactor_.read_later(*this);
}

void HandshakeLine::begin_turn() noexcept {
    if (std::exchange(turn_, reactor_.turn()) != reactor_.turn()) steps_left_ = steps_per_turn;
}

}  // namespace edgews
