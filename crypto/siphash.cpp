#include "crypto/siphash.hpp"

#include <bit>
#include <cstddef>
#include <cstring>

namespace edgews {
namespace {

// Eight bytes, the lowest first.
std::uint64_t load(const char* bytes) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    return word;
}

class State {
  public:
    explicit State(const SipHashKey& key) noexcept
        : v0_(key.low ^ 0x736f6d6570736575U),
          v1_(key.high ^ 0x646f72616e646f6dU),
          v2_(key.low ^ 0x6c7967656e657261U),
          v3_(key.high ^ 0x7465646279746573U) {}

    template <unsigned rounds>
    void take(std::uint64_t word) noexcept {
        v3_ ^= word;
        turn<rounds>();
        v0_ ^= word;
    }
    template <unsigned rounds>
    [[nodiscard]] std::uint64_t finish() noexcept {
        v2_ ^= 0xFF;
        turn<rounds>();
        return v0_ ^ v1_ ^ v2_ ^ v3_;
    }

  private:
    template <unsigned rounds>
    void turn() noexcept {
        for (unsigned i = 0; i < rounds; ++i) {
            v0_ += v1_;
            v2_ += v3_;
            v1_ = std::rotl(v1_, 13) ^ v0_;
            v3_ = std::rotl(v3_, 16) ^ v2_;
            v0_ = std::rotl(v0_, 32);
            v2_ += v1_;
            v0_ += v3_;
            v1_ = std::rotl(v1_, 17) ^ v2_;
            v3_ = std::rotl(v3_, 21) ^ v0_;
            v2_ = std::rotl(v2_, 32);
        }
    }

    std::uint64_t v0_;
    std::uint64_t v1_;
    std::uint64_t v2_;
    std::uint64_t v3_;
};

}  // namespace

template <unsigned compression_rounds, unsigned finalization_rounds>
std::uint64_t siphash(const SipHashKey& key, std::string_view text) noexcept {
    State state(key);
    const std::size_t tail_size = text.size() % 8;
    const char* const tail = text.data() + (text.size() - tail_size);
    for (const char* at = text.data(); at != tail; at += 8) {
        state.take<compression_rounds>(load(at));
    }
    // What is left, and the size in the last byte.
    std::uint64_t last = std::uint64_t{text.size()} << 56;
    for (std::size_t i = 0; i < tail_size; ++i) {
        last |= std::uint64_t{static_cast<unsigned char>(tail[i])} << (8 * i);
    }
    state.take<compression_rounds>(last);
    return state.finish<finalization_rounds>();
}

template std::uint64_t siphash<1, 3>(const SipHashKey&, std::string_view) noexcept;
template std::uint64_t siphash<2, 4>(const SipHashKey&, std::string_view) noexcept;

}  // namespace edgews
