#include "sim/socket.hpp"

#include "sim/kernel.hpp"

#include <algorithm>
#include <utility>

namespace edgews::sim {

void Bytes::consume(std::size_t size) noexcept {
    begin_ += size;
    if (begin_ < bytes_.size() / 2) return;
    bytes_.erase(0, begin_);
    begin_ = 0;
}

Result Socket::write(const void* from, std::size_t size) {
    const iovec piece{.iov_base = const_cast<void*>(from), .iov_len = size};
    return send({&piece, 1}, 0);
}

int Socket::take_error() noexcept {
    return std::exchange(error_, 0);
}

void Socket::inherit(const Socket& listener) noexcept {
    binding_ = listener.binding_;
    resets_at_close_ = listener.resets_at_close_;
    shares_port_ = listener.shares_port_;
    reuses_address_ = listener.reuses_address_;
    patience_ = listener.patience_;
}

bool Socket::may_share_with(const Socket& other) const noexcept {
    return (shares_port_ && other.shares_port_) ||
           (reuses_address_ && other.reuses_address_ && other.state_ != State::listening);
}

void Socket::forget_host() noexcept {
    const std::uint16_t port = local_.port();
    local_ = Address::none(family_);
    local_.set_port(port);
}

// ---- Connecting ------------------------------------------------------------

void Socket::begin_listening(int backlog) noexcept {
    state_ = State::listening;
    backlog_ = static_cast<std::size_t>(std::max(backlog, 0)) + 1;
}

void Socket::refuse(int error) {
    state_ = State::dead;
    if (!binding_.has_own_port) binding_.is_bound = false;
    error_ = error;
    has_fin_ = is_shut_ = true;
    wake(0);
}

bool Socket::offer(std::shared_ptr<Socket> child) {
    if (is_queue_full()) return false;
    waiting_.push_back(std::move(child));
    wake(EPOLLIN | EPOLLPRI);
    return true;
}

std::shared_ptr<Socket> Socket::take_waiting() {
    if (waiting_.empty()) return nullptr;
    std::shared_ptr<Socket> child = std::move(waiting_.front());
    waiting_.pop_front();
    return child;
}

std::uint32_t Socket::ready_to_accept() const noexcept {
    return waiting_.empty() ? 0 : static_cast<std::uint32_t>(EPOLLIN);
}

std::size_t Socket::drawn_size(Choices& choices, std::size_t least, std::size_t most) {
    if (most <= least) return most;
    return most - choices.below(static_cast<std::uint32_t>(most - least + 1));
}

// Nobody will accept them: they are reset.
void Socket::close_queue() {
    for (const auto& child : std::exchange(waiting_, {})) {
        child->set_reset_at_close(true);
        child->closed();
    }
}

}  // namespace edgews::sim
