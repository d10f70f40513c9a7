// Masking: every kernel in place, beside memcpy of the same size.
#include "core/kernels/mask.hpp"

#include "support.hpp"

#include <cstring>

namespace edgews::bench {
namespace {

constexpr std::uint32_t key = 0x3d21fa37;

void time_kernel(benchmark::State& state, const MaskKernel& kernel, std::size_t size) {
    Bytes expected = varied_bytes(size);
    mask_kernels().front().apply(expected.data(), size, key);
    Bytes data = varied_bytes(size);
    kernel.apply(data.data(), size, key);
    check(state, data == expected);
    Copies copies(data);
    for (auto _ : state) {
        kernel.apply(copies.next().data(), size, key);
        benchmark::ClobberMemory();
    }
    count_bytes(state, size);
}

// At its best: half a page from source to target. Where both lie at about the same place of a
// page, many CPUs take loads for loads of what was just stored, and need half as long again.
void time_memcpy(benchmark::State& state, std::size_t size) {
    constexpr std::size_t page_size = 4096;
    const Bytes bytes = varied_bytes(size);
    Copies copies(bytes);
    const std::span from = copies.memory();
    Bytes memory(from.size() + page_size);
    const std::size_t apart = static_cast<std::size_t>(from.data() - memory.data()) % page_size;
    std::byte* const to = memory.data() + (apart + page_size / 2) % page_size;
    for (auto _ : state) {
        const std::span copy = copies.next();
        benchmark::DoNotOptimize(std::memcpy(to + (copy.data() - from.data()), copy.data(), size));
        benchmark::ClobberMemory();
    }
    count_bytes(state, size);
}

[[maybe_unused]] const bool is_added = [] {
    for (const std::size_t size : {16U, 125U, 1024U, 4096U, 16384U, 65536U, 1U << 20}) {
        const std::string tail = "/" + std::to_string(size);
        for (const MaskKernel& kernel : mask_kernels()) {
            add_row(std::string("mask/") + kernel.name + tail,
                    [=](benchmark::State& state) { time_kernel(state, kernel, size); });
        }
        add_row("mask/memcpy" + tail, [=](benchmark::State& state) { time_memcpy(state, size); });
    }
    return true;
}();

}  // namespace
}  // namespace edgews::bench
