// libc's functions of files that have a path, those of Unix sockets, and of memory; see calls.hpp.
#include "sim/calls.hpp"
#include "sim/refusal.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstring>

namespace edgews::sim {

void link_file_calls() noexcept {}

}  // namespace edgews::sim

using namespace edgews::sim;

extern "C" {

void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    if (kernel != nullptr) {
        if (fd >= Kernel::first_fd) refuse("mmap()", "for descriptors of a world");
        if (const int error = kernel->enter(Call::mmap); error != 0) {
            errno = error;
            return MAP_FAILED;
        }
    }
    return real().mmap(address, size, protection, flags, fd, offset);
}

int stat(const char* path, struct stat* status) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    const int error = kernel != nullptr ? kernel->enter(Call::stat) : 0;
    if (error != 0) return returned_int(failed(error));
    if (kernel == nullptr || !kernel->network().has_file(path)) {
        return static_cast<int>(system_call(SYS_newfstatat, AT_FDCWD, path, status, 0));
    }
    std::memset(status, 0, sizeof *status);
    status->st_mode = S_IFSOCK | 0777;
    return 0;
}

int chmod(const char* path, mode_t mode) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    const int error = kernel != nullptr ? kernel->enter(Call::chmod) : 0;
    if (error != 0) return returned_int(failed(error));
    if (kernel != nullptr && kernel->network().has_file(path)) return 0;
    return static_cast<int>(system_call(SYS_fchmodat, AT_FDCWD, path, mode));
}

int unlink(const char* path) noexcept {
    const Busy busy;
    Kernel* const kernel = current_kernel();
    const int error = kernel != nullptr ? kernel->enter(Call::unlink) : 0;
    if (error != 0) return returned_int(failed(error));
    if (kernel != nullptr && kernel->network().remove_file(path)) return 0;
    return static_cast<int>(system_call(SYS_unlinkat, AT_FDCWD, path, 0));
}

}  // extern "C"
