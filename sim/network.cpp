#include "sim/network.hpp"

#include "sim/kernel.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

namespace edgews::sim {

namespace {

constexpr std::uint64_t syn_retry_ns = 1'000'000'000;
constexpr std::uint64_t silence_ns = 130'000'000'000;  // Then nobody tries any more.

bool is_path(const std::string& name) {
    return name.starts_with("unix:") && name.size() > 5 && name[5] != '\0';
}

// Who is bound to all addresses is reached at this machine's own.
Address without_any(const Address& address) {
    if (!address.is_any()) return address;
    return Address::ip(address.family() == AF_INET ? "127.0.0.1" : "::1", address.port());
}

int wrong_family(const Socket& socket, const Address& address) {
    if (address.family() == socket.family()) return 0;
    if (socket.family() == AF_UNIX) return EINVAL;
    const bool is_short = socket.family() == AF_INET6 && address.family() == AF_INET;
    return is_short ? EINVAL : EAFNOSUPPORT;
}

}  // namespace

// ---- Binding and listening -------------------------------------------------

Network::Sockets Network::at_port(std::uint16_t port) {
    std::vector<std::weak_ptr<Socket>>& bound = ports_[port];
    Sockets found;
    std::erase_if(bound, [&](const auto& one) {
        const std::shared_ptr<Socket> socket = one.lock();
        if (!socket || socket->is_closed() || !socket->binding().is_bound) return true;
        if (socket->local().port() != port) return true;
        found.push_back(socket);
        return false;
    });
    return found;
}

bool Network::is_taken_for(const Socket& socket, const Address& address) {
    const Sockets others = at_port(address.port());
    return std::any_of(others.begin(), others.end(), [&](const auto& other) {
        return other.get() != &socket && other->local().overlaps(address) &&
               !socket.may_share_with(*other);
    });
}

std::uint16_t Network::free_port() {
    std::uint16_t port = 0;
    do {
        port = next_port_++;
        if (next_port_ == 0) next_port_ = 32'768;
    } while (!at_port(port).empty());
    return port;
}

void Network::take_port(Socket& socket, const Address& address) {
    socket.local() = address;
    socket.binding().is_bound = true;
    ports_[address.port()].push_back(socket.weak_from_this());
}

Result Network::bind(Socket& socket, const Address& address) {
    if (const int error = wrong_family(socket, address); error != 0) return failed(error);
    if (socket.family() == AF_UNIX) return bind_unix(socket, address);
    if (socket.state() == Socket::State::listening || socket.binding().is_bound) {
        return failed(EINVAL);
    }
    Address place = address;
    if (place.port() == 0) place.set_port(free_port());
    if (is_taken_for(socket, place)) {
        socket.forget_host();
        return failed(EADDRINUSE);
    }
    take_port(socket, place);
    socket.binding().has_own_host = !address.is_any();
    socket.binding().has_own_port = address.port() != 0;
    return {};
}

// Linux makes the file first, and then sees whether the socket may have it.
Result Network::bind_unix(Socket& socket, const Address& address) {
    const std::string name = address.name();
    const std::shared_ptr<Socket> other = unix_names_[name].lock();
    const bool is_taken = other && !other->is_closed();
    if (is_path(name) && files_.contains(name)) return failed(EADDRINUSE);
    if (socket.binding().is_bound) return failed(EINVAL);
    if (!is_path(name) && is_taken) return failed(EADDRINUSE);
    if (is_path(name)) files_.insert(name);
    socket.local() = address;
    if (const auto peer = socket.peer()) peer->remote() = address;
    socket.binding() = {.is_bound = true, .has_own_host = true, .has_own_port = true};
    unix_names_[name] = socket.weak_from_this();
    return {};
}

// TCP without an address gets a port at all of them.
Result Network::listen(const std::shared_ptr<Socket>& socket, int backlog) {
    using State = Socket::State;
    const bool is_unix = socket->family() == AF_UNIX;
    if (!is_unix && !static_cast<TcpSocket&>(*socket).may_listen()) return failed(EINVAL);
    if (socket->state() != State::fresh && socket->state() != State::listening) {
        return failed(EINVAL);
    }
    if (is_unix && !socket->binding().is_bound) return failed(EINVAL);
    if (!socket->binding().is_bound) {
        Address place = socket->local();
        place.set_port(free_port());
        take_port(*socket, place);
    }
    if (!is_unix && is_taken_for(*socket, socket->local())) return failed(EADDRINUSE);
    socket->begin_listening(backlog);
    return {};
}

// One of those that share the port, the next for the next of the peers' ports unless it is drawn
// otherwise; those at all addresses, when there is none at this one.
std::shared_ptr<Socket> Network::listener_at(const Address& address, std::uint16_t from) {
    Sockets best;
    int best_score = 0;
    for (const std::shared_ptr<Socket>& socket : at_port(address.port())) {
        const Address& local = socket->local();
        if (socket->state() != Socket::State::listening || !local.overlaps(address)) continue;
        const int score = !local.is_any() ? 3 : local.family() == address.family() ? 2 : 1;
        if (score > best_score) best.clear();
        best_score = std::max(score, best_score);
        if (score == best_score) best.push_back(socket);
    }
    const auto count = static_cast<std::uint32_t>(best.size());
    return count == 0 ? nullptr : best[(kernel_.choices().below(count) + from) % count];
}

void Network::keep(std::shared_ptr<Socket> orphan) {
    std::erase_if(orphans_, [](const auto& one) { return one->is_over(); });
    orphans_.push_back(std::move(orphan));
}

void Network::note_event() noexcept {
    last_event_ns_ = kernel_.now_ns();
}

bool Network::has_file(const std::string& path) const {
    return files_.contains("unix:" + path);
}

bool Network::remove_file(const std::string& path) {
    unix_names_.erase("unix:" + path);
    return files_.erase("unix:" + path) > 0;
}

// ---- Connecting ------------------------------------------------------------

Result Network::connect(const std::shared_ptr<Socket>& socket, const Address& address) {
    const int error = wrong_family(*socket, address);
    if (socket->family() == AF_UNIX) {
        return error != 0 ? failed(error) : connect_unix(socket, address);
    }
    const auto tcp = std::static_pointer_cast<TcpSocket>(socket);
    if (const std::optional<Result> result = tcp->connect_again()) return *result;
    if (error != 0) return failed(error);
    tcp->remote() = without_any(address);
    Address local = tcp->local();
    if (local.is_any()) {
        const bool is_ipv4 = tcp->remote().is_ipv4();
        local = Address::ip(is_ipv4 ? "127.0.0.1" : "::1", local.port());
        if (is_ipv4 && tcp->family() == AF_INET6) local = local.mapped();
    }
    if (tcp->binding().is_bound) {
        if (is_connection_taken(local, tcp->remote())) return failed(EADDRNOTAVAIL);
        tcp->local() = local;
    } else {
        local.set_port(free_port());
        take_port(*tcp, local);
    }
    const std::uint32_t tried = tcp->begin_connecting();
    if (silent_.contains(address.host())) {
        kernel_.after(silence_ns, [tcp, tried] {
            if (tcp->is_connecting(tried)) tcp->refuse(ETIMEDOUT);
        });
        return failed(EINPROGRESS);
    }
    send_syn(tcp, tried, 2 * kernel_.drawn_ns(kernel_.faults().latency_ns_max));
    return failed(EINPROGRESS);
}

// Two connections do not have the same two ends.
bool Network::is_connection_taken(const Address& local, const Address& remote) {
    using State = Socket::State;
    const Sockets others = at_port(local.port());
    return std::any_of(others.begin(), others.end(), [&](const auto& other) {
        const bool is_one =
            other->state() == State::connecting || other->state() == State::connected;
        return is_one && other->local().name() == local.name() &&
               other->remote().name() == remote.name();
    });
}

void Network::send_syn(const std::shared_ptr<TcpSocket>& socket, std::uint32_t tried,
                       std::uint64_t delay_ns) {
    kernel_.after(delay_ns, [this, socket, tried] { arrive_at(socket, tried); });
}

// The answer to a SYN: none where the queue is full, and then it is sent again. Who connects to its
// own address finds itself there (RFC 9293, section 3.5).
void Network::arrive_at(const std::shared_ptr<TcpSocket>& socket, std::uint32_t tried) {
    if (!socket->is_connecting(tried)) return;
    const Address& address = socket->remote();
    if (socket->local().name() == address.name()) {
        return socket->connect_to_itself();
    }
    const std::shared_ptr<Socket> listener = listener_at(address, socket->local().port());
    if (!listener) return socket->refuse(ECONNREFUSED);
    if (listener->is_queue_full()) return send_syn(socket, tried, syn_retry_ns);
    const bool is_mapped = listener->family() == AF_INET6 && address.family() == AF_INET;
    const auto child = std::make_shared<TcpSocket>(kernel_, listener->family());
    child->local() = is_mapped ? address.mapped() : address;
    child->remote() = is_mapped ? socket->local().mapped() : socket->local();
    child->inherit(*listener);
    socket->connect_to(child);
    child->connect_to(socket);
    socket->wake(0);
    (void)listener->offer(child);
    note_event();
}

// In the order of unix_stream_connect(): first who is there, then who asks.
Result Network::connect_unix(const std::shared_ptr<Socket>& socket, const Address& address) {
    using State = Socket::State;
    const std::string name = address.name();
    if (is_path(name) && !files_.contains(name)) return failed(ENOENT);
    const std::shared_ptr<Socket> listener = unix_names_[name].lock();
    if (!listener || listener->state() != State::listening || listener->is_shut_for_reading()) {
        return failed(ECONNREFUSED);
    }
    if (listener->is_queue_full()) return failed(EAGAIN);
    if (socket->state() == State::connected) return failed(EISCONN);
    if (socket->state() != State::fresh) return failed(EINVAL);
    const auto child = std::make_shared<UnixSocket>(kernel_);
    child->local() = address;
    child->remote() = socket->local();
    child->binding().is_bound = true;
    socket->remote() = address;
    socket->connect_to(child);
    child->connect_to(socket);
    (void)listener->offer(child);
    return {};
}

std::shared_ptr<Socket> Network::dial(const Address& address) {
    if (address.is_unix()) {
        auto socket = std::make_shared<UnixSocket>(kernel_);
        const Result result = connect(socket, address);
        if (result.error != 0) socket->refuse(result.error);
        return socket;
    }
    auto socket = std::make_shared<TcpSocket>(kernel_, address.family());
    (void)connect(socket, address);
    return socket;
}

// The errors that accept(2) has for Linux are, but for the last, those of one connection.
Network::Accepted Network::accept(Socket& listener) {
    static constexpr std::array errors{ECONNABORTED, EINTR,   ENETDOWN,     EPROTO,     ENOPROTOOPT,
                                       EHOSTDOWN,    ENONET,  EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH,
                                       EPERM,        ENOBUFS, ENOMEM,       EMFILE,     ENFILE};
    if (listener.state() != Socket::State::listening) return {.error = EINVAL};
    if (!listener.has_waiting()) return {.error = EAGAIN};
    if (kernel_.choices().once_in(kernel_.faults().accept_error)) {
        const int error = kernel_.choices().one_of(errors);
        // The connection that it is about is gone with it.
        if (error == ECONNABORTED) {
            const auto child = listener.take_waiting();
            child->set_reset_at_close(true);
            child->closed();
        }
        return {.error = error};
    }
    return {.socket = listener.take_waiting()};
}

}  // namespace edgews::sim
