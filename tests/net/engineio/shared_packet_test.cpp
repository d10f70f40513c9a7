// A message made once, by both transports, and what waits of them.
#include "net/engineio/shared_packet.hpp"

#include "core/base/buffer.hpp"
#include "core/base/memory_budget.hpp"
#include "core/websocket/frame.hpp"
#include "net/engineio/outbox.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/support/bytes.hpp"

namespace edgews::engineio {
namespace {

Packet text(std::string_view what) {
    return Packet::of_text(PacketType::message, what);
}

std::string payload_of(const SharedPacket& packet) {
    return test::text_of(packet.prepared().payload());
}

TEST(EngineIoSharedPacket, has_its_type_in_front_if_it_is_text) {
    const SharedPacket shared(text("hello"));
    EXPECT_EQ(payload_of(shared), "4hello");
    EXPECT_EQ(shared.packet().text(), "hello");
    EXPECT_EQ(shared.packet().type, PacketType::message);
    EXPECT_FALSE(shared.packet().is_binary);
    EXPECT_TRUE(shared.fits_payload());
    EXPECT_EQ(payload_of(SharedPacket(Packet::of_text(PacketType::ping, ""))), "2");
    EXPECT_EQ(SharedPacket(Packet::of_text(PacketType::ping, "")).packet().type, PacketType::ping);
}

TEST(EngineIoSharedPacket, is_the_bytes_as_they_are_if_it_is_binary) {
    const test::Bytes bytes = test::bytes_of(std::string_view("\0\x1E\xFF", 3));
    const SharedPacket shared(Packet::of_binary(bytes));
    EXPECT_EQ(payload_of(shared), test::text_of(bytes));
    EXPECT_TRUE(shared.packet().is_binary);
    EXPECT_EQ(test::text_of(shared.packet().data), test::text_of(bytes));
    EXPECT_TRUE(shared.fits_payload());
    EXPECT_TRUE(SharedPacket(Packet::of_binary({})).packet().data.empty());
}

TEST(EngineIoSharedPacket, is_empty_if_it_is_no_text_and_knows_what_a_payload_would_make_of_it) {
    EXPECT_FALSE(SharedPacket());
    EXPECT_FALSE(SharedPacket(text("\xFF")));
    EXPECT_TRUE(SharedPacket(text("")));
    EXPECT_FALSE(SharedPacket(text("a\x1E"
                                   "1"))
                     .fits_payload());
}

TEST(EngineIoSharedPacket, is_made_once_for_each_version) {
    const test::Bytes bytes = test::from_hex("01 02 FF");
    const SharedPacket shared(Packet::of_binary(bytes), true);
    const SharedPacket copy = shared;
    const PreparedMessage of_3 = shared.prepared_for(Dialect::v3);
    EXPECT_EQ(test::to_hex(of_3.payload()), "04 01 02 ff");
    EXPECT_EQ(of_3.opcode(), Opcode::binary);
    EXPECT_EQ(copy.prepared_for(Dialect::v3).frame().data(), of_3.frame().data());
    EXPECT_EQ(copy.prepared_for(Dialect::v4).frame().data(), shared.prepared().frame().data());
    EXPECT_EQ(test::to_hex(shared.prepared().payload()), "01 02 ff");
    const PreparedMessage base64 = shared.prepared_for(Dialect::v3_base64);
    EXPECT_EQ(test::text_of(base64.payload()), "b4AQL/");
    EXPECT_EQ(base64.opcode(), Opcode::text);
    const SharedPacket for_one(Packet::of_binary(bytes));
    EXPECT_EQ(test::to_hex(for_one.prepared_for(Dialect::v3).payload()), "04 01 02 ff");
    const SharedPacket words(text("a"), true);
    for (const Dialect dialect : {Dialect::v4, Dialect::v3, Dialect::v3_base64}) {
        EXPECT_EQ(words.prepared_for(dialect).frame().data(), words.prepared().frame().data());
    }
}

TEST(EngineIoOutbox, is_binary_in_version_3_as_soon_as_one_packet_is) {
    BufferPool pool;
    const auto fill = [](Outbox& outbox) {
        outbox.add(SharedPacket(text("a")));
        outbox.add(SharedPacket(Packet::of_binary(test::bytes_of("\x01"))));
        outbox.add(SharedPacket(text("b")));
    };
    Outbox outbox(pool);
    fill(outbox);
    // However little of it has room.
    for (const std::string_view each : {"00 02 ff 34 61", "01 02 ff 04 01"}) {
        const Payload payload = outbox.take_payload(5, Dialect::v3);
        EXPECT_TRUE(payload.is_binary);
        EXPECT_EQ(test::to_hex(test::bytes_of(payload.body)), each);
    }
    const Payload last = outbox.take_payload(5, Dialect::v3);
    EXPECT_FALSE(last.is_binary);
    EXPECT_EQ(last.body, "2:4b");
    EXPECT_EQ(outbox.size(), 0U);
    fill(outbox);
    EXPECT_EQ(outbox.take_payload(100, Dialect::v3_base64, "0{}").body, "3:0{}2:4a6:b4AQ==2:4b");
    EXPECT_TRUE(outbox.is_empty());
}

TEST(EngineIoOutbox, fills_payloads_in_order) {
    BufferPool pool;
    Outbox outbox(pool);
    EXPECT_TRUE(outbox.is_empty());
    for (const char* const each : {"aaaa", "bbbb", "cc", "dddddddddddd", "e"}) {
        outbox.add(SharedPacket(text(each)));
    }
    outbox.add(SharedPacket(Packet::of_binary(test::bytes_of("\x01"))));
    EXPECT_EQ(outbox.size(), 5 + 5 + 3 + 13 + 2 + 1 + 6 * Outbox::packet_cost);
    const auto take = [&](std::size_t size_max, std::string_view open = {}) {
        return outbox.take_payload(size_max, Dialect::v4, open).body;
    };
    EXPECT_EQ(take(10), "4aaaa");
    EXPECT_EQ(take(10),
              "4bbbb\x1E"
              "4cc");
    EXPECT_EQ(take(10), "4dddddddddddd") << "no packet can be cut";
    EXPECT_EQ(outbox.size(), 2 + 1 + 2 * Outbox::packet_cost);
    EXPECT_EQ(take(100, "0{}"),
              "0{}\x1E"
              "4e\x1E"
              "bAQ==");
    EXPECT_EQ(take(10), "");
    EXPECT_TRUE(outbox.is_empty());
    EXPECT_EQ(outbox.size(), 0U);
}

TEST(EngineIoOutbox, counts_as_memory_of_its_loop_until_it_leaves_that) {
    MemoryBudget budget(1024 * 1024);
    BufferPool pool;
    pool.count_against(budget, 0);
    const SharedPacket large(text(std::string(200'000, 'a')));
    {
        Outbox outbox(pool), other(pool);
        for (int i = 0; i < 4; ++i) outbox.add(large);
        other.add(large);
        EXPECT_GE(budget.used(), 1'000'000U);
        EXPECT_FALSE(outbox.take_payload(1, Dialect::v4).body.empty());
        outbox.leave_loop();
        EXPECT_LT(budget.used(), 300'000U);
        outbox.add(large);
        EXPECT_FALSE(outbox.take_payload(1, Dialect::v4).body.empty());
        EXPECT_EQ(outbox.size(), 3 * Outbox::cost_of(large));
    }
    EXPECT_LT(budget.used(), 100'000U);
}

}  // namespace
}  // namespace edgews::engineio
