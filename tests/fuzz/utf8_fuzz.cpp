// Invariants: every kernel gives the portable one's answer, for plain and for masked text;
// the validator gives the same however the text is cut, and refuses the very piece with the
// byte that it refuses when it gets one byte at a time.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

#include "core/kernels/mask.hpp"
#include "core/kernels/utf8.hpp"

namespace {

using View = std::span<const std::byte>;

void check(bool holds) {
    if (!holds) std::abort();
}

// A heap block of exactly the size of `bytes`, so that a sanitizer sees one byte too far.
class ExactCopy {
  public:
    explicit ExactCopy(View bytes)
        : data_(std::make_unique<std::byte[]>(bytes.size())), size_(bytes.size()) {
        std::ranges::copy(bytes, data_.get());
    }
    [[nodiscard]] std::span<std::byte> bytes() const { return {data_.get(), size_}; }

  private:
    std::unique_ptr<std::byte[]> data_;
    std::size_t size_;
};

void check_kernels(View text, std::uint32_t key) {
    const bool expected = edgews::utf8_kernels().front().validate(text.data(), text.size());
    for (const edgews::Utf8Kernel& kernel : edgews::utf8_kernels()) {
        const ExactCopy copy(text);
        check(kernel.validate(copy.bytes().data(), text.size()) == expected);
        edgews::apply_mask(copy.bytes(), key);
        check(kernel.unmask_and_validate(copy.bytes().data(), text.size(), key) == expected);
        check(!expected || std::ranges::equal(copy.bytes(), text));
    }
}

// The first index that cannot be right, or the size of `text`.
std::size_t bad_index(View text) {
    edgews::Utf8Validator validator;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!validator.feed(text.subspan(i, 1))) return i;
    }
    const bool is_whole = edgews::utf8_kernels().front().validate(text.data(), text.size());
    check(validator.is_complete() == is_whole);
    return text.size();
}

// Feeds `text` in pieces; each byte of `sizes`, over and over, is the size of one.
void check_pieces(View text, View sizes, std::uint32_t key, bool masked) {
    const std::size_t bad = bad_index(text);
    edgews::Utf8Validator validator;
    std::size_t begin = 0;
    for (std::size_t i = 0; begin < text.size(); ++i) {
        const auto wanted = static_cast<std::size_t>(sizes[i % sizes.size()]);
        const std::size_t size = std::min(text.size() - begin, wanted + (i >= sizes.size()));
        const ExactCopy piece(text.subspan(begin, size));
        const std::uint32_t piece_key = edgews::advance_mask(key, begin);
        bool is_taken = false;
        if (masked) {
            edgews::apply_mask(piece.bytes(), piece_key);
            is_taken = validator.unmask_and_feed(piece.bytes(), piece_key);
            check(!is_taken || std::ranges::equal(piece.bytes(), text.subspan(begin, size)));
        } else {
            is_taken = validator.feed(piece.bytes());
        }
        begin += size;
        check(is_taken == (begin <= bad));
    }
}

// Input: four bytes of key, which are the sizes of pieces too, and the text.
constexpr std::size_t key_size = 4;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < key_size) return 0;
    const View sizes = std::as_bytes(std::span{data, key_size});
    const View text = std::as_bytes(std::span{data, size}.subspan(key_size));
    std::uint32_t key = 0;
    std::memcpy(&key, data, sizeof key);
    check_kernels(text, key);
    check_pieces(text, sizes, key, false);
    check_pieces(text, sizes, key, true);
    return 0;
}
