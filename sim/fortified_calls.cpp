// What libc's headers call in place of the functions that they declare: with _FORTIFY_SOURCE, to
// check sizes, and with _FILE_OFFSET_BITS=64; see calls.hpp.
#include "sim/calls.hpp"
#include "sim/refusal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace edgews::sim {

void link_fortified_calls() noexcept {}

namespace {

// As libc does.
void require_room(std::size_t needed, std::size_t room) {
    if (needed <= room) return;
    std::fputs("*** buffer overflow detected ***: terminated\n", stderr);
    std::abort();
}

}  // namespace

}  // namespace edgews::sim

using namespace edgews::sim;

// Their names are libc's own.
extern "C" {

ssize_t checked_read(int fd, void* to, size_t size, size_t room) asm("__read_chk");
ssize_t checked_read(int fd, void* to, size_t size, size_t room) {
    require_room(size, room);
    return read(fd, to, size);
}

ssize_t checked_recv(int fd, void* to, size_t size, size_t room, int flags) asm("__recv_chk");
ssize_t checked_recv(int fd, void* to, size_t size, size_t room, int flags) {
    require_room(size, room);
    return recv(fd, to, size, flags);
}

ssize_t checked_recvfrom(int fd, void* to, size_t size, size_t room, int flags, sockaddr* from,
                         socklen_t* from_size) asm("__recvfrom_chk");
ssize_t checked_recvfrom(int fd, void* to, size_t size, size_t room, int flags, sockaddr* from,
                         socklen_t* from_size) {
    require_room(size, room);
    return recvfrom(fd, to, size, flags, from, from_size);
}

int checked_poll(pollfd* files, nfds_t count, int timeout_ms, size_t room) asm("__poll_chk");
int checked_poll(pollfd* files, nfds_t count, int timeout_ms, size_t room) {
    require_room(count * sizeof *files, room);
    return poll(files, count, timeout_ms);
}

int checked_ppoll(pollfd* files, nfds_t count, const timespec* limit, const sigset_t* mask,
                  size_t room) asm("__ppoll_chk");
int checked_ppoll(pollfd* files, nfds_t count, const timespec* limit, const sigset_t* mask,
                  size_t room) {
    require_room(count * sizeof *files, room);
    return ppoll(files, count, limit, mask);
}

int checked_open(const char* path, int flags) asm("__open_2");
int checked_open(const char* path, int flags) {
    return open(path, flags);
}

int checked_open64(const char* path, int flags) asm("__open64_2");
int checked_open64(const char* path, int flags) {
    return open(path, flags);
}

// FD_SET() and its like.
long checked_fd_of_set(long fd) asm("__fdelt_chk");
long checked_fd_of_set(long fd) {
    if (fd >= Kernel::first_fd) refuse("select()", "for descriptors of a world: poll() is");
    require_room(static_cast<std::size_t>(fd) + 1, FD_SETSIZE);
    return fd / (8 * static_cast<long>(sizeof(long)));
}

int open64(const char* path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const unsigned mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, unsigned) : 0;
    va_end(more);
    return open(path, flags, mode);
}

int fcntl64(int fd, int command, ...) {
    va_list more;
    va_start(more, command);
    const long argument = va_arg(more, long);
    va_end(more);
    return fcntl(fd, command, argument);
}

void* mmap64(void* address, size_t size, int protection, int flags, int fd,
             off64_t offset) noexcept {
    return mmap(address, size, protection, flags, fd, offset);
}

}  // extern "C"
