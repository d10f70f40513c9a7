#include "sim/kernel.hpp"
#include "sim/socket.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

namespace edgews::sim {

namespace {

constexpr std::size_t packet_size_max = 36'544;  // More is cut.

// The memory that Linux takes for so many bytes in one piece: a head with them, or pages beside it.
std::size_t charge_of(std::size_t size) noexcept {
    constexpr std::size_t head_size_max = 3'776;
    if (size > head_size_max) return 768 + (size + 4'095) / 4'096 * 4'096;
    return 256 + std::max<std::size_t>(std::bit_ceil(size + 320), 512);
}

std::string joined(std::span<const iovec> pieces) {
    std::string bytes;
    for (const iovec& piece : pieces) {
        bytes.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    }
    return bytes;
}

}  // namespace

UnixSocket* UnixSocket::unix_peer() const noexcept {
    return static_cast<UnixSocket*>(peer().get());
}

void UnixSocket::connect_to(const std::shared_ptr<Socket>& peer) {
    const Faults& faults = kernel().faults();
    state_ = State::connected;
    peer_ = peer;
    charged_max_ =
        drawn_size(kernel().choices(), faults.send_buffer_least, faults.send_buffer_most);
}

// In unix_poll()'s order. A packet whose urgent byte was taken is still one.
std::uint32_t UnixSocket::ready() {
    std::uint32_t events = error_ != 0 ? static_cast<std::uint32_t>(EPOLLERR) : 0;
    if (has_fin_ && is_shut_) events |= EPOLLHUP;
    if (has_fin_) events |= EPOLLIN | EPOLLRDHUP;
    if (!received_.empty()) events |= EPOLLIN;
    if (urgent_ != received_.end()) events |= EPOLLPRI;
    if (state_ == State::fresh) events |= EPOLLHUP;
    if (state_ == State::listening) return events | ready_to_accept();
    return is_writable() ? events | EPOLLOUT : events;
}

std::size_t UnixSocket::unread_size() const noexcept {
    std::size_t size = 0;
    for (const Packet& packet : received_) size += packet.unread_size();
    return size;
}

// ---- Receiving -------------------------------------------------------------

// What is read stops at an urgent byte, unless it begins there: then the byte is passed by.
Result UnixSocket::receive(void* to, std::size_t size, int flags) {
    if (state_ != State::connected) return failed(EINVAL);
    const bool peeks = (flags & MSG_PEEK) != 0;
    if ((flags & MSG_OOB) != 0) return receive_urgent(to, peeks);
    std::size_t copied = 0;
    bool has_found = false;
    auto packet = received_.begin();
    do {
        packet = pass_urgent(packet, peeks, copied > 0);
        while (packet != received_.end() && packet->unread_size() == 0) ++packet;
        if (packet == received_.end()) break;
        has_found = true;
        const std::size_t part = std::min(packet->unread_size(), size - copied);
        std::memcpy(static_cast<char*>(to) + copied, packet->bytes.data() + packet->read_size,
                    part);
        copied += part;
        if (peeks) {
            ++packet;
            continue;
        }
        packet->read_size += part;
        if (packet->unread_size() > 0) break;
        drop(packet);
        packet = received_.begin();
    } while (copied < size);
    if (has_found) return {.value = static_cast<ssize_t>(copied)};
    if (error_ != 0) return failed(take_error());
    return has_fin_ ? Result{} : failed(EAGAIN);
}

// Where reading goes on; end(): there is nothing, or it stops here.
UnixSocket::Packets::iterator UnixSocket::pass_urgent(Packets::iterator packet, bool peeks,
                                                      bool has_some) {
    if (packet == received_.end()) return packet;
    if (packet->unread_size() == 0) {
        const bool is_last = urgent_ == received_.end() || packet == urgent_;
        if (has_some && is_last) return received_.end();
        const auto read = packet++;
        if (!peeks) drop(read);
    }
    if (packet == received_.end() || packet != urgent_) return packet;
    if (has_some) return received_.end();
    if (peeks) return std::next(packet);
    drop(packet);
    return received_.begin();
}

Result UnixSocket::receive_urgent(void* to, bool peeks) {
    if (urgent_ == received_.end()) return failed(EINVAL);
    std::memcpy(to, urgent_->bytes.data(), 1);
    if (peeks) return {.value = 1};
    urgent_->read_size = 1;
    urgent_ = received_.end();
    return {.value = 1};
}

void UnixSocket::drop(Packets::iterator packet) {
    if (packet == urgent_) urgent_ = received_.end();
    const std::size_t charge = packet->charge;
    received_.erase(packet);
    if (UnixSocket* const sender = unix_peer()) sender->give_back(charge);
}

// Each time that there is room, whoever was told before that there is none (unix_write_space()).
void UnixSocket::give_back(std::size_t charge) {
    charged_ -= std::min(charge, charged_);
    if (is_writable()) wake(EPOLLOUT);
}

// ---- Sending ---------------------------------------------------------------

Result UnixSocket::send(std::span<const iovec> pieces, int flags) {
    const bool is_urgent = (flags & MSG_OOB) != 0;
    std::string bytes = joined(pieces);
    if (is_urgent && bytes.empty()) return failed(EOPNOTSUPP);
    UnixSocket* const peer = unix_peer();
    if (state_ != State::connected) return failed(ENOTCONN);
    if (is_shut_ || peer == nullptr) return failed(EPIPE);
    const std::size_t usual_size = bytes.size() - (is_urgent ? 1 : 0);
    std::size_t sent = 0;
    while (sent < usual_size) {
        const std::size_t most = std::min(packet_size_max, charged_max_ / 2);
        const std::size_t size = std::min(usual_size - sent, std::max<std::size_t>(most, 1));
        const int error = queue(*peer, bytes.substr(sent, size), false);
        if (error != 0)
            return sent > 0 ? Result{.value = static_cast<ssize_t>(sent)} : failed(error);
        sent += size;
    }
    if (is_urgent) {
        const int error = queue(*peer, bytes.substr(sent), true);
        if (error != 0 && sent == 0) return failed(error);
        if (error == 0) ++sent;
    }
    return {.value = static_cast<ssize_t>(sent)};
}

int UnixSocket::queue(UnixSocket& peer, std::string bytes, bool is_urgent) {
    if (error_ != 0) return take_error();
    if (charged_ >= charged_max_) return EAGAIN;
    if (peer.is_closed_ || peer.has_fin_) return EPIPE;
    const std::size_t charge = charge_of(bytes.size());
    charged_ += charge;
    kernel().note(bytes.size());
    kernel().network().note_event();
    peer.received_.push_back({.bytes = std::move(bytes), .charge = charge});
    if (is_urgent) peer.urgent_ = std::prev(peer.received_.end());
    peer.wake(EPOLLIN | EPOLLPRI);
    return 0;
}

// ---- Ending ----------------------------------------------------------------

// Also of one that is not connected.
Result UnixSocket::shutdown(int how) {
    const bool reads = how == SHUT_RD || how == SHUT_RDWR;
    const bool writes = how == SHUT_WR || how == SHUT_RDWR;
    has_fin_ = has_fin_ || reads;
    is_shut_ = is_shut_ || writes;
    wake(0);
    UnixSocket* const peer = unix_peer();
    if (peer == nullptr) return {};
    peer->has_fin_ = peer->has_fin_ || writes;
    peer->is_shut_ = peer->is_shut_ || reads;
    peer->wake(0);
    return {};
}

// Unread input, or a connection that was not accepted: the peer hears of a reset.
void UnixSocket::closed() {
    is_closed_ = true;
    UnixSocket* const peer = unix_peer();
    const State before = std::exchange(state_, State::dead);
    if (before == State::listening) return close_queue();
    if (peer == nullptr || peer->state_ != State::connected) return;
    urgent_ = received_.end();
    const bool has_unread = std::any_of(received_.begin(), received_.end(),
                                        [](const Packet& one) { return one.unread_size() > 0; });
    peer->has_fin_ = peer->is_shut_ = true;
    if (has_unread || resets_at_close_) peer->error_ = ECONNRESET;
    peer->wake(0);
    while (!received_.empty()) drop(received_.begin());
}

}  // namespace edgews::sim
