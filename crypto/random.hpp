// Random bytes from the kernel, and a fast generator of random words seeded by them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace edgews {

inline constexpr std::size_t random_seed_size = 32;

// Fills `output` with random bytes of the kernel, fit for keys. Any thread.
//
// A system call, of some hundred nanoseconds; at boot it waits until the kernel has
// entropy. There is no safe way to go on without: if the kernel has none to give, the
// process ends with a message.
void fill_random(std::span<std::byte> output) noexcept;

// Words that nobody can predict who has seen all the others: for the masks of a client's
// frames (RFC 6455, sections 5.3 and 10.3), which go over the wire for all to see.
//
// ChaCha with 8 rounds. Each refill makes 64 words and spends the first eight on a new
// key, so that who reads this object learns nothing of what it gave before. A word costs
// some nanoseconds. Not copied, lest two objects give the same words; and a process that
// forks must not use one of the parent's for the same reason. One thread at a time.
class Random {
  public:
    // Seeded by the kernel.
    Random() noexcept;
    // The same seed gives the same words: for tests, and for runs that must repeat.
    explicit Random(std::span<const std::byte, random_seed_size> seed) noexcept;
    Random(const Random&) = delete;
    Random& operator=(const Random&) = delete;

    [[nodiscard]] std::uint32_t next() noexcept {
        if (used_ == words_.size()) refill();
        const std::uint32_t word = words_[used_];
        words_[used_++] = 0;
        return word;
    }

  private:
    static constexpr std::size_t block_count = 4;
    static constexpr std::size_t block_words = 16;
    static constexpr std::size_t key_words = 8;

    void refill() noexcept;

    // | key of the next refill, 8 words | given, wiped | to give ... |
    //                                                  ^ used_
    std::array<std::uint32_t, block_count * block_words> words_{};
    std::size_t used_ = block_count * block_words;
};

}  // namespace edgews
