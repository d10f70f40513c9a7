// What the micro-benchmarks share: rows, the check of their results, and input.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/kernels/mask.hpp"
#include "core/websocket/frame.hpp"

namespace edgews::bench {

using Bytes = std::vector<std::byte>;

// The names of the rows whose result was not what it should be.
[[nodiscard]] inline std::set<std::string>& wrong_rows() {
    static std::set<std::string> names;
    return names;
}

// Adds a row, "noun/way/size" by custom. `run(state)` checks a result, then times.
template <class Run>
benchmark::internal::Benchmark* add_row(const std::string& name, Run run) {
    return benchmark::RegisterBenchmark(name.c_str(), [name, run](benchmark::State& state) {
        run(state);
        if (state.error_occurred()) wrong_rows().insert(name);
    });
}

// Unless `is_right`, the row is marked as wrong and its timed loop does not run.
inline void check(benchmark::State& state, bool is_right) {
    if (!is_right) state.SkipWithError("the result is wrong");
}

// Each iteration went through so many bytes: shown as bytes per second, G being 10^9.
inline void count_bytes(benchmark::State& state, std::size_t size) {
    using benchmark::Counter;
    state.counters["bytes"] = Counter(static_cast<double>(size), Counter::kIsIterationInvariantRate,
                                      Counter::OneK::kIs1000);
}

// Each iteration did so many things: shown as the time for one of them.
inline void count_things(benchmark::State& state, const char* name, std::size_t count) {
    using benchmark::Counter;
    state.counters[name] =
        Counter(static_cast<double>(count), Counter::kIsIterationInvariantRate | Counter::kInvert,
                Counter::OneK::kIs1000);
}

[[nodiscard]] inline Bytes bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

// The same at every call.
[[nodiscard]] inline Bytes varied_bytes(std::size_t size) {
    Bytes bytes(size);
    std::uint32_t state = 1;
    for (std::byte& byte : bytes) {
        state = state * 1664525 + 1013904223;
        byte = static_cast<std::byte>(state >> 24);
    }
    return bytes;
}

// Copies of the same bytes one behind another, each where a payload lies behind its header: as
// many as fit into 16 KiB, at least one. Timed loops go round them, since a loop that writes to
// the same few bytes again and again measures how long it waits for its own last write.
class Copies {
  public:
    explicit Copies(std::span<const std::byte> bytes)
        : stride_(header_size + bytes.size()),
          memory_(std::max<std::size_t>(1, 16384 / stride_) * stride_) {
        for (std::size_t at = 0; at < memory_.size(); at += stride_) {
            std::ranges::copy(bytes,
                              memory_.begin() + static_cast<std::ptrdiff_t>(at) + header_size);
        }
    }

    // The next copy; after the last, the first.
    [[nodiscard]] std::span<std::byte> next() noexcept {
        const std::span copy = std::span(memory_).subspan(next_, stride_).subspan(header_size);
        next_ = next_ + stride_ < memory_.size() ? next_ + stride_ : 0;
        return copy;
    }
    // All of them, and what lies between.
    [[nodiscard]] std::span<const std::byte> memory() const noexcept { return memory_; }

  private:
    static constexpr std::ptrdiff_t header_size = 8;

    std::size_t stride_;
    Bytes memory_;
    std::size_t next_ = 0;
};

// Some text, all of whose characters are whole.
struct Alphabet {
    const char* name;
    std::string_view sample;
};

inline constexpr std::array alphabets{
    Alphabet{"ascii", "The quick brown fox jumps over the lazy dog, 1234567890 times. "},
    Alphabet{"latin", "Voilà où l'été naïf s'achève : cœurs brûlés, garçons déçus. "},
    Alphabet{"cyrillic", "Съешь ещё этих мягких французских булок, да выпей чаю. "},
    Alphabet{"cjk", "天地玄黄，宇宙洪荒。日月盈昃，辰宿列张。いろはにほへと、色は匂へど。"},
    Alphabet{"emoji", "😀🚀🌍🎉🦊🍕🎸🧭💡🐙🌈🛰🥁🎲🧩🪐"},
};

// `size` bytes of it, over and over; where no character fits any more, ASCII.
[[nodiscard]] inline Bytes text_of(const Alphabet& alphabet, std::size_t size) {
    const Bytes sample = bytes_of(alphabet.sample);
    Bytes text;
    while (text.size() < size) {
        const std::size_t count = std::min(sample.size(), size - text.size());
        text.insert(text.end(), sample.begin(),
                    sample.begin() + static_cast<std::ptrdiff_t>(count));
    }
    // A cut character at the end: its continuation bytes, and the byte that leads it.
    const auto is_lead = [](std::byte byte) { return byte >= std::byte{0xC0}; };
    const auto is_ascii = [](std::byte byte) { return byte < std::byte{0x80}; };
    if (size % sample.size() == 0) return text;
    for (auto last = text.rbegin(); last != text.rend() && !is_ascii(*last); ++last) {
        const bool was_lead = is_lead(*last);
        *last = std::byte{'-'};
        if (was_lead) break;
    }
    return text;
}

// A whole message in a frame of a client.
[[nodiscard]] inline Bytes client_frame(Opcode opcode, std::span<const std::byte> payload,
                                        std::uint32_t mask_key) {
    std::array<std::byte, frame_header_size_max> header;
    const std::size_t header_size = encode_frame_header(
        {.opcode = opcode, .masked = true, .mask_key = mask_key, .payload_size = payload.size()},
        header);
    Bytes frame(header.begin(), header.begin() + static_cast<std::ptrdiff_t>(header_size));
    frame.insert(frame.end(), payload.begin(), payload.end());
    apply_mask(std::span(frame).subspan(header_size), mask_key);
    return frame;
}

}  // namespace edgews::bench
