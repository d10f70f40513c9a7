#include "net/server/served_directory.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace edgews {

namespace {

// A pipe or a device must not hold the loop up until it is seen to be no file.
constexpr int read_flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

int open_by_kernel(int directory, const char* path, int flags) noexcept {
    open_how how{};
    how.flags = static_cast<unsigned>(flags);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    int fd = -1;
    // EAGAIN: somebody moved a directory meanwhile, and nobody knows whether ".." led out.
    for (int tries = 0; tries < 3 && fd < 0; ++tries) {
        fd = static_cast<int>(::syscall(SYS_openat2, directory, path, &how, sizeof how));
        if (fd < 0 && errno != EAGAIN && errno != EINTR) break;
    }
    return fd;
}

FoundFile::Kind kind_of(int error) noexcept {
    switch (error) {
        case EMFILE:
        case ENFILE:
        case ENOMEM:
        case EAGAIN: return FoundFile::Kind::refused;
        case EIO:
        case EINTR: return FoundFile::Kind::failed;
        default: return FoundFile::Kind::nothing;
    }
}

}  // namespace

ServedDirectory::ServedDirectory(const std::string& path, Way way)
    : directory_(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)), way_(way) {
    if (!directory_) throw std::system_error(errno, std::system_category(), path);
    if (way == Way::by_segment || Fd(open_by_kernel(directory_.get(), ".", O_PATH | O_CLOEXEC))) {
        return;
    }
    // For want of descriptors no link would ever be followed.
    const int error = errno;
    if (kind_of(error) == FoundFile::Kind::refused) {
        throw std::system_error(error, std::system_category(), path);
    }
    way_ = Way::by_segment;  // Linux before 5.6 has no openat2(), and some containers forbid it.
}

FoundFile ServedDirectory::open(const std::string& path) const noexcept {
    FoundFile found;
    found.fd =
        Fd(way_ == Way::by_kernel ? open_by_kernel(directory_.get(), path.c_str(), read_flags)
                                  : open_by_segment(path));
    if (!found.fd) {
        found.kind = kind_of(errno);
        return found;
    }
    struct stat status {};
    if (::fstat(found.fd.get(), &status) != 0) {
        found = {.kind = FoundFile::Kind::failed};
    } else if (S_ISREG(status.st_mode)) {
        found.kind = FoundFile::Kind::file;
        found.size = static_cast<std::uint64_t>(status.st_size);
        found.modified_s = status.st_mtim.tv_sec;
        found.modified_ns = status.st_mtim.tv_nsec;
    } else {
        found = {.kind = S_ISDIR(status.st_mode) ? FoundFile::Kind::directory
                                                 : FoundFile::Kind::nothing};
    }
    return found;
}

// -1: errno says why.
int ServedDirectory::open_by_segment(const std::string& path) const noexcept {
    std::string_view rest = path;
    Fd folder;
    int at = directory_.get();
    for (std::size_t slash = rest.find('/'); slash != rest.npos; slash = rest.find('/')) {
        const std::string name(rest.substr(0, slash));
        Fd next(::openat(at, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!next) return -1;
        folder = std::move(next);
        at = folder.get();
        rest.remove_prefix(slash + 1);
    }
    const std::string name(rest);
    return ::openat(at, name.c_str(), read_flags | O_NOFOLLOW);
}

std::size_t read_file(const Fd& fd, std::uint64_t offset, std::span<std::byte> space) noexcept {
    std::size_t size = 0;
    while (size < space.size()) {
        const ssize_t count = ::pread(fd.get(), space.data() + size, space.size() - size,
                                      static_cast<off_t>(offset + size));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        size += static_cast<std::size_t>(count);
    }
    return size;
}

}  // namespace edgews
