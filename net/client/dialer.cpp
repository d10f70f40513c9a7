#include "net/client/dialer.hpp"

#include "net/loop/loop_link.hpp"
#include "net/loop/reactor.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstddef>
#include <system_error>
#include <utility>

namespace edgews {

namespace {

// A listener of a Unix socket whose queue is full has nobody wait in line: one asks again.
constexpr std::uint32_t unix_retry_ms = 10;

// A socket, and what connect() said: 0, EINPROGRESS, or why not.
struct Begun {
    int error = 0;
    Fd fd{};
};

Begun begin_connecting(const SocketAddress& address, const PeerWatch& watch) noexcept {
    Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return {.error = errno};
    if (address.family() != AF_UNIX) {
        set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
        // Wishes: the system may not have it.
        (void)watch_peer(fd, watch);
        if (Address(*address.get()).is_loopback()) {
            (void)set_congestion_control(fd, loopback_congestion_control);
        }
    }
    const int error = ::connect(fd.get(), address.get(), address.size) == 0 ? 0 : errno;
    return {.error = error, .fd = std::move(fd)};
}

// How connecting ended. 0: well.
int outcome(const Fd& fd) noexcept {
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
    return error == 0 && is_connected_to_itself(fd) ? ECONNREFUSED : error;
}

// Says something about this machine, and less than what any host has answered.
bool is_local_failure(int error) noexcept {
    return error == EADDRNOTAVAIL || error == EAFNOSUPPORT || error == ENETUNREACH;
}

}  // namespace

// A socket that is not connected yet.
class Dialer::Attempt final : public Watched {
  public:
    Attempt(Dial& dial, Fd fd, std::size_t index)
        : dial_(dial), index_(index), fd_(std::move(fd)) {}
    void on_events(std::uint32_t events) override;

    [[nodiscard]] std::size_t index() const noexcept { return index_; }
    [[nodiscard]] int number() const noexcept { return fd_.get(); }
    // The socket, which its loop no longer watches.
    [[nodiscard]] Fd release(Reactor& reactor) noexcept {
        reactor.unwatch(fd_.get());
        reactor.retire(*this);
        return std::move(fd_);
    }

  private:
    Dial& dial_;
    std::size_t index_;  // Of its address.
    Fd fd_;
};

// All that goes on between start() and `done`. The loop owns it.
class Dialer::Dial final : public Registered {
  public:
    Dial(Reactor& reactor, const DialOptions& options, std::string name,
         Function<void(Dialed)> done)
        : reactor_(reactor), options_(options), name_(std::move(name)), done_(std::move(done)) {}

    void resolve(std::uint16_t port);
    void connect(std::vector<SocketAddress> addresses);
    void connect_unix(const SocketAddress& address);
    void finish(Dialed dialed);
    void attempt_ended(Attempt& attempt, int error);
    [[nodiscard]] bool is_resolving() const noexcept {
        return resolution_ != no_token && addresses_.empty();
    }
    // Nothing is called any more.
    void end() noexcept;

  private:
    void connect_next();
    [[nodiscard]] int watch(Fd fd, std::size_t index);
    void connected(Fd fd, std::size_t index);
    void note(int error, std::size_t index) noexcept;
    [[nodiscard]] std::string describe(std::size_t index, const std::string& what) const;
    void time_out(std::string message);

    Reactor& reactor_;
    DialOptions options_;
    std::string name_;  // The host's, or "unix:/path".
    Function<void(Dialed)> done_;
    std::vector<SocketAddress> addresses_;
    std::size_t next_ = 0;            // Of addresses_: those before it have been tried.
    std::vector<Attempt*> attempts_;  // Those that go on.
    int error_ = 0;                   // The most telling one so far,
    std::size_t error_index_ = 0;     // and whose it is.
    Token resolution_ = no_token;
    Token limit_ = no_token;  // Timers.
    Token delay_ = no_token;
};

void Dialer::Attempt::on_events(std::uint32_t) {
    dial_.attempt_ended(*this, outcome(fd_));
}

void Dialer::Dial::resolve(std::uint16_t port) {
    if (options_.resolve_timeout_ms > 0) {
        limit_ = reactor_.after(options_.resolve_timeout_ms, make_job([this] {
                                    time_out("resolve " + name_ + ": no answer within " +
                                             std::to_string(options_.resolve_timeout_ms) + " ms");
                                }));
    }
    ResolveRequest request{.host = name_, .port = port, .lookup = options_.lookup};
    resolution_ = edgews::resolve(reactor_, std::move(request), [this](Resolved resolved) {
        if (resolved.error) return finish({.error = std::move(resolved.error)});
        connect(with_families_taking_turns(std::move(resolved.value)));
    });
}

void Dialer::Dial::connect(std::vector<SocketAddress> addresses) {
    addresses_ = std::move(addresses);
    reactor_.cancel(limit_);
    if (options_.connect_timeout_ms > 0) {
        limit_ = reactor_.after(
            options_.connect_timeout_ms, make_job([this] {
                time_out(describe(
                    next_ - 1,
                    "no answer within " + std::to_string(options_.connect_timeout_ms) + " ms"));
            }));
    }
    connect_next();
}

void Dialer::Dial::connect_unix(const SocketAddress& address) {
    if (address.size > 0) return connect({address});
    const std::error_code code(ENAMETOOLONG, std::system_category());
    finish({.error = {code, "connect to " + name_ + ": " + code.message()}});
}

// Goes on to the first address that has yet to answer.
void Dialer::Dial::connect_next() {
    reactor_.cancel(delay_);
    while (next_ < addresses_.size()) {
        const std::size_t index = next_++;
        Begun begun = begin_connecting(addresses_[index], options_.watch);
        if (begun.error == 0) begun.error = outcome(begun.fd);
        if (begun.error == 0) return connected(std::move(begun.fd), index);
        if (begun.error == EAGAIN && addresses_[index].family() == AF_UNIX) {
            delay_ = reactor_.after(unix_retry_ms, make_job([this] {
                                        --next_;
                                        connect_next();
                                    }));
            return;
        }
        if (begun.error == EINPROGRESS) begun.error = watch(std::move(begun.fd), index);
        if (begun.error == 0) {
            if (next_ == addresses_.size()) return;
            delay_ =
                reactor_.after(options_.attempt_delay_ms, make_job([this] { connect_next(); }));
            return;
        }
        note(begun.error, index);
    }
    if (!attempts_.empty()) return;  // One of them may still win.
    const std::error_code code(error_, std::system_category());
    finish({.error = {code, describe(error_index_, code.message())}});
}

// 0, or the system's error number.
int Dialer::Dial::watch(Fd fd, std::size_t index) {
    auto attempt = std::make_unique<Attempt>(*this, std::move(fd), index);
    const int error = reactor_.add(*attempt, attempt->number(), EPOLLOUT | EPOLLET);
    if (error == 0) attempts_.push_back(attempt.release());  // The loop owns it now.
    return error;
}

void Dialer::Dial::attempt_ended(Attempt& attempt, int error) {
    const std::size_t index = attempt.index();
    attempts_.erase(std::find(attempts_.begin(), attempts_.end(), &attempt));
    Fd fd = attempt.release(reactor_);
    if (error == 0) return connected(std::move(fd), index);
    note(error, index);
    connect_next();
}

void Dialer::Dial::connected(Fd fd, std::size_t index) {
    finish({.fd = std::move(fd), .peer = Address(*addresses_[index].get())});
}

void Dialer::Dial::note(int error, std::size_t index) noexcept {
    if (error_ != 0 && is_local_failure(error) && !is_local_failure(error_)) return;
    error_ = error;
    error_index_ = index;
}

std::string Dialer::Dial::describe(std::size_t index, const std::string& what) const {
    const Address address(*addresses_[index].get());
    const bool is_unix = address.family() == Address::Family::unix_socket;
    std::string text = "connect to " + (is_unix ? name_ : address.to_string()) + ": " + what;
    if (addresses_.size() > 1) {
        text.append(" (").append(std::to_string(next_)).append(" of ");
        text.append(std::to_string(addresses_.size())).append(" addresses tried)");
    }
    return text;
}

void Dialer::Dial::time_out(std::string message) {
    finish({.error = {std::make_error_code(std::errc::timed_out), std::move(message)}});
}

void Dialer::Dial::finish(Dialed dialed) {
    end();
    dialed.is_resolved = !addresses_.empty();
    done_(std::move(dialed));  // It may destroy the Dialer; this stays to the end of the turn.
}

void Dialer::Dial::end() noexcept {
    for (const Token token : {resolution_, limit_, delay_}) reactor_.cancel(token);
    for (Attempt* attempt : attempts_) (void)attempt->release(reactor_);
    attempts_.clear();
    reactor_.retire(*this);
}

Dialer::Dialer(Reactor& reactor, DialOptions options)
    : reactor_(reactor), link_(reactor.link()), options_(std::move(options)) {}

Dialer::Dial& Dialer::add_dial(std::string name, Function<void(Dialed)> done) {
    assert(!is_dialing());
    auto dial = std::make_unique<Dial>(reactor_, options_, std::move(name), std::move(done));
    reactor_.add(*dial);
    dial_ = dial->token();
    return *dial.release();  // The loop owns it now.
}

void Dialer::start(std::string host, std::uint16_t port, Function<void(Dialed)> done) {
    add_dial(std::move(host), std::move(done)).resolve(port);
}

void Dialer::start_unix(const std::string& path, Function<void(Dialed)> done) {
    add_dial(unix_name(path), std::move(done));
    reactor_.post(
        make_job([&slots = reactor_.slots(), token = dial_, address = unix_socket_address(path)] {
            Registered* const dial = slots.find(token);
            if (dial != nullptr) static_cast<Dial*>(dial)->connect_unix(address);
        }));
}

void Dialer::cancel() noexcept {
    // Null, too, when the loop is gone.
    Registered* const dial = link_->slots.find(dial_);
    if (dial != nullptr) static_cast<Dial*>(dial)->end();
}

bool Dialer::is_resolving() const noexcept {
    const Registered* const dial = link_->slots.find(dial_);
    return dial != nullptr && static_cast<const Dial*>(dial)->is_resolving();
}

bool Dialer::is_dialing() const noexcept {
    return link_->slots.is_live(dial_);
}

std::vector<SocketAddress> with_families_taking_turns(std::vector<SocketAddress> addresses) {
    std::vector<SocketAddress> result;
    if (addresses.empty()) return result;
    const auto is_of_first_family = [family = addresses.front().family()](const auto& address) {
        return address.family() == family;
    };
    auto first = addresses.begin();
    const auto others = std::stable_partition(first, addresses.end(), is_of_first_family);
    auto other = others;
    while (first != others || other != addresses.end()) {
        if (first != others) result.push_back(*first++);
        if (other != addresses.end()) result.push_back(*other++);
    }
    return result;
}

}  // namespace edgews
