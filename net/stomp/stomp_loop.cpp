#include "net/stomp/stomp_loop.hpp"

#include "net/loop/loop_link.hpp"
#include "net/loop/reactor.hpp"
#include "net/stomp/broker_state.hpp"
#include "net/stomp/client_subscriptions.hpp"
#include "net/stomp/upstream.hpp"

#include <cstdint>
#include <utility>

namespace edgews {

namespace {

constexpr std::uint64_t check_ms = 1'000;

}  // namespace

StompLoop::StompLoop(StompBroker::State& state, Reactor& reactor, std::string pool_name)
    : state_(state), reactor_(reactor), link_(reactor.link()), contents_(std::move(pool_name)) {
    // Messages expire in quiet times, too, and clients are slow that get nothing more.
    reactor.every(check_ms, make_job([this] { tell_time(); }));
}

// In slices, between which others have the mutex, and the loop its turns.
void StompLoop::tell_time() {
    bool is_more = false;
    {
        StompLocked locked = state_.lock();
        locked.tell_time();
        const bool is_judging = locked.broker().judge(watch_, reactor_.listened_ms());
        is_more = is_judging || locked.broker().is_sweeping();
        locked.hand_out();
    }
    if (is_more && !std::exchange(is_sweeping_, true)) {
        reactor_.post(make_job([this] {
            is_sweeping_ = false;
            tell_time();
        }));
    }
}

void StompLoop::start_upstream(StompRelayState& relay) {
    auto* const made = new StompUpstream(*this, relay);  // The reactor owns it.
    const StompLocked locked = state_.lock();
    upstream_ = made;
}

void StompLoop::subscribe_soon(const std::string& destination, bool is_moved) {
    const std::shared_ptr<LoopLink> link = link_.lock();
    if (!link) return;
    link->mailbox.post(make_job([this, destination, is_moved] {
        if (upstream_ != nullptr) upstream_->subscribe(destination, is_moved);
    }));
}

stomp::Fault StompLoop::send_up(std::string_view destination, std::span<const std::byte> body,
                                std::span<const stomp::Header> headers) {
    if (Reactor::current() == &reactor_) {
        if (upstream_ == nullptr) return stomp::Fault::upstream_unavailable;
        switch (upstream_->send(destination, body, {.headers = headers})) {
            case SendResult::sent:
            case SendResult::queued: return stomp::Fault::none;
            case SendResult::invalid: return stomp::Fault::destination_not_relayed;
            case SendResult::dropped:
            case SendResult::closed: break;
        }
        return stomp::Fault::upstream_unavailable;
    }
    const std::shared_ptr<LoopLink> link = link_.lock();
    if (!link) return stomp::Fault::upstream_unavailable;
    link->mailbox.post(
        make_job([this, destination = std::string(destination), kept = stomp::KeptHeaders(headers),
                  bytes = std::vector<std::byte>(body.begin(), body.end())] {
            const std::vector<stomp::Header> views = kept.views();
            if (upstream_ == nullptr) return;
            static_cast<void>(upstream_->send(destination, bytes, {.headers = views}));
        }));
    return stomp::Fault::none;
}

bool StompLoop::is_of(const Reactor& reactor) const noexcept {
    return link_.lock() == reactor.link();
}

void StompLoop::serve_soon(StompLocked&, StompSessionLink& session) {
    if (!session.place_in_loop.is_linked) ready_.push_back(session);
    if (std::exchange(is_woken_, true)) return;
    if (Reactor::current() == &reactor_) {
        reactor_.write_first(*this);
    } else {
        reactor_.post(make_job([this] { serve(); }));
    }
}

void StompLoop::forget(StompLocked&, StompSessionLink& session) noexcept {
    ready_.remove(session);
    if (!session.place_among_resting.is_linked) return;
    resting_.remove(session);
    --resting_count_;
}

void StompLoop::try_again_soon(StompSessionLink& session) {
    if (session.place_among_resting.is_linked) return;
    resting_.push_back(session);
    ++resting_count_;
    if (!std::exchange(is_going_on_, true)) reactor_.post(make_job([this] { try_again(); }));
}

// Those who rest once more have their next share in the next turn.
void StompLoop::try_again() {
    is_going_on_ = false;
    for (std::size_t left = resting_count_; left > 0 && !resting_.is_empty(); --left) {
        --resting_count_;
        StompSessionLink* const session = resting_.pop_front();
        if (session->is_resting()) session->try_again();
    }
}

void StompLoop::authorise_again_soon() {
    const std::shared_ptr<LoopLink> link = link_.lock();
    if (link) link->mailbox.post(make_job([this] { authorise_again(); }));
}

void StompLoop::authorise_again() {
    std::vector<StompSessionLink*> mine;  // None of them goes before this turn ends.
    {
        const StompLocked locked = state_.lock();
        for (const auto& [id, session] : locked.sessions()) {
            if (&session->stomp_loop() == this) mine.push_back(session);
        }
    }
    for (StompSessionLink* const session : mine) session->authorise_again();
}

void StompLoop::serve() {
    take_batch();
    std::size_t begin = 0;
    for (const auto& [session, end] : served_) {
        session->deliver(std::span(batch_).subspan(begin, end - begin));
        begin = end;
    }
    served_.clear();
    batch_.clear();
}

void StompLoop::take_batch() {
    StompLocked locked = state_.lock();
    locked.tell_time();
    is_woken_ = false;
    // Those who have more come again in the next turn, after others.
    stomp::List<StompSessionLink, &StompSessionLink::place_in_loop> unfinished;
    while (StompSessionLink* const session = ready_.pop_front()) {
        const bool is_more = session->take(locked, batch_);
        served_.push_back({session, batch_.size()});
        if (is_more) unfinished.push_back(*session);
    }
    while (StompSessionLink* const session = unfinished.pop_front()) ready_.push_back(*session);
    if (!ready_.is_empty() && !std::exchange(is_woken_, true))
        reactor_.post(make_job([this] { serve(); }));
    locked.hand_out();  // What was taken may have made room for others.
}

}  // namespace edgews
