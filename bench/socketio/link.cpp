#include "link.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>

namespace load::sio {

void Link::connect(const Target& target, Poller& poller, std::uint32_t number) {
    output_.clear();
    input_.clear();
    taken_ = 0;
    has_ended_ = false;
    fd_ = target.connect(number);
    if (!fd_) throw std::system_error(errno, std::system_category(), "connect");
    poller.add(fd_, number);
}

void Link::flush() {
    if (output_.empty() || !fd_) return;
    const ssize_t size = ::send(fd_.get(), output_.data(), output_.size(), MSG_NOSIGNAL);
    if (size < 0) {
        if (errno == EAGAIN || errno == ENOTCONN) return;
        throw std::system_error(errno, std::system_category(), "send");
    }
    output_.erase(output_.begin(), output_.begin() + size);
}

void Link::receive(std::uint32_t events) {
    input_.erase(0, taken_);
    taken_ = 0;
    // After a call that did not fill its buffer nothing is there, but for the end.
    const bool is_at_end = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    static std::array<char, 256 * 1024> buffer;
    while (!has_ended_) {
        const ssize_t size = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
        if (size < 0) {
            if (errno == EAGAIN || errno == ENOTCONN) return;
            if (errno != ECONNRESET) throw std::system_error(errno, std::system_category(), "recv");
        }
        has_ended_ = size <= 0;
        if (!has_ended_) input_.append(buffer.data(), static_cast<std::size_t>(size));
        if (static_cast<std::size_t>(size) < buffer.size() && !is_at_end) return;
    }
}

}  // namespace load::sio
