#include "crypto/random.hpp"

#include <sys/random.h>  // getrandom: where random bytes come from, and all that is asked here.

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "crypto/chacha.hpp"

namespace edgews {
namespace {

// No attack on 8 rounds is known. A mask is secret only until its frame is sent, so the
// margin of RFC 8439's 20 would buy nothing.
constexpr unsigned mask_rounds = 8;

[[noreturn]] void die_without_random(int error) noexcept {
    std::fprintf(stderr, "edgews: getrandom: %s\n", std::strerror(error));
    std::abort();
}

std::array<std::byte, random_seed_size> kernel_seed() noexcept {
    std::array<std::byte, random_seed_size> seed;
    fill_random(seed);
    return seed;
}

}  // namespace

void fill_random(std::span<std::byte> output) noexcept {
    while (!output.empty()) {
        const ssize_t filled = ::getrandom(output.data(), output.size(), 0);
        if (filled >= 0) {  // Less than asked for, if a signal came or the request is large.
            output = output.subspan(static_cast<std::size_t>(filled));
        } else if (errno != EINTR) {
            die_without_random(errno);
        }
    }
}

Random::Random() noexcept : Random(kernel_seed()) {}

Random::Random(std::span<const std::byte, random_seed_size> seed) noexcept {
    static_assert(random_seed_size == key_words * sizeof(std::uint32_t));
    for (std::size_t i = 0; i < key_words; ++i) {
        words_[i] = std::to_integer<std::uint32_t>(seed[4 * i]) |
                    std::to_integer<std::uint32_t>(seed[4 * i + 1]) << 8 |
                    std::to_integer<std::uint32_t>(seed[4 * i + 2]) << 16 |
                    std::to_integer<std::uint32_t>(seed[4 * i + 3]) << 24;
    }
}

// Fast key erasure: the new key comes from the old one, and takes its place.
void Random::refill() noexcept {
    ChachaInput input{};
    std::copy_n(words_.begin(), key_words, input.key.begin());
    for (std::size_t i = 0; i < block_count; ++i) {
        // A key serves one refill only, so nothing but the block's number need differ.
        input.position[0] = static_cast<std::uint32_t>(i);
        const ChachaBlock block = chacha_block(input, mask_rounds);
        std::copy_n(block.begin(), block_words, &words_[i * block_words]);
    }
    used_ = key_words;
}

}  // namespace edgews
