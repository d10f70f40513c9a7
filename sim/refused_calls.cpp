// libc's functions that take a descriptor, and know nothing of a world's: they say so, in place of
// an EBADF of the system's that nobody understands; see calls.hpp.
#include "sim/calls.hpp"
#include "sim/refusal.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstdarg>
#include <cstdlib>
#include <cstring>

namespace edgews::sim {

void link_refused_calls() noexcept {}

namespace {

// It goes on where none of them is a world's.
void refuse_for(const char* call, int fd, int other = -1) {
    if (kernel_of(std::max(fd, other)) != nullptr) refuse(call, "for descriptors of a world");
}

}  // namespace

}  // namespace edgews::sim

using namespace edgews::sim;

extern "C" {

// ---- From one to another ---------------------------------------------------

ssize_t sendfile(int to, int from, off_t* offset, size_t count) noexcept {
    refuse_for("sendfile()", to, from);
    return system_call(SYS_sendfile, to, from, offset, count);
}

ssize_t sendfile64(int to, int from, off64_t* offset, size_t count) noexcept {
    return sendfile(to, from, offset, count);
}

ssize_t splice(int from, off64_t* from_offset, int to, off64_t* to_offset, size_t size,
               unsigned flags) {
    refuse_for("splice()", from, to);
    return system_call(SYS_splice, from, from_offset, to, to_offset, size, flags);
}

ssize_t tee(int from, int to, size_t size, unsigned flags) {
    refuse_for("tee()", from, to);
    return system_call(SYS_tee, from, to, size, flags);
}

ssize_t vmsplice(int fd, const iovec* pieces, size_t count, unsigned flags) {
    refuse_for("vmsplice()", fd);
    return system_call(SYS_vmsplice, fd, pieces, count, flags);
}

ssize_t copy_file_range(int from, off64_t* from_offset, int to, off64_t* to_offset, size_t size,
                        unsigned flags) {
    refuse_for("copy_file_range()", from, to);
    return system_call(SYS_copy_file_range, from, from_offset, to, to_offset, size, flags);
}

// ---- Of files that have a place --------------------------------------------

off_t lseek(int fd, off_t offset, int whence) noexcept {
    refuse_for("lseek()", fd);
    return system_call(SYS_lseek, fd, offset, whence);
}

off64_t lseek64(int fd, off64_t offset, int whence) noexcept {
    return lseek(fd, offset, whence);
}

ssize_t pread(int fd, void* to, size_t size, off_t offset) {
    refuse_for("pread()", fd);
    return system_call(SYS_pread64, fd, to, size, offset);
}

ssize_t pread64(int fd, void* to, size_t size, off64_t offset) {
    return pread(fd, to, size, offset);
}

ssize_t pwrite(int fd, const void* from, size_t size, off_t offset) {
    refuse_for("pwrite()", fd);
    return system_call(SYS_pwrite64, fd, from, size, offset);
}

ssize_t pwrite64(int fd, const void* from, size_t size, off64_t offset) {
    return pwrite(fd, from, size, offset);
}

ssize_t preadv(int fd, const iovec* pieces, int count, off_t offset) {
    refuse_for("preadv()", fd);
    return system_call(SYS_preadv, fd, pieces, count, offset, 0);
}

ssize_t pwritev(int fd, const iovec* pieces, int count, off_t offset) {
    refuse_for("pwritev()", fd);
    return system_call(SYS_pwritev, fd, pieces, count, offset, 0);
}

int ftruncate(int fd, off_t size) noexcept {
    refuse_for("ftruncate()", fd);
    return static_cast<int>(system_call(SYS_ftruncate, fd, size));
}

int fsync(int fd) {
    refuse_for("fsync()", fd);
    return static_cast<int>(system_call(SYS_fsync, fd));
}

int fdatasync(int fd) {
    refuse_for("fdatasync()", fd);
    return static_cast<int>(system_call(SYS_fdatasync, fd));
}

int flock(int fd, int operation) noexcept {
    refuse_for("flock()", fd);
    return static_cast<int>(system_call(SYS_flock, fd, operation));
}

int fchmod(int fd, mode_t mode) noexcept {
    refuse_for("fchmod()", fd);
    return static_cast<int>(system_call(SYS_fchmod, fd, mode));
}

int fstat(int fd, struct stat* status) noexcept {
    refuse_for("fstat()", fd);
    return static_cast<int>(system_call(SYS_fstat, fd, status));
}

int fstat64(int fd, struct stat64* status) noexcept {
    refuse_for("fstat()", fd);
    return static_cast<int>(system_call(SYS_fstat, fd, status));
}

// ---- As streams ------------------------------------------------------------

FILE* fdopen(int fd, const char* mode) noexcept {
    refuse_for("fdopen()", fd);
    return real().fdopen(fd, mode);
}

int vdprintf(int fd, const char* format, va_list more) {
    refuse_for("dprintf()", fd);
    return real().vdprintf(fd, format, more);
}

int dprintf(int fd, const char* format, ...) {
    va_list more;
    va_start(more, format);
    const int result = vdprintf(fd, format, more);
    va_end(more);
    return result;
}

// ---- Names -----------------------------------------------------------------

// They ask the real network.
hostent* gethostbyname(const char* name) {
    if (current_kernel() != nullptr) refuse("gethostbyname()", "but getaddrinfo() is");
    return real().gethostbyname(name);
}

}  // extern "C"
