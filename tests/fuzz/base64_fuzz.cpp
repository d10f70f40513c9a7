// Invariants: a text that decodes is the one that its bytes encode to, and decodes into
// a buffer of just their size but no smaller one; any bytes, encoded, decode to themselves.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>

#include "crypto/base64.hpp"

namespace {

void check(bool holds) {
    if (!holds) std::abort();
}

// In heap blocks of the exact size, so that a sanitizer sees one byte too far.
void check_encoding_of(std::span<const std::byte> bytes, const std::string_view* expected) {
    const std::size_t text_size = edgews::base64_encoded_size(bytes.size());
    const auto text = std::make_unique<char[]>(text_size);
    check(edgews::base64_encode(bytes, {text.get(), text_size}) == text_size);
    const std::string_view encoded{text.get(), text_size};
    if (expected != nullptr) check(encoded == *expected);

    const auto again = std::make_unique<std::byte[]>(bytes.size());
    const auto size = edgews::base64_decode(encoded, {again.get(), bytes.size()});
    check(size == bytes.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) check(again[i] == bytes[i]);
    if (!bytes.empty()) {
        const auto smaller = std::make_unique<std::byte[]>(bytes.size() - 1);
        check(!edgews::base64_decode(encoded, {smaller.get(), bytes.size() - 1}));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const std::size_t room = edgews::base64_decoded_size_max(size);
    const auto bytes = std::make_unique<std::byte[]>(room);
    if (const auto written = edgews::base64_decode(text, {bytes.get(), room})) {
        check(*written <= room);
        check_encoding_of({bytes.get(), *written}, &text);
    }
    check_encoding_of(std::as_bytes(std::span{data, size}), nullptr);
    return 0;
}
