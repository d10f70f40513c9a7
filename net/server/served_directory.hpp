// Files beneath a directory, which no path and no link leads out of. All that is asked of the file
// system is here.
#pragma once

#include "net/loop/fd.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace edgews {

struct FoundFile {
    enum class Kind : std::uint8_t {
        file,       // `fd` reads it.
        directory,  // Nothing is open.
        nothing,    // There is none, it leads out of the directory, or is no regular file.
        refused,    // The system has no descriptor or no memory left.
        failed,     // The system cannot say.
    };
    Kind kind = Kind::nothing;
    Fd fd{};
    std::uint64_t size = 0;
    std::int64_t modified_s = 0;   // Since the beginning of 1970,
    std::int64_t modified_ns = 0;  // and of that second.
};

class ServedDirectory {
  public:
    // The ways to stay beneath the directory.
    enum class Way : std::uint8_t {
        by_kernel,   // openat2(): links are followed as long as they lead nowhere else.
        by_segment,  // Where the kernel knows no openat2(): no link is followed.
    };
    // Throws std::system_error: it cannot be opened, or the system has no descriptor or no memory
    // left. Where it knows or allows no openat2(), it is `by_segment`.
    explicit ServedDirectory(const std::string& path, Way way = Way::by_kernel);

    [[nodiscard]] Way way() const noexcept { return way_; }
    // Any thread. `path` does not begin with '/', nor has an empty segment, "." or "..".
    [[nodiscard]] FoundFile open(const std::string& path) const noexcept;

  private:
    [[nodiscard]] int open_by_segment(const std::string& path) const noexcept;

    Fd directory_;
    Way way_;
};

// Reads from `offset` on, until `space` is full. Fewer bytes: the file ends there, or cannot be
// read.
[[nodiscard]] std::size_t read_file(const Fd& fd, std::uint64_t offset,
                                    std::span<std::byte> space) noexcept;

}  // namespace edgews
