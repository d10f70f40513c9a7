#include "net/stream/stream.hpp"

#include "net/loop/fork.hpp"

#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <utility>

namespace edgews {

namespace {

constexpr std::size_t gather_count_max = 128;  // Pieces per sendmsg.
// Bytes per send: the peer takes these while the next are copied, and what the kernel copies to
// is still in the cache (10 to 20 % of an echo of 1 MiB).
constexpr std::size_t send_size_max = 256 * 1024;
// Of ciphertext: bytes in one receive, and bytes that may wait for a peer which goes on sending.
constexpr std::size_t sealed_size_max = 64 * 1024;
constexpr std::size_t pending_size_max = 1024 * 1024;
constexpr int discard_count_max = 8;  // Receives in a row whose bytes nobody wants.
// Of these bytes, in units of StreamsOnLoop::discarded_unit: who has sent 64 MiB does not read what
// we said.
constexpr std::uint8_t discarded_units_max = 63;

}  // namespace

Stream::Stream(StreamsOnLoop& streams) noexcept : streams_(&streams) {}

Stream::~Stream() {
    if (output_) streams_->give_back(std::move(output_));
}

int Stream::open(Fd fd) noexcept {
    fd_ = std::move(fd);
    // Once for the socket's whole life.
    return reactor().add(*this, fd_.get(), EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

void Stream::speak_through(std::unique_ptr<Transport> transport) noexcept {
    assert(!transport_);
    assert(output_size() == 0);
    transport_ = std::move(transport);
}

void Stream::speak_first() {
    (void)transport_->open({}, reactor().receive_space());
    flush();
}

bool Stream::take_over(Stream& predecessor) noexcept {
    fd_ = std::move(predecessor.fd_);
    output_ = std::move(predecessor.output_);
    transport_ = std::move(predecessor.transport_);
    is_blocked_ = predecessor.is_blocked_;
    is_broken_ = predecessor.is_broken_;
    is_given_up_ = predecessor.is_given_up_;
    is_urgent_ = predecessor.is_urgent_;
    has_ended_ = predecessor.has_ended_;
    reactor().hand_over(predecessor, *this);
    predecessor.enter(Phase::closed);
    return predecessor.is_drained_ && !has_ended_;
}

void Stream::on_events(std::uint32_t events) {
    if ((events & (EPOLLRDHUP | EPOLLHUP)) != 0) has_ended_ = true;
    if ((events & EPOLLPRI) != 0) is_urgent_ = true;
    if ((events & EPOLLERR) != 0) {
        note_reset();
        return tell_broken();
    }
    if ((events & EPOLLOUT) != 0 && is_blocked_) {
        is_blocked_ = false;
        flush();
        if (is_open()) on_writable();
    }
    if ((events & (EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP)) != 0 && !is_closed()) {
        is_drained_ = false;  // Until a receive says so: reading may be paused.
        if (is_open()) return on_readable();
        discard_input();
    }
}

void Stream::on_flush() {
    is_flush_requested_ = false;
    is_broken_ ? tell_broken() : flush();
}

Received Stream::peek(std::span<std::byte> space) noexcept {
    return receive_raw(space, MSG_PEEK);
}

Received Stream::receive_raw(std::span<std::byte> space, int flags) noexcept {
    ssize_t count = 0;
    do {
        count = ::recv(fd_.get(), space.data(), space.size(), flags);
    } while (count < 0 && errno == EINTR);
    // A receive ends short of TCP's urgent data, too (RFC 6093), of which nobody here makes
    // anything: who sends such is asked until there is nothing.
    is_drained_ = count < static_cast<ssize_t>(space.size()) && !(is_urgent_ && count > 0);
    if (count > 0) return {.size = static_cast<std::size_t>(count)};
    if (count == 0) return {.end = Received::End::ended};
    const bool is_more_to_come = errno == EAGAIN && !is_broken_;
    return {.end = is_more_to_come ? Received::End::would_block : Received::End::lost};
}

bool Stream::may_shake_hands() {
    const auto step =
        has_shaken_hands_ ? HandshakeLine::Step::goes_on : HandshakeLine::Step::begins;
    if (!streams_->handshakes().take(*this, step)) return false;
    has_shaken_hands_ = true;
    return true;
}

// Receives ciphertext into a space of its own, no more than `space` has room for once it is opened,
// and only once: records that hold nothing cost as much as others, and there is no end of them.
Received Stream::receive_opened(std::span<std::byte> space) noexcept {
    assert(space.size() > 2 * Transport::record_size_max);
    if (has_failed_transport()) return {.end = Received::End::lost};
    if (transport_->state() == Transport::State::ended) return {.end = Received::End::ended};
    if (transport_->state() == Transport::State::opening && !may_shake_hands()) {
        return {.end = Received::End::would_block};
    }
    const std::span<std::byte> sealed = streams_->transport_space().first(
        std::min(space.size() - Transport::record_size_max, sealed_size_max));
    const Received raw = receive_raw(sealed);
    // An end that the transport was not told of: somebody else may have cut it.
    if (raw.end == Received::End::ended && is_open()) return {.end = Received::End::lost};
    if (raw.end != Received::End::open) return raw;
    const std::size_t size = transport_->open(sealed.first(raw.size), space);
    send_pending();
    // It is answered, and reads no answers.
    const bool is_flooding = transport_->pending().size() > pending_size_max;
    if (has_failed_transport() || is_flooding) return {.end = Received::End::lost};
    const bool has_said_so = transport_->state() == Transport::State::ended;
    if (has_said_so) has_ended_ = true;
    if (size > 0) return {.size = size};
    if (has_said_so) return {.end = Received::End::ended};
    if (!is_drained_ || has_ended_) read_later();
    return {.end = Received::End::would_block};
}

void Stream::take_output() {
    output_ = streams_->take_queue();
    if (is_dispatching_) output_->expect_batch();
}

void Stream::flush_later() {
    is_flush_requested_ = true;
    reactor().flush_later(*this);
}

void Stream::flush() {
    if (is_closed()) return;
    std::array<iovec, gather_count_max> pieces;
    while (output_size() > 0 && !is_blocked_ && !is_broken_) {
        const std::size_t count = output_ ? output_->gather(std::span<iovec>(pieces)) : 0;
        const std::size_t sent = send_pieces(std::span(pieces).first(count));
        if (output_) output_->consume(sent);
    }
    if (output_size() > 0) {
        if (is_broken_) return;
        if (output_) output_->settle();
        return on_blocked();
    }
    if (output_) streams_->give_back(std::move(output_));
    if (phase_ == Phase::finishing) all_sent();
}

std::size_t Stream::send_directly(std::span<const std::byte> bytes) {
    assert(output_size() == 0);
    assert(!is_blocked_);
    iovec piece{.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
    return send_pieces({&piece, 1});
}

// Sends the first of them, and returns how many of their bytes are on their way. Fewer than it was
// given mean that the socket is full, and an edge will tell when it is not.
std::size_t Stream::send_pieces(std::span<iovec> pieces) {
    std::size_t size = 0;
    std::size_t count = 0;
    for (; count < pieces.size() && size < send_size_max; ++count) {
        pieces[count].iov_len = std::min(pieces[count].iov_len, send_size_max - size);
        size += pieces[count].iov_len;
    }
    pieces = pieces.first(count);
    const std::size_t sent = transport_ ? send_sealed(pieces) : send_raw(pieces, size);
    count_sent(sent);
    return sent;
}

// What was sealed once must be sent as it is, and waits in the transport if it has to.
std::size_t Stream::send_sealed(std::span<const iovec> pieces) {
    if (!send_pending() || pieces.empty()) return 0;
    transport_->seal(pieces);
    if (has_failed_transport()) break_off();
    send_pending();
    std::size_t size = 0;
    for (const iovec& piece : pieces) size += piece.iov_len;
    return is_broken_ ? 0 : size;  // Broken, it has forgotten what there was to send.
}

// True: the socket took all of it.
bool Stream::send_pending() {
    while (!is_blocked_ && !is_broken_) {
        const std::span<const std::byte> pending = transport_->pending();
        if (pending.empty()) return true;
        iovec piece{.iov_base = const_cast<std::byte*>(pending.data()), .iov_len = pending.size()};
        transport_->sent(send_raw({&piece, 1}, pending.size()));
    }
    return false;
}

std::size_t Stream::send_raw(std::span<iovec> pieces, std::size_t size) {
    ssize_t sent = 0;
    do {
        if (pieces.size() == 1) {
            sent = ::send(fd_.get(), pieces[0].iov_base, size, MSG_NOSIGNAL);
        } else {
            msghdr message{};
            message.msg_iov = pieces.data();
            message.msg_iovlen = pieces.size();
            sent = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
        }
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            is_blocked_ = true;
        } else {
            note_reset();
            reactor().flush_later(*this);
        }
        return 0;
    }
    is_blocked_ = static_cast<std::size_t>(sent) < size;
    has_sent_ = true;
    return static_cast<std::size_t>(sent);
}

void Stream::break_off() {
    if (is_given_up_ || is_closed()) return;
    is_broken_ = is_given_up_ = true;
    forget_output();
    reactor().flush_later(*this);
}

void Stream::reset() {
    if (!is_closed()) cut();
    break_off();
}

// A close with SO_LINGER would do, unless children hold the socket, too.
void Stream::cut() noexcept {
    const sockaddr nobody{.sa_family = AF_UNSPEC, .sa_data = {}};
    (void)::connect(fd_.get(), &nobody, sizeof nobody);
}

// The system keeps what had come before the reset, and says so behind it (an end, or an error).
void Stream::note_reset() noexcept {
    is_broken_ = has_ended_ = true;
    is_blocked_ = false;
    forget_output();
}

void Stream::tell_broken() {
    if (!is_open()) return close();
    is_given_up_ ? on_lost() : on_reset();
}

void Stream::forget_output() noexcept {
    if (!output_ || output_->is_empty()) return;
    on_output_lost(output_->size());
    output_->clear();
}

void Stream::finish(Farewell farewell, std::uint32_t timeout_ms) {
    assert(is_open());
    if (is_broken_) return close();
    enter(Phase::finishing);
    farewell_ = farewell;
    reactor().schedule(*this, timeout_ms);
    // The peer may have to send all before it reads, and there are no more edges of what is there.
    if (!is_drained_) read_later();
    request_flush();
}

// A large socket takes more only when a third of it is free, which may take a slow reader a minute:
// what its system has taken meanwhile tells of it. As long as nothing is sent that only falls.
bool Stream::is_being_read() noexcept {
    if (output_size() == 0) return false;
    std::uint32_t untaken_size = 0;
    const bool has_sent = is_being_read(untaken_size);
    return output().note_untaken(untaken_size) > untaken_size || has_sent;
}

bool Stream::is_being_read(std::uint32_t& untaken_size) noexcept {
    const bool has_sent = has_sent_;
    has_sent_ = false;
    const std::uint32_t before = untaken_size;
    untaken_size =
        static_cast<std::uint32_t>(std::min<std::size_t>(unacknowledged_size(), UINT32_MAX));
    return has_sent || untaken_size < before;
}

std::size_t Stream::unacknowledged_size() const noexcept {
    int size = 0;
    return ::ioctl(fd_.get(), SIOCOUTQ, &size) == 0 ? static_cast<std::size_t>(size) : SIZE_MAX;
}

std::size_t Stream::untaken_size() const noexcept {
    const std::size_t sent_size = is_closed() ? 0 : unacknowledged_size();
    return output_size() + (sent_size == SIZE_MAX ? 0 : sent_size);
}

// Whoever reads slowly still gets all of it; whoever does not read is given up.
void Stream::on_finish_timer(std::uint32_t timeout_ms) noexcept {
    if (!is_being_read()) return close();
    reactor().schedule(*this, timeout_ms);
}

void Stream::all_sent() noexcept {
    if (transport_ && transport_->end()) return flush();  // And then we are here again.
    if (farewell_ == Farewell::close && is_drained_) return close();
    if (::shutdown(fd_.get(), SHUT_WR) != 0) return close();
    enter(Phase::lingering);
    discard_input();
}

void Stream::discard_input() noexcept {
    for (int turns = 0; turns < discard_count_max; ++turns) {
        const std::span<std::byte> space = reactor().receive_space();
        // Of a transport that failed nobody wants to know what it says.
        const Received received = has_failed_transport() ? receive_raw(space) : receive(space);
        if (received.end == Received::End::would_block) return;
        if (received.end == Received::End::ended && phase_ == Phase::finishing) {
            // It sends nothing more, but may still read.
            if (farewell_ == Farewell::linger) farewell_ = Farewell::close;
            return;
        }
        if (received.end != Received::End::open) return close();
        if (!streams_->fills_discarded_unit(received.size)) continue;
        if (discarded_units_ == discarded_units_max) return close();
        ++discarded_units_;
    }
    read_later();
}

// They keep the socket open, and with it what watches it.
void Stream::end_for_children() noexcept {
    reactor().unwatch(fd_.get());
    ::shutdown(fd_.get(), SHUT_RDWR);
}

void Stream::close() noexcept {
    if (is_closed()) return;
    if (phase_ == Phase::finishing && farewell_ == Farewell::whole) cut();
    enter(Phase::closed);
    if (output_) streams_->give_back(std::move(output_));
    if (has_forked.load(std::memory_order_relaxed)) end_for_children();
    fd_.reset();
    reactor().retire(*this);
}

}  // namespace edgews
