#include "crypto/sha1.hpp"

#include <atomic>
#include <bit>
#include <cstring>
#include <utility>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace edgews {
namespace {

constexpr Sha1State initial_state{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};

// Byte by byte, so that neither alignment nor the CPU's byte order matters; compilers
// make one load and one swap of it.
std::uint32_t load_big_endian(const std::byte* from) noexcept {
    return std::to_integer<std::uint32_t>(from[0]) << 24 |
           std::to_integer<std::uint32_t>(from[1]) << 16 |
           std::to_integer<std::uint32_t>(from[2]) << 8 | std::to_integer<std::uint32_t>(from[3]);
}

void store_big_endian(std::byte* to, std::uint32_t value) noexcept {
    to[0] = static_cast<std::byte>(value >> 24);
    to[1] = static_cast<std::byte>(value >> 16);
    to[2] = static_cast<std::byte>(value >> 8);
    to[3] = static_cast<std::byte>(value);
}

// The functions f_t(x, y, z) of section 4.1.1.
constexpr auto choose = [](auto x, auto y, auto z) noexcept { return (x & y) ^ (~x & z); };
constexpr auto parity = [](auto x, auto y, auto z) noexcept { return x ^ y ^ z; };
constexpr auto majority = [](auto x, auto y, auto z) noexcept {
    return (x & y) ^ (x & z) ^ (y & z);
};

// The last sixteen words of the message schedule, W_t at t mod 16 (section 6.1.3). All
// eighty at once (section 6.1.2) would be no simpler, and a trap: gcc 12 computes them in
// pairs, whose loads overlap the stores just made and stall on them.
using Schedule = std::array<std::uint32_t, 16>;

std::uint32_t next_word(Schedule& words, std::size_t t) noexcept {
    std::uint32_t& word = words[t % 16];  // Still W_{t-16}.
    if (t >= 16) {
        word =
            std::rotl(words[(t - 3) % 16] ^ words[(t - 8) % 16] ^ words[(t - 14) % 16] ^ word, 1);
    }
    return word;
}

// Twenty rounds that share their function and constant, from round `begin` on.
template <typename Function>
void twenty_rounds(Sha1State& state, Schedule& words, std::size_t begin, Function function,
                   std::uint32_t constant) noexcept {
    auto [a, b, c, d, e] = state;
    for (std::size_t t = begin; t < begin + 20; ++t) {
        const std::uint32_t next =
            std::rotl(a, 5) + function(b, c, d) + e + constant + next_word(words, t);
        e = d;
        d = c;
        c = std::rotl(b, 30);
        b = a;
        a = next;
    }
    state = {a, b, c, d, e};
}

// The definition, which other kernels are tested against.
void compress_portable(Sha1State& state, const std::byte* blocks,
                       std::size_t block_count) noexcept {
    for (; block_count > 0; --block_count, blocks += sha1_block_size) {
        Schedule words;
        for (std::size_t t = 0; t < 16; ++t) words[t] = load_big_endian(blocks + 4 * t);
        Sha1State working = state;
        twenty_rounds(working, words, 0, choose, 0x5A827999);  // K_t of section 4.2.1
        twenty_rounds(working, words, 20, parity, 0x6ED9EBA1);
        twenty_rounds(working, words, 40, majority, 0x8F1BBCDC);
        twenty_rounds(working, words, 60, parity, 0xCA62C1D6);
        for (std::size_t i = 0; i < state.size(); ++i) state[i] += working[i];
    }
}

#if defined(__x86_64__)

// The SHA extensions do four rounds at a time. They keep a, b, c, d in one register, a in
// its highest lane, and e in the highest lane of another. What e becomes is the a of four
// rounds ago, rotated by 30; sha1nexte does that, and adds it to the words, so that after
// the first four rounds it is enough to remember the previous `abcd`.
struct ShaNi {
    __m128i abcd;
    __m128i e;         // Before the first group e itself, then the abcd of one group ago.
    __m128i words[4];  // The last 16 words of the message schedule, in a ring.
};

template <int group>
[[gnu::target("sha,sse4.1,ssse3"), gnu::always_inline]] inline void four_rounds(
    ShaNi& sha) noexcept {
    __m128i& words = sha.words[group % 4];
    if constexpr (group >= 4) {  // W_t = rotl(W_{t-3} ^ W_{t-8} ^ W_{t-14} ^ W_{t-16}, 1)
        const __m128i first = _mm_sha1msg1_epu32(words, sha.words[(group + 1) % 4]);
        words = _mm_sha1msg2_epu32(_mm_xor_si128(first, sha.words[(group + 2) % 4]),
                                   sha.words[(group + 3) % 4]);
    }
    __m128i e_and_words;
    if constexpr (group == 0) {
        e_and_words = _mm_add_epi32(sha.e, words);
    } else {
        e_and_words = _mm_sha1nexte_epu32(sha.e, words);
    }
    sha.e = sha.abcd;
    sha.abcd = _mm_sha1rnds4_epu32(sha.abcd, e_and_words, group / 5);
}

template <int... groups>
[[gnu::target("sha,sse4.1,ssse3"), gnu::always_inline]] inline void all_rounds(
    ShaNi& sha, std::integer_sequence<int, groups...>) noexcept {
    (four_rounds<groups>(sha), ...);
}

[[gnu::target("sha,sse4.1,ssse3")]] void compress_sha_ni(Sha1State& state, const std::byte* blocks,
                                                         std::size_t block_count) noexcept {
    const __m128i big_endian = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    ShaNi sha;
    sha.abcd = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state.data()));
    sha.abcd = _mm_shuffle_epi32(sha.abcd, 0x1B);  // a goes to the highest lane.
    sha.e = _mm_set_epi32(static_cast<int>(state[4]), 0, 0, 0);
    for (; block_count > 0; --block_count, blocks += sha1_block_size) {
        const __m128i abcd_before = sha.abcd;
        const __m128i e_before = sha.e;
        for (std::size_t i = 0; i < 4; ++i) {
            const auto* from = reinterpret_cast<const __m128i*>(blocks + 16 * i);
            sha.words[i] = _mm_shuffle_epi8(_mm_loadu_si128(from), big_endian);
        }
        all_rounds(sha, std::make_integer_sequence<int, 20>{});
        sha.abcd = _mm_add_epi32(sha.abcd, abcd_before);
        sha.e = _mm_sha1nexte_epu32(sha.e, e_before);
    }
    sha.abcd = _mm_shuffle_epi32(sha.abcd, 0x1B);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(state.data()), sha.abcd);
    state[4] = static_cast<std::uint32_t>(_mm_extract_epi32(sha.e, 3));
}

// By hand, since clang 14's __builtin_cpu_supports() does not know "sha".
bool cpu_has_sha_ni() noexcept {
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
    const bool has_sha = (ebx & bit_SHA) != 0;
    return has_sha && __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("ssse3");
}

constexpr std::array kernels{Sha1Kernel{"portable", compress_portable},
                             Sha1Kernel{"sha-ni", compress_sha_ni}};

std::size_t kernel_count() noexcept {
    return cpu_has_sha_ni() ? 2 : 1;
}

#else

constexpr std::array kernels{Sha1Kernel{"portable", compress_portable}};

std::size_t kernel_count() noexcept {
    return kernels.size();
}

#endif

// The best kernel, once the first call has looked for it. Threads that race there all
// find the same, so a relaxed store is enough.
constinit std::atomic<const Sha1Kernel*> best{nullptr};

const Sha1Kernel& best_kernel() noexcept {
    const Sha1Kernel* kernel = best.load(std::memory_order_relaxed);
    if (kernel == nullptr) {
        kernel = &sha1_kernels().back();
        best.store(kernel, std::memory_order_relaxed);
    }
    return *kernel;
}

}  // namespace

Sha1Digest sha1(std::span<const std::byte> message) noexcept {
    return sha1(message, best_kernel());
}

Sha1Digest sha1(std::span<const std::byte> message, const Sha1Kernel& kernel) noexcept {
    Sha1State state = initial_state;
    const std::size_t whole_blocks = message.size() / sha1_block_size;
    kernel.compress(state, message.data(), whole_blocks);

    // The padding (section 5.1.1): a one bit, zeros, and the size in bits, to the end of
    // this block if it fits there, else of one more.
    //
    //     | rest of the message | 80 | zeros | size, 8 bytes |
    const std::span rest = message.subspan(whole_blocks * sha1_block_size);
    std::array<std::byte, 2 * sha1_block_size> tail{};
    if (!rest.empty()) std::memcpy(tail.data(), rest.data(), rest.size());
    tail[rest.size()] = std::byte{0x80};
    const std::size_t tail_blocks = rest.size() + 1 + 8 <= sha1_block_size ? 1 : 2;
    std::byte* const size_field = tail.data() + tail_blocks * sha1_block_size - 8;
    const std::uint64_t size_in_bits = std::uint64_t{message.size()} * 8;
    store_big_endian(size_field, static_cast<std::uint32_t>(size_in_bits >> 32));
    store_big_endian(size_field + 4, static_cast<std::uint32_t>(size_in_bits));
    kernel.compress(state, tail.data(), tail_blocks);

    Sha1Digest digest;
    for (std::size_t i = 0; i < state.size(); ++i) store_big_endian(&digest[4 * i], state[i]);
    return digest;
}

std::span<const Sha1Kernel> sha1_kernels() noexcept {
    return std::span{kernels}.first(kernel_count());
}

}  // namespace edgews
