#include "crypto/base64.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgews {
namespace {

// Each call works in heap blocks of the exact size, so that a sanitizer sees one byte too far.
std::string encode(std::string_view bytes) {
    const auto input = std::make_unique<std::byte[]>(bytes.size());
    if (!bytes.empty()) std::memcpy(input.get(), bytes.data(), bytes.size());
    const std::size_t size = base64_encoded_size(bytes.size());
    const auto output = std::make_unique<char[]>(size);
    const std::size_t written = base64_encode({input.get(), bytes.size()}, {output.get(), size});
    EXPECT_EQ(written, size);
    return {output.get(), written};
}

std::optional<std::string> decode_into(std::size_t room, std::string_view text) {
    const auto input = std::make_unique<char[]>(text.size());
    if (!text.empty()) std::memcpy(input.get(), text.data(), text.size());
    const auto output = std::make_unique<std::byte[]>(room);
    const auto written = base64_decode({input.get(), text.size()}, {output.get(), room});
    if (!written) return std::nullopt;
    EXPECT_LE(*written, room);
    return std::string{reinterpret_cast<const char*>(output.get()), *written};
}

std::optional<std::string> decode(std::string_view text) {
    return decode_into(base64_decoded_size_max(text.size()), text);
}

struct Pair {
    std::string_view bytes;
    std::string_view text;
};

constexpr Pair pairs[] = {
    {"", ""},  // RFC 4648, section 10
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\x14\xFB\x9C\x03\xD9\x7E", "FPucA9l+"},  // RFC 4648, section 9
    {"\x14\xFB\x9C\x03\xD9", "FPucA9k="},
    {"\x14\xFB\x9C\x03", "FPucAw=="},
    {"the sample nonce", "dGhlIHNhbXBsZSBub25jZQ=="},  // RFC 6455, section 1.3
    {"\xFF\xEF\xFF\xFB\xFF", "/+//+/8="},
};

TEST(Base64, encodes_the_examples_of_the_rfcs) {
    for (const Pair& pair : pairs) EXPECT_EQ(encode(pair.bytes), pair.text) << pair.text;
}

TEST(Base64, decodes_the_examples_of_the_rfcs) {
    for (const Pair& pair : pairs) EXPECT_EQ(decode(pair.text), pair.bytes) << pair.text;
}

TEST(Base64, the_alphabet_is_that_of_section_4) {
    const std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (unsigned value = 0; value < 64; ++value) {
        const char byte = static_cast<char>(value << 2);
        const std::string text{alphabet[value], 'A', '=', '='};
        EXPECT_EQ(encode({&byte, 1}), text);
        EXPECT_EQ(decode(text), std::string(1, byte)) << text;
    }
}

TEST(Base64, sizes_are_known_beforehand) {
    static_assert(base64_encoded_size(0) == 0);
    static_assert(base64_encoded_size(1) == 4);
    static_assert(base64_encoded_size(3) == 4);
    static_assert(base64_encoded_size(4) == 8);
    static_assert(base64_encoded_size(16) == 24);
    static_assert(base64_encoded_size(20) == 28);
    static_assert(base64_decoded_size_max(24) == 18);
    for (std::size_t size = 0; size < 100; ++size) {
        EXPECT_EQ(encode(std::string(size, '\xA5')).size(), base64_encoded_size(size));
    }
}

TEST(Base64, whatever_is_encoded_decodes_to_the_same) {
    std::string bytes;
    for (unsigned i = 0; i < 300; ++i) {
        EXPECT_EQ(decode(encode(bytes)), bytes) << "size " << bytes.size();
        bytes += static_cast<char>(i * 167 + 13);
    }
}

TEST(Base64, decodes_to_where_the_text_begins) {
    std::string bytes;
    for (unsigned i = 0; i < 100; ++i) {
        std::string place = encode(bytes);
        const auto size = base64_decode(place, std::as_writable_bytes(std::span(place)));
        ASSERT_EQ(size, bytes.size());
        EXPECT_EQ(place.substr(0, bytes.size()), bytes);
        bytes += static_cast<char>(i * 167 + 13);
    }
}

TEST(Base64, a_text_that_is_no_encoding_is_refused) {
    const struct {
        const char* name;
        std::string_view text;
    } rows[] = {
        {"one character", "Z"},
        {"two characters, unpadded", "Zg"},
        {"three characters, unpadded", "Zm8"},
        {"one padding short", "Zg="},
        {"five characters", "Zm9vY"},
        {"only padding", "===="},
        {"three paddings", "Z==="},
        {"one padding alone", "="},
        {"two paddings alone", "=="},
        {"padding first", "=Zg="},
        {"padding before a character", "Zg=v"},
        {"padding in the second place", "Z=9v"},
        {"padding inside", "Zg==Zg=="},
        {"one padding inside", "Zm8=Zm8="},
        {"padding after whole groups", "Zm9v===="},
        {"padding of the wrong group", "Zm9v="},
        {"unused bits after one byte", "Zh=="},
        {"the highest unused bit after one byte", "Zo=="},
        {"the lowest unused bit after two bytes", "Zm9="},
        {"the highest unused bit after two bytes", "Zm+="},
        {"unused bits after a whole group", "Zm9vZh=="},
        {"URL alphabet, minus", "Zm-v"},
        {"URL alphabet, underscore", "Zm_v"},
        {"space before", " Zm9"},
        {"space after", "Zm9 "},
        {"line end", "Zm9v\r\n"},
        {"four of line ends", "Zm9v\r\n\r\n"},
        {"NUL", std::string_view{"Zm\0v", 4}},
        {"a byte with the top bit", "Zm9\xF6"},
        {"0xFF", "Zm9\xFF"},
        {"a stranger before the padding", "Z!=="},
        {"a stranger before one padding", "Zm!="},
        {"a WebSocket key of 17 bytes, cut", "dGhlIHNhbXBsZSBub25jZQ="},
    };
    for (const auto& row : rows) EXPECT_EQ(decode(row.text), std::nullopt) << row.name;
}

TEST(Base64, every_byte_outside_the_alphabet_is_refused_in_every_place) {
    const std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::string_view texts[] = {"AAAAAAAA", "AAAAAAA=", "AAAAAA=="};
    for (const std::string_view text : texts) {
        for (std::size_t place = 0; place < text.size(); ++place) {
            for (unsigned value = 0; value < 256; ++value) {
                std::string changed{text};
                changed[place] = static_cast<char>(value);
                if (changed[place] == '=') continue;  // The table above has these.
                if (text[place] != '=' && alphabet.find(changed[place]) != alphabet.npos) continue;
                // A letter in the place of padding makes padding of another form.
                if (text[place] == '=' && decode(changed).has_value()) {
                    EXPECT_EQ(encode(*decode(changed)), changed);
                    continue;
                }
                EXPECT_EQ(decode(changed), std::nullopt) << text << ", " << place << ": " << value;
            }
        }
    }
}

// The other 15 of 16 forms of the last character before "==", and 3 of 4 before "=".
TEST(Base64, bytes_have_one_encoding_only) {
    const std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t value = 0; value < 64; ++value) {
        const std::string one_byte{'A', alphabet[value], '=', '='};
        const std::string two_bytes{'A', 'A', alphabet[value], '='};
        EXPECT_EQ(decode(one_byte).has_value(), value % 16 == 0) << one_byte;
        EXPECT_EQ(decode(two_bytes).has_value(), value % 4 == 0) << two_bytes;
    }
}

TEST(Base64, bytes_that_do_not_fit_are_refused) {
    for (const Pair& pair : pairs) {
        EXPECT_EQ(decode_into(pair.bytes.size(), pair.text), pair.bytes) << pair.text;
        for (std::size_t room = 0; room < pair.bytes.size(); ++room) {
            EXPECT_EQ(decode_into(room, pair.text), std::nullopt) << pair.text << ", room " << room;
        }
    }
}

}  // namespace
}  // namespace edgews
