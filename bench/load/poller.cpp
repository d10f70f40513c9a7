#include "poller.hpp"

#include <cerrno>
#include <system_error>

namespace load {

Poller::Poller() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (!fd_) throw std::system_error(errno, std::system_category(), "epoll_create1");
}

void Poller::add(const edgews::Fd& fd, std::uint32_t number) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.u32 = number;
    if (::epoll_ctl(fd_.get(), EPOLL_CTL_ADD, fd.get(), &event) != 0) {
        throw std::system_error(errno, std::system_category(), "epoll_ctl");
    }
}

std::span<const epoll_event> Poller::wait(int timeout_ms) noexcept {
    const int count =
        ::epoll_wait(fd_.get(), events_.data(), static_cast<int>(events_.size()), timeout_ms);
    return {events_.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
}

}  // namespace load
