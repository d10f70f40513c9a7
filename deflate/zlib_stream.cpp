#include "deflate/zlib_stream.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace edgews {

namespace {

using Progress = MessageCodec::Progress;

// What every flushed message ends with, and senders leave out (RFC 7692, section 7.2.1).
constexpr std::array<std::byte, 4> tail{std::byte{0}, std::byte{0}, std::byte{0xFF},
                                        std::byte{0xFF}};
// Bytes of input in one call of zlib's, which counts in 32 bits: what it writes for them must fit.
constexpr std::size_t step_size_max = 1U << 30;

// A raw stream, without zlib's header: negative bits.
int raw(std::uint8_t window_bits) noexcept {
    return -static_cast<int>(window_bits);
}

[[noreturn]] void end_out_of_memory() noexcept {
    std::fputs("edgews: out of memory\n", stderr);
    std::abort();
}

void check(int result) noexcept {
    if (result == Z_MEM_ERROR) end_out_of_memory();
    assert(result == Z_OK);
}

// What zlib takes for a stream depends on its parameters (zconf.h), its own state fits into this.
// Others that stand in for it may take more, which then comes from the heap.
constexpr std::size_t state_size_max = 16 * 1024;

std::size_t deflater_size(std::uint8_t window_bits, int memory_level) noexcept {
    const std::size_t window_size = std::size_t{1} << window_bits;
    const std::size_t level_size = std::size_t{1} << memory_level;
    // The window twice and as many links; a hash table, and symbols of up to 6 bytes.
    return state_size_max + 4 * window_size + 2 * 128 * level_size + 6 * 64 * level_size;
}

std::size_t inflater_size(std::uint8_t window_bits) noexcept {
    return state_size_max + (std::size_t{1} << window_bits);
}

// zlib has no raw window of 256 bytes for compressing, but with one of 512 it looks back no more
// than 250 (its MAX_DIST), so that serves for both.
std::uint8_t zlib_window_bits(const DeflaterSetup& setup) noexcept {
    return std::max<std::uint8_t>(setup.window_bits, 9);
}

// Takes the stream's memory from `arena`.
void use(Arena& arena, z_stream& stream) noexcept {
    stream.opaque = &arena;
    stream.zalloc = [](voidpf from, uInt count, uInt size) -> voidpf {
        void* const place = static_cast<Arena*>(from)->take(std::size_t{count} * size);
        return place != nullptr ? place : std::calloc(count, size);
    };
    stream.zfree = [](voidpf from, voidpf place) {  // The rest goes with the arena.
        if (!static_cast<Arena*>(from)->owns(place)) std::free(place);
    };
}

void set_input(z_stream& stream, std::span<const std::byte> input) noexcept {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input.data()));
    stream.avail_in = static_cast<uInt>(std::min(input.size(), step_size_max));
}

void set_output(z_stream& stream, std::span<std::byte> output) noexcept {
    stream.next_out = reinterpret_cast<Bytef*>(output.data());
    stream.avail_out =
        static_cast<uInt>(std::min<std::size_t>(output.size(), std::numeric_limits<uInt>::max()));
}

}  // namespace

// With the smallest tables, DEFLATE's blocks hold 127 symbols, of at most 9 bits each in the fixed
// code: an eighth more, and a header of up to 7 bytes where they are stored. The flush adds 5.
std::size_t deflated_size_max(std::size_t size) noexcept {
    return size + size / 8 + size / 16 + 64;
}

Deflater::Deflater(const DeflaterSetup& setup) noexcept
    : arena_(deflater_size(zlib_window_bits(setup), setup.memory_level)) {
    use(arena_, stream_);
    check(deflateInit2(&stream_, setup.level, Z_DEFLATED, raw(zlib_window_bits(setup)),
                       setup.memory_level, Z_DEFAULT_STRATEGY));
}

Deflater::~Deflater() {
    deflateEnd(&stream_);
}

void Deflater::reset() noexcept {
    check(deflateReset(&stream_));
}

std::size_t Deflater::compress(std::span<const std::byte> message,
                               std::span<std::byte> output) noexcept {
    // Section 7.2.3.6; zlib flushes nothing twice.
    if (message.empty()) {
        output[0] = std::byte{0};
        return 1;
    }
    std::size_t written = 0;
    while (!message.empty()) {
        set_input(stream_, message);
        set_output(stream_, output.subspan(written));
        const std::size_t taken = stream_.avail_in;
        const std::size_t room = stream_.avail_out;
        const bool is_last = taken == message.size();
        [[maybe_unused]] const int result =
            ::deflate(&stream_, is_last ? Z_SYNC_FLUSH : Z_NO_FLUSH);
        assert(result == Z_OK);
        assert(stream_.avail_in == 0);
        assert(stream_.avail_out > 0);
        written += room - stream_.avail_out;
        message = message.subspan(taken);
    }
    assert(written >= tail.size());
    assert(std::equal(tail.begin(), tail.end(), output.data() + written - tail.size()));
    return written - tail.size();
}

Inflater::Inflater(std::uint8_t window_bits) noexcept : arena_(inflater_size(window_bits)) {
    use(arena_, stream_);
    check(inflateInit2(&stream_, raw(window_bits)));
}

Inflater::~Inflater() {
    inflateEnd(&stream_);
}

void Inflater::reset() noexcept {
    check(inflateReset(&stream_));
    end_message();
}

// A message may hold final blocks (section 7.2.3.4), and very many: after each one a stream begins,
// which may still refer to what was before it. This keeps the window where it is.
void Inflater::begin_anew() noexcept {
    check(inflateResetKeep(&stream_));
}

// One call of zlib's. Takes what it took off the front of both.
int Inflater::inflate_some(std::span<const std::byte>& input,
                           std::span<std::byte>& output) noexcept {
    set_input(stream_, input);
    set_output(stream_, output);
    const std::size_t given = stream_.avail_in;
    const std::size_t room = stream_.avail_out;
    const int result = ::inflate(&stream_, Z_SYNC_FLUSH);
    input = input.subspan(given - stream_.avail_in);
    output = output.subspan(room - stream_.avail_out);
    return result;
}

Progress Inflater::restore(std::span<const std::byte>& input, std::span<std::byte>& output,
                           MessageCodec::Part part) noexcept {
    constexpr int between_blocks = 128;  // In data_type, whose lowest bits count the unused bits.
    while (true) {
        const bool is_all_in = input.empty() && part == MessageCodec::Part::last;
        if (input.empty() && !is_all_in) return Progress::hungry;
        // Nothing at all stands for nothing, and a stream that ended by itself needs no tail.
        const bool needs_no_tail = tail_size_ == 0 && (is_ended_ || !is_begun_);
        if (is_all_in && needs_no_tail) {
            end_message();
            return Progress::complete;
        }
        is_begun_ = true;
        std::span<const std::byte> rest_of_tail = std::span(tail).subspan(tail_size_);
        const int result = inflate_some(is_all_in ? rest_of_tail : input, output);
        if (is_all_in) tail_size_ = tail.size() - rest_of_tail.size();
        is_ended_ = result == Z_STREAM_END;
        if (is_ended_) {
            begin_anew();
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            if (result == Z_MEM_ERROR) end_out_of_memory();
            return Progress::malformed;
        }
        const bool is_over = tail_size_ == tail.size();
        // Asked again, zlib does not say any more that it is between blocks.
        const bool is_whole = is_over && (is_ended_ || stream_.data_type == between_blocks);
        if (output.empty() && !is_whole) return Progress::full;
        if (is_over) {
            end_message();
            return is_whole ? Progress::complete : Progress::malformed;
        }
    }
}

void Inflater::end_message() noexcept {
    is_begun_ = false;
    is_ended_ = false;
    tail_size_ = 0;
}

std::vector<std::byte> Inflater::window() const {
    uInt size = 0;
    check(inflateGetDictionary(&stream_, nullptr, &size));
    std::vector<std::byte> window(size);
    if (size > 0) {
        check(inflateGetDictionary(&stream_, reinterpret_cast<Bytef*>(window.data()), &size));
    }
    return window;
}

void Inflater::set_window(std::span<const std::byte> window) noexcept {
    if (window.empty()) return;
    check(inflateSetDictionary(&stream_, reinterpret_cast<const Bytef*>(window.data()),
                               static_cast<uInt>(window.size())));
}

}  // namespace edgews
