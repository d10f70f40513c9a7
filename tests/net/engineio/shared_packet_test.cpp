// A message made once, by both transports, and what waits of them.
#include "net/engineio/shared_packet.hpp"

#include "core/base/buffer.hpp"
#include "core/base/memory_budget.hpp"
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

TEST(EngineIoOutbox, fills_payloads_in_order) {
    BufferPool pool;
    Outbox outbox(pool);
    EXPECT_TRUE(outbox.is_empty());
    for (const char* const each : {"aaaa", "bbbb", "cc", "dddddddddddd", "e"}) {
        outbox.add(SharedPacket(text(each)));
    }
    outbox.add(SharedPacket(Packet::of_binary(test::bytes_of("\x01"))));
    EXPECT_EQ(outbox.size(), 5 + 5 + 3 + 13 + 2 + 1 + 6 * Outbox::packet_cost);
    EXPECT_EQ(outbox.take_payload(10), "4aaaa");
    EXPECT_EQ(outbox.take_payload(10),
              "4bbbb\x1E"
              "4cc");
    EXPECT_EQ(outbox.take_payload(10), "4dddddddddddd") << "no packet can be cut";
    EXPECT_EQ(outbox.size(), 2 + 1 + 2 * Outbox::packet_cost);
    std::string begun = "0{}";
    PayloadWriter writer(begun, 100);
    outbox.write_to(writer);
    EXPECT_EQ(outbox.take_payload(10), "");
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
        EXPECT_FALSE(outbox.take_payload(1).empty());
        outbox.leave_loop();
        EXPECT_LT(budget.used(), 300'000U);
        outbox.add(large);
        EXPECT_FALSE(outbox.take_payload(1).empty());
        EXPECT_EQ(outbox.size(), 3 * Outbox::cost_of(large));
    }
    EXPECT_LT(budget.used(), 100'000U);
}

}  // namespace
}  // namespace edgews::engineio
