// What a world has no answer to, and what libc's headers make of a program's calls.
#include <edgews/sim.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <string>

// Of libc, which declares them only where they are called unseen.
extern "C" {
ssize_t checked_read(int fd, void* to, size_t size, size_t room) asm("__read_chk");
ssize_t checked_recv(int fd, void* to, size_t size, size_t room, int flags) asm("__recv_chk");
int checked_poll(pollfd* files, nfds_t count, int timeout_ms, size_t room) asm("__poll_chk");
long checked_fd_of_set(long fd) asm("__fdelt_chk");
}

namespace edgews::sim {
namespace {

struct Refused {
    const char* name;
    void (*call)(int fd);
};

constexpr std::array refused{
    Refused{"sendfile", [](int fd) { (void)::sendfile(fd, 0, nullptr, 1); }},
    Refused{"splice", [](int fd) { (void)::splice(0, nullptr, fd, nullptr, 1, 0); }},
    Refused{"sendmsg",
            [](int fd) {
                std::array<char, 32> control{};
                msghdr message{};
                message.msg_control = control.data();
                message.msg_controllen = control.size();
                (void)::sendmsg(fd, &message, 0);
            }},
    Refused{"lseek", [](int fd) { (void)::lseek(fd, 0, SEEK_CUR); }},
    Refused{"pread", [](int fd) { (void)::pread(fd, nullptr, 0, 0); }},
    Refused{"pwrite", [](int fd) { (void)::pwrite(fd, "", 0, 0); }},
    Refused{"ftruncate", [](int fd) { (void)::ftruncate(fd, 0); }},
    Refused{"fsync", [](int fd) { (void)::fsync(fd); }},
    Refused{"fstat",
            [](int fd) {
                struct stat status {};
                (void)::fstat(fd, &status);
            }},
    Refused{"fdopen", [](int fd) { (void)::fdopen(fd, "w"); }},
    Refused{"dprintf", [](int fd) { (void)::dprintf(fd, "%d", 1); }},
    Refused{"mmap", [](int fd) { (void)::mmap(nullptr, 1, PROT_READ, MAP_PRIVATE, fd, 0); }},
    Refused{"gethostbyname", [](int) { (void)::gethostbyname("somewhere"); }},
    Refused{"select",
            [](int fd) {
                (void)::select(fd + 1, reinterpret_cast<fd_set*>(&fd), nullptr, nullptr, nullptr);
            }},
    Refused{"epoll_ctl",
            [](int) {
                epoll_event event{};
                (void)::epoll_ctl(::epoll_create1(0), EPOLL_CTL_ADD, STDERR_FILENO, &event);
            }},
    Refused{"poll",
            [](int fd) {
                std::array<pollfd, 2> both{{{.fd = fd, .events = POLLIN, .revents = 0},
                                            {.fd = STDERR_FILENO, .events = 0, .revents = 0}}};
                (void)::poll(both.data(), 2, 0);
            }},
};

TEST(RefusedCallsDeathTest, say_that_they_are_not_simulated) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    World world({.seed = 1});
    const int fd = ::eventfd(0, 0);
    for (const Refused& one : refused) {
        EXPECT_DEATH(one.call(fd), std::string("sim: ") + one.name + "\\(\\) is not simulated");
    }
    ::close(fd);
}

// They are the system's as ever: nothing of a world's is in them.
TEST(RefusedCalls, of_files_of_the_system_are_made) {
    World world({.seed = 1});
    std::FILE* const file = std::tmpfile();
    ASSERT_NE(file, nullptr);
    const int fd = ::fileno(file);
    EXPECT_EQ(::pwrite(fd, "hello", 5, 0), 5);
    EXPECT_EQ(::lseek(fd, 0, SEEK_END), 5);
    struct stat status {};
    EXPECT_EQ(::fstat(fd, &status), 0);
    EXPECT_EQ(status.st_size, 5);
    EXPECT_EQ(::dprintf(fd, " %s", "world"), 6);
    std::array<char, 16> bytes{};
    EXPECT_EQ(::pread(fd, bytes.data(), bytes.size(), 0), 11);
    EXPECT_STREQ(bytes.data(), "hello world");
    EXPECT_EQ(::ftruncate(fd, 0), 0);
    std::fclose(file);
}

TEST(RefusedCalls, select_without_descriptors_is_a_sleep) {
    World world({.seed = 1});
    timeval span{.tv_sec = 3'600, .tv_usec = 0};
    EXPECT_EQ(::select(0, nullptr, nullptr, nullptr, &span), 0);
    EXPECT_EQ((world.now_ns() - Kernel::begin_ns) / 1'000'000'000, 3'600U);
}

// ---- Under other names -----------------------------------------------------

TEST(FortifiedCalls, are_those_of_the_world) {
    World world({.seed = 1});
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    EXPECT_EQ(::send(ends[0], "hello", 5, 0), 5);
    pollfd one{.fd = ends[1], .events = POLLIN, .revents = 0};
    EXPECT_EQ(checked_poll(&one, 1, 0, sizeof one), 1);
    std::array<char, 4> bytes{};
    EXPECT_EQ(checked_recv(ends[1], bytes.data(), 2, bytes.size(), 0), 2);
    EXPECT_EQ(checked_read(ends[1], bytes.data(), 4, bytes.size()), 3);
    EXPECT_EQ(::fcntl64(ends[1], F_GETFL), O_RDWR | O_NONBLOCK);
    EXPECT_EQ(checked_fd_of_set(65), 1);
    for (const int fd : ends) ::close(fd);
}

TEST(FortifiedCallsDeathTest, find_what_does_not_fit) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    World world({.seed = 1});
    const int fd = ::eventfd(1, 0);
    std::array<char, 8> bytes{};
    EXPECT_DEATH((void)checked_read(fd, bytes.data(), 9, 8), "buffer overflow detected");
    EXPECT_DEATH((void)checked_fd_of_set(fd), "select\\(\\) is not simulated");
    ::close(fd);
}

}  // namespace
}  // namespace edgews::sim
