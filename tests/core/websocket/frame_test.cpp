// Frame headers: each rule of RFC 6455, sections 5.2 and 5.5.
#include "tests/support/bytes.hpp"

#include <gtest/gtest.h>

#include "core/websocket/frame.hpp"

#include <bit>
#include <string>
#include <vector>

namespace edgews {
namespace {

using test::Bytes;
using test::ExactBlock;
using test::from_hex;
using test::operator+;
using test::to_hex;

ParsedHeader parse(std::span<const std::byte> bytes, Role role, bool rsv1_allowed = false) {
    const ExactBlock block(bytes);
    return parse_frame_header(block.bytes(), role, rsv1_allowed);
}

Bytes encode(const FrameHeader& header) {
    std::array<std::byte, frame_header_size_max> output{};
    const std::size_t size = encode_frame_header(header, output);
    return {output.begin(), output.begin() + static_cast<std::ptrdiff_t>(size)};
}

struct Good {
    const char* name;
    Role receiver;
    const char* hex;  // The header alone.
    bool fin;
    Opcode opcode;
    std::uint64_t payload_size;
};

constexpr Good good_rows[] = {
    // RFC 6455, section 5.7.
    {"unmasked text, Hello", Role::client, "81 05", true, Opcode::text, 5},
    {"masked text, Hello", Role::server, "81 85 37 fa 21 3d", true, Opcode::text, 5},
    {"first fragment, Hel", Role::client, "01 03", false, Opcode::text, 3},
    {"last fragment, lo", Role::client, "80 02", true, Opcode::continuation, 2},
    {"unmasked ping", Role::client, "89 05", true, Opcode::ping, 5},
    {"masked pong", Role::server, "8a 85 37 fa 21 3d", true, Opcode::pong, 5},
    {"256 bytes of binary", Role::client, "82 7e 01 00", true, Opcode::binary, 256},
    {"64 KiB of binary", Role::client, "82 7f 0000000000010000", true, Opcode::binary, 65536},
    // Every opcode and every edge of the three lengths, from both sides.
    {"empty text", Role::server, "81 80 00000000", true, Opcode::text, 0},
    {"empty text", Role::client, "81 00", true, Opcode::text, 0},
    {"close", Role::server, "88 82 01020304", true, Opcode::close, 2},
    {"close", Role::client, "88 02", true, Opcode::close, 2},
    {"ping of 125", Role::server, "89 fd 01020304", true, Opcode::ping, 125},
    {"pong of 125", Role::client, "8a 7d", true, Opcode::pong, 125},
    {"middle fragment", Role::server, "00 81 ffffffff", false, Opcode::continuation, 1},
    {"125", Role::server, "82 fd 01020304", true, Opcode::binary, 125},
    {"126", Role::server, "82 fe 007e 01020304", true, Opcode::binary, 126},
    {"255", Role::client, "82 7e 00ff", true, Opcode::binary, 255},
    {"65535", Role::server, "82 fe ffff 01020304", true, Opcode::binary, 65535},
    {"65536", Role::server, "82 ff 0000000000010000 01020304", true, Opcode::binary, 65536},
    {"4 GiB", Role::client, "82 7f 0000000100000000", true, Opcode::binary, 1ULL << 32},
    {"2^63 - 1", Role::server, "02 ff 7fffffffffffffff 01020304", false, Opcode::binary, INT64_MAX},
    {"2^63 - 1", Role::client, "02 7f 7fffffffffffffff", false, Opcode::binary, INT64_MAX},
};

TEST(Frame, a_good_header_is_parsed_when_its_last_byte_is_there) {
    for (const Good& row : good_rows) {
        SCOPED_TRACE(std::string(row.name) + ": " + row.hex);
        const Bytes bytes = from_hex(row.hex);
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            SCOPED_TRACE(size);
            const ParsedHeader part = parse(std::span(bytes).first(size), row.receiver);
            EXPECT_EQ(part.fault, Fault::none);
            EXPECT_EQ(part.size, 0U);
        }
        for (const char* const behind : {"", "ff ff ff ff"}) {
            const ParsedHeader parsed = parse(bytes + from_hex(behind), row.receiver);
            EXPECT_EQ(parsed.fault, Fault::none);
            EXPECT_EQ(parsed.size, bytes.size());
            EXPECT_EQ(parsed.header.fin, row.fin);
            EXPECT_FALSE(parsed.header.rsv1);
            EXPECT_EQ(parsed.header.opcode, row.opcode);
            EXPECT_EQ(parsed.header.masked, row.receiver == Role::server);
            EXPECT_EQ(parsed.header.payload_size, row.payload_size);
            const auto key = std::bit_cast<std::array<std::byte, 4>>(parsed.header.mask_key);
            const Bytes no_key(4);
            const std::span<const std::byte> expected =
                parsed.header.masked ? std::span(bytes).last(4) : std::span(no_key);
            EXPECT_EQ(to_hex(key), to_hex(expected));
        }
    }
}

TEST(Frame, what_is_encoded_is_the_same_header_again) {
    for (const Good& row : good_rows) {
        SCOPED_TRACE(std::string(row.name) + ": " + row.hex);
        const Bytes bytes = from_hex(row.hex);
        EXPECT_EQ(to_hex(encode(parse(bytes, row.receiver).header)), to_hex(bytes));
    }
    EXPECT_EQ(to_hex(encode({.rsv1 = true, .opcode = Opcode::binary, .payload_size = 1})), "c2 01");
}

struct Bad {
    const char* name;
    Role receiver;
    const char* hex;  // Up to the byte that breaks the rule, and no further.
    Fault fault;
};

constexpr Bad bad_rows[] = {
    {"RSV1", Role::server, "c1", Fault::reserved_bits},
    {"RSV2", Role::server, "a2", Fault::reserved_bits},
    {"RSV3", Role::server, "91", Fault::reserved_bits},
    {"RSV1-3", Role::client, "f1", Fault::reserved_bits},
    {"RSV1 on a continuation", Role::client, "c0", Fault::reserved_bits},
    {"RSV1 on a ping", Role::server, "c9", Fault::reserved_bits},
    {"opcode 3", Role::server, "83", Fault::reserved_opcode},
    {"opcode 4", Role::client, "04", Fault::reserved_opcode},
    {"opcode 5", Role::server, "85", Fault::reserved_opcode},
    {"opcode 6", Role::client, "86", Fault::reserved_opcode},
    {"opcode 7", Role::server, "07", Fault::reserved_opcode},
    {"opcode 11", Role::server, "8b", Fault::reserved_opcode},
    {"opcode 12", Role::client, "8c", Fault::reserved_opcode},
    {"opcode 13", Role::server, "8d", Fault::reserved_opcode},
    {"opcode 14", Role::client, "8e", Fault::reserved_opcode},
    {"opcode 15", Role::server, "8f", Fault::reserved_opcode},
    {"close without FIN", Role::server, "08", Fault::fragmented_control_frame},
    {"ping without FIN", Role::client, "09", Fault::fragmented_control_frame},
    {"pong without FIN", Role::server, "0a", Fault::fragmented_control_frame},
    {"unmasked text to a server", Role::server, "81 05", Fault::unmasked_client_frame},
    {"unmasked ping to a server", Role::server, "89 00", Fault::unmasked_client_frame},
    {"masked text to a client", Role::client, "81 85", Fault::masked_server_frame},
    {"masked close to a client", Role::client, "88 80", Fault::masked_server_frame},
    {"ping of 126", Role::server, "89 fe", Fault::control_frame_too_long},
    {"pong of 126", Role::client, "8a 7e", Fault::control_frame_too_long},
    {"close with eight bytes of length", Role::server, "88 ff", Fault::control_frame_too_long},
    {"0 in two bytes", Role::server, "82 fe 0000", Fault::length_not_minimal},
    {"125 in two bytes", Role::client, "82 7e 007d", Fault::length_not_minimal},
    {"0 in eight bytes", Role::client, "82 7f 0000000000000000", Fault::length_not_minimal},
    {"125 in eight bytes", Role::server, "82 ff 000000000000007d", Fault::length_not_minimal},
    {"65535 in eight bytes", Role::server, "82 ff 000000000000ffff", Fault::length_not_minimal},
    {"2^63", Role::server, "82 ff 80", Fault::length_top_bit},
    {"2^64 - 1", Role::client, "82 7f ff", Fault::length_top_bit},
};

TEST(Frame, a_header_that_breaks_a_rule_names_the_rule_at_the_first_byte_that_does) {
    for (const Bad& row : bad_rows) {
        SCOPED_TRACE(std::string(row.name) + ": " + row.hex);
        const Bytes bytes = from_hex(row.hex);
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            SCOPED_TRACE(size);
            const ParsedHeader part = parse(std::span(bytes).first(size), row.receiver);
            EXPECT_EQ(part.fault, Fault::none);
            EXPECT_EQ(part.size, 0U);
        }
        Bytes longer = bytes;
        while (longer.size() <= frame_header_size_max) {
            EXPECT_EQ(parse(longer, row.receiver).fault, row.fault) << longer.size();
            longer.push_back(std::byte{0});
        }
    }
}

TEST(Frame, an_extension_may_have_rsv1_on_the_first_frame_of_a_message_only) {
    struct Row {
        const char* name;
        const char* hex;
        Fault fault;
    };
    for (const Row& row :
         {Row{"text", "c1 00", Fault::none}, Row{"first fragment", "42 00", Fault::none},
          Row{"continuation", "c0 00", Fault::reserved_bits},
          Row{"ping", "c9 00", Fault::reserved_bits},
          Row{"reserved opcode", "c3 00", Fault::reserved_bits},
          Row{"RSV2", "a1 00", Fault::reserved_bits},
          Row{"RSV1 and RSV3", "d1 00", Fault::reserved_bits}}) {
        SCOPED_TRACE(row.name);
        const ParsedHeader parsed = parse(from_hex(row.hex), Role::client, true);
        EXPECT_EQ(parsed.fault, row.fault);
        EXPECT_EQ(parsed.header.rsv1, row.fault == Fault::none);
    }
}

// All first two bytes: the rules leave no gap between them.
TEST(Frame, of_all_first_two_bytes_just_the_good_ones_are_taken) {
    for (unsigned first = 0; first < 256; ++first) {
        for (unsigned second = 0; second < 256; ++second) {
            const Bytes bytes{static_cast<std::byte>(first), static_cast<std::byte>(second)};
            const unsigned opcode = first & 15;
            const bool is_control_opcode = opcode >= 8;
            const bool is_good =
                (first & 0x70) == 0 && (opcode <= 2 || (opcode >= 8 && opcode <= 10)) &&
                (!is_control_opcode || ((first & 0x80) != 0 && (second & 0x7f) <= 125));
            const bool is_masked = (second & 0x80) != 0;
            EXPECT_EQ(parse(bytes, Role::server).fault == Fault::none, is_good && is_masked);
            EXPECT_EQ(parse(bytes, Role::client).fault == Fault::none, is_good && !is_masked);
        }
    }
}

}  // namespace
}  // namespace edgews
