// A client comes back (net/socketio/recovery_store.hpp).
#include "net/socketio/client_on_loop.hpp"

#include "net/loop/reactor.hpp"
#include "net/socketio/hub_on_loop.hpp"
#include "net/socketio/hub_state.hpp"
#include "net/socketio/pending_connect.hpp"
#include "net/socketio/spoken.hpp"

#include <utility>

namespace edgews::sio {
namespace {

// Once for the old session's end, and once for what this loop has yet to take. Somebody else may
// come between.
constexpr std::size_t wait_count_max = 4;

using Missed = std::vector<std::shared_ptr<const Spoken>>;

// Leaves of what was missed that which was for it; rooms are as they were when it was lost, and
// change with what was said since. False: it was disconnected meanwhile.
bool choose(AbsentSocket& returning, Missed& missed, const Course& course,
            std::size_t room_count_max) {
    Missed chosen;
    for (std::shared_ptr<const Spoken>& each : missed) {
        if (!is_for(*each, returning.id.text(),
                    [&](const HashedName& room) { return returning.is_in(room); })) {
            continue;
        }
        if (each->act == Spoken::Act::send) {
            chosen.push_back(std::move(each));
        } else if (!course.has_had(each->said()) && !returning.follow(*each, room_count_max)) {
            return false;
        }
    }
    missed = std::move(chosen);
    return true;
}

// As a backlog counts it (Options::backlog_size_max).
std::size_t size_of(const Missed& missed) noexcept {
    constexpr std::size_t packet_overhead_size = 64;
    std::size_t size = 0;
    for (const auto& each : missed) {
        for (const auto& packet : each->packets) {
            size += packet_overhead_size + packet.prepared().payload().size();
        }
    }
    return size;
}

}  // namespace

bool ClientOnLoop::has_recovery() const noexcept {
    return !speaks_4_ && loop_->hub().has_recovery();
}

// On a loop that ends nobody comes back.
bool ClientOnLoop::may_return(Reason reason) const noexcept {
    switch (reason) {
        case Reason::transport_close:
        case Reason::ping_timeout: return Reactor::current() == &loop_->reactor();
        case Reason::client_disconnect:
        case Reason::server_disconnect:
        case Reason::parse_error:
        case Reason::handler_error:
        case Reason::server_shutting_down: break;
    }
    return false;
}

bool ClientOnLoop::recover(PendingConnect& pending) {
    if (!pending.claim) return false;
    using Result = RecoveryStore::Claimed::Result;
    HubState& hub = loop_->hub();
    RecoveryStore::Claimed claimed = hub.claim(*pending.claim, pending.name(), *loop_);
    const bool may_wait = pending.wait_count() < wait_count_max;
    if (claimed.result == Result::behind && may_wait) {
        pending.wait()->decide(DeferredDecision::State::accepted, {});
        return true;
    }
    if (claimed.result == Result::live && may_wait) {
        wait_for_end(pending, claimed.loop);
        return true;
    }
    if (claimed.result == Result::restored) {
        const Limits& limits = hub.options().limits;
        const Course& course = claimed.socket->recoverable->course;
        if (choose(*claimed.socket, claimed.missed, course, limits.room_count_max) &&
            size_of(claimed.missed) <= missed_size_max()) {
            readmit(pending, std::move(claimed.socket), claimed.missed);
            return true;
        }
        const auto waiter = hub.with_recovery([&claimed](RecoveryStore& store) {
            return store.remove(*claimed.socket->recoverable);
        });
        if (waiter) waiter->decide(DeferredDecision::State::accepted, {});
    }
    pending.claim.reset();
    return false;
}

// Of what may wait for it at all: there has to be room for what it is told next.
std::size_t ClientOnLoop::missed_size_max() const noexcept {
    const Options& options = loop_->hub().options();
    const std::size_t size_max =
        session_.is_websocket() ? options.websocket.backlog_size_max : options.backlog_size_max;
    return size_max / 2;
}

// `there`: where the old session is. Null: it is on its way, and sees that it is waited for. Of
// several who wait the last one knows best: those before it are lost, too.
void ClientOnLoop::wait_for_end(PendingConnect& pending, HubOnLoop* there) {
    const std::shared_ptr<DeferredDecision> waiter = pending.wait();
    const auto needless = loop_->hub().with_recovery(
        [&](RecoveryStore& store) { return store.await(pending.claim->private_id, waiter); });
    if (needless == waiter) {
        waiter->decide(DeferredDecision::State::accepted, {});
    } else if (needless) {
        needless->decide(DeferredDecision::State::refused, {"It came back elsewhere", {}});
    }
    if (there != nullptr) there->post_overtaken(pending.claim->private_id);
}

void ClientOnLoop::readmit(PendingConnect& pending, std::unique_ptr<AbsentSocket> returning,
                           const Missed& missed) {
    const NamespaceState& state = pending.state();
    const std::string name = pending.name();
    std::string auth = std::move(pending.auth());
    remove(pending);
    SocketOnLoop& socket = enter(state, name, std::move(auth), std::move(returning));
    for (const auto& spoken : missed) send(socket, *spoken);
    tell_connected(socket);
}

}  // namespace edgews::sio
