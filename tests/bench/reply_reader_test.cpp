// The load generator's check of what comes back: however it is cut, right replies are counted
// and wrong ones are named.
#include "bench/load/reply_reader.hpp"

#include "tests/support/frames.hpp"

#include <gtest/gtest.h>

#include "core/kernels/mask.hpp"

#include <string>
#include <vector>

namespace load {
namespace {

using edgews::test::Bytes;
using edgews::test::bytes_of;
using edgews::test::for_each_split;
using edgews::test::from_hex;
using edgews::test::operator+;
using edgews::test::Pieces;
using edgews::test::server_frame;
using edgews::test::to_hex;

struct Outcome {
    unsigned messages = 0;
    std::string fault{};
    std::string pongs{};
    bool operator==(const Outcome&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
    return out << outcome.messages << " messages, \"" << outcome.fault << "\", " << outcome.pongs;
}

Outcome read(const FrameRun& run, const Pieces& pieces) {
    ReplyReader reader(run);
    Outcome outcome;
    std::vector<std::byte> pongs;
    for (const auto& piece : pieces) {
        const ReplyReader::Result result = reader.take(piece.bytes(), pongs);
        outcome.messages += result.messages;
        outcome.fault = result.fault;
        if (!outcome.fault.empty()) break;
    }
    outcome.pongs = to_hex(pongs);
    return outcome;
}

void expect_however_split(const FrameRun& run, const Bytes& bytes, const Outcome& expected) {
    for_each_split(bytes, [&](const Pieces& pieces) { EXPECT_EQ(read(run, pieces), expected); });
}

// The replies to the messages [first, end), counted on through the cycles.
Bytes replies(const FrameRun& run, std::size_t first, std::size_t end) {
    Bytes bytes;
    for (std::size_t i = first; i < end; ++i) {
        bytes = bytes + run.replies_from(i % run.cycle()).first(run.reply_size());
    }
    return bytes;
}

TEST(ReplyReader, counts_right_replies_of_every_size) {
    for (const std::size_t size : {0U, 1U, 20U, 125U, 126U, 300U}) {
        const FrameRun run({.size = size});
        expect_however_split(run, replies(run, 0, run.cycle() + 3),
                             {static_cast<unsigned>(run.cycle()) + 3});
    }
    const FrameRun run({.alphabet = Alphabet::emoji, .size = 70'000});
    EXPECT_EQ(read(run, edgews::test::split_at(replies(run, 0, 5), {})), Outcome{5});
    EXPECT_EQ(read(run, edgews::test::byte_by_byte(replies(run, 0, 3))), Outcome{3});
}

TEST(ReplyReader, notices_every_byte_that_differs) {
    const FrameRun run({.size = 10});
    const Bytes right = replies(run, 0, 3);
    for (std::size_t i = 0; i < right.size(); ++i) {
        Bytes wrong = right;
        wrong[i] ^= std::byte{0x04};
        for_each_split(wrong, [&](const Pieces& pieces) {
            const Outcome outcome = read(run, pieces);
            EXPECT_LE(outcome.messages, i / run.reply_size()) << i;
            EXPECT_FALSE(outcome.fault.empty()) << i;
        });
    }
}

TEST(ReplyReader, notices_messages_that_are_lost_doubled_or_out_of_order) {
    const FrameRun run({.size = 10});
    const std::string fault = "a reply holds other bytes than what was sent";
    expect_however_split(run, replies(run, 0, 2) + replies(run, 3, 5), {2, fault});
    expect_however_split(run, replies(run, 0, 2) + replies(run, 1, 2), {2, fault});
    expect_however_split(run, replies(run, 1, 2) + replies(run, 0, 1), {0, fault});
}

TEST(ReplyReader, takes_replies_in_fragments_with_pings_between) {
    const FrameRun run({.alphabet = Alphabet::ascii, .size = 9});  // "The quick"
    const Bytes pieces = server_frame(0x01, "The ") + server_frame(0x89, "?") +
                         server_frame(0x00, "") + server_frame(0x8A, "unasked") +
                         server_frame(0x80, "quick");
    std::vector<std::byte> pong;
    append_frame(pong, edgews::Role::client, edgews::Opcode::pong, bytes_of("?"));
    expect_however_split(run, pieces + replies(run, 1, 3), {3, "", to_hex(pong)});
}

TEST(ReplyReader, names_what_is_wrong_with_a_frame) {
    const FrameRun run({.alphabet = Alphabet::ascii, .size = 9});
    const std::string size = "a reply has another size than what was sent";
    const std::string opcode = "a reply has another opcode than what was sent";
    struct Row {
        const char* name;
        Bytes bytes;
        std::string fault;
    };
    const std::vector<Row> rows = {
        {"binary", server_frame(0x82, "The quick"), opcode},
        {"continuation", server_frame(0x80, "The quick"), opcode},
        {"text in a text", server_frame(0x01, "The ") + server_frame(0x81, "quick"), opcode},
        {"short", server_frame(0x81, "The quic"), size},
        {"long", server_frame(0x81, "The quick "), size},
        {"short in fragments", server_frame(0x01, "The ") + server_frame(0x80, "quic"), size},
        {"long in fragments", server_frame(0x01, "The quick") + server_frame(0x00, "!"), size},
        {"masked", from_hex("81 89 00 00 00 00") + bytes_of("The quick"),
         "the server broke RFC 6455: " + std::string(describe(edgews::Fault::masked_server_frame))},
        {"close", server_frame(0x88, bytes_of("\x03\xF1no")),
         "the server closes the connection with code 1009 no"},
        {"close without a code", server_frame(0x88, ""), "the server closes the connection"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        expect_however_split(run, row.bytes, {0, row.fault});
    }
}

// Frames of the requests, unmasked, in place of a server.
TEST(FrameRun, sends_what_it_waits_for) {
    for (const Alphabet alphabet : {Alphabet::binary, Alphabet::cjk}) {
        const FrameRun run({.alphabet = alphabet, .size = 300, .in_flight = 7});
        Bytes echoed;
        std::size_t offset = 0;
        for (std::size_t i = 0; i < 2 * run.cycle(); ++i) {
            const auto requests = run.requests_from(offset);
            ASSERT_GE(requests.size(), 7 * run.request_size());
            const auto parsed = edgews::parse_frame_header(requests, edgews::Role::server, false);
            ASSERT_EQ(parsed.fault, edgews::Fault::none);
            const auto masked = requests.first(run.request_size()).last(300);
            Bytes payload(masked.begin(), masked.end());
            edgews::apply_mask(payload, parsed.header.mask_key);
            echoed = echoed + server_frame(alphabet == Alphabet::binary ? 0x82 : 0x81, payload);
            offset = (offset + run.request_size()) % (run.cycle() * run.request_size());
        }
        EXPECT_EQ(echoed, replies(run, 0, 2 * run.cycle()));
    }
}

}  // namespace
}  // namespace load
