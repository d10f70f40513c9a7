#include "crypto/chacha.hpp"

#include <cassert>
#include <cstring>

namespace edgews {
namespace {

// The sixteen words are a square of four rows:
//
//     | a0 a1 a2 a3 |     constants
//     | b0 b1 b2 b3 |     key
//     | c0 c1 c2 c3 |     key
//     | d0 d1 d2 d3 |     position
//
// A row is a vector of the compiler's, which any CPU can do, in one register if it has
// such. Four quarter rounds, one in each column, are then the steps of one.
using Row [[gnu::vector_size(16)]] = std::uint32_t;

Row load_row(const std::uint32_t* words) noexcept {
    Row row;
    std::memcpy(&row, words, sizeof row);
    return row;
}

void store_row(std::uint32_t* words, Row row) noexcept {
    std::memcpy(words, &row, sizeof row);
}

Row rotl(Row row, int count) noexcept {
    return row << count | row >> (32 - count);
}

// RFC 8439, section 2.1, in each column.
void quarter_rounds(Row& a, Row& b, Row& c, Row& d) noexcept {
    a += b;
    d = rotl(d ^ a, 16);
    c += d;
    b = rotl(b ^ c, 12);
    a += b;
    d = rotl(d ^ a, 8);
    c += d;
    b = rotl(b ^ c, 7);
}

}  // namespace

ChachaBlock chacha_block(const ChachaInput& input, unsigned rounds) noexcept {
    assert(rounds % 2 == 0);
    const Row constants{0x61707865, 0x3320646E, 0x79622D32, 0x6B206574};  // "expand 32-byte k"
    const Row key_low = load_row(&input.key[0]);
    const Row key_high = load_row(&input.key[4]);
    const Row position = load_row(&input.position[0]);
    Row a = constants;
    Row b = key_low;
    Row c = key_high;
    Row d = position;
    for (; rounds > 0; rounds -= 2) {
        quarter_rounds(a, b, c, d);
        b = __builtin_shufflevector(b, b, 1, 2, 3, 0);  // Diagonals become columns,
        c = __builtin_shufflevector(c, c, 2, 3, 0, 1);
        d = __builtin_shufflevector(d, d, 3, 0, 1, 2);
        quarter_rounds(a, b, c, d);
        b = __builtin_shufflevector(b, b, 3, 0, 1, 2);  // and diagonals again.
        c = __builtin_shufflevector(c, c, 2, 3, 0, 1);
        d = __builtin_shufflevector(d, d, 1, 2, 3, 0);
    }
    // Without these sums every step could be undone, and the key read off the output.
    ChachaBlock block;
    store_row(&block[0], a + constants);
    store_row(&block[4], b + key_low);
    store_row(&block[8], c + key_high);
    store_row(&block[12], d + position);
    return block;
}

}  // namespace edgews
