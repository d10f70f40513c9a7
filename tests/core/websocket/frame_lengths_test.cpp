// All lengths of two bytes that a frame can have, and those of eight around each power of two (RFC
// 6455, section 5.2): what they say, at which of their bytes that is known, and what a limit makes
// of it.
#include "tests/support/frames.hpp"

#include <gtest/gtest.h>

#include "core/websocket/message_reader.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace edgews {
namespace {

using test::Bytes;
using test::operator+;

// | 82 | 126 or 127 | the length, 2 or 8 bytes | the key: 4 bytes, if it is masked |
struct LongHead {
    std::array<std::byte, 14> bytes;
    std::size_t length_size;
    std::size_t size;

    [[nodiscard]] std::span<const std::byte> first(std::size_t count) const {
        return std::span(bytes).first(count);
    }
};

LongHead head_of(std::uint64_t length, std::size_t length_size, Role receiver,
                 unsigned first_byte = 0x82) {
    const bool masked = receiver == Role::server;
    LongHead head{.bytes = {}, .length_size = length_size, .size = 2 + length_size};
    head.bytes[0] = static_cast<std::byte>(first_byte);
    head.bytes[1] = static_cast<std::byte>((masked ? 0x80 : 0) + (length_size == 2 ? 126 : 127));
    for (std::size_t i = 0; i < length_size; ++i) {
        head.bytes[2 + i] = static_cast<std::byte>(length >> (8 * (length_size - 1 - i)));
    }
    for (std::size_t i = 0; masked && i < 4; ++i) head.bytes[head.size++] = std::byte{0xA5};
    return head;
}

// Around each power of two: the boundaries of all that a length can be kept in, and those of the
// rules among them.
std::vector<std::uint64_t> boundary_lengths() {
    std::vector<std::uint64_t> lengths{0};
    for (unsigned bit = 0; bit < 64; ++bit) {
        const std::uint64_t power = std::uint64_t{1} << bit;
        for (const std::uint64_t length : {power - 1, power, power + 1}) lengths.push_back(length);
    }
    for (const std::uint64_t length : {125U, 126U}) lengths.push_back(length);
    lengths.push_back(UINT64_MAX);
    return lengths;
}

// The rule that the length breaks, and how many bytes of the header it takes to know that.
struct Verdict {
    Fault fault = Fault::none;
    std::size_t known_at = 0;
};

Verdict verdict_on(std::uint64_t length, std::size_t length_size) {
    const bool has_top_bit = length >> 63 != 0;
    if (length_size == 8 && has_top_bit) return {Fault::length_top_bit, 3};
    const std::uint64_t least = length_size == 2 ? 126 : 65536;
    if (length < least) return {Fault::length_not_minimal, 2 + length_size};
    return {};
}

// At each of its bytes.
void expect_parsed(const LongHead& head, std::uint64_t length, Role receiver) {
    const Verdict verdict = verdict_on(length, head.length_size);
    for (std::size_t size = 2; size <= head.size; ++size) {
        const ParsedHeader parsed = parse_frame_header(head.first(size), receiver, false);
        const bool is_bad = verdict.fault != Fault::none && size >= verdict.known_at;
        const Fault fault = is_bad ? verdict.fault : Fault::none;
        const bool is_whole = size == head.size && !is_bad;
        const std::size_t taken = is_whole ? size : 0;
        const bool is_right = parsed.fault == fault && parsed.size == taken &&
                              (!is_whole || parsed.header.payload_size == length);
        if (!is_right) {
            FAIL() << length << " in " << head.length_size << " bytes, as "
                   << test::to_hex(head.first(size)) << ": " << describe(parsed.fault)
                   << " In place of: " << describe(fault);
        }
    }
}

TEST(FrameLengths, each_of_two_bytes_is_taken_unless_seven_bits_had_been_enough) {
    for (const Role role : {Role::server, Role::client}) {
        for (std::uint64_t length = 0; length < 65536; ++length) {
            ASSERT_NO_FATAL_FAILURE(expect_parsed(head_of(length, 2, role), length, role));
        }
    }
}

TEST(FrameLengths, each_of_eight_bytes_is_taken_unless_it_is_too_short_or_has_its_top_bit) {
    for (const Role role : {Role::server, Role::client}) {
        for (const std::uint64_t length : boundary_lengths()) {
            ASSERT_NO_FATAL_FAILURE(expect_parsed(head_of(length, 8, role), length, role));
        }
        // Two bytes would have been enough for each of these.
        for (std::uint64_t length = 0; length < 65536; ++length) {
            ASSERT_NO_FATAL_FAILURE(expect_parsed(head_of(length, 8, role), length, role));
        }
        for (std::uint64_t first = 0; first < 256; ++first) {
            const std::uint64_t length = first << 56 | 65536;
            ASSERT_NO_FATAL_FAILURE(expect_parsed(head_of(length, 8, role), length, role));
        }
    }
}

TEST(FrameLengths, what_is_written_is_as_short_as_it_can_be_and_read_again) {
    std::vector<std::uint64_t> lengths = boundary_lengths();
    for (std::uint64_t length = 0; length < 70'000; ++length) lengths.push_back(length);
    for (const std::uint64_t length : lengths) {
        if (length >> 63 != 0) continue;
        for (const Role role : {Role::server, Role::client}) {
            const bool masked = role == Role::server;
            std::array<std::byte, frame_header_size_max> output;
            const std::size_t size = encode_frame_header({.opcode = Opcode::binary,
                                                          .masked = masked,
                                                          .mask_key = 0xA5A5A5A5,
                                                          .payload_size = length},
                                                         output);
            const std::size_t length_size = length < 126 ? 0 : length < 65536 ? 2 : 8;
            const std::size_t expected_size = 2 + length_size + (masked ? 4 : 0);
            const ParsedHeader parsed =
                parse_frame_header(std::span(output).first(size), role, false);
            const bool is_right = size == expected_size && parsed.size == size &&
                                  parsed.header.payload_size == length &&
                                  parsed.header.masked == masked;
            if (!is_right) FAIL() << length << (masked ? ", masked: " : ": ") << size << " bytes";
        }
    }
}

// What a reader with such limits says of the header, behind `before`.
Fault fault_of(const LongHead& head, const ReaderSetup& setup, const Bytes& before) {
    MessageReader reader(setup);
    Bytes bytes = before + head.first(head.size);
    std::span<std::byte> input = bytes;
    const Event event = reader.next(input);
    EXPECT_EQ(static_cast<bool>(event), event.fault != Fault::none);
    return event.fault;
}

TEST(FrameLengths, each_is_refused_by_a_limit_of_one_less_and_by_no_other) {
    BufferPool pool;
    for (const Role role : {Role::server, Role::client}) {
        const Bytes begun = test::frame(0x02, test::bytes_of("x"), role == Role::server);
        for (const std::uint64_t length : boundary_lengths()) {
            const std::size_t length_size = length < 65536 ? 2 : 8;
            if (verdict_on(length, length_size).fault != Fault::none) continue;
            SCOPED_TRACE(std::to_string(length) + (role == Role::server ? ", server" : ", client"));
            const LongHead whole = head_of(length, length_size, role);
            const LongHead last = head_of(length, length_size, role, 0x80);
            for (const std::uint64_t limit : {length - 1, length, length + 1}) {
                const bool fits = length <= limit;
                const ReaderSetup of_messages{
                    .role = role, .message_size_max = limit, .pool = &pool};
                EXPECT_EQ(fault_of(whole, of_messages, {}),
                          fits ? Fault::none : Fault::message_too_big);
                // Behind a byte of the same message.
                EXPECT_EQ(fault_of(last, of_messages, begun),
                          length < limit ? Fault::none : Fault::message_too_big);
                const ReaderSetup of_frames{.role = role,
                                            .message_size_max = SIZE_MAX,
                                            .frame_size_max = limit,
                                            .pool = &pool};
                EXPECT_EQ(fault_of(whole, of_frames, {}),
                          fits ? Fault::none : Fault::frame_too_big);
                EXPECT_EQ(fault_of(last, of_frames, begun),
                          fits ? Fault::none : Fault::frame_too_big);
            }
        }
    }
}

}  // namespace
}  // namespace edgews
