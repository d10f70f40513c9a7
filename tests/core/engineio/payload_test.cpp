// Payloads of long-polling: what is in a body, and how one is filled.
#include "core/engineio/payload.hpp"

#include "tests/core/engineio/packet_text.hpp"
#include "tests/support/allocations.hpp"
#include "tests/support/bytes.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::engineio {
namespace {

using namespace std::literals;

Packets read(std::string_view body, const PayloadLimits& limits = {}) {
    const test::ExactBlock block(test::bytes_of(body));
    return read_all(PayloadReader(block.bytes(), limits));
}

TEST(EngineIoPayload, packets_are_between_separators) {
    EXPECT_EQ(read("4hello\x1E"
                   "2\x1E"
                   "4world"),
              (Packets{"4 hello", "2 ", "4 world"}));
    EXPECT_EQ(read("4hello\x1E"
                   "bAQIDBA=="),
              (Packets{"4 hello", "4 <01 02 03 04>"}));
    EXPECT_EQ(read("6"), Packets{"6 "});
    EXPECT_EQ(read("b\x1E"
                   "bAA==\x1E"
                   "4\xE2\x82\xAC\x1E"
                   "1"),
              (Packets{"4 <>", "4 <00>", "4 \xE2\x82\xAC", "1 "}));
}

TEST(EngineIoPayload, each_packet_has_a_type) {
    const std::string fault = sentence(Fault::packet_empty);
    EXPECT_EQ(read(""), Packets{fault});
    EXPECT_EQ(read("\x1E"), Packets{fault});
    EXPECT_EQ(read("\x1E"
                   "4a"),
              Packets{fault});
    EXPECT_EQ(read("4a\x1E"), (Packets{"4 a", fault}));
    EXPECT_EQ(read("4a\x1E\x1E"
                   "4b"),
              (Packets{"4 a", fault}));
}

TEST(EngineIoPayload, behind_a_fault_all_is_discarded) {
    EXPECT_EQ(read("4a\x1E"
                   "7b\x1E"
                   "4c"),
              (Packets{"4 a", sentence(Fault::type_unknown)}));
    EXPECT_EQ(read("4a\x1E"
                   "b===\x1E"
                   "4c"),
              (Packets{"4 a", sentence(Fault::base64_malformed)}));
}

TEST(EngineIoPayload, a_body_that_is_not_utf_8_has_no_packets) {
    EXPECT_EQ(read("4a\x1E"
                   "4\xFF"),
              Packets{sentence(Fault::payload_not_utf8)});
    // A character that a separator cuts.
    EXPECT_EQ(read("4\xE2\x82\x1E"
                   "4\xAC"),
              Packets{sentence(Fault::payload_not_utf8)});
    EXPECT_EQ(read("4\xE2\x82"), Packets{sentence(Fault::payload_not_utf8)});
}

TEST(EngineIoPayload, limits_are_kept) {
    const std::string_view body =
        "4a\x1E"
        "4b\x1E"
        "4c"sv;
    EXPECT_EQ(read(body, {.size_max = 8, .packet_count_max = 3}), (Packets{"4 a", "4 b", "4 c"}));
    EXPECT_EQ(read(body, {.size_max = 7, .packet_count_max = 3}),
              Packets{sentence(Fault::payload_too_big)});
    EXPECT_EQ(read(body, {.size_max = 8, .packet_count_max = 2}),
              (Packets{"4 a", "4 b", sentence(Fault::payload_has_too_many)}));
}

TEST(EngineIoPayload, many_packets_cost_no_memory) {
    const std::size_t packet_count = 64 * 1024;
    std::string pings = "2";
    while (pings.size() < 2 * packet_count - 1) pings += "\x1E"s + "2";
    std::string separators(1'000'000, packet_separator);
    const std::size_t before = test::allocation_count();
    PayloadReader reader(std::as_writable_bytes(std::span(pings)), {});
    std::size_t count = 0;
    while (const std::optional<Packet> packet = reader.next()) {
        if (packet->type == PacketType::ping) ++count;
    }
    PayloadReader empty(std::as_writable_bytes(std::span(separators)), {});
    const std::optional<Packet> first = empty.next();
    EXPECT_EQ(test::allocation_count(), before);
    EXPECT_EQ(count, packet_count);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->fault, Fault::packet_empty);
    EXPECT_FALSE(empty.next());
}

TEST(EngineIoPayload, is_filled_up_to_its_limit_and_no_packet_is_cut) {
    const Packet text = Packet::of_text(PacketType::message, "abc");
    const test::Bytes bytes = test::from_hex("01 02 03 04");
    // Four characters, a separator, nine of base64, a separator, one.
    const Packet binary = Packet::of_binary(bytes);
    const Packet ping = Packet::of_text(PacketType::ping, "");
    const std::string whole =
        "4abc\x1E"
        "bAQIDBA==\x1E"
        "2";
    for (std::size_t size_max = 0; size_max <= 20; ++size_max) {
        std::string out = "before ";
        PayloadWriter writer(out, size_max);
        std::string expected = "4abc";
        EXPECT_TRUE(writer.add(text));  // Whatever the limit.
        EXPECT_EQ(writer.add(binary), size_max >= 14) << size_max;
        if (size_max >= 14) expected = whole.substr(0, 14);
        const bool has_room_for_ping = expected.size() + 2 <= size_max;
        EXPECT_EQ(writer.add(ping), has_room_for_ping) << size_max;
        if (has_room_for_ping) expected += "\x1E"s + "2";
        EXPECT_EQ(out, "before " + expected);
        EXPECT_EQ(writer.size(), expected.size());
        EXPECT_EQ(read(expected).size(), size_max >= 16 ? 3U : (size_max >= 6 ? 2U : 1U));
    }
}

TEST(EngineIoPayload, what_is_written_is_read_again) {
    const test::Bytes bytes = test::from_hex("00 1E FF");
    std::string out;
    PayloadWriter writer(out, 1000);
    EXPECT_TRUE(writer.add(Packet::of_text(PacketType::pong, "probe")));
    EXPECT_TRUE(writer.add(Packet::of_binary(bytes)));
    EXPECT_TRUE(writer.add(Packet::of_text(PacketType::message, "2[\"a\"]")));
    EXPECT_TRUE(writer.add(Packet::of_text(PacketType::noop, "")));
    EXPECT_EQ(read(out), (Packets{"3 probe", "4 <00 1e ff>", "4 2[\"a\"]", "6 "}));
}

}  // namespace
}  // namespace edgews::engineio
