#include "core/backplane/channel_name.hpp"

#include "core/base/ascii.hpp"
#include "crypto/siphash.hpp"

namespace edgews::backplane {

namespace {

constexpr std::size_t escape_size = 3;
constexpr std::size_t hash_size = 18;
// Of a long topic.
constexpr std::size_t shown_size_max = (channel_size_max - hash_size) / escape_size;
// All nodes have the same. Names that collide cost their subscribers traffic, and nothing else.
constexpr SipHashKey hash_key{0x6564677773206261, 0x636b706c616e6521};

constexpr bool stays(char c) noexcept {
    return is_letter(c) || is_digit(c) || c == '-' || c == '_';
}

void append_hex(std::string& out, std::uint64_t number, unsigned digit_count) {
    for (unsigned shift = digit_count * 4; shift > 0;) {
        shift -= 4;
        out.push_back("0123456789ABCDEF"[number >> shift & 15]);
    }
}

void append_encoded(std::string& out, std::string_view text) {
    for (const char c : text) {
        if (stays(c)) {
            out.push_back(c);
        } else {
            out.push_back('~');
            append_hex(out, static_cast<unsigned char>(c), 2);
        }
    }
}

}  // namespace

bool is_said_whole(std::string_view topic) noexcept {
    if (topic.size() > channel_size_max) return false;
    std::size_t size = 0;
    for (const char c : topic) size += stays(c) ? 1 : escape_size;
    return size <= channel_size_max;
}

void append_channel(std::string& out, std::string_view topic) {
    if (is_said_whole(topic)) return append_encoded(out, topic);
    append_encoded(out, topic.substr(0, shown_size_max));
    out += "~~";
    append_hex(out, siphash<1, 3>(hash_key, topic), 16);
}

}  // namespace edgews::backplane
