#include "connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace load {

void Connection::flush() noexcept {
    // A pong that is half on its way goes first, one that has not begun goes last.
    if (pongs_sent_ > 0 && !flush_pongs()) return;
    if (owed_ > 0 && !flush_messages()) return;
    if (!pongs_.empty()) flush_pongs();
}

bool Connection::flush_messages() noexcept {
    const std::size_t cycle_size = run_->cycle() * run_->request_size();
    while (owed_ > 0) {
        const std::span<const std::byte> ahead = run_->requests_from(offset_);
        const std::span<const std::byte> wanted = ahead.first(std::min(ahead.size(), owed_));
        const std::size_t sent = send(wanted);
        owed_ -= sent;
        offset_ = (offset_ + sent) % cycle_size;
        if (sent < wanted.size()) return false;
    }
    return true;
}

bool Connection::flush_pongs() noexcept {
    pongs_sent_ += send(std::span(pongs_).subspan(pongs_sent_));
    if (pongs_sent_ < pongs_.size()) return false;
    pongs_.clear();
    pongs_sent_ = 0;
    return true;
}

// Returns how many bytes the socket took.
std::size_t Connection::send(std::span<const std::byte> bytes) noexcept {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno != EAGAIN) fault_ = std::string("send: ") + std::strerror(errno);
    return 0;
}

unsigned Connection::receive(std::span<std::byte> buffer) {
    unsigned messages = 0;
    while (fault_.empty()) {
        const ssize_t size = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
        if (size > 0) {
            messages += check(buffer.first(static_cast<std::size_t>(size)));
            if (static_cast<std::size_t>(size) < buffer.size()) break;
        } else if (size == 0) {
            fault_ = "the server closed the connection";
        } else if (errno == EAGAIN) {
            break;
        } else {
            fault_ = std::string("recv: ") + std::strerror(errno);
        }
    }
    return messages;
}

unsigned Connection::check(std::span<const std::byte> input) {
    ReplyReader::Result result = reader_.take(input, pongs_);
    received_ += result.messages;
    if (received_ > expected_) {
        fault_ = "a reply came that nobody asked for";
    } else if (!result.fault.empty()) {
        fault_ = std::move(result.fault);
    }
    return result.messages;
}

}  // namespace load
