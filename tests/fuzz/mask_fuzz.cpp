// Invariants: every kernel does what the portable one does, at any alignment and with any
// key; masking twice gives back the bytes; a payload masked in two pieces, the second with
// the advanced key, is the payload masked in one.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "core/kernels/mask.hpp"

namespace {

using Bytes = std::vector<std::byte>;

void check(bool holds) {
    if (!holds) std::abort();
}

// Input: four bytes of key, one that says where to cut and how to align, the payload.
constexpr std::size_t prefix_size = 5;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < prefix_size) return 0;
    std::uint32_t key = 0;
    std::memcpy(&key, data, sizeof key);
    const std::size_t choice = data[4];
    const auto payload = std::as_bytes(std::span{data, size}.subspan(prefix_size));

    Bytes expected(payload.begin(), payload.end());
    edgews::mask_kernels().front().apply(expected.data(), expected.size(), key);

    // The block ends with the payload, so that a sanitizer sees one byte too far.
    const std::size_t offset = choice % 64;
    const auto block = std::make_unique<std::byte[]>(offset + payload.size());
    const std::span<std::byte> text{block.get() + offset, payload.size()};
    for (const edgews::MaskKernel& kernel : edgews::mask_kernels()) {
        std::ranges::copy(payload, text.begin());
        kernel.apply(text.data(), text.size(), key);
        check(std::ranges::equal(text, expected));
        kernel.apply(text.data(), text.size(), key);
        check(std::ranges::equal(text, payload));
        check(std::ranges::all_of(std::span{block.get(), offset},
                                  [](std::byte byte) { return byte == std::byte{0}; }));
    }

    const std::size_t cut = payload.size() * choice / 255;
    edgews::apply_mask(text.first(cut), key);
    edgews::apply_mask(text.subspan(cut), edgews::advance_mask(key, cut));
    check(std::ranges::equal(text, expected));
    return 0;
}
