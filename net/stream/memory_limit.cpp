#include "net/stream/memory_limit.hpp"

#include "net/loop/fd.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace edgews {

namespace {

std::size_t machine_size() noexcept {
    const long count = ::sysconf(_SC_PHYS_PAGES), size = ::sysconf(_SC_PAGESIZE);
    if (count <= 0 || size <= 0) return SIZE_MAX;
    return static_cast<std::size_t>(count) * static_cast<std::size_t>(size);
}

std::size_t control_group_size() noexcept {
    const Fd file(::open("/sys/fs/cgroup/memory.max", O_RDONLY | O_CLOEXEC));
    std::array<char, 32> text;
    const ssize_t size = file ? ::read(file.get(), text.data(), text.size()) : -1;
    if (size <= 0) return SIZE_MAX;
    std::size_t limit = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + size, limit);
    return error == std::errc{} ? limit : SIZE_MAX;  // "max": none.
}

std::size_t limit_on(decltype(RLIMIT_AS) resource) noexcept {
    rlimit limit{};
    static_assert(static_cast<std::size_t>(RLIM_INFINITY) == SIZE_MAX);
    return ::getrlimit(resource, &limit) == 0 ? limit.rlim_cur : SIZE_MAX;
}

}  // namespace

std::size_t usable_memory_size() noexcept {
    return std::min(
        {machine_size(), control_group_size(), limit_on(RLIMIT_AS), limit_on(RLIMIT_DATA)});
}

}  // namespace edgews
