// One packet: its seven types, text and binary, and what is none.
#include "core/engineio/packet.hpp"

#include "tests/support/bytes.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace edgews::engineio {
namespace {

using namespace std::literals;

// The block has exactly the packet's size.
struct Decoded {
    explicit Decoded(std::string_view text)
        : block(test::bytes_of(text)), packet(decode_packet(block.bytes())) {}

    test::ExactBlock block;
    Packet packet;
};

TEST(EngineIoPacket, each_digit_is_a_type) {
    const PacketType types[] = {PacketType::open, PacketType::close,   PacketType::ping,
                                PacketType::pong, PacketType::message, PacketType::upgrade,
                                PacketType::noop};
    for (std::size_t i = 0; i < std::size(types); ++i) {
        for (const std::string_view data : {""sv, "probe"sv, "h\xC3\xA9\0llo"sv}) {
            const std::string text = std::to_string(i) + std::string(data);
            const Decoded decoded(text);
            EXPECT_EQ(decoded.packet.fault, Fault::none);
            EXPECT_EQ(decoded.packet.type, types[i]);
            EXPECT_FALSE(decoded.packet.is_binary);
            EXPECT_EQ(decoded.packet.text(), data);

            std::string out = "before ";
            append_packet(out, Packet::of_text(types[i], data));
            EXPECT_EQ(out, "before " + text);
            EXPECT_EQ(encoded_size(decoded.packet), text.size());
        }
    }
}

TEST(EngineIoPacket, any_other_first_byte_is_a_fault) {
    EXPECT_EQ(Decoded("").packet.fault, Fault::packet_empty);
    for (int byte = 0; byte < 256; ++byte) {
        if ((byte >= '0' && byte <= '6') || byte == 'b') continue;
        const std::string text{static_cast<char>(byte), 'x'};
        EXPECT_EQ(Decoded(text).packet.fault, Fault::type_unknown) << byte;
    }
}

TEST(EngineIoPacket, binary_is_a_message_in_base64) {
    const struct {
        std::string_view text;
        std::string_view bytes;
    } rows[] = {
        {"bAQIDBA==", "\x01\x02\x03\x04"},  // Protocol 4, HTTP long-polling.
        {"b", ""},
        {"bAA==", "\0"sv},
        {"b//79", "\xFF\xFE\xFD"},
    };
    for (const auto& row : rows) {
        const Decoded decoded(row.text);
        EXPECT_EQ(decoded.packet.fault, Fault::none);
        EXPECT_EQ(decoded.packet.type, PacketType::message);
        EXPECT_TRUE(decoded.packet.is_binary);
        EXPECT_EQ(decoded.packet.text(), row.bytes);

        std::string out = "before ";
        append_packet(out, Packet::of_binary(std::as_bytes(std::span(row.bytes))));
        EXPECT_EQ(out, "before " + std::string(row.text));
        EXPECT_EQ(encoded_size(decoded.packet), row.text.size());
    }
}

TEST(EngineIoPacket, what_is_not_base64_is_a_fault) {
    for (const std::string_view text : {"bA", "bAQIDBA", "bAQIDBA=", "bAQI BA==", "bAQID-_==", "b=",
                                        "b4AQIDBA==", "bAQIDBA==\x1F", "b\xC3\xA9"}) {
        EXPECT_EQ(Decoded(text).packet.fault, Fault::base64_malformed) << text;
    }
}

// As the Java client has it: a line end every 76 characters, and one at the end.
TEST(EngineIoPacket, line_ends_inside_base64_are_passed_over) {
    const std::string bytes(200, 'x');
    std::string plain;
    append_packet(plain, Packet::of_binary(std::as_bytes(std::span(bytes))));
    for (const std::string_view line_end : {"\n", "\r\n"}) {
        for (std::size_t width = 1; width <= 80; ++width) {
            std::string text = "b";
            for (std::size_t at = 1; at < plain.size(); at += width) {
                text.append(plain, at, width).append(line_end);
            }
            const Decoded decoded(text);
            ASSERT_EQ(decoded.packet.fault, Fault::none) << width;
            ASSERT_EQ(decoded.packet.text(), bytes) << width;
        }
    }
    EXPECT_EQ(Decoded("b\n").packet.text(), "");
    EXPECT_EQ(Decoded("bAQID\nBA=\n").packet.fault, Fault::base64_malformed);
}

// Nobody may write to it, and so base64 is none of it.
TEST(EngineIoPacket, plain_text_is_read_where_it_lies) {
    const auto decoded = [](std::string_view text) {
        return decode_plain_packet(std::as_bytes(std::span(text)));
    };
    EXPECT_EQ(decoded("4hello").text(), "hello");
    EXPECT_EQ(decoded("4hello").type, PacketType::message);
    EXPECT_EQ(decoded("3").type, PacketType::pong);
    EXPECT_EQ(decoded("").fault, Fault::packet_empty);
    EXPECT_EQ(decoded("bAQID").fault, Fault::type_unknown);
    EXPECT_EQ(decoded("7").fault, Fault::type_unknown);
}

}  // namespace
}  // namespace edgews::engineio
