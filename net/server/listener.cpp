#include "net/server/listener.hpp"

#include <edgews/loop.hpp>
#include "net/server/shard.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

namespace edgews {

namespace {

constexpr int accept_count_max = 64;  // Per turn, so that those connected get theirs.
constexpr std::uint64_t pause_ms = 100;

// Why nobody was accepted.
std::string_view describe_accept(int error) noexcept {
    switch (error) {
        case EMFILE: return "the process has as many descriptors as it may (RLIMIT_NOFILE)";
        case ENFILE: return "the system has as many descriptors as it may";
        case ENOBUFS:
        case ENOMEM: return "the system has no memory for it";
        case EPERM: return "a firewall forbids it";
        case ECONNABORTED: return "the peer was gone";
        default: return "accept4";
    }
}

Fd open_spare() noexcept {
    return Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

}  // namespace

Listener::Listener(Shard& shard, Fd fd, const ListenerSetup& setup)
    : shard_(shard), fd_(std::move(fd)), spare_(open_spare()), setup_(setup) {}

Listener::~Listener() = default;

int Listener::start() noexcept {
    // A shared socket wakes one loop, not all.
    const std::uint32_t events = setup_.is_shared ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN;
    if (token() == no_token) return shard_.reactor().add(*this, fd_.get(), events);
    return shard_.reactor().watch(*this, fd_.get(), events);
}

void Listener::stop() noexcept {
    // Closing is not enough where other descriptors share the socket.
    shard_.reactor().unwatch(fd_.get());
    fd_.reset();
    shard_.reactor().retire(*this);
}

// One connection at a time costs one accept each: the call that would find nothing
// is left out. When turns follow each other with one more waiting, batches grow.
void Listener::on_events(std::uint32_t) {
    const bool is_crowded = shard_.reactor().turn() == last_turn_ + 1;
    last_turn_ = shard_.reactor().turn();
    batch_ = is_crowded ? std::min(2 * batch_, accept_count_max) : 1;
    for (int i = 0; i < batch_; ++i) {
        if (!accept_one()) {
            batch_ = 1;
            return;
        }
    }
}

// The spare descriptor comes before those for connections: without it nobody could be sent away the
// next time, and until then all would wait unanswered.
void Listener::on_timer() {
    if (!spare_) spare_ = open_spare();
    if (!spare_ || start() != 0) look_away();
}

// Accepts one connection. False: nothing more for now.
bool Listener::accept_one() {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    auto* address = reinterpret_cast<sockaddr*>(&storage);
    Fd fd(::accept4(fd_.get(), address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) return survive(errno);
    shard_.accepted(std::move(fd), Address(*address), setup_);
    return true;
}

// What went wrong with one connection is not the listener's end. True: try on.
bool Listener::survive(int error) {
    switch (error) {
        case EAGAIN: return false;
        case EMFILE:
        case ENFILE:
            if (refuse_one(error)) return true;
            if (!spare_) pause(error);  // With it, it was only that nobody waits any more.
            return false;
        case EINTR: return true;
        case ECONNABORTED:
        case EPERM:  // A firewall's.
        // Errors of that connection's network, see accept(2).
        case ENETDOWN:
        case EPROTO:
        case ENOPROTOOPT:
        case EHOSTDOWN:
        case ENONET:
        case EHOSTUNREACH:
        case EOPNOTSUPP:
        case ENETUNREACH:
        case ETIMEDOUT: report(EventLevel::notice, error); return true;
        // There is no memory, or the socket does not listen any more.
        default: pause(error); return false;
    }
}

// Gives the spare descriptor up for as long as it takes to send someone away.
bool Listener::refuse_one(int error) {
    if (!spare_) spare_ = open_spare();
    if (!spare_) return false;
    spare_.reset();
    {
        const Fd fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (fd) {
            shard_.refuse(fd, setup_);
        } else if (errno == EAGAIN) {
            spare_ = open_spare();
            return false;
        }
    }
    spare_ = open_spare();
    if (!spare_) return false;
    report(EventLevel::error, error);
    return true;
}

// Level-triggered readiness would spin: look away for a while.
void Listener::pause(int error) noexcept {
    look_away();
    report(EventLevel::error, error);
}

void Listener::look_away() noexcept {
    shard_.reactor().unwatch(fd_.get());
    shard_.reactor().schedule(*this, pause_ms);
}

void Listener::report(EventLevel level, int error) const noexcept {
    const EventTeller& events = shard_.events();
    if (!events) return;
    events.tell({.level = level,
                 .kind = EventKind::accept_failed,
                 .code = static_cast<std::uint32_t>(error),
                 .text = describe_accept(error)});
}

}  // namespace edgews
