// The rules of UTF-8, the incremental validator, and the choice among kernels.
#include "core/kernels/utf8.hpp"

#include <array>
#include <atomic>
#include <cstring>

#include "core/kernels/mask.hpp"
#include "core/kernels/simd.hpp"
#include "core/kernels/utf8_kernels.hpp"

namespace edgews {
namespace {

// What the first byte of a character says of the rest.
struct Lead {
    std::uint8_t needed = 0;  // Bytes that follow, or `no_lead`.
    std::uint8_t next_min = 0;
    std::uint8_t next_max = 0;  // The second byte lies between these.
};

constexpr std::uint8_t no_lead = 0xFF;
constexpr std::uint8_t continuation_min = 0x80;
constexpr std::uint8_t continuation_max = 0xBF;

struct LeadRange {
    std::uint8_t min;
    std::uint8_t max;
    Lead lead;
};

// The grammar of RFC 3629, section 4; third and fourth bytes are 80…BF. That the
// second is bounded more tightly is what excludes overlong forms (E0, F0),
// surrogates (ED) and what lies above U+10FFFF (F4).
constexpr std::array lead_ranges{
    LeadRange{0x00, 0x7F, {0, 0, 0}},       LeadRange{0xC2, 0xDF, {1, 0x80, 0xBF}},
    LeadRange{0xE0, 0xE0, {2, 0xA0, 0xBF}}, LeadRange{0xE1, 0xEC, {2, 0x80, 0xBF}},
    LeadRange{0xED, 0xED, {2, 0x80, 0x9F}}, LeadRange{0xEE, 0xEF, {2, 0x80, 0xBF}},
    LeadRange{0xF0, 0xF0, {3, 0x90, 0xBF}}, LeadRange{0xF1, 0xF3, {3, 0x80, 0xBF}},
    LeadRange{0xF4, 0xF4, {3, 0x80, 0x8F}},
};

constexpr std::array<Lead, 256> leads = [] {
    std::array<Lead, 256> table{};
    for (Lead& lead : table) lead.needed = no_lead;
    for (const LeadRange& range : lead_ranges) {
        for (unsigned byte = range.min; byte <= range.max; ++byte) table[byte] = range.lead;
    }
    return table;
}();

bool are_eight_ascii(const std::byte* data) noexcept {
    std::uint64_t word;
    std::memcpy(&word, data, sizeof word);
    return (word & 0x8080'8080'8080'8080) == 0;
}

bool is_continuation(std::uint8_t byte) noexcept {
    return byte >= continuation_min && byte <= continuation_max;
}

// The definition: character by character, but over ASCII in strides of eight.
bool validate_portable(const std::byte* data, std::size_t size) noexcept {
    const std::byte* const end = data + size;
    const auto byte_at = [&](std::size_t i) { return static_cast<std::uint8_t>(data[i]); };
    while (data != end) {
        const Lead lead = leads[byte_at(0)];
        if (lead.needed == 0) {
            while (end - data >= 8 && are_eight_ascii(data)) data += 8;
            if (data != end && byte_at(0) < continuation_min) ++data;
            continue;
        }
        if (lead.needed == no_lead || lead.needed >= end - data) return false;
        if (byte_at(1) < lead.next_min || byte_at(1) > lead.next_max) return false;
        // A branch for each size, where `data += lead.needed` would have to wait for the table.
        if (lead.needed == 1) {
            data += 2;
        } else if (lead.needed == 2) {
            if (!is_continuation(byte_at(2))) return false;
            data += 3;
        } else {
            if (!is_continuation(byte_at(2)) || !is_continuation(byte_at(3))) return false;
            data += 4;
        }
    }
    return true;
}

bool unmask_and_validate_portable(std::byte* data, std::size_t size, std::uint32_t key) noexcept {
    mask_kernels().front().apply(data, size, key);
    return validate_portable(data, size);
}

#if defined(__x86_64__)

constexpr std::array kernels{
    Utf8Kernel{"portable", validate_portable, unmask_and_validate_portable},
    Utf8Kernel{"ssse3", utf8::validate_ssse3, utf8::unmask_and_validate_ssse3},
    Utf8Kernel{"avx2", utf8::validate_avx2, utf8::unmask_and_validate_avx2},
    Utf8Kernel{"avx512", utf8::validate_avx512, utf8::unmask_and_validate_avx512},
};

std::size_t runnable_count() noexcept {
    if (!__builtin_cpu_supports("ssse3")) return 1;
    if (!__builtin_cpu_supports("avx2")) return 2;
    return simd::cpu_likes_512() ? 4 : 3;
}

#else

constexpr std::array kernels{
    Utf8Kernel{"portable", validate_portable, unmask_and_validate_portable},
};

std::size_t runnable_count() noexcept {
    return 1;
}

#endif

using Validate = decltype(Utf8Kernel::validate);
using UnmaskAndValidate = decltype(Utf8Kernel::unmask_and_validate);

bool pick_and_validate(const std::byte* data, std::size_t size) noexcept;
bool pick_and_unmask(std::byte* data, std::size_t size, std::uint32_t key) noexcept;

// Relaxed: all threads would store the same pointers, and they guard no other data.
constinit std::atomic<Validate> best_validate{pick_and_validate};
constinit std::atomic<UnmaskAndValidate> best_unmask{pick_and_unmask};

bool pick_and_validate(const std::byte* data, std::size_t size) noexcept {
    const Validate validate = utf8_kernels().back().validate;
    best_validate.store(validate, std::memory_order_relaxed);
    return validate(data, size);
}

bool pick_and_unmask(std::byte* data, std::size_t size, std::uint32_t key) noexcept {
    const UnmaskAndValidate unmask = utf8_kernels().back().unmask_and_validate;
    best_unmask.store(unmask, std::memory_order_relaxed);
    return unmask(data, size, key);
}

// The byte of `key` that masks byte `index`.
std::uint8_t key_byte(std::uint32_t key, std::size_t index) noexcept {
    const std::uint32_t advanced = advance_mask(key, index);
    std::uint8_t byte;
    std::memcpy(&byte, &advanced, 1);  // The lowest address, whatever the byte order.
    return byte;
}

// How many bytes at the end of a text, which starts between two characters,
// begin a character and leave it incomplete: 0 to 3. A byte that can begin none
// counts as one that leaves it so. `byte_at(i)` is byte i of the text.
template <typename ByteAt>
std::size_t cut_size(std::size_t size, ByteAt byte_at) noexcept {
    for (std::size_t back = 1; back <= 3 && back <= size; ++back) {
        const std::uint8_t byte = byte_at(size - back);
        if (!is_continuation(byte)) return leads[byte].needed >= back ? back : 0;
    }
    return 0;  // Either a character of four bytes, or too many continuations.
}

}  // namespace

// One byte, as a state machine: pieces begin and end with it.
void Utf8Validator::take(std::uint8_t byte) noexcept {
    if (failed_) return;
    if (needed_ == 0) {
        const Lead lead = leads[byte];
        failed_ = lead.needed == no_lead;
        needed_ = lead.needed;
        next_min_ = lead.next_min;
        next_max_ = lead.next_max;
        return;
    }
    failed_ = byte < next_min_ || byte > next_max_;
    --needed_;
    next_min_ = continuation_min;
    next_max_ = continuation_max;
}

//     | rest of a cut character | whole characters: a kernel | begin of a cut one |
//     |        0 to 3 bytes     |                            |    0 to 3 bytes    |
bool Utf8Validator::feed(std::span<const std::byte> piece) noexcept {
    while (needed_ > 0 && !failed_ && !piece.empty()) {
        take(static_cast<std::uint8_t>(piece.front()));
        piece = piece.subspan(1);
    }
    if (failed_) return false;
    const auto byte_at = [&](std::size_t i) { return static_cast<std::uint8_t>(piece[i]); };
    const std::size_t whole = piece.size() - cut_size(piece.size(), byte_at);
    if (!best_validate.load(std::memory_order_relaxed)(piece.data(), whole)) {
        failed_ = true;
        return false;
    }
    for (std::size_t i = whole; i < piece.size(); ++i) take(byte_at(i));
    return !failed_;
}

// One pass, at every size: measured against apply_mask and then feed(), with AVX2 it
// takes 0.55 to 0.85 of the time for ASCII and 0.7 to 0.9 for Chinese, from 125 B to
// 1 MiB. Two passes over pieces that stay in the first cache gain nothing.
bool Utf8Validator::unmask_and_feed(std::span<std::byte> piece, std::uint32_t key) noexcept {
    while (needed_ > 0 && !failed_ && !piece.empty()) {
        piece.front() ^= static_cast<std::byte>(key_byte(key, 0));
        take(static_cast<std::uint8_t>(piece.front()));
        piece = piece.subspan(1);
        key = advance_mask(key, 1);
    }
    if (failed_) return false;
    const auto byte_at = [&](std::size_t i) {
        return static_cast<std::uint8_t>(static_cast<std::uint8_t>(piece[i]) ^ key_byte(key, i));
    };
    const std::size_t whole = piece.size() - cut_size(piece.size(), byte_at);
    if (!best_unmask.load(std::memory_order_relaxed)(piece.data(), whole, key)) {
        failed_ = true;
        return false;
    }
    for (std::size_t i = whole; i < piece.size(); ++i) {
        piece[i] ^= static_cast<std::byte>(key_byte(key, i));
        take(static_cast<std::uint8_t>(piece[i]));
    }
    return !failed_;
}

std::span<const Utf8Kernel> utf8_kernels() noexcept {
    return std::span{kernels}.first(runnable_count());
}

}  // namespace edgews
