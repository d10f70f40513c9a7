// What an application sends: that it is checked, and what becomes of it.
#include "core/socketio/packet_encoder.hpp"

#include <gtest/gtest.h>

#include "tests/support/allocations.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/socketio_packets.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace edgews::sio {
namespace {

// The text, and its attachments as "<01 02>"; or what is wrong.
std::string encoded(std::span<const Argument> arguments) {
    PacketEncoder encoder;
    const Fault fault = encoder.encode_event("/", std::nullopt, "a", arguments);
    if (fault != Fault::none) return test::sentence(fault);
    std::string told(encoder.text());
    for (const std::span<const std::byte> bytes : encoder.attachments()) {
        told += " <" + test::to_hex(bytes) + '>';
    }
    return told;
}

template <class... Values>
std::string encode(const Values&... values) {
    return encoded(arguments_of(values...));
}

TEST(SocketIoPacketEncoder, writes_what_packets_are_to_say) {
    EXPECT_EQ(encode(), "2[\"a\"]");
    EXPECT_EQ(encode(json(1), json("x")), "2[\"a\",1,\"x\"]");
    EXPECT_EQ(encode(raw("1,{\"k\":[2]}"), json(true)), "2[\"a\",1,{\"k\":[2]},true]");
    EXPECT_EQ(encode(raw(""), json(1), raw("")), "2[\"a\",1]");
    PacketEncoder encoder;
    ASSERT_EQ(encoder.encode_event("/admin", 12, "b", {}), Fault::none);
    EXPECT_EQ(encoder.text(), "2/admin,12[\"b\"]");
    ASSERT_EQ(encoder.encode_acknowledgement("/admin", 13, {}), Fault::none);
    EXPECT_EQ(encoder.text(), "3/admin,13[]");
}

TEST(SocketIoPacketEncoder, attachments_have_placeholders_in_their_places) {
    const test::Bytes first = test::from_hex("01 02");
    const test::Bytes second = test::from_hex("03");
    EXPECT_EQ(encode(binary(first), json(1), binary(second)),
              "52-[\"a\",{\"_placeholder\":true,\"num\":0},1,{\"_placeholder\":true,\"num\":1}]"
              " <" +
                  test::to_hex(first) + "> <" + test::to_hex(second) + ">");
    EXPECT_EQ(encode(raw("{\"_placeholder\":true,\"num\":0}")),
              "2[\"a\",{\"_placeholder\":true,\"num\":0}]");
}

TEST(SocketIoPacketEncoder, refuses_what_would_break_a_packet) {
    const std::string malformed = test::sentence(Fault::payload_malformed);
    for (const std::string_view text : {"1],[2", "[1", "2]", "1,", ",1", "nul", "\"", "{\"a\"}"}) {
        EXPECT_EQ(encode(raw(text)), malformed) << text;
        EXPECT_EQ(encode(json(1), raw(text)), malformed) << text;
    }
    EXPECT_EQ(encode(raw("[1"), raw("2]")), malformed);
    const test::Bytes bytes = test::from_hex("01");
    EXPECT_EQ(encode(binary(bytes), raw("{\"_placeholder\":true,\"num\":0}")),
              test::sentence(Fault::placeholder_repeated));
    PacketEncoder encoder;
    EXPECT_EQ(encoder.encode_event("/", std::nullopt, "connect", {}), Fault::event_name_reserved);
    EXPECT_EQ(encoder.encode_event("/", std::nullopt, "\x80", {}), Fault::text_not_utf8);
    EXPECT_EQ(encoder.encode_acknowledgement("/", 7, std::array{Argument(raw("x"))}),
              Fault::payload_malformed);
}

TEST(SocketIoPacketEncoder, allocates_nothing_once_it_has_grown) {
    PacketEncoder encoder;
    const Json number = json(1);
    const test::Bytes bytes = test::from_hex("0102");
    const auto encode_some = [&] {
        const std::array<Argument, 3> arguments{Argument(number), Argument(raw("[2]")),
                                                Argument(binary(bytes))};
        EXPECT_EQ(encoder.encode_event("/", std::nullopt, "a", arguments), Fault::none);
    };
    encode_some();
    const std::size_t before = test::allocation_count();
    encode_some();
    EXPECT_EQ(test::allocation_count(), before);
}

// What json() writes is what a value of an application's is in JSON.

TEST(SocketIoJson, is_what_javascript_writes) {
    EXPECT_EQ(json(0).text(), "0");
    EXPECT_EQ(json(std::numeric_limits<std::int64_t>::min()).text(), "-9223372036854775808");
    EXPECT_EQ(json(std::numeric_limits<std::uint64_t>::max()).text(), "18446744073709551615");
    EXPECT_EQ(json(0.5).text(), "0.5");
    EXPECT_EQ(json(std::nan("")).text(), "null");
    EXPECT_EQ(json(-std::numeric_limits<double>::infinity()).text(), "null");
    EXPECT_EQ(json(false).text(), "false");
    EXPECT_EQ(json(nullptr).text(), "null");
    EXPECT_EQ(json(std::string("\"\n")).text(), "\"\\\"\\n\"");
    EXPECT_EQ(Json(" {\"a\": 1} ").text(), " {\"a\": 1} ");
}

TEST(SocketIoJson, what_cannot_be_json_throws) {
    EXPECT_THROW(static_cast<void>(json("\xff")), std::invalid_argument);
    for (const char* const text : {"", "1,2", "{", "x"}) {
        EXPECT_THROW(Json{text}, std::invalid_argument) << text;
    }
}

}  // namespace
}  // namespace edgews::sio
