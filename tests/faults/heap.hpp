// The heap of a history's program: counted, and refused once. What the simulation takes, and what
// tests take for themselves (sim::Busy), is none of it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace edgews::sim::test {

// Who asks for a block: OpenSSL, or anybody else. It takes thousands, and has its own way to do
// without.
enum class Asker : std::uint8_t { engine, openssl };

class Heap {
  public:
    // From here on blocks are counted, and the `index`-th that is asked for is refused. All by
    // operator new, malloc() and their kin; under a sanitizer, which has a heap of its own, by
    // operator new alone.
    Heap(Asker asker, std::uint64_t index) noexcept;
    Heap(const Heap&) = delete;
    Heap& operator=(const Heap&) = delete;
    ~Heap();

    [[nodiscard]] std::uint64_t asked_count() const noexcept;
    // Of the one that there is; false: there is none.
    [[nodiscard]] static bool has_refused() noexcept;
    // Blocks that were taken since, and not given back.
    [[nodiscard]] std::size_t live_count() const noexcept;
};

}  // namespace edgews::sim::test
