// What a program does with descriptors, whatever they name: the same comes of it in both kernels.
#include "both_kernels.hpp"

#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

namespace edgews::sim::test {
namespace {

// Descriptors that a probe opens, by names that do not depend on the kernel: how far they are from
// the first, behind which all are free.
class Descriptors {
  public:
    Descriptors() {
        constexpr int begin = 64;
        while (first_ < base() + begin) fillers_.push_back(first_ = ::eventfd(0, 0));
        ::close(fillers_.back());
        fillers_.pop_back();
    }
    Descriptors(const Descriptors&) = delete;
    Descriptors& operator=(const Descriptors&) = delete;
    ~Descriptors() {
        for (const int fd : fillers_) ::close(fd);
        for (int distance = 0; distance < 16; ++distance) ::close(at(distance));
    }

    // What the call returned.
    [[nodiscard]] std::string name(int fd) const {
        return fd < 0 ? outcome(-1) : 'd' + std::to_string(fd - first_);
    }
    [[nodiscard]] int at(int distance) const noexcept { return first_ + distance; }
    // The limit that it is the first beyond, and the other way around.
    [[nodiscard]] rlim_t limit_of(int fd) const noexcept {
        return static_cast<rlim_t>(fd - base());
    }
    [[nodiscard]] int number_of(rlim_t limit) const noexcept {
        return base() + static_cast<int>(limit);
    }

  private:
    [[nodiscard]] int base() const noexcept {
        return first_ >= Kernel::first_fd ? Kernel::first_fd : 0;
    }

    int first_ = 0;
    std::vector<int> fillers_{};
};

std::string flags_of(int fd) {
    const int status = ::fcntl(fd, F_GETFL);
    const int flags = ::fcntl(fd, F_GETFD);
    if (status < 0 || flags < 0) return outcome(-1);
    return std::string((status & O_ACCMODE) == O_RDWR ? "rw" : "?") +
           ((status & O_NONBLOCK) != 0 ? "+nonblock" : "") +
           ((flags & FD_CLOEXEC) != 0 ? "+cloexec" : "");
}

std::string count_in(int fd) {
    eventfd_t count = 0;
    return ::eventfd_read(fd, &count) != 0 ? outcome(-1) : std::to_string(count);
}

std::string play_duplicates() {
    const Descriptors open;
    const int first = open.at(0);
    const int second = open.at(1);
    const int third = open.at(2);
    Told told;
    told << open.name(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) << flags_of(first);
    told << open.name(::dup(first)) << flags_of(second);
    told << open.name(::fcntl(first, F_DUPFD_CLOEXEC, 0)) << flags_of(third);
    // The flags of the file are all its descriptors'; those of a descriptor its own.
    told << outcome(::fcntl(second, F_SETFL, 0)) << flags_of(first);
    told << outcome(::fcntl(first, F_SETFD, 0)) << flags_of(first) << flags_of(third);
    const int on = 1;
    told << outcome(::ioctl(third, FIONBIO, &on)) << flags_of(second);
    told << outcome(::eventfd_write(second, 3)) << count_in(third) << count_in(first);
    told << outcome(::dup(-1)) << outcome(::dup(open.at(7)));
    return told.text();
}

std::string play_targets() {
    const Descriptors open;
    const int first = open.at(0);
    const int second = open.at(1);
    Told told;
    told << open.name(::eventfd(0, EFD_NONBLOCK)) << open.name(::eventfd(5, EFD_NONBLOCK));
    told << open.name(::dup2(first, open.at(4))) << open.name(::eventfd(0, 0));
    // What was there is gone.
    told << open.name(::dup3(first, second, O_CLOEXEC)) << flags_of(second) << count_in(second);
    told << open.name(::dup2(first, second)) << flags_of(second);
    told << open.name(::dup2(first, first)) << outcome(::dup3(first, first, 0));
    told << outcome(::dup3(first, open.at(5), O_NONBLOCK));
    told << outcome(::dup2(open.at(9), open.at(9))) << outcome(::dup2(open.at(9), first));
    told << outcome(::dup2(first, -1)) << outcome(::dup2(-1, first)) << flags_of(first);
    told << open.name(::eventfd(0, 0)) << open.name(::eventfd(0, 0));
    return told.text();
}

std::string play_least() {
    const Descriptors open;
    const int first = open.at(0);
    rlimit limit{};
    Told told;
    told << outcome(::getrlimit(RLIMIT_NOFILE, &limit)) << open.name(::eventfd(0, 0));
    told << open.name(::fcntl(first, F_DUPFD, open.at(5))) << flags_of(open.at(5));
    told << open.name(::fcntl(first, F_DUPFD_CLOEXEC, open.at(5))) << flags_of(open.at(6));
    told << open.name(::fcntl(first, F_DUPFD, open.at(4))) << open.name(::eventfd(0, 0));
    told << open.name(::fcntl(first, F_DUPFD, 0)) << outcome(::fcntl(first, F_DUPFD, -1));
    told << outcome(::fcntl(first, F_DUPFD, open.number_of(limit.rlim_cur)));
    told << outcome(::fcntl(open.at(9), F_DUPFD, open.number_of(limit.rlim_cur)));
    return told.text();
}

// Four may be open, and one is beyond them.
std::string play_limit() {
    const Descriptors open;
    const int first = open.at(0);
    rlimit before{};
    Told told;
    told << outcome(::getrlimit(RLIMIT_NOFILE, &before)) << open.name(::eventfd(0, 0));
    told << open.name(::dup2(first, open.at(9)));
    rlimit limit = before;
    limit.rlim_cur = open.limit_of(open.at(4));
    told << outcome(::setrlimit(RLIMIT_NOFILE, &limit));
    for (int i = 0; i < 4; ++i) told << open.name(::eventfd(0, 0));
    told << outcome(::epoll_create1(0)) << outcome(::socket(AF_UNIX, SOCK_STREAM, 0));
    told << outcome(::dup(first)) << outcome(::fcntl(first, F_DUPFD, 0));
    told << outcome(::fcntl(first, F_DUPFD, open.at(4))) << outcome(::dup2(first, open.at(4)));
    told << outcome(::dup2(first, open.at(9))) << open.name(::dup2(open.at(9), open.at(3)));
    told << outcome(::close(open.at(2))) << open.name(::eventfd(0, 0));
    told << outcome(::close(open.at(2)));
    int ends[2] = {};
    told << outcome(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) << open.name(::eventfd(0, 0));
    limit.rlim_cur = limit.rlim_max + 1;
    if (limit.rlim_max != RLIM_INFINITY) told << outcome(::setrlimit(RLIMIT_NOFILE, &limit));
    told << outcome(::setrlimit(RLIMIT_NOFILE, &before)) << open.name(::eventfd(0, 0));
    return told.text();
}

// ---- Watched ---------------------------------------------------------------

std::string events_of(int set) {
    std::array<epoll_event, 8> events{};
    const int count = ::epoll_wait(set, events.data(), 8, 0);
    std::vector<std::string> told;
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        told.push_back(std::to_string(event.data.u64) + ':' + std::to_string(event.events));
    }
    std::sort(told.begin(), told.end());
    std::string text = "(";
    for (const std::string& one : told) text += one + ' ';
    return text + ')';
}

std::string control(int set, int operation, int fd, std::uint32_t events, std::uint64_t data) {
    epoll_event event{.events = events, .data = {.u64 = data}};
    return outcome(::epoll_ctl(set, operation, fd, &event));
}

// An item is a descriptor's of a file: it lives as long as the file does, by whatever descriptor.
std::string play_watched_duplicates() {
    const Descriptors open;
    const int set = open.at(0);
    const int first = open.at(1);
    const int second = open.at(2);
    Told told;
    told << open.name(::epoll_create(1)) << open.name(::eventfd(1, EFD_NONBLOCK));
    told << open.name(::dup(first));
    told << control(set, EPOLL_CTL_ADD, first, EPOLLIN, 1);
    told << control(set, EPOLL_CTL_ADD, second, EPOLLIN | EPOLLET, 2);
    told << control(set, EPOLL_CTL_ADD, second, EPOLLIN, 3) << events_of(set) << events_of(set);
    told << outcome(::close(first)) << events_of(set);
    told << control(set, EPOLL_CTL_DEL, first, 0, 0) << control(set, EPOLL_CTL_MOD, first, 1, 4);
    told << outcome(::eventfd_write(second, 1)) << events_of(set);
    // The number names another file, of which the set knows nothing.
    told << open.name(::eventfd(0, EFD_NONBLOCK));
    told << control(set, EPOLL_CTL_MOD, first, EPOLLOUT, 5) << events_of(set);
    told << control(set, EPOLL_CTL_ADD, first, EPOLLOUT, 6) << events_of(set);
    // And now the first one again: its item is still there.
    told << open.name(::dup2(second, first)) << events_of(set);
    told << control(set, EPOLL_CTL_ADD, first, EPOLLIN, 7);
    told << control(set, EPOLL_CTL_MOD, first, EPOLLIN | EPOLLET, 8) << events_of(set);
    told << events_of(set) << outcome(::close(first)) << outcome(::close(second));
    told << events_of(set) << outcome(::close(first));
    return told.text();
}

std::string play_watched_sets() {
    const Descriptors open;
    const int set = open.at(0);
    const int counter = open.at(1);
    const int other = open.at(2);
    Told told;
    told << open.name(::epoll_create1(0)) << open.name(::eventfd(1, EFD_NONBLOCK));
    told << control(set, EPOLL_CTL_ADD, counter, EPOLLIN, 1) << open.name(::dup(set));
    told << events_of(other) << control(other, EPOLL_CTL_ADD, counter, EPOLLIN, 2);
    told << control(other, EPOLL_CTL_ADD, set, EPOLLIN, 3);
    told << outcome(::close(set)) << events_of(other);
    pollfd one{.fd = other, .events = POLLIN, .revents = 0};
    told << outcome(::poll(&one, 1, 0)) << std::to_string(one.revents);
    told << outcome(::epoll_create(0)) << outcome(::epoll_create1(1));
    epoll_event event{};
    told << outcome(::epoll_pwait(other, &event, 1, 0, nullptr));
    return told.text();
}

// ---- Counters --------------------------------------------------------------

std::string play_semaphore() {
    const Descriptors open;
    const int fd = open.at(0);
    Told told;
    told << open.name(::eventfd(2, EFD_NONBLOCK | EFD_SEMAPHORE));
    told << count_in(fd) << count_in(fd) << count_in(fd);
    told << outcome(::eventfd_write(fd, UINT64_MAX - 1)) << count_in(fd);
    told << outcome(::eventfd_write(fd, 2)) << outcome(::eventfd_write(fd, 1)) << count_in(fd);
    told << outcome(::eventfd_write(fd, UINT64_MAX));
    std::array<char, 16> bytes{};
    told << outcome(::read(fd, bytes.data(), 16)) << outcome(::read(fd, bytes.data(), 7));
    told << outcome(::write(fd, bytes.data(), 7)) << outcome(::eventfd(0, 0x100));
    return told.text();
}

TEST(DescriptorCalls, come_to_the_same_in_both_kernels) {
    expect_same({"a duplicate is another name of the same file", play_duplicates});
    expect_same({"a duplicate takes the place of what is there", play_targets});
    expect_same({"a duplicate has the least number that it may have", play_least});
    expect_same({"no descriptor is at the limit or beyond", play_limit});
    expect_same({"an item is a descriptor's of a file", play_watched_duplicates});
    expect_same({"a set has two descriptors", play_watched_sets});
    expect_same({"a semaphore is taken one by one", play_semaphore});
}

TEST(DescriptorCallsDeathTest, a_world_has_no_descriptor_of_the_systems) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    World world({.seed = 1});
    const int fd = ::eventfd(0, 0);
    EXPECT_DEATH(::dup2(fd, STDIN_FILENO), "dup2\\(\\) is not simulated");
    EXPECT_DEATH(::dup2(STDIN_FILENO, fd), "dup2\\(\\) is not simulated");
    EXPECT_DEATH(::fcntl(fd, F_GETLK, nullptr), "fcntl\\(\\) is not simulated");
    ::close(fd);
}

}  // namespace
}  // namespace edgews::sim::test
