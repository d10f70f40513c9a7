#include "frames.hpp"

#include <array>

namespace edgews::sim::test {

namespace {

using namespace std::string_view_literals;

constexpr std::uint32_t mask = 0x5AC3'0F96;

std::string make_words() {
    std::uint32_t state = 1;
    std::string text(words_size, '\0');
    for (char& one : text) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        one = static_cast<char>('a' + state % 26);
    }
    return text;
}

constexpr std::array crimes{
    RawFrame{.first_byte = 0xC1, .payload = "5.2: a reserved bit"},
    RawFrame{.first_byte = 0x92, .payload = "5.2: another"},
    RawFrame{.first_byte = 0x83, .payload = "5.2: a reserved opcode"},
    RawFrame{.first_byte = 0x8B, .payload = "5.2: one of control frames"},
    RawFrame{.first_byte = 0x09, .payload = "5.5: a ping in parts"},
    RawFrame{.first_byte = 0x89, .payload = "5.5: a long one", .size_width = 2},
    RawFrame{.first_byte = 0x80, .payload = "5.4: continues nothing"},
    RawFrame{.first_byte = 0x82, .payload = "5.1: no mask", .is_masked = false},
    RawFrame{.first_byte = 0x82, .payload = "5.2: not minimal", .size_width = 2},
    RawFrame{.first_byte = 0x82, .payload = "5.2: nor this", .size_width = 8},
    RawFrame{.first_byte = 0x82, .size_width = 8, .claimed_size = 1ULL << 62},
    RawFrame{.first_byte = 0x82, .size_width = 8, .claimed_size = 1ULL << 63},
    RawFrame{.first_byte = 0x81, .payload = "5.6: \xFF is not UTF-8"},
    RawFrame{.first_byte = 0x81, .payload = "5.6: half a character \xE2\x82"},
    RawFrame{.first_byte = 0x88, .payload = "\x03"},              // 5.5.1: half a status code.
    RawFrame{.first_byte = 0x88, .payload = "\x03\xED"},          // 7.4.1: 1005 is never sent.
    RawFrame{.first_byte = 0x88, .payload = "\0\0"sv},            // 7.4.2
    RawFrame{.first_byte = 0x88, .payload = "\x03\xE8 \xC0\xAF"}  // 5.5.1: the reason is UTF-8.
};

}  // namespace

std::string_view words(std::size_t at, std::size_t size) {
    static const std::string text = make_words();
    return std::string_view(text).substr(at, size);
}

std::uint64_t digest(std::string_view bytes, bool is_text) noexcept {
    Digest all;
    all.add(bytes);
    return all.value(is_text);
}

std::string raw_frame(const RawFrame& frame) {
    const std::uint64_t size = frame.claimed_size > 0 ? frame.claimed_size : frame.payload.size();
    const unsigned width = frame.size_width > 0 ? frame.size_width
                           : size < 126         ? 0U
                           : size < 65'536      ? 2U
                                                : 8U;
    const unsigned mask_bit = frame.is_masked ? 0x80 : 0;
    const unsigned short_size = width == 0 ? static_cast<unsigned>(size) : width == 2 ? 126U : 127U;
    std::string bytes{static_cast<char>(frame.first_byte),
                      static_cast<char>(mask_bit | short_size)};
    for (unsigned i = width; i-- > 0;) bytes += static_cast<char>(size >> (8 * i));
    if (!frame.is_masked) return bytes.append(frame.payload);
    for (unsigned i = 0; i < 4; ++i) bytes += static_cast<char>(mask >> (8 * i));
    for (std::size_t i = 0; i < frame.payload.size(); ++i) {
        bytes +=
            static_cast<char>(static_cast<unsigned char>(frame.payload[i]) ^ (mask >> (i % 4 * 8)));
    }
    return bytes;
}

// The last is two frames: a message begins inside another (section 5.4).
std::size_t crime_count() noexcept {
    return crimes.size() + 1;
}

std::string crime(std::size_t index) {
    if (index < crimes.size()) return raw_frame(crimes[index]);
    return raw_frame({.first_byte = 0x02, .payload = "5.4: one"}) +
           raw_frame({.first_byte = 0x82, .payload = "and another in it"});
}

}  // namespace edgews::sim::test
