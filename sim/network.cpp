#include <edgews/sim/network.hpp>

#include <edgews/sim/kernel.hpp>

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace edgews::sim {

namespace {

constexpr std::uint64_t syn_retry_ns = 1'000'000'000;
constexpr std::uint64_t silence_ns = 130'000'000'000;  // Then nobody tries any more.

bool is_path(const std::string& name) {
    return name.starts_with("unix:") && name.size() > 5 && name[5] != '\0';
}

Address any_of(const Address& address) {
    return Address::ip(address.family() == AF_INET ? "0.0.0.0" : "::", address.port());
}

}  // namespace

// ---- Binding and listening -------------------------------------------------

bool Network::is_taken(const Address& address, bool shares_port) {
    std::vector<std::weak_ptr<Socket>>& bound = bound_[address.name()];
    std::erase_if(bound, [](const auto& socket) { return socket.expired(); });
    return std::any_of(bound.begin(), bound.end(), [&](const auto& socket) {
        return !shares_port || !socket.lock()->shares_port();
    });
}

std::uint16_t Network::free_port(const Address& address) {
    Address wanted = address;
    do {
        wanted.set_port(next_port_++);
        if (next_port_ == 0) next_port_ = 32'768;
    } while (is_taken(wanted, false));
    return wanted.port();
}

Result Network::bind(Socket& socket, const Address& address) {
    Address place = address;
    const std::string name = place.name();
    if (place.is_unix() && is_path(name) && files_.contains(name)) return failed(EADDRINUSE);
    if (!place.is_unix() && place.port() == 0) place.set_port(free_port(place));
    if (is_taken(place, socket.shares_port())) return failed(EADDRINUSE);
    if (place.is_unix() && is_path(name)) files_.insert(name);
    socket.local() = place;
    bound_[place.name()].push_back(socket.weak_from_this());
    return {};
}

Result Network::listen(const std::shared_ptr<Socket>& socket, int backlog) {
    if (socket->local().size == 0) return failed(EINVAL);
    socket->begin_listening(backlog);
    return {};
}

// One of those that share the port, the next for the next of the peers' ports unless it is drawn
// otherwise; those at all addresses, when there is none at this one.
std::shared_ptr<Socket> Network::listener_at(const Address& address, std::uint16_t from) {
    const std::array places{address.name(), any_of(address).name(),
                            Address::ip("::", address.port()).name()};
    for (const std::string& name : places) {
        std::vector<std::shared_ptr<Socket>> listeners;
        for (const auto& bound : bound_[name]) {
            const auto socket = bound.lock();
            if (socket && socket->state() == Socket::State::listening) listeners.push_back(socket);
        }
        if (const auto count = static_cast<std::uint32_t>(listeners.size()); count > 0) {
            return listeners[(kernel_.choices().below(count) + from) % count];
        }
        if (address.is_unix()) break;
    }
    return nullptr;
}

void Network::note_event() noexcept {
    last_event_ns_ = kernel_.now_ns();
}

bool Network::has_file(const std::string& path) const {
    return files_.contains("unix:" + path);
}

bool Network::remove_file(const std::string& path) {
    return files_.erase("unix:" + path) > 0;
}

// ---- Connecting ------------------------------------------------------------

Result Network::connect(const std::shared_ptr<Socket>& socket, const Address& address) {
    if (socket->state() == Socket::State::connected) return failed(EISCONN);
    if (socket->state() == Socket::State::connecting) return failed(EALREADY);
    socket->remote() = address;
    if (address.is_unix()) return connect_unix(socket, address);
    socket->local() = Address::ip(address.family() == AF_INET ? "127.0.0.1" : "::1", 0);
    socket->local().set_port(free_port(socket->local()));
    socket->begin_connecting();
    if (silent_.contains(address.host())) {
        kernel_.after(silence_ns, [socket] {
            if (socket->state() == Socket::State::connecting) socket->refuse(ETIMEDOUT);
        });
        return failed(EINPROGRESS);
    }
    const std::uint64_t round_ns = 2 * kernel_.drawn_ns(kernel_.faults().latency_ns_max);
    kernel_.after(round_ns, [this, socket, address] { arrive_at(socket, address); });
    return failed(EINPROGRESS);
}

// The answer to a SYN: none where the queue is full, and then it is sent again.
void Network::arrive_at(const std::shared_ptr<Socket>& socket, const Address& address) {
    if (socket->state() != Socket::State::connecting) return;
    const std::shared_ptr<Socket> listener = listener_at(address, socket->local().port());
    if (!listener) return socket->refuse(ECONNREFUSED);
    if (listener->is_queue_full()) {
        kernel_.after(syn_retry_ns, [this, socket, address] { arrive_at(socket, address); });
        return;
    }
    const bool is_mapped = listener->family() == AF_INET6 && address.family() == AF_INET;
    const auto child = std::make_shared<TcpSocket>(kernel_, listener->family());
    child->local() = is_mapped ? address.mapped() : address;
    child->remote() = is_mapped ? socket->local().mapped() : socket->local();
    socket->connect_to(child);
    child->connect_to(socket);
    socket->wake(0);
    (void)listener->offer(child);
    note_event();
}

Result Network::connect_unix(const std::shared_ptr<Socket>& socket, const Address& address) {
    const std::string name = address.name();
    const std::shared_ptr<Socket> listener = listener_at(address, 0);
    if (!listener) return failed(is_path(name) && !files_.contains(name) ? ENOENT : ECONNREFUSED);
    if (listener->is_queue_full()) return failed(EAGAIN);
    const auto child = std::make_shared<UnixSocket>(kernel_);
    child->local() = address;
    child->remote().storage.ss_family = AF_UNIX;
    child->remote().size = sizeof(sa_family_t);
    socket->connect_to(child);
    child->connect_to(socket);
    (void)listener->offer(child);
    return {};
}

std::shared_ptr<TcpSocket> Network::dial(const Address& address) {
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
    if (listener.ready() == 0) return {.error = EAGAIN};
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
