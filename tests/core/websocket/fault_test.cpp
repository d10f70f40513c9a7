// Each fault knows what the peer is told (RFC 6455, sections 7.1.7 and 7.4.1).
#include <gtest/gtest.h>

#include <edgews/close_code.hpp>
#include "core/websocket/fault.hpp"

#include <set>
#include <string_view>

namespace edgews {
namespace {

struct Row {
    const char* name;
    Fault fault;
    std::uint16_t code;
};

constexpr Row rows[] = {
    {"reserved_bits", Fault::reserved_bits, 1002},
    {"reserved_opcode", Fault::reserved_opcode, 1002},
    {"unmasked_client_frame", Fault::unmasked_client_frame, 1002},
    {"masked_server_frame", Fault::masked_server_frame, 1002},
    {"fragmented_control_frame", Fault::fragmented_control_frame, 1002},
    {"control_frame_too_long", Fault::control_frame_too_long, 1002},
    {"length_not_minimal", Fault::length_not_minimal, 1002},
    {"length_top_bit", Fault::length_top_bit, 1002},
    {"unexpected_continuation", Fault::unexpected_continuation, 1002},
    {"expected_continuation", Fault::expected_continuation, 1002},
    {"invalid_utf8", Fault::invalid_utf8, 1007},
    {"close_payload_of_one", Fault::close_payload_of_one, 1002},
    {"close_code_invalid", Fault::close_code_invalid, 1002},
    {"message_too_big", Fault::message_too_big, 1009},
    {"frame_too_big", Fault::frame_too_big, 1009},
    {"too_many_fragments", Fault::too_many_fragments, 1008},
    {"compression_malformed", Fault::compression_malformed, 1007},
    {"no_memory", Fault::no_memory, 1013},
};

TEST(Fault, each_has_its_close_code_and_it_may_be_sent) {
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(close_code_for(row.fault), row.code);
        EXPECT_TRUE(close_code::may_be_on_the_wire(close_code_for(row.fault)));
    }
}

TEST(Fault, each_has_a_sentence_of_its_own_that_fits_a_close_frame) {
    std::set<std::string_view> seen;
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        const std::string_view text = describe(row.fault);
        EXPECT_FALSE(text.empty());
        EXPECT_LE(text.size(), 123U);
        for (const char c : text) EXPECT_TRUE(c >= ' ' && c <= '~') << text;
        EXPECT_TRUE(seen.insert(text).second) << "said twice: " << text;
    }
}

TEST(Fault, the_table_names_them_all) {
    EXPECT_EQ(std::size(rows), static_cast<std::size_t>(Fault::no_memory));
}

}  // namespace
}  // namespace edgews
