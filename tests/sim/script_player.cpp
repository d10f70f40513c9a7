#include "script_player.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/sockios.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace edgews::sim::test {

namespace {

constexpr std::size_t chunk_size = 4'096;    // Of what fills a socket.
constexpr std::size_t small_size_max = 200;  // Where a socket was filled: what is there for sure.
constexpr int buffer_size = 32'768;
// TCP_DELACK_MAX_US, which Linux has since 6.15: acknowledgements wait for less than 40 ms.
constexpr int delay_max_us = 46;

std::string error_name() {
    const char* const name = ::strerrorname_np(errno);
    return name != nullptr ? name : std::to_string(errno);
}

std::string outcome(ssize_t result) {
    return result < 0 ? error_name() : std::to_string(result);
}

template <class Value>
void set_option(int fd, int level, int name, const Value& value) {
    (void)::setsockopt(fd, level, name, &value, sizeof value);
}

std::string described_queue(int size, bool is_exact) {
    return is_exact || size == 0 ? std::to_string(size) : "some";
}

}  // namespace

ScriptPlayer::ScriptPlayer(std::string folder, Settle settle)
    : folder_(std::move(folder)), settle_(std::move(settle)) {
    std::signal(SIGPIPE, SIG_IGN);
    // The numbers that are free, whatever else is open.
    std::array<int, 2 * slot_count> free{};
    for (int& fd : free) fd = ::eventfd(0, EFD_CLOEXEC);
    for (const int fd : free) {
        numbers_.emplace(fd, numbers_.size());
        ::close(fd);
    }
}

std::vector<std::string> ScriptPlayer::play(const Script& script) {
    script_ = &script;
    has_fill_ = std::any_of(script.begin(), script.end(),
                            [](const Step& step) { return step.op == Op::fill; });
    has_tcp_ = std::any_of(script.begin(), script.end(), [](const Step& step) {
        return step.op == Op::socket && step.value < static_cast<unsigned>(Family::local_path);
    });
    std::vector<std::string> outcomes;
    for (at_ = 0; at_ < script.size(); ++at_) {
        outcomes.push_back(play(script[at_]));
        settle();
    }
    close_all();
    return outcomes;
}

// ---- What a step does ------------------------------------------------------

// What a step makes goes into a slot that is empty, and what it uses is in one that is not.
std::string ScriptPlayer::play(const Step& step) {
    switch (step.op) {
        case Op::socket:
        case Op::epoll:
        case Op::counter:
        case Op::semaphore:
        case Op::timer: return is_empty(step.slot) ? play_set_up(step) : "-";
        case Op::pair:
        case Op::pipe: {
            const bool may = is_empty(step.slot) && is_empty(step.other) && step.slot != step.other;
            if (!may) return "-";
            return step.op == Op::pair ? make_pair(step) : make_pipe(step);
        }
        default: break;
    }
    if (is_empty(step.slot)) return "-";
    if (step.op >= Op::epoll) return play_watch(step);
    if (step.op >= Op::send && step.op <= Op::drain) return play_transfer(step);
    return play_socket(step);
}

std::string ScriptPlayer::play_set_up(const Step& step) {
    switch (step.op) {
        case Op::socket: return make_socket(step);
        case Op::epoll: return put(step.slot, ::epoll_create1(EPOLL_CLOEXEC), Kind::epoll, {});
        case Op::counter:
        case Op::semaphore: {
            const int kind = step.op == Op::semaphore ? EFD_SEMAPHORE : 0;
            const int fd = ::eventfd(step.value, EFD_NONBLOCK | EFD_CLOEXEC | kind);
            return put(step.slot, fd, Kind::counter, {});
        }
        default: return set_timer(step);
    }
}

std::string ScriptPlayer::play_socket(const Step& step) {
    const Slot slot = slots_[step.slot];
    switch (step.op) {
        case Op::bind: return bind(step);
        case Op::listen: return outcome(::listen(slot.fd, static_cast<int>(step.value)));
        case Op::connect: return connect(step);
        case Op::accept: return is_empty(step.other) ? accept(step) : "-";
        case Op::shutdown: return outcome(::shutdown(slot.fd, static_cast<int>(step.value)));
        case Op::close: return outcome(::close(std::exchange(slots_[step.slot], {}).fd));
        case Op::duplicate:
        case Op::replace:
        case Op::far: return duplicate(step);
        case Op::linger: {
            const linger at_once{.l_onoff = 1, .l_linger = 0};
            return outcome(::setsockopt(slot.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
        }
        case Op::error: {
            int error = 0;
            socklen_t size = sizeof error;
            if (::getsockopt(slot.fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
                return error_name();
            }
            errno = error;
            return error == 0 ? "none" : error_name();
        }
        case Op::queues: return queues(step);
        case Op::names: return names(step);
        default: return poll(step);
    }
}

std::string ScriptPlayer::play_transfer(const Step& step) {
    const int fd = slots_[step.slot].fd;
    const std::string bytes = payload(step.op < Op::fill ? step.value : 0);
    switch (step.op) {
        case Op::send: return outcome(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL));
        case Op::send_pieces: return send_pieces(step);
        case Op::write: return outcome(::write(fd, bytes.data(), bytes.size()));
        case Op::send_urgent:
            return outcome(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_OOB));
        case Op::fill: return fill(step);
        case Op::receive: return receive(step, 0);
        case Op::peek: return receive(step, MSG_PEEK);
        case Op::receive_urgent: return receive(step, MSG_OOB);
        case Op::drain: return drain(step);
        default: return receive_pieces(step);
    }
}

std::string ScriptPlayer::play_watch(const Step& step) {
    switch (step.op) {
        case Op::add: return control(step, EPOLL_CTL_ADD);
        case Op::modify: return control(step, EPOLL_CTL_MOD);
        case Op::remove: return control(step, EPOLL_CTL_DEL);
        case Op::wait: return wait(step);
        case Op::count: return count(step);
        case Op::expire:
        case Op::repeat:
        case Op::disarm: return set_timer(step);
        default: return take_count(step);
    }
}

// ---- Sockets ---------------------------------------------------------------

std::string ScriptPlayer::put(std::size_t slot, int fd, Kind kind, Family family) {
    if (fd < 0) return error_name();
    slots_[slot] = {.fd = fd, .kind = kind, .family = family};
    const auto number = numbers_.find(fd);
    return number == numbers_.end() ? "a new one" : 'd' + std::to_string(number->second);
}

std::string ScriptPlayer::make_socket(const Step& step) {
    const Family family{static_cast<Family>(step.value)};
    const bool is_local = family >= Family::local_path;
    const int domain = is_local ? AF_UNIX : family == Family::tcp4 ? AF_INET : AF_INET6;
    const int fd = ::socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    set_option(fd, SOL_SOCKET, SO_SNDBUF, buffer_size);
    if (!is_local) {
        set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
        set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
        (void)::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);  // It sets no timers.
        set_option(fd, IPPROTO_TCP, delay_max_us, 8'000);
    }
    return put(step.slot, fd, is_local ? Kind::local : Kind::tcp, family);
}

std::string ScriptPlayer::make_pair(const Step& step) {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
        return error_name();
    }
    for (const int fd : ends) set_option(fd, SOL_SOCKET, SO_SNDBUF, buffer_size);
    return put(step.slot, ends[0], Kind::local, Family::local_abstract) + " and " +
           put(step.other, ends[1], Kind::local, Family::local_abstract);
}

std::string ScriptPlayer::make_pipe(const Step& step) {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return error_name();
    return put(step.slot, ends[0], Kind::pipe, {}) + " and " +
           put(step.other, ends[1], Kind::pipe, {});
}

std::string ScriptPlayer::duplicate(const Step& step) {
    const Slot slot = slots_[step.slot];
    if (step.op == Op::replace) {
        if (is_empty(step.other)) return "-";
        const int target = slots_[step.other].fd;
        return put(step.other, ::dup2(slot.fd, target), slot.kind, slot.family);
    }
    if (!is_empty(step.other)) return "-";
    const auto from = std::next(numbers_.begin(), step.op == Op::far ? step.value : 0);
    const int least = step.op == Op::far ? from->first : 0;
    return put(step.other, ::fcntl(slot.fd, F_DUPFD_CLOEXEC, least), slot.kind, slot.family);
}

// For a client of that family; a place that nobody was bound to has none but for a Unix socket.
ScriptPlayer::Address ScriptPlayer::address_of(Place place, Family client) const {
    Address address = places_[static_cast<std::size_t>(place)];
    if (place >= Place::first_path) {
        auto& local = reinterpret_cast<sockaddr_un&>(address.storage);
        local.sun_family = AF_UNIX;
        const bool is_path = place < Place::first_abstract;
        std::string name = folder_ + (static_cast<unsigned>(place) % 2 == 0 ? "/a" : "/b");
        if (!is_path) name[0] = '\0';
        std::memcpy(local.sun_path, name.data(), name.size());
        const std::size_t size = offsetof(sockaddr_un, sun_path) + name.size() + (is_path ? 1 : 0);
        address.size = static_cast<socklen_t>(size);
        return address;
    }
    if (address.size == 0 || place < Place::first_6 || client == Family::tcp6) return address;
    const in_port_t port = reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_port;
    address = {};
    auto& four = reinterpret_cast<sockaddr_in&>(address.storage);
    four.sin_family = AF_INET;
    four.sin_port = port;
    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.size = sizeof four;
    return address;
}

std::string ScriptPlayer::bind(const Step& step) {
    const Slot slot = slots_[step.slot];
    const Place place{static_cast<Place>(step.value)};
    Address address = address_of(place, slot.family);
    if (address.size == 0 && slot.family == Family::tcp4) {
        auto& four = reinterpret_cast<sockaddr_in&>(address.storage);
        four.sin_family = AF_INET;
        four.sin_addr.s_addr = htonl(place == Place::any_4 ? INADDR_ANY : INADDR_LOOPBACK);
        address.size = sizeof four;
    } else if (address.size == 0) {
        auto& six = reinterpret_cast<sockaddr_in6&>(address.storage);
        six.sin6_family = AF_INET6;
        six.sin6_addr = place == Place::any_6 ? in6addr_any : in6addr_loopback;
        address.size = sizeof six;
    }
    const int result =
        ::bind(slot.fd, reinterpret_cast<const sockaddr*>(&address.storage), address.size);
    if (result == 0) {
        address.size = sizeof address.storage;
        (void)::getsockname(slot.fd, reinterpret_cast<sockaddr*>(&address.storage), &address.size);
        places_[step.value] = address;
    }
    return outcome(result);
}

std::string ScriptPlayer::connect(const Step& step) {
    const Slot slot = slots_[step.slot];
    const Address address = address_of(static_cast<Place>(step.value), slot.family);
    if (address.size == 0) return "-";
    return outcome(
        ::connect(slot.fd, reinterpret_cast<const sockaddr*>(&address.storage), address.size));
}

std::string ScriptPlayer::accept(const Step& step) {
    const Slot slot = slots_[step.slot];
    Address from{.size = sizeof from.storage};
    const int fd = ::accept4(slot.fd, reinterpret_cast<sockaddr*>(&from.storage), &from.size,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return error_name();
    const std::string from_name = name_of(from);
    if (slot.kind == Kind::local) set_option(fd, SOL_SOCKET, SO_SNDBUF, buffer_size);
    return put(step.other, fd, slot.kind, slot.family) + " from " + from_name;
}

std::string ScriptPlayer::queues(const Step& step) {
    const Slot slot = slots_[step.slot];
    int unread = 0;
    int unsent = 0;
    const bool is_exact = !has_fill_;
    const bool has_urgent = std::any_of(script_->begin(), script_->end(),
                                        [](const Step& one) { return one.op == Op::send_urgent; });
    // Linux 6.18 counts an urgent byte of a Unix socket for ever, where a read has passed it.
    if (slot.kind == Kind::local && has_urgent) return "-";
    std::string text = ::ioctl(slot.fd, SIOCINQ, &unread) == 0
                           ? described_queue(unread, is_exact) + " unread, "
                           : error_name() + ", ";
    // Of one that has no connection it says what is left of another.
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    if (::getpeername(slot.fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return text;
    text += ::ioctl(slot.fd, SIOCOUTQ, &unsent) == 0
                ? described_queue(unsent, is_exact && slot.kind == Kind::tcp) + " unsent"
                : error_name();
    return text;
}

std::string ScriptPlayer::names(const Step& step) {
    const int fd = slots_[step.slot].fd;
    const auto ask = [&](auto* function) {
        Address address{.size = sizeof address.storage};
        const int result =
            function(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.size);
        return result == 0 ? name_of(address) : error_name();
    };
    const std::string own = ask(::getsockname);
    return own + " to " + ask(::getpeername);
}

std::string ScriptPlayer::name_of(const Address& address) {
    char host[INET6_ADDRSTRLEN] = "";
    const auto named = [&](int family, const void* ip, in_port_t port) {
        ::inet_ntop(family, ip, host, sizeof host);
        std::string text = host;
        if (port == 0) return text + ":0";
        auto place = std::find(ports_.begin(), ports_.end(), port);
        if (place == ports_.end()) place = ports_.insert(place, port);
        return text + ":p" + std::to_string(place - ports_.begin());
    };
    const auto& four = reinterpret_cast<const sockaddr_in&>(address.storage);
    const auto& six = reinterpret_cast<const sockaddr_in6&>(address.storage);
    const auto& local = reinterpret_cast<const sockaddr_un&>(address.storage);
    switch (address.size == 0 ? AF_UNSPEC : address.storage.ss_family) {
        case AF_INET: return named(AF_INET, &four.sin_addr, four.sin_port);
        case AF_INET6: return named(AF_INET6, &six.sin6_addr, six.sin6_port);
        case AF_UNIX: break;
        default: return "nothing of " + std::to_string(address.size);
    }
    std::string name(local.sun_path, address.size - offsetof(sockaddr_un, sun_path));
    std::replace(name.begin(), name.end(), '\0', '@');
    return "unix " + name;
}

// ---- Bytes -----------------------------------------------------------------

std::string ScriptPlayer::payload(std::size_t size) const {
    return std::string(size, static_cast<char>(at_ + 1));
}

bool ScriptPlayer::was_filled(char byte) const {
    const std::size_t step = static_cast<unsigned char>(byte) - std::size_t{1};
    return step < script_->size() && (*script_)[step].op == Op::fill;
}

// "5 of 3, some of 7": by the steps that sent them.
std::string ScriptPlayer::runs_of(std::string_view bytes) const {
    std::string text;
    while (!bytes.empty()) {
        const char byte = bytes.front();
        const std::size_t size = std::min(bytes.find_first_not_of(byte), bytes.size());
        text += (text.empty() ? "" : ", ") + (was_filled(byte) ? "some" : std::to_string(size)) +
                " of " + std::to_string(static_cast<unsigned char>(byte) - 1);
        bytes.remove_prefix(size);
    }
    return text;
}

std::string ScriptPlayer::received(std::string_view bytes, ssize_t count, std::size_t asked) {
    if (count < 0) return error_name();
    if (count == 0) return "0";
    const auto size = static_cast<std::size_t>(count);
    if (size == asked) return "all: " + runs_of(bytes.substr(0, size));
    return std::to_string(size) + ": " + runs_of(bytes.substr(0, size));
}

std::string ScriptPlayer::send_pieces(const Step& step) {
    std::string bytes = payload(step.value);
    const std::size_t part = bytes.size() / 3;
    std::array<iovec, 3> pieces{
        {{.iov_base = bytes.data(), .iov_len = part},
         {.iov_base = bytes.data() + part, .iov_len = part},
         {.iov_base = bytes.data() + 2 * part, .iov_len = bytes.size() - 2 * part}}};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    return outcome(::sendmsg(slots_[step.slot].fd, &message, MSG_NOSIGNAL));
}

// Until there is no room although all has gone that can go. One slot of a script: whether what two
// sockets cannot send to each other meets an end or a reset first, nobody can say. Nor how often
// there was room in between.
std::string ScriptPlayer::fill(const Step& step) {
    if (filled_ != slot_count && filled_ != step.slot) return "-";
    filled_ = step.slot;
    const std::string bytes = payload(chunk_size);
    const char* amount = "none";
    for (int round = 0; round < 50; ++round) {
        bool has_sent = false;
        for (int i = 0; i < 1'000; ++i) {
            if (::send(slots_[step.slot].fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) break;
            has_sent = true;
        }
        if (!has_sent) break;
        amount = "some";
        settle();
    }
    const std::string end = error_name();
    forget_events();
    return std::string(amount) + ", then " + end;
}

std::string ScriptPlayer::receive(const Step& step, int flags) {
    if (has_fill_ && step.value > small_size_max) return flags == 0 ? drain(step) : "-";
    std::string bytes(step.value, '\0');
    const ssize_t count = ::recv(slots_[step.slot].fd, bytes.data(), bytes.size(), flags);
    return received(bytes, count, step.value);
}

std::string ScriptPlayer::receive_pieces(const Step& step) {
    const std::size_t asked =
        has_fill_ ? std::min<std::size_t>(step.value, small_size_max) : step.value;
    std::string bytes(asked, '\0');
    const std::size_t part = asked / 2;
    std::array<iovec, 2> pieces{{{.iov_base = bytes.data(), .iov_len = part},
                                 {.iov_base = bytes.data() + part, .iov_len = asked - part}}};
    const int fd = slots_[step.slot].fd;
    if (step.op == Op::read_pieces) return received(bytes, ::readv(fd, pieces.data(), 2), asked);
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    return received(bytes, ::recvmsg(fd, &message, 0), asked);
}

// What waits for room comes meanwhile.
std::string ScriptPlayer::drain(const Step& step) {
    std::string all;
    std::string bytes(65'536, '\0');
    for (int silent = 0; silent < 2;) {
        const ssize_t count = ::recv(slots_[step.slot].fd, bytes.data(), bytes.size(), 0);
        if (count > 0) {
            all.append(bytes, 0, static_cast<std::size_t>(count));
            silent = 0;
        } else if (count < 0 && errno == EAGAIN) {
            settle();
            ++silent;
            errno = EAGAIN;
        } else {
            return runs_of(all) + ", then " + outcome(count);
        }
    }
    return runs_of(all) + ", then EAGAIN";
}

void ScriptPlayer::settle() {
    std::vector<int> sockets;
    for (const Slot& slot : slots_) {
        if (slot.kind == Kind::tcp) sockets.push_back(slot.fd);
    }
    const int error = errno;
    settle_(sockets);
    errno = error;
}

void ScriptPlayer::close_all() {
    for (Slot& slot : slots_) {
        if (slot.fd >= 0) ::close(std::exchange(slot, {}).fd);
    }
    for (const char* const name : {"/a", "/b"}) ::unlink((folder_ + name).c_str());
}

}  // namespace edgews::sim::test
