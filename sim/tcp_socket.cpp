#include "sim/kernel.hpp"
#include "sim/socket.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace edgews::sim {

namespace {

constexpr std::uint64_t probe_ns = 200'000'000;  // Of a window that was closed.

std::size_t size_of(std::span<const iovec> pieces) noexcept {
    std::size_t size = 0;
    for (const iovec& piece : pieces) size += piece.iov_len;
    return size;
}

void append_pieces(Bytes& bytes, std::span<const iovec> pieces, std::size_t size) {
    for (const iovec& piece : pieces) {
        const std::size_t part = std::min(piece.iov_len, size);
        bytes.append({static_cast<const char*>(piece.iov_base), part});
        size -= part;
    }
}

}  // namespace

// ---- The calls --------------------------------------------------------------

// As two that connect to each other at once; what was shut down before ends now.
void TcpSocket::connect_to_itself() {
    connect_to(shared_from_this());
    wake(0);
    if (is_shut_) end_sending();
}

// After a try that succeeded it is told so once; after one that failed the socket begins anew.
std::optional<Result> TcpSocket::connect_again() {
    switch (phase_) {
        case Phase::broken: return failed(EINVAL);
        case Phase::connected: return failed(EISCONN);
        case Phase::connecting: break;
        case Phase::unconnected:
            if (state_ == State::listening) return failed(EISCONN);
            return std::nullopt;
    }
    if (state_ == State::connecting) return failed(EALREADY);
    if (state_ == State::connected) {
        phase_ = Phase::connected;
        return Result{};
    }
    const int error = take_error();
    disconnect();
    return failed(error != 0 ? error : ECONNABORTED);
}

std::uint32_t TcpSocket::begin_connecting() noexcept {
    state_ = State::connecting;
    phase_ = Phase::connecting;
    error_ = 0;
    return ++tries_;
}

// The socket is as good as new, but for its options and what it was bound to (tcp_disconnect()).
void TcpSocket::disconnect() {
    if (state_ == State::listening) close_queue();
    if (state_ == State::connecting) error_ = ECONNRESET;
    if (state_ == State::listening || state_ == State::connecting) leave_port();
    forget_connection();
    state_ = State::fresh;
    phase_ = Phase::unconnected;
    if (!binding().has_own_host) forget_host();
    wake(EPOLLERR);
}

void TcpSocket::forget_connection() noexcept {
    has_fin_ = is_shut_ = has_ended_ = is_end_known_ = has_had_fin_ = false;
    received_.clear();
    unsent_.clear();
    urgent_.reset();
    unsent_urgent_.reset();
}

// It may be another's, where the system chose it.
void TcpSocket::leave_port() noexcept {
    if (!binding().has_own_port) binding().is_bound = false;
}

void TcpSocket::connect_to(const std::shared_ptr<Socket>& peer) {
    const Faults& faults = kernel().faults();
    Choices& choices = kernel().choices();
    state_ = State::connected;
    if (phase_ == Phase::unconnected) phase_ = Phase::connected;  // It was accepted.
    peer_ = peer;
    unsent_max_ = drawn_size(choices, faults.send_buffer_least, faults.send_buffer_most);
    received_max_ = drawn_size(choices, faults.receive_buffer_least, faults.receive_buffer_most);
    segment_size_max_ = faults.segment_size_max;
    window_ = received_max_;
    latency_ns_ = kernel().drawn_ns(faults.latency_ns_max);
    gap_ns_ = kernel().drawn_ns(faults.gap_ns_max);
}

// In tcp_poll()'s order. To ask is to want to be told: SOCK_NOSPACE.
std::uint32_t TcpSocket::ready() {
    if (state_ == State::listening) return ready_to_accept();
    std::uint32_t events = error_ != 0 ? static_cast<std::uint32_t>(EPOLLERR) : 0;
    if ((has_fin_ && is_shut_) || state_ == State::fresh) events |= EPOLLHUP;
    if (has_fin_) events |= EPOLLIN | EPOLLRDHUP;
    if (state_ == State::connecting) return events;
    const std::size_t least = urgent_ && urgent_->at == 0 ? 2 : 1;
    if (received_.size() >= least) events |= EPOLLIN;
    if (urgent_ && !urgent_->was_taken) events |= EPOLLPRI;
    if (is_shut_ || is_writable()) {
        events |= EPOLLOUT;
    } else {
        has_no_space_ = true;
    }
    return events;
}

// At least half as much is free as is taken (sk_stream_is_writeable()).
bool TcpSocket::is_writable() const noexcept {
    const std::size_t taken = unsent_.size();
    return taken < unsent_max_ ? unsent_max_ - taken >= taken / 2 : unsent_max_ == 0;
}

// What is read stops at an urgent byte, unless it begins there: then the byte is passed by.
Result TcpSocket::receive(void* to, std::size_t size, int flags) {
    if (state_ == State::listening) return failed(ENOTCONN);
    const bool peeks = (flags & MSG_PEEK) != 0;
    if ((flags & MSG_OOB) != 0) return receive_urgent(to, size, peeks);
    const bool is_asked_for_some = size > 0 || received_.is_empty();
    const bool passes_urgent = urgent_ && urgent_->at == 0 && size > 0 && !received_.is_empty();
    const std::size_t begin = passes_urgent ? 1 : 0;
    std::size_t end = received_.size();
    if (urgent_ && !passes_urgent) end = std::min(end, urgent_->at);
    const std::size_t copied = std::min(size, end > begin ? end - begin : 0);
    if (copied > 0) std::memcpy(to, received_.view().data() + begin, copied);
    if (!peeks) take_received(begin + copied);
    if (copied > 0 || !is_asked_for_some) return {.value = static_cast<ssize_t>(copied)};
    if (has_had_fin_) return {};
    if (error_ != 0) return failed(take_error());
    if (has_fin_) return {};
    return failed(state_ == State::fresh ? ENOTCONN : EAGAIN);
}

void TcpSocket::take_received(std::size_t size) {
    if (size == 0) return;
    received_.consume(size);
    if (urgent_ && size > urgent_->at) urgent_.reset();
    if (urgent_) urgent_->at -= size;
    update_window();
}

Result TcpSocket::receive_urgent(void* to, std::size_t size, bool peeks) {
    if (!urgent_ || urgent_->was_taken) return failed(EINVAL);
    if (state_ == State::dead && !has_had_fin_) return failed(ENOTCONN);
    if (size == 0) return {};
    std::memcpy(to, &urgent_->byte, 1);
    if (!peeks) urgent_->was_taken = true;
    return {.value = 1};
}

// SIOCINQ: as far as the urgent byte.
std::size_t TcpSocket::unread_size() const noexcept {
    return std::min(urgent_ ? urgent_->at : SIZE_MAX, received_.size());
}

Result TcpSocket::send(std::span<const iovec> pieces, int flags) {
    if (state_ == State::connecting) return failed(EAGAIN);
    if (error_ != 0) return failed(take_error());
    if (is_shut_ || state_ != State::connected) return failed(EPIPE);
    const std::size_t size = size_of(pieces);
    std::size_t room = unsent_max_ > unsent_.size() ? unsent_max_ - unsent_.size() : 0;
    if (room > 1 && size > 1 && kernel().choices().once_in(kernel().faults().short_send)) {
        const std::size_t most = std::min({room, size, std::size_t{65'536}});
        room = 1 + kernel().choices().below(static_cast<std::uint32_t>(most - 1));
    }
    const std::size_t taken = std::min(size, room);
    if (taken < size) has_no_space_ = true;
    if (taken == 0 && size > 0) return failed(EAGAIN);
    append_pieces(unsent_, pieces, taken);
    if ((flags & MSG_OOB) != 0 && taken > 0) unsent_urgent_ = unsent_.size() - 1;
    transmit(latency_ns_);
    return {.value = static_cast<ssize_t>(taken)};
}

std::size_t TcpSocket::unsent_size() const noexcept {
    return unsent_.size() + (has_ended_ && !is_end_known_ && state_ == State::connected ? 1 : 0);
}

// A listener or a try to connect ends; what has no connection remembers it, too.
Result TcpSocket::shutdown(int how) {
    if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR) return failed(EINVAL);
    if (phase_ == Phase::connecting) {
        phase_ = state_ == State::connected ? Phase::connected : Phase::broken;
    }
    if (state_ == State::listening || state_ == State::connecting) {
        if (state_ == State::connecting || how != SHUT_WR) disconnect();
        wake(0);
        return {};
    }
    has_fin_ = has_fin_ || how == SHUT_RD || how == SHUT_RDWR;
    is_shut_ = is_shut_ || how == SHUT_WR || how == SHUT_RDWR;
    if (how != SHUT_RD) end_sending();
    wake(0);
    return state_ == State::connected ? Result{} : failed(ENOTCONN);
}

// Unread input, or SO_LINGER of 0 unless both have ended: the connection is reset, and what was not
// sent is gone.
void TcpSocket::closed() {
    is_closed_ = true;
    switch (state_) {
        case State::fresh:
        case State::dead: return;
        case State::listening: close_queue(); [[fallthrough]];
        case State::connecting:
            state_ = State::dead;
            leave_port();
            return;
        case State::connected: break;
    }
    const bool have_both_ended = has_ended_ && has_had_fin_ && unsent_.is_empty();
    if (!received_.is_empty() || (resets_at_close_ && !have_both_ended)) return reset();
    has_fin_ = is_shut_ = true;
    end_sending();
    kernel().network().keep(shared_from_this());
}

bool TcpSocket::is_over() const noexcept {
    return state_ != State::connected || (unsent_.is_empty() && is_end_known_ && peer_.expired());
}

void TcpSocket::end_sending() {
    if (state_ != State::connected || has_ended_) return;
    has_ended_ = true;
    transmit(latency_ns_);
}

// ---- The network ------------------------------------------------------------

TcpSocket* TcpSocket::tcp_peer() const noexcept {
    return static_cast<TcpSocket*>(peer().get());
}

std::size_t TcpSocket::receive_room() const noexcept {
    return received_max_ > received_.size() ? received_max_ - received_.size() : 0;
}

// None, until it is worth a segment (RFC 9293, section 3.8.6.2.2).
std::size_t TcpSocket::offered_window() const noexcept {
    const std::size_t room = receive_room();
    return room >= std::min(segment_size_max_, received_max_ / 2) ? room : 0;
}

// After a read: the peer is told when it is twice what it knew, but not where reading is shut down
// (tcp_cleanup_rbuf()).
void TcpSocket::update_window() {
    if (!has_fin_ && offered_window() >= 2 * window_) open_window();
    if (TcpSocket* const peer = tcp_peer()) peer->transmit(peer->latency_ns_);
}

// Whoever is not told of a window asks, after a while.
void TcpSocket::probe(TcpSocket& peer) {
    if (is_probing_ || !peer.has_fin_ || peer.offered_window() == 0) return;
    is_probing_ = true;
    kernel().after(probe_ns, [self = shared_from_this(), this] {
        is_probing_ = false;
        if (TcpSocket* const asked = tcp_peer()) asked->open_window();
        transmit(0);
    });
}

// Has the next segment arrive, if there is something to send and room for it.
void TcpSocket::transmit(std::uint64_t delay_ns) {
    if (is_transmitting_ || state_ != State::connected) return;
    if (unsent_.is_empty() && (!has_ended_ || is_end_known_)) return;
    TcpSocket* const peer = tcp_peer();
    const bool is_there = peer != nullptr && peer->state_ != State::dead;
    if (is_there && !unsent_.is_empty() && peer->window_ == 0) return probe(*peer);
    is_transmitting_ = true;
    kernel().after(delay_ns, [self = shared_from_this(), this] {
        is_transmitting_ = false;
        deliver();
    });
}

void TcpSocket::deliver() {
    if (state_ != State::connected) return;
    const std::shared_ptr<Socket> held = peer();  // It may have nobody else.
    TcpSocket* const peer = static_cast<TcpSocket*>(held.get());
    if (!unsent_.is_empty()) {
        // Nobody is there to read it: that side answers with a reset.
        if (peer == nullptr || peer->refuses_data()) {
            if (peer != nullptr) peer->refuse_data(unsent_urgent_, unsent_.view());
            return arrive_reset();
        }
        deliver_bytes(*peer);
    }
    if (unsent_.is_empty() && has_ended_ && !is_end_known_) {
        is_end_known_ = true;
        if (peer != nullptr) peer->arrive_fin();
        has_had_fin_ ? die(0) : wake(0);
    }
    transmit(kernel().drawn_ns(gap_ns_));
    // What was sent has told the window, too.
    open_window();
    if (peer != nullptr) peer->transmit(peer->latency_ns_);
}

// It is closed, or ended and shut down for reading: there data is an error (RFC 1122, section
// 4.2.2.13).
bool TcpSocket::refuses_data() const noexcept {
    return is_closed_ || state_ == State::dead || (has_ended_ && has_fin_ && !has_had_fin_);
}

// Linux looks for urgent data first.
void TcpSocket::refuse_data(std::optional<std::size_t> urgent, std::string_view bytes) {
    if (state_ != State::connected) return;
    if (urgent) arrive_urgent(received_.size() + *urgent, bytes[*urgent]);
    die(ECONNRESET);
}

void TcpSocket::deliver_bytes(TcpSocket& peer) {
    const std::size_t most =
        std::min({unsent_.size(), peer.window_, segment_size_max_, std::size_t{UINT32_MAX}});
    if (most == 0) return;
    Choices& choices = kernel().choices();
    const std::size_t size = most - choices.below(static_cast<std::uint32_t>(most));
    if (choices.once_in(kernel().faults().urgent)) bring_urgent(peer);
    const std::string_view bytes = unsent_.view().substr(0, size);
    if (unsent_urgent_ && *unsent_urgent_ < size) {
        peer.arrive_urgent(peer.received_.size() + *unsent_urgent_, bytes[*unsent_urgent_]);
        unsent_urgent_.reset();
    }
    if (unsent_urgent_) *unsent_urgent_ -= size;
    peer.arrive(bytes);
    peer.window_ -= size;
    peer.open_window();
    unsent_.consume(size);
    tell_of_space();
}

// A byte that nobody sent, one at a time: a second would make the first usual data.
void TcpSocket::bring_urgent(TcpSocket& peer) {
    if (peer.state_ != State::connected || peer.urgent_ || unsent_urgent_) return;
    peer.arrive_urgent(peer.received_.size(), '!');
    peer.received_.append("!");
}

void TcpSocket::arrive(std::string_view bytes) {
    if (state_ != State::connected) return;
    kernel().note(bytes.size());
    kernel().tell("arrives at port %u: %zu", local().port() == 0 ? 0U : remote().port(),
                  bytes.size());
    kernel().network().note_event();
    received_.append(bytes);
    wake(EPOLLIN | EPOLLPRI);
}

// One that is still there becomes usual data, or is lost where reading has come to it.
void TcpSocket::arrive_urgent(std::size_t at, char byte) {
    if (state_ != State::connected) return;
    if (urgent_ && urgent_->at == 0 && !received_.is_empty()) {
        received_.consume(1);
        --at;
    }
    urgent_ = {.at = at, .byte = byte};
    kernel().tell("urgent data arrives at port %u", local().port());
}

void TcpSocket::arrive_fin() {
    if (state_ != State::connected) return;
    kernel().network().note_event();
    kernel().tell("FIN arrives from port %u", remote().port());
    has_fin_ = has_had_fin_ = true;
    is_end_known_ ? die(0) : wake(0);
}

void TcpSocket::arrive_reset() {
    if (state_ != State::connected) return;
    kernel().network().note_event();
    kernel().tell("RST arrives from port %u", remote().port());
    die(has_had_fin_ && !has_ended_ ? EPIPE : ECONNRESET);
}

// What was received stays; what was to be sent does not. Both FINs have passed, where there is no
// error: the socket is one without a connection.
void TcpSocket::die(int error) {
    state_ = State::dead;
    leave_port();
    error_ = error;
    has_fin_ = is_shut_ = true;
    unsent_.clear();
    wake(0);
}

// The peer has acknowledged something.
void TcpSocket::tell_of_space() {
    if (!has_no_space_ || !is_writable()) return;
    has_no_space_ = false;
    wake(EPOLLOUT);
}

void TcpSocket::reset() {
    if (state_ != State::connected) return;
    send_reset();
    die(0);
}

// Of what was on its way, a part comes before the reset.
void TcpSocket::send_reset() {
    const TcpSocket* const receiver = tcp_peer();
    const std::size_t window = receiver != nullptr ? receiver->window_ : 0;
    const std::size_t most = std::min({unsent_.size(), window, std::size_t{65'535}});
    const std::size_t size = most - kernel().choices().below(static_cast<std::uint32_t>(most) + 1);
    const std::string last(unsent_.view().substr(0, size));
    kernel().after(latency_ns_, [held = peer(), last] {
        auto* const peer = static_cast<TcpSocket*>(held.get());
        if (peer == nullptr) return;
        if (!last.empty() && !peer->is_closed_ && peer->receive_room() >= last.size()) {
            peer->arrive(last);
        }
        peer->arrive_reset();
    });
}

}  // namespace edgews::sim
