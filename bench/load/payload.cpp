#include "payload.hpp"

#include <array>
#include <cstring>

namespace load {
namespace {

struct Row {
    Alphabet alphabet;
    const char* name;
    std::string_view text;
};

constexpr std::array rows{
    Row{Alphabet::binary, "binary", ""},
    Row{Alphabet::ascii, "ascii", "The quick brown fox jumps over the lazy dog. "},
    Row{Alphabet::latin, "latin",
        "Falsches Üben von Xylophonmusik quält jeden größeren Zwerg; voyez le brick géant. "},
    Row{Alphabet::cyrillic, "cyrillic",
        "Съешь же ещё этих мягких французских булок, да выпей чаю. "},
    Row{Alphabet::cjk, "cjk", "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏"},
    Row{Alphabet::emoji, "emoji", "😀🚀🎉🌍🔥🍀🐙🎈🏆💡🎲🧩🛰🦊"},
};

const Row& row_of(Alphabet alphabet) noexcept {
    return rows[static_cast<std::size_t>(alphabet)];
}

std::size_t size_of_character(char first) noexcept {
    const auto byte = static_cast<unsigned char>(first);
    return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

std::string make_text(std::string_view text, std::size_t size, unsigned number) {
    std::size_t at = 0;
    for (unsigned i = 0; i < number; ++i) at = (at + size_of_character(text[at])) % text.size();
    std::string payload;
    payload.reserve(size);
    while (payload.size() + size_of_character(text[at]) <= size) {
        const std::size_t taken = size_of_character(text[at]);
        payload.append(text.substr(at, taken));
        at = (at + taken) % text.size();
    }
    payload.resize(size, '.');
    return payload;
}

// The generator of Vigna's SplitMix64: every seed gives another, even sequence.
std::string make_binary(std::size_t size, unsigned number) {
    std::string payload(size, '\0');
    std::uint64_t state = std::uint64_t{number} << 32U;
    for (std::size_t at = 0; at < size; at += sizeof state) {
        state += 0x9E37'79B9'7F4A'7C15;
        std::uint64_t word = state;
        word = (word ^ (word >> 30U)) * 0xBF58'476D'1CE4'E5B9;
        word = (word ^ (word >> 27U)) * 0x94D0'49BB'1331'11EB;
        word ^= word >> 31U;
        std::memcpy(payload.data() + at, &word, std::min(sizeof word, size - at));
    }
    return payload;
}

}  // namespace

const char* name_of(Alphabet alphabet) noexcept {
    return row_of(alphabet).name;
}

std::optional<Alphabet> alphabet_named(std::string_view name) noexcept {
    for (const Row& row : rows) {
        if (row.name == name) return row.alphabet;
    }
    return std::nullopt;
}

std::string make_payload(Alphabet alphabet, std::size_t size, unsigned number) {
    if (alphabet == Alphabet::binary) return make_binary(size, number);
    return make_text(row_of(alphabet).text, size, number);
}

}  // namespace load
