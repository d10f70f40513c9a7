// Packets and their attachments, message by message: what makes one, what does not, and what is
// kept meanwhile.
#include "core/socketio/packet_assembler.hpp"

#include "tests/support/socketio_packets.hpp"

#include <gtest/gtest.h>

#include "core/base/memory_budget.hpp"
#include "core/socketio/placeholders.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sio {
namespace {

using Told = std::vector<std::string>;

// Text as it is; binary as "<01 02>".
Told assemble(const std::vector<std::string>& messages, const PacketLimits& limits = {}) {
    BufferPool pool(0);  // Keeps nothing: a sanitizer sees late uses.
    Told told;
    {
        PacketAssembler assembler(limits, pool);
        for (const std::string& message : messages) {
            test::ElementSpace space;
            const bool is_binary = message.starts_with('<');
            const test::ExactBlock block(is_binary
                                             ? test::from_hex(message.substr(1, message.size() - 2))
                                             : test::bytes_of(message));
            const std::string_view text(reinterpret_cast<const char*>(block.bytes().data()),
                                        block.bytes().size());
            const Assembled result = is_binary ? assembler.take_binary(block.bytes(), space)
                                               : assembler.take_text(text, space);
            EXPECT_EQ(result.kind == Assembled::Kind::fault, result.packet.fault != Fault::none);
            if (result.kind == Assembled::Kind::none) {
                told.emplace_back(assembler.is_inside_packet() ? "…" : "-");
                continue;
            }
            EXPECT_FALSE(assembler.is_inside_packet());
            std::string line = test::describe_packet(result.packet);
            for (const Attachment& attachment : result.attachments) {
                line += " <" + test::to_hex(attachment.bytes()) + '>';
            }
            told.push_back(line);
        }
    }
    EXPECT_EQ(pool.lent_size(), 0U);
    return told;
}

std::string text_of(std::size_t attachment_count) {
    std::string text = '5' + std::to_string(attachment_count) + "-[\"a\"";
    for (std::size_t i = 0; i < attachment_count; ++i) {
        text += ',';
        append_placeholder(text, i);
    }
    return text + ']';
}

std::string told_of(std::size_t attachment_count) {
    std::string line = "binary_event+" + std::to_string(attachment_count) + " / \"a\" (";
    for (std::size_t i = 0; i < attachment_count; ++i) {
        if (i > 0) line += ", ";
        append_placeholder(line, i);
    }
    return line + ')';
}

TEST(SocketIoPacketAssembler, text_is_a_packet_at_once) {
    EXPECT_EQ(assemble({"0", R"(2["a",1])", "31[]", "50-[\"a\"]", R"(2["b"])"}),
              (Told{"connect /", R"(event / "a" (1))", "ack / 1 ()", R"(binary_event+0 / "a" ())",
                    R"(event / "b" ())"}));
}

TEST(SocketIoPacketAssembler, attachments_follow_in_their_order) {
    EXPECT_EQ(assemble({text_of(1), "<01 02>", R"(2["b"])"}),
              (Told{"…", told_of(1) + " <01 02>", R"(event / "b" ())"}));
    EXPECT_EQ(
        assemble({text_of(3), "<01 02>", "<>", "<03>", text_of(2), "<04>", "<>"}),
        (Told{"…", "…", "…", told_of(3) + " <01 02> <> <03>", "…", "…", told_of(2) + " <04> <>"}));
    EXPECT_EQ(assemble({R"(61-/a,7[{"_placeholder":true,"num":0},"b"])", "<>"}),
              (Told{"…", R"(binary_ack+1 /a 7 ({"_placeholder":true,"num":0}, "b") <>)"}));
}

TEST(SocketIoPacketAssembler, text_between_attachments_is_a_fault_and_the_end) {
    const std::string fault = test::sentence(Fault::attachment_missing);
    EXPECT_EQ(assemble({text_of(1), R"(2["b"])", "<01>", R"(2["b"])"}),
              (Told{"…", fault, "-", "-"}));
    EXPECT_EQ(assemble({text_of(2), "<01>", "1", "<02>"}), (Told{"…", "…", fault, "-"}));
    EXPECT_EQ(assemble({text_of(2), "<01>", text_of(2)}), (Told{"…", "…", fault}));
}

TEST(SocketIoPacketAssembler, binary_that_belongs_to_no_packet_is_a_fault) {
    const std::string fault = test::sentence(Fault::attachment_unexpected);
    EXPECT_EQ(assemble({"<01>", "0"}), (Told{fault, "-"}));
    EXPECT_EQ(assemble({R"(2["a"])", "<01>"}), (Told{R"(event / "a" ())", fault}));
    EXPECT_EQ(assemble({"50-[\"a\"]", "<01>"}), (Told{R"(binary_event+0 / "a" ())", fault}));
    EXPECT_EQ(assemble({text_of(1), "<01>", "<02>"}), (Told{"…", told_of(1) + " <01>", fault}));
}

TEST(SocketIoPacketAssembler, a_packet_that_breaks_a_rule_is_not_waited_for) {
    EXPECT_EQ(assemble({R"(51-["a"])", "<01>"}),
              (Told{test::sentence(Fault::placeholder_missing), "-"}));
    EXPECT_EQ(assemble({R"(52-["a",{"_placeholder":true,"num":2}])"}),
              Told{test::sentence(Fault::placeholder_out_of_range)});
    EXPECT_EQ(assemble({"2[", "0"}), (Told{"! " + std::string(describe(JsonFault::cut)), "-"}));
}

TEST(SocketIoPacketAssembler, attachments_are_bounded_together) {
    const PacketLimits limits{.attachments_size_max = 4};
    EXPECT_EQ(
        assemble({text_of(2), "<01 02>", "<03 04>", text_of(1), "<01 02 03 04>"}, limits),
        (Told{"…", "…", told_of(2) + " <01 02> <03 04>", "…", told_of(1) + " <01 02 03 04>"}));
    const std::string fault = test::sentence(Fault::attachments_too_big);
    EXPECT_EQ(assemble({text_of(2), "<01 02>", "<03 04 05>", "<>"}, limits),
              (Told{"…", "…", fault, "-"}));
    EXPECT_EQ(assemble({text_of(3), "<01 02 03 04 05>"}, limits), (Told{"…", fault}));
}

TEST(SocketIoPacketAssembler, the_number_of_attachments_costs_nothing_before_they_come) {
    BufferPool pool(0);
    const PacketLimits limits;
    PacketAssembler assembler(limits, pool);
    test::ElementSpace space;
    std::string text = "510-[\"a\",[";
    for (std::size_t i = 0; i < 10; ++i) {
        if (i > 0) text += ',';
        append_placeholder(text, i);
    }
    text += "]]";
    EXPECT_EQ(assembler.take_text(text, space).kind, Assembled::Kind::none);
    EXPECT_LE(pool.lent_size(), 2 * text.size() + 320);
    const test::Bytes large(100'000, std::byte{7});
    for (int i = 0; i < 9; ++i) {
        EXPECT_EQ(assembler.take_binary(large, space).kind, Assembled::Kind::none);
    }
    EXPECT_LE(pool.lent_size(), 2 * (text.size() + 900'000) + 640);
    const test::Bytes last(100'000, std::byte{8});
    const Assembled result = assembler.take_binary(last, space);
    ASSERT_EQ(result.kind, Assembled::Kind::packet);
    ASSERT_EQ(result.attachments.size(), 10U);
    EXPECT_EQ(result.attachments[8].bytes().size(), 100'000U);
    EXPECT_EQ(result.attachments[8].bytes().back(), std::byte{7});
    EXPECT_EQ(result.attachments[9].bytes().data(), last.data());  // It was not copied.
    // The next message gives it all back.
    EXPECT_EQ(assembler.take_text("2[\"a\"]", space).kind, Assembled::Kind::packet);
    EXPECT_EQ(pool.lent_size(), 0U);
}

TEST(SocketIoPacketAssembler, the_last_message_needs_room_for_the_elements_too) {
    BufferPool pool(0);
    const PacketLimits limits;
    PacketAssembler assembler(limits, pool);
    test::ElementSpace space;
    EXPECT_EQ(assembler.take_text(text_of(1), space).kind, Assembled::Kind::none);
    const Assembled result = assembler.take_binary({}, std::span(space).first(1));
    EXPECT_EQ(result.packet.fault, Fault::too_many_elements);
    EXPECT_EQ(pool.lent_size(), 0U);
}

TEST(SocketIoPacketAssembler, where_there_is_no_memory_it_is_a_fault) {
    MemoryBudget budget(0);
    BufferPool pool(0);
    pool.count_against(budget, 0);
    const PacketLimits limits;
    PacketAssembler assembler(limits, pool);
    test::ElementSpace space;
    EXPECT_EQ(assembler.take_text(text_of(2), space).kind, Assembled::Kind::none);  // A little.
    const test::Bytes large(100'000);
    EXPECT_EQ(assembler.take_binary(large, space).packet.fault, Fault::no_memory);
    EXPECT_EQ(pool.lent_size(), 0U);
    EXPECT_EQ(assembler.take_binary(large, space).kind, Assembled::Kind::none);
    // A text that is too long to be kept.
    PacketAssembler other(limits, pool);
    std::string text = text_of(1);
    text.insert(text.size() - 1, ",\"" + std::string(100'000, 'x') + '"');
    EXPECT_EQ(other.take_text(text, space).packet.fault, Fault::no_memory);
}

TEST(SocketIoPacketAssembler, what_is_not_complete_goes_on_in_another_one) {
    const PacketLimits limits;
    BufferPool pool(0);
    test::ElementSpace space;
    const test::Bytes one = test::from_hex("01");
    const test::Bytes none;
    const test::Bytes two = test::from_hex("0202");
    UnfinishedPacket unfinished;
    {
        PacketAssembler assembler(limits, pool);
        EXPECT_TRUE(assembler.take_unfinished().text.empty());
        ASSERT_EQ(assembler.take_text(text_of(3), space).kind, Assembled::Kind::none);
        ASSERT_EQ(assembler.take_binary(one, space).kind, Assembled::Kind::none);
        ASSERT_EQ(assembler.take_binary(none, space).kind, Assembled::Kind::none);
        unfinished = assembler.take_unfinished();
        EXPECT_EQ(pool.lent_size(), 0U);
        EXPECT_FALSE(assembler.is_inside_packet());
        EXPECT_EQ(assembler.take_text("2[\"b\"]", space).kind, Assembled::Kind::packet);
    }
    EXPECT_EQ(unfinished.text, text_of(3));
    ASSERT_EQ(unfinished.attachments.size(), 2U);
    PacketAssembler assembler(limits, pool);
    ASSERT_EQ(assembler.take_text(unfinished.text, space).kind, Assembled::Kind::none);
    for (const auto& bytes : unfinished.attachments) {
        ASSERT_EQ(assembler.take_binary(bytes, space).kind, Assembled::Kind::none);
    }
    const Assembled made = assembler.take_binary(two, space);
    ASSERT_EQ(made.kind, Assembled::Kind::packet);
    EXPECT_EQ(test::describe_packet(made.packet), told_of(3));
    EXPECT_EQ(test::to_hex(made.attachments[0].bytes()), test::to_hex(one));
    EXPECT_TRUE(made.attachments[1].bytes().empty());
    EXPECT_EQ(test::to_hex(made.attachments[2].bytes()), test::to_hex(two));
}

}  // namespace
}  // namespace edgews::sio
