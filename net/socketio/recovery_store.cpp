#include "net/socketio/recovery_store.hpp"

#include "net/socketio/pending_connect.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace edgews::sio {
namespace {

// Loops that a client may have been on since what it says was the last that it got.
constexpr std::size_t stay_count_max = 64;
// Of a crowd whose time is over at once not all are taken at once: the mutex is held.
constexpr std::size_t expired_count_max = 128;

Said said_of(const std::shared_ptr<const Spoken>& spoken) noexcept {
    return spoken->said();
}

// What another socket was told alone was never on its way to other loops, and has no place there.
bool may_be_for(const AbsentSocket& socket, const Spoken& spoken) noexcept {
    if (spoken.namespace_name != socket.namespace_name) return false;
    return !spoken.is_for_socket || spoken.rooms.front().text() == socket.id.text();
}

}  // namespace

void RecoveryStore::add(const Recoverable& recoverable, std::string_view namespace_name,
                        HubOnLoop& loop, SocketOnLoop& socket) {
    Known& known = known_[HashedName(HashedView(recoverable.private_id.text()))];
    known.namespace_name = namespace_name;
    known.loop = &loop;
    known.socket = &socket;
}

bool RecoveryStore::place(const Recoverable& recoverable, HubOnLoop* loop,
                          SocketOnLoop* socket) noexcept {
    Known& known = known_.find(recoverable.private_id.text())->second;
    known.loop = loop;
    known.socket = socket;
    return known.waiter != nullptr;
}

RecoveryStore::Whereabouts RecoveryStore::find_awaited(std::string_view private_id) const noexcept {
    const auto known = known_.find(private_id);
    if (known == known_.end() || !known->second.waiter) return {};
    return {known->second.loop, known->second.socket};
}

std::shared_ptr<DeferredDecision> RecoveryStore::remove(const Recoverable& recoverable) noexcept {
    const auto known = known_.find(recoverable.private_id.text());
    assert(known != known_.end() && !known->second.is_absent);
    std::shared_ptr<DeferredDecision> waiter = std::move(known->second.waiter);
    known_.erase(known);
    forget_if_alone();
    return waiter;
}

std::shared_ptr<DeferredDecision> RecoveryStore::keep(std::unique_ptr<AbsentSocket> absent) {
    Known& known = known_.find(absent->recoverable->private_id.text())->second;
    known.loop = nullptr;
    known.socket = nullptr;
    known.is_absent = true;
    known.absent = absent_.insert(absent_.end(), std::move(absent));
    return std::exchange(known.waiter, nullptr);
}

std::unique_ptr<AbsentSocket> RecoveryStore::take(Known& known) noexcept {
    std::unique_ptr<AbsentSocket> taken = std::move(*known.absent);
    absent_.erase(known.absent);
    known.is_absent = false;
    return taken;
}

std::shared_ptr<DeferredDecision> RecoveryStore::await(std::string_view private_id,
                                                       std::shared_ptr<DeferredDecision> waiter) {
    const auto known = known_.find(private_id);
    if (known == known_.end() || known->second.is_absent) return waiter;
    return std::exchange(known->second.waiter, std::move(waiter));
}

RecoveryStore::Claimed RecoveryStore::claim(const RecoveryClaim& claim,
                                            std::string_view namespace_name, HubOnLoop& here,
                                            const Departure& now, std::uint64_t now_ms) {
    using Result = Claimed::Result;
    const auto known = known_.find(claim.private_id);
    if (known == known_.end() || known->second.namespace_name != namespace_name) return {};
    if (!known->second.is_absent) return {.result = Result::live, .loop = known->second.loop};
    const AbsentSocket& absent = **known->second.absent;
    if (now.taken < absent.recoverable->course.last_departure().drawn) {
        return {.result = Result::behind};
    }
    const bool is_in_time = now_ms < absent.due_ms;
    Claimed claimed{.socket = take(known->second), .now = now};
    if (is_in_time && find_missed(claim, claimed)) {
        claimed.socket->recoverable->course.enter(&here);
        claimed.result = Result::restored;
        known->second.loop = &here;
    } else {
        known_.erase(known);
        forget_if_alone();
    }
    return claimed;
}

// What the client got last is the last that it was sent; or it is in the log; or was before its
// course began. False: that cannot be told, or something behind it is not in the log any more.
bool RecoveryStore::find_missed(const RecoveryClaim& claim, Claimed& claimed) const {
    Recoverable& recoverable = *claimed.socket->recoverable;
    Course& course = recoverable.course;
    const std::uint64_t offset = claim.offset.value_or(0);
    if (offset == recoverable.last_offset) {
        course.forget_stays();
        recoverable.first_offset = std::max(recoverable.first_offset, offset);
    } else {
        const Spoken* const last = offset == 0 ? nullptr : log_.find(offset);
        if (last == nullptr && offset > recoverable.first_offset) return false;
        if (last != nullptr) claimed.last = last->said();
    }
    std::uint64_t all_before = course.beginning().taken;
    if (claimed.last) {
        all_before = course.all_before(*claimed.last);
        course.forget_before(*claimed.last);
    }
    if (log_.forgotten() > all_before || course.stay_count() > stay_count_max) return false;
    claimed.missed = log_.find_behind(all_before, *claimed.socket);
    return true;
}

void RecoveryStore::Claimed::leave_missed(const HubOnLoop& here) {
    const Course& course = socket->recoverable->course;
    std::erase_if(missed, [&](const std::shared_ptr<const Spoken>& spoken) {
        if (!may_be_for(*socket, *spoken)) return true;
        const Said said = spoken->said();
        const bool is_behind = !last || !course.is_behind_beginning(*last)
                                   ? course.is_behind_beginning(said)
                                   : course.is_before(*last, said);
        const bool is_here = now.has_had(said.number, said.origin == &here);
        return !is_behind || !(is_here || course.has_had(said));
    });
    const auto is_before = [&course](const Said& a, const Said& b) {
        return course.is_before(a, b);
    };
    // On one loop it is.
    if (std::ranges::is_sorted(missed, is_before, said_of)) return;
    std::ranges::sort(missed, is_before, said_of);
}

// Nobody will ask for what is said until somebody else comes.
void RecoveryStore::forget_if_alone() noexcept {
    if (known_.empty()) log_.forget_all(last_number_);
}

void RecoveryStore::record(const std::shared_ptr<const Spoken>& spoken) {
    last_number_ = spoken->number;
    if (known_.empty()) return log_.forget_all(last_number_);
    log_.add(spoken);
}

std::vector<std::unique_ptr<AbsentSocket>> RecoveryStore::take_expired(std::uint64_t now_ms) {
    std::vector<std::unique_ptr<AbsentSocket>> expired;
    while (!absent_.empty() && expired.size() < expired_count_max &&
           (absent_.size() > options_.absent_count_max || absent_.front()->due_ms <= now_ms)) {
        const auto known = known_.find(absent_.front()->recoverable->private_id.text());
        expired.push_back(take(known->second));
        known_.erase(known);
    }
    if (!expired.empty()) forget_if_alone();
    return expired;
}

}  // namespace edgews::sio
