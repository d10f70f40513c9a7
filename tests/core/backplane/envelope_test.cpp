// The envelopes of a backplane, byte by byte.
#include "core/backplane/envelope.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/bytes.hpp"

namespace edgews::backplane {
namespace {

using test::from_hex;
using test::text_of;
using Kind = Envelope::Kind;

std::string encoded(const Envelope& envelope) {
    std::string out;
    append_envelope(out, envelope);
    return out;
}

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

constexpr std::string_view head = "01 00 0123456789abcdef 00000002 00000004 0000000000000003";

TEST(Envelope, it_is_written_as_the_header_draws_it) {
    Envelope envelope{.node = 0x0123456789abcdef, .run = 2, .age_ms = 4, .sequence = 3};
    envelope.payload = bytes_of("hi");
    EXPECT_EQ(text_of(from_hex(std::string(head) + "6869")), encoded(envelope));
    envelope.name = "abc";
    envelope.kind = Kind::binary;
    EXPECT_EQ(text_of(from_hex(
                  "01 81 0123456789abcdef 00000002 00000004 0000000000000003 0003 616263 6869")),
              encoded(envelope));
}

TEST(Envelope, it_is_read_as_it_was_written) {
    std::string topics;
    append_topic(topics, "");
    append_topic(topics, "news");
    for (const Kind kind : {Kind::text, Kind::binary, Kind::mark, Kind::ask}) {
        for (const std::string& name :
             {std::string(), std::string("a\0b", 3), std::string(topic_size_max, 'x')}) {
            for (const std::uint64_t sequence : {std::uint64_t{1}, UINT64_MAX}) {
                Envelope envelope{.kind = kind,
                                  .node = UINT64_MAX,
                                  .run = UINT32_MAX,
                                  .age_ms = 5,
                                  .sequence = sequence,
                                  .name = name};
                if (kind == Kind::ask) envelope.payload = bytes_of(topics);
                if (envelope.is_message()) envelope.payload = bytes_of("payload");
                const std::string out = encoded(envelope);
                const Envelope again = parse_envelope(bytes_of(out));
                EXPECT_EQ(again.fault, EnvelopeFault::none);
                EXPECT_EQ(again.kind, kind);
                EXPECT_EQ(again.node, envelope.node);
                EXPECT_EQ(again.run, envelope.run);
                EXPECT_EQ(again.age_ms, envelope.age_ms);
                EXPECT_EQ(again.sequence, sequence);
                EXPECT_EQ(again.name, name);
                EXPECT_TRUE(std::ranges::equal(again.payload, envelope.payload));
            }
        }
    }
}

TEST(Envelope, one_that_breaks_a_rule_names_the_rule) {
    struct Row {
        const char* hex;
        EnvelopeFault fault;
    };
    const Row rows[] = {
        {"", EnvelopeFault::cut},
        {"00", EnvelopeFault::version_unknown},
        {"02 00 0123456789abcdef 00000002 00000004 0000000000000003",
         EnvelopeFault::version_unknown},
        {"01 04 0123456789abcdef 00000002 00000004 0000000000000003", EnvelopeFault::kind_unknown},
        {"01 40 0123456789abcdef 00000002 00000004 0000000000000003", EnvelopeFault::kind_unknown},
        {"01 00 0123456789abcdef 00000002 00000004 0000000000000000", EnvelopeFault::sequence_zero},
        {"01 01 0123456789abcdef 00000002 00000004 0000000000000000 00",
         EnvelopeFault::sequence_zero},
        {"01 02 0123456789abcdef 00000002 00000004 0000000000000000", EnvelopeFault::sequence_zero},
        {"01 02 0123456789abcdef 00000002 00000004 0000000000000001 00",
         EnvelopeFault::payload_unexpected},
        {"01 80 0123456789abcdef 00000002 00000004 0000000000000001", EnvelopeFault::cut},
        {"01 80 0123456789abcdef 00000002 00000004 0000000000000001 00", EnvelopeFault::cut},
        {"01 80 0123456789abcdef 00000002 00000004 0000000000000001 0002 61", EnvelopeFault::cut},
        {"01 03 0123456789abcdef 00000000 00000004 0000000000000000 00",
         EnvelopeFault::topics_malformed},
        {"01 03 0123456789abcdef 00000000 00000004 0000000000000000 0001",
         EnvelopeFault::topics_malformed},
        {"01 03 0123456789abcdef 00000000 00000004 0000000000000000 0001 61 00",
         EnvelopeFault::topics_malformed},
    };
    for (const Row& row : rows) {
        const test::Bytes bytes = from_hex(row.hex);
        EXPECT_EQ(parse_envelope(bytes).fault, row.fault) << row.hex;
        EXPECT_FALSE(describe(row.fault).empty());
    }
    EXPECT_FALSE(describe(EnvelopeFault::none).empty());
}

TEST(Envelope, one_that_ends_within_its_head_is_cut) {
    const test::Bytes whole = from_hex(std::string(head) + "00");
    for (std::size_t size = 1; size < envelope_head_size; ++size) {
        // A block of just that size.
        const auto copy = std::make_unique<std::byte[]>(size);
        std::copy_n(whole.begin(), size, copy.get());
        EXPECT_EQ(parse_envelope({copy.get(), size}).fault, EnvelopeFault::cut) << size;
    }
    EXPECT_EQ(parse_envelope(std::span(whole).first(envelope_head_size)).fault,
              EnvelopeFault::none);
}

TEST(Envelope, topics_are_read_one_after_another) {
    std::string payload;
    const std::vector<std::string> topics{"a", "", std::string(topic_size_max, 'b'), "c"};
    for (const std::string& topic : topics) append_topic(payload, topic);
    TopicReader reader(bytes_of(payload));
    for (const std::string& topic : topics) {
        EXPECT_FALSE(reader.is_at_end());
        EXPECT_EQ(reader.next(), topic);
    }
    EXPECT_TRUE(reader.is_at_end());
    EXPECT_EQ(reader.next(), std::nullopt);
}

TEST(Envelope, one_that_has_waited_is_older) {
    const Envelope envelope{.run = UINT32_MAX, .age_ms = 0x00FFFFFE, .sequence = UINT64_MAX};
    std::string out = encoded(envelope);
    add_age(out, 0);
    EXPECT_EQ(out, encoded(envelope));
    for (const auto& [waited_ms, age_ms] : {std::pair<std::uint64_t, std::uint32_t>{3, 0x01000001},
                                            {0xFEFFFFFE, UINT32_MAX},
                                            {1, UINT32_MAX},
                                            {UINT64_MAX - UINT32_MAX, UINT32_MAX}}) {
        add_age(out, waited_ms);
        Envelope older = envelope;
        older.age_ms = age_ms;
        EXPECT_EQ(out, encoded(older));
    }
}

TEST(Envelope, a_node_is_written_with_16_digits) {
    EXPECT_EQ(to_string(NodeId{0}), "0000000000000000");
    EXPECT_EQ(to_string(NodeId{0x0123456789abcdef}), "0123456789abcdef");
    EXPECT_EQ(to_string(UINT64_MAX), "ffffffffffffffff");
}

}  // namespace
}  // namespace edgews::backplane
