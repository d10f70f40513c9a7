// UTF-8: every kernel, validating alone ("check") and unmasking on the way ("unmask"), by
// alphabet. The rows of memcpy of the same sizes are those of mask_bench.cpp.
#include "core/kernels/utf8.hpp"

#include "support.hpp"

namespace edgews::bench {
namespace {

constexpr std::uint32_t key = 0x3d21fa37;

// Whether the kernel takes the text, unmasks it, and refuses it when its last byte is bad.
bool is_right(const Utf8Kernel& kernel, const Bytes& text) {
    Bytes masked = text;
    apply_mask(masked, key);
    Bytes bad = text;
    bad.back() = std::byte{0xFF};
    return kernel.validate(text.data(), text.size()) &&
           kernel.unmask_and_validate(masked.data(), masked.size(), key) && masked == text &&
           !kernel.validate(bad.data(), bad.size());
}

void time_check(benchmark::State& state, const Utf8Kernel& kernel, const Bytes& text) {
    check(state, is_right(kernel, text));
    for (auto _ : state) {
        benchmark::DoNotOptimize(kernel.validate(text.data(), text.size()));
        benchmark::ClobberMemory();
    }
    count_bytes(state, text.size());
}

// The key of the timed loop is zero, so that the text is still one the next time.
void time_unmask(benchmark::State& state, const Utf8Kernel& kernel, const Bytes& text) {
    check(state, is_right(kernel, text));
    Copies copies(text);
    for (auto _ : state) {
        benchmark::DoNotOptimize(kernel.unmask_and_validate(copies.next().data(), text.size(), 0));
        benchmark::ClobberMemory();
    }
    count_bytes(state, text.size());
}

[[maybe_unused]] const bool is_added = [] {
    for (const Alphabet& alphabet : alphabets) {
        for (const std::size_t size : {16U, 125U, 1024U, 16384U, 1U << 20}) {
            const std::string tail = std::string("/") + alphabet.name + "/" + std::to_string(size);
            for (const Utf8Kernel& kernel : utf8_kernels()) {
                add_row(std::string("utf8_check/") + kernel.name + tail,
                        [=](benchmark::State& state) {
                            time_check(state, kernel, text_of(alphabet, size));
                        });
                add_row(std::string("utf8_unmask/") + kernel.name + tail,
                        [=](benchmark::State& state) {
                            time_unmask(state, kernel, text_of(alphabet, size));
                        });
            }
        }
    }
    return true;
}();

}  // namespace
}  // namespace edgews::bench
