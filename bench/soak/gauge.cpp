#include "gauge.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace soak {
namespace {

std::uint64_t milliseconds(const timeval& time) noexcept {
    return static_cast<std::uint64_t>(time.tv_sec) * 1000 +
           static_cast<std::uint64_t>(time.tv_usec) / 1000;
}

}  // namespace

Gauge::Gauge()
    : statm_(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC)),
      descriptors_(::opendir("/proc/self/fd"), [](DIR* folder) { return ::closedir(folder); }) {
    if (!statm_ || !descriptors_) throw std::system_error(errno, std::generic_category(), "/proc");
}

Usage Gauge::read() const noexcept {
    Usage usage;
    std::array<char, 128> text{};
    unsigned long total = 0;
    unsigned long resident = 0;
    if (::pread(statm_.get(), text.data(), text.size() - 1, 0) > 0 &&
        std::sscanf(text.data(), "%lu %lu", &total, &resident) == 2) {
        usage.resident_kib = resident * static_cast<unsigned long>(::getpagesize()) / 1024;
    }
    const struct mallinfo2 heap = ::mallinfo2();
    usage.heap_kib = (heap.uordblks + heap.hblkhd) / 1024;
    usage.descriptors = descriptors();
    rusage times{};
    ::getrusage(RUSAGE_SELF, &times);
    usage.cpu_ms = milliseconds(times.ru_utime) + milliseconds(times.ru_stime);
    return usage;
}

std::uint64_t Gauge::descriptors() const noexcept {
    std::uint64_t count = 0;
    ::rewinddir(descriptors_.get());
    while (const dirent* const entry = ::readdir(descriptors_.get())) {
        if (entry->d_name[0] != '.') ++count;
    }
    return count;
}

}  // namespace soak
