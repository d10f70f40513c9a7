// Places to dial: those that answer, that refuse, and that are never heard of.
#pragma once

#include "lookups.hpp"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include <edgews/address.hpp>
#include "net/loop/fd.hpp"
#include "net/stream/socket.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <string>

namespace edgews::test {

// Of the whole process.
inline std::ptrdiff_t open_fd_count() {
    const std::filesystem::directory_iterator fds("/proc/self/fd");
    return std::distance(begin(fds), end(fds));
}

// A bound socket; nobody listens there yet.
class Place {
  public:
    explicit Place(const SocketAddress& wanted)
        : fd_(::socket(wanted.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        EXPECT_EQ(::bind(fd_.get(), wanted.get(), wanted.size), 0);
    }
    explicit Place(const std::string& ip) : Place(socket_address(ip, 0)) {}

    void listen(int backlog = 8) { EXPECT_EQ(::listen(fd_.get(), backlog), 0); }
    // Whoever dials this from now on is not answered: the only place in the queue is taken.
    void become_black_hole() {
        listen(0);
        const SocketAddress own = address();
        filler_ = Fd(::socket(own.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::connect(filler_.get(), own.get(), own.size), 0);
    }
    [[nodiscard]] Fd accept() const {
        return Fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    // Whether somebody waits to be accepted.
    [[nodiscard]] bool has_waiting() const {
        pollfd waiting{.fd = fd_.get(), .events = POLLIN, .revents = 0};
        return ::poll(&waiting, 1, 0) == 1;
    }
    [[nodiscard]] SocketAddress address() const { return local_address(fd_); }
    [[nodiscard]] std::string name() const { return Address(*address().get()).to_string(); }
    [[nodiscard]] std::uint16_t port() const { return Address(*address().get()).port(); }

  private:
    Fd fd_;
    Fd filler_;
};

// A directory of its own for Unix sockets.
class Directory {
  public:
    Directory() { EXPECT_NE(::mkdtemp(path_.data()), nullptr); }
    ~Directory() { std::filesystem::remove_all(path_); }
    [[nodiscard]] std::string file(const std::string& name) const { return path_ + '/' + name; }

  private:
    std::string path_ = "/tmp/edgews-dialer-XXXXXX";
};

}  // namespace edgews::test
