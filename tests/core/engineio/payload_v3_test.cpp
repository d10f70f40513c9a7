// Payloads and packets of Engine.IO 3. The vectors are those of its protocol, and what npm's parser
// makes of the same packets.
#include "core/engineio/payload_v3.hpp"

#include "core/engineio/packet_v3.hpp"

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

Packets read(std::span<const std::byte> body, PayloadForm form, const PayloadLimits& limits = {}) {
    const test::ExactBlock block(test::Bytes(body.begin(), body.end()));
    return read_all(PayloadReaderV3(block.bytes(), form, limits));
}

Packets read_text(std::string_view body, const PayloadLimits& limits = {}) {
    return read(test::bytes_of(body), PayloadForm::text, limits);
}

Packets read_hex(std::string_view hex) {
    return read(test::from_hex(hex), PayloadForm::binary);
}

Packet text(std::string_view what) {
    return Packet::of_text(PacketType::message, what);
}

std::string write(PayloadForm form, const std::vector<Packet>& packets) {
    std::string out;
    PayloadWriterV3 writer(out, form, 1'000'000);
    for (const Packet& each : packets) EXPECT_TRUE(writer.add(each));
    EXPECT_EQ(writer.size(), out.size());
    return out;
}

TEST(EngineIoPayloadV3, a_length_counts_characters_as_javascript_does) {
    EXPECT_EQ(read_text("6:4hello2:4\xE2\x82\xAC"), (Packets{"4 hello", "4 \xE2\x82\xAC"}));
    EXPECT_EQ(read_text("3:4\xF0\x9F\xA6\x8A"
                        "2:4\xC3\xBC"
                        "1:2"),
              (Packets{"4 \xF0\x9F\xA6\x8A", "4 \xC3\xBC", "2 "}));
    EXPECT_EQ(read_text("12:4hello\x1E:1:2"), Packets{sentence(Fault::length_beyond_payload)});
    EXPECT_EQ(read_text("10:4hello\x1E:1:"), Packets{"4 hello\x1E:1:"});
    EXPECT_EQ(read_text("10:b4AQIDBA==1:6"), (Packets{"4 <01 02 03 04>", "6 "}));
    EXPECT_EQ(read_text("2:b4"), Packets{"4 <>"});
}

TEST(EngineIoPayloadV3, a_length_that_is_none_is_a_fault) {
    for (const std::string_view body :
         {":4a", "4a", "-2:4a", "+2:4a", " 2:4a", "2.0:4a", "2e0:4a", "0x2:4a", "02:4a", "00:", "2",
          "2;4a", "a:4a", "\xD9\xA2:4a", "11111111111:4a", "99999999999999999999999999:4a"}) {
        EXPECT_EQ(read_text(body), Packets{sentence(Fault::length_malformed)}) << body;
    }
    EXPECT_EQ(read_text("2:4a3"), (Packets{"4 a", sentence(Fault::length_malformed)}));
    EXPECT_EQ(read_text(""), Packets{sentence(Fault::packet_empty)});
    EXPECT_EQ(read_text("0:"), Packets{sentence(Fault::packet_empty)});
    EXPECT_EQ(read_text("0:2:4a"), Packets{sentence(Fault::packet_empty)});
}

TEST(EngineIoPayloadV3, a_length_that_the_payload_does_not_have_is_a_fault) {
    for (const std::string_view body : {"3:4a", "1:", "9999999999:4a", "4294967298:4a"}) {
        EXPECT_EQ(read_text(body), Packets{sentence(Fault::length_beyond_payload)}) << body;
    }
    EXPECT_EQ(read_text("2:4\xF0\x9F\xA6\x8A"), Packets{sentence(Fault::length_cuts_character)});
    EXPECT_EQ(read_text("4:4\xF0\x9F\xA6\x8A"), Packets{sentence(Fault::length_beyond_payload)});
}

TEST(EngineIoPayloadV3, a_packet_of_text_has_a_type_and_a_binary_one_is_a_message) {
    EXPECT_EQ(read_text("2:7a"), Packets{sentence(Fault::type_unknown)});
    EXPECT_EQ(read_text("1:b"), Packets{sentence(Fault::packet_empty)});
    EXPECT_EQ(read_text("6:b2AQ=="), Packets{sentence(Fault::type_unknown)});
    EXPECT_EQ(read_text("5:bAQ=="), Packets{sentence(Fault::type_unknown)});
    EXPECT_EQ(read_text("4:b4=="), Packets{sentence(Fault::base64_malformed)});
    EXPECT_EQ(read_text("1:22:4\xFF"), Packets{sentence(Fault::payload_not_utf8)});
}

TEST(EngineIoPayloadV3, binary_has_lengths_in_bytes) {
    EXPECT_EQ(read_hex("00 04 ff 34 e2 82 ac 01 05 ff 04 01 02 03 04"),
              (Packets{"4 \xE2\x82\xAC", "4 <01 02 03 04>"}));
    EXPECT_EQ(read_hex("01 01 ff 04"), Packets{"4 <>"});
    EXPECT_EQ(read_hex("00 01 00 ff 62 34 41 51 49 44 42 41 3d 3d"), Packets{"4 <01 02 03 04>"});
    EXPECT_EQ(read_hex("00 01 ff 32 00 01 ff 31"), (Packets{"2 ", "1 "}));
}

TEST(EngineIoPayloadV3, binary_that_is_not_so_is_a_fault) {
    struct Row {
        std::string_view hex;
        Fault fault;
    };
    for (const auto& [hex, fault] : {
             Row{"", Fault::packet_empty},
             Row{"02 01 ff 34", Fault::binary_payload_malformed},
             Row{"34", Fault::binary_payload_malformed},
             Row{"00", Fault::length_malformed},
             Row{"01 05", Fault::length_malformed},
             Row{"01 ff 04", Fault::length_malformed},
             Row{"01 00 01 ff 04", Fault::length_malformed},
             Row{"01 0a ff 04", Fault::length_malformed},
             Row{"01 31 ff 04", Fault::length_malformed},
             Row{"01 01 01 01 01 01 01 01 01 01 01 01 ff 04", Fault::length_malformed},
             Row{"01 09 09 09 09 09 09 09 09 09 09 ff 04", Fault::length_beyond_payload},
             Row{"01 02 ff 04", Fault::length_beyond_payload},
             Row{"00 00 ff", Fault::packet_empty},
             Row{"01 00 ff", Fault::packet_empty},
             Row{"01 02 ff 34 61", Fault::type_unknown},
             Row{"01 02 ff 02 61", Fault::type_unknown},
             Row{"00 02 ff 34 ff", Fault::payload_not_utf8},
             Row{"00 02 ff 04 61", Fault::type_unknown},
         }) {
        EXPECT_EQ(read_hex(hex), Packets{sentence(fault)}) << hex;
    }
    EXPECT_EQ(read_hex("01 02 ff 04 61 05"),
              (Packets{"4 <61>", sentence(Fault::binary_payload_malformed)}));
}

// Whatever is cut off at the end, or stands there too much: what came before that is the same.
TEST(EngineIoPayloadV3, a_payload_that_is_cut_has_the_packets_before_the_cut) {
    const test::Bytes bytes = test::from_hex("00 FF");
    for (const PayloadForm form : {PayloadForm::text, PayloadForm::binary}) {
        const std::vector<Packet> packets{text("a\xF0\x9F\xA6\x8A"), Packet::of_binary(bytes),
                                          Packet::of_text(PacketType::ping, "")};
        const std::string whole = write(form, packets);
        const Packets all = read(test::bytes_of(whole), form);
        ASSERT_EQ(all, (Packets{"4 a\xF0\x9F\xA6\x8A", "4 <00 ff>", "2 "}));
        for (std::size_t size = 0; size < whole.size(); ++size) {
            Packets part = read(test::bytes_of(whole.substr(0, size)), form);
            ASSERT_FALSE(part.empty());
            if (part.back().starts_with('!')) part.pop_back();
            ASSERT_LT(part.size(), all.size()) << size;
            EXPECT_EQ(part, Packets(all.begin(), all.begin() + static_cast<int>(part.size())));
        }
    }
}

TEST(EngineIoPayloadV3, limits_are_kept) {
    EXPECT_EQ(read_text("2:4a2:4b", {.size_max = 8, .packet_count_max = 2}),
              (Packets{"4 a", "4 b"}));
    EXPECT_EQ(read_text("2:4a2:4b", {.size_max = 7, .packet_count_max = 2}),
              Packets{sentence(Fault::payload_too_big)});
    EXPECT_EQ(read_text("2:4a2:4b", {.size_max = 8, .packet_count_max = 1}),
              (Packets{"4 a", sentence(Fault::payload_has_too_many)}));
}

TEST(EngineIoPayloadV3, many_packets_cost_no_memory) {
    std::string pings;
    for (std::size_t i = 0; i < 64 * 1024; ++i) pings += "1:2";
    const std::size_t before = test::allocation_count();
    PayloadReaderV3 reader(std::as_writable_bytes(std::span(pings)), PayloadForm::text, {});
    std::size_t count = 0;
    while (const std::optional<Packet> packet = reader.next()) {
        if (packet->type == PacketType::ping) ++count;
    }
    EXPECT_EQ(test::allocation_count(), before);
    EXPECT_EQ(count, 64U * 1024);
}

TEST(EngineIoPayloadV3, is_written_as_npms_parser_does) {
    const test::Bytes bytes = test::from_hex("01 02 03 04");
    const std::vector<Packet> packets{text("\xE2\x82\xAC"), Packet::of_binary(bytes)};
    EXPECT_EQ(write(PayloadForm::text, packets),
              "2:4\xE2\x82\xAC"
              "10:b4AQIDBA==");
    EXPECT_EQ(test::to_hex(test::bytes_of(write(PayloadForm::binary, packets))),
              "00 04 ff 34 e2 82 ac 01 05 ff 04 01 02 03 04");
    EXPECT_EQ(write(PayloadForm::text, {text("\xF0\x9F\xA6\x8A"), text("")}),
              "3:4\xF0\x9F\xA6\x8A"
              "1:4");
    EXPECT_EQ(write(PayloadForm::text, {text(std::string(999, 'a'))}),
              "1000:4" + std::string(999, 'a'));
    const test::Bytes many(1233);
    EXPECT_EQ(test::to_hex(test::bytes_of(
                  write(PayloadForm::binary, {Packet::of_binary(many)}).substr(0, 8))),
              "01 01 02 03 04 ff 04 00");
}

TEST(EngineIoPayloadV3, is_filled_up_to_its_limit_and_no_packet_is_cut) {
    const test::Bytes bytes = test::from_hex("01 02 03 04");
    for (std::size_t size_max = 0; size_max <= 24; ++size_max) {
        std::string out = "before ";
        PayloadWriterV3 writer(out, PayloadForm::text, size_max);
        EXPECT_TRUE(writer.add(text("abc")));  // Whatever the limit.
        EXPECT_EQ(writer.add(Packet::of_binary(bytes)), size_max >= 19) << size_max;
        EXPECT_EQ(out, size_max >= 19 ? "before 4:4abc10:b4AQIDBA==" : "before 4:4abc");
        std::string binary;
        PayloadWriterV3 other(binary, PayloadForm::binary, size_max);
        EXPECT_TRUE(other.add(text("abc")));
        EXPECT_EQ(other.add(Packet::of_binary(bytes)), size_max >= 15) << size_max;
        EXPECT_EQ(other.size(), size_max >= 15 ? 15U : 7U);
    }
}

TEST(EngineIoPacketV3, of_a_websocket_has_its_type_in_front) {
    const auto decode = [](std::string_view hex) {
        const test::Bytes bytes = test::from_hex(hex);
        return describe_packet(decode_binary_packet_v3(bytes));
    };
    EXPECT_EQ(decode("04 01 02"), "4 <01 02>");
    EXPECT_EQ(decode("04"), "4 <>");
    EXPECT_EQ(decode(""), sentence(Fault::packet_empty));
    EXPECT_EQ(decode("34 01"), sentence(Fault::type_unknown));
    EXPECT_EQ(decode("02 01"), sentence(Fault::type_unknown));
    std::string out = "before ";
    const test::Bytes bytes = test::from_hex("41 42");
    append_binary_packet_v3(out, Packet::of_binary(bytes));
    EXPECT_EQ(out,
              "before \x04"
              "AB");
    out.clear();
    append_packet_v3(out, Packet::of_binary(bytes));
    EXPECT_EQ(out, "b4QUI=");
    EXPECT_EQ(encoded_size_v3(Packet::of_binary(bytes)), out.size());
}

}  // namespace
}  // namespace edgews::engineio
