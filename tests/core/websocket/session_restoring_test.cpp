// How a session restores compressed messages (RFC 7692): in steps, each of which takes a short
// time, from an input that may be overwritten between them.
#include <gtest/gtest.h>

#include "core/websocket/session.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/compressed_session_pair.hpp"
#include "tests/support/transcript.hpp"

namespace edgews {
namespace {

using test::both_roles;
using test::Bytes;
using test::Entries;
using test::frame_to;
using test::packed_runs;
using test::runs;
using test::SessionSide;
using test::operator+;

using Kind = Event::Kind;

class SessionRestoring : public test::CompressedSessionPair {
  protected:
    // All that is read of `bytes`. After `step_count` steps of each message, and each `chunk`, its
    // rest is kept and the input overwritten.
    static Entries read_and_overwrite(SessionSide& one, std::span<const std::byte> bytes,
                                      std::size_t step_count) {
        test::Transcript transcript;
        Bytes copy(bytes.begin(), bytes.end());
        std::span<std::byte> input = copy;
        std::size_t steps = 0;
        for (Event event = one.session.read(input); event; event = one.session.read(input)) {
            if (event.kind != Kind::restoring) transcript.add(event);
            if (!one.session.is_restoring() || ++steps < step_count) continue;
            EXPECT_TRUE(one.session.keep_restoring());
            std::fill(copy.begin(), copy.end() - static_cast<std::ptrdiff_t>(input.size()),
                      std::byte{0});
        }
        EXPECT_TRUE(input.empty());
        return transcript.entries();
    }
};

TEST_F(SessionRestoring, a_whole_message_is_restored_in_steps_of_2_kib) {
    connect_compressed();
    for (const Role role : both_roles) {
        SessionSide& one = side(role);
        EXPECT_EQ(one.session.next_slice_size(), 0U);
        Bytes bytes = frame_to(role, 0xC1, packed_runs(2'500, 2));
        std::span<std::byte> input = bytes;
        std::vector<std::size_t> sizes;
        Event event = one.session.read(input);
        EXPECT_TRUE(input.empty());
        while (event.kind == Kind::restoring) {
            EXPECT_TRUE(one.session.is_restoring());
            sizes.push_back(one.session.next_slice_size());
            event = one.session.read(input);
        }
        EXPECT_EQ(sizes, (std::vector<std::size_t>{2'048, 2'048, 904}));
        EXPECT_FALSE(one.session.is_restoring());
        EXPECT_EQ(one.session.next_slice_size(), 0U);
        EXPECT_EQ(one.session.restored_size(), 5'000U);
        EXPECT_EQ(event.kind, Kind::message);
        EXPECT_FALSE(event.is_compressed);
        EXPECT_EQ(test::text_of(event.payload), runs(2'500, 2));
        EXPECT_FALSE(one.session.read(input));
        expect_no_memory_held();
    }
    connect();
    EXPECT_FALSE(server().session.is_restoring());
    EXPECT_EQ(server().session.next_slice_size(), 0U);
    EXPECT_EQ(server().session.restored_size(), 0U);
}

TEST_F(SessionRestoring, a_streamed_message_is_restored_in_chunks_of_16_kib) {
    connect_compressed({.reader = {.streaming = true}});
    for (const Role role : both_roles) {
        SessionSide& one = side(role);
        Bytes bytes = frame_to(role, 0xC2, packed_runs(1'500, 100));  // Two slices.
        std::span<std::byte> input = bytes;
        EXPECT_EQ(one.session.read(input).kind, Kind::begin);
        EXPECT_FALSE(one.session.is_restoring());
        EXPECT_EQ(one.session.read(input).kind, Kind::restoring);
        EXPECT_EQ(one.session.next_slice_size(), 2'048U);
        std::string restored;
        Event event = one.session.read(input);
        EXPECT_EQ(event.payload.size(), 16U * 1'024);
        for (; event.kind == Kind::chunk; event = one.session.read(input)) {
            EXPECT_LE(event.payload.size(), 16U * 1'024);
            EXPECT_EQ(event.opcode, Opcode::binary);
            EXPECT_FALSE(event.is_compressed);
            restored += test::text_of(event.payload);
            EXPECT_EQ(one.session.restored_size(), restored.size());
        }
        // The reader tells the end behind the payload: it is a part without bytes.
        EXPECT_EQ(event.kind, Kind::restoring);
        EXPECT_EQ(one.session.next_slice_size(), 0U);
        event = one.session.read(input);
        EXPECT_EQ(event.kind, Kind::end);
        EXPECT_EQ(event.opcode, Opcode::binary);
        EXPECT_EQ(restored, runs(1'500, 100));
        EXPECT_FALSE(one.session.is_restoring());
        EXPECT_FALSE(one.session.read(input));
        expect_no_memory_held();
    }
}

TEST_F(SessionRestoring, a_message_is_the_same_when_its_rest_is_kept_and_the_input_overwritten) {
    for (const bool is_streaming : {false, true}) {
        connect_compressed({.reader = {.streaming = is_streaming}});
        for (const Role role : both_roles) {
            const std::string text = runs(5'000, 50);
            const Bytes bytes = frame_to(role, 0x41, packed_runs(2'000, 50)) +
                                frame_to(role, 0x80, packed_runs(3'000, 50)) +
                                frame_to(role, 0xC2, packed_runs(5'000, 50)) +
                                frame_to(role, 0x81, "plain");
            std::string fragments = runs(2'000, 50) + runs(3'000, 50);
            const Entries whole{"text: " + fragments, "binary: " + text, "text: plain"};
            const Entries streamed{"begin text",   "chunk text: " + fragments, "end text",
                                   "begin binary", "chunk binary: " + text,    "end binary",
                                   "begin text",   "chunk text: plain",        "end text"};
            for (const std::size_t step_count : {1U, 2U, 3U, 6U, 1'000U}) {
                SCOPED_TRACE(step_count);
                EXPECT_EQ(read_and_overwrite(side(role), bytes, step_count),
                          is_streaming ? streamed : whole);
                expect_no_memory_held();
            }
        }
    }
}

// However many steps it takes.
TEST_F(SessionRestoring, the_rest_of_the_input_is_kept_once) {
    connect_compressed();
    for (const Role role : both_roles) {
        SessionSide& one = side(role);
        Bytes bytes = frame_to(role, 0xC1, packed_runs(3'000, 2));
        std::span<std::byte> input = bytes;
        EXPECT_EQ(one.session.read(input).kind, Kind::restoring);
        const std::size_t lent_size = one.pool.lent_size();
        EXPECT_TRUE(one.session.keep_restoring());
        const std::size_t kept_size = one.pool.lent_size();
        EXPECT_GE(kept_size, lent_size + 6'000);
        EXPECT_EQ(one.session.read(input).kind, Kind::restoring);
        EXPECT_TRUE(one.session.keep_restoring());
        EXPECT_EQ(one.pool.lent_size(), kept_size);
        EXPECT_EQ(one.session.read(input).kind, Kind::restoring);
        EXPECT_EQ(one.session.read(input).kind, Kind::message);
        EXPECT_EQ(one.pool.lent_size(), lent_size);  // Only the message is left.
        EXPECT_TRUE(one.session.keep_restoring());   // There is nothing to be kept.
        EXPECT_EQ(one.pool.lent_size(), lent_size);
        EXPECT_FALSE(one.session.read(input));
        expect_no_memory_held();
    }
}

TEST_F(SessionRestoring, between_the_fragments_of_a_streamed_message_no_memory_is_held) {
    connect_compressed({.reader = {.streaming = true}});
    for (const Role role : both_roles) {
        SessionSide& one = side(role);
        EXPECT_EQ(read_and_overwrite(one, frame_to(role, 0x42, packed_runs(3'000, 2)), 1),
                  (Entries{"begin binary", "chunk binary: " + runs(3'000, 2)}));
        EXPECT_EQ(one.pool.lent_size(), 0U);
        one.receive(0x80, packed_runs(1, 2));
        EXPECT_EQ(one.heard(), (Entries{"chunk binary: " + runs(1, 2), "end binary"}));
        expect_no_memory_held();
    }
}

TEST_F(SessionRestoring, without_memory_the_rest_of_the_input_is_not_kept) {
    connect_compressed();
    for (const Role role : both_roles) {
        SessionSide& one = side(role);
        one.limit_memory(200 * 1024);
        Bytes bytes = frame_to(role, 0xC1, packed_runs(10'000, 2));
        std::span<std::byte> input = bytes;
        EXPECT_EQ(one.session.read(input).kind, Kind::restoring);
        Buffer others = one.pool.take(300 * 1024);
        EXPECT_FALSE(one.session.keep_restoring());
        others.reset();
        EXPECT_TRUE(one.session.keep_restoring());
        EXPECT_EQ(one.heard(), Entries{});
        one.receive(Bytes());
        EXPECT_EQ(one.heard(), Entries{"text: " + runs(10'000, 2)});
        expect_no_memory_held();
    }
}

TEST_F(SessionRestoring, the_memory_of_a_restored_message_can_be_taken_over) {
    connect_compressed();
    for (const Role role : both_roles) {
        SessionSide& one = side(role);
        for (const unsigned first_byte : {0xC1U, 0x81U}) {  // And that of an assembled one.
            const bool is_compressed = first_byte == 0xC1;
            one.receive(is_compressed ? 0x41 : 0x01, is_compressed ? "\x32" : "x");
            Bytes bytes = frame_to(role, 0x80, is_compressed ? "x" : std::string(49, 'x'));
            std::span<std::byte> input = bytes;
            Event event = one.session.read(input);
            if (is_compressed) event = one.session.read(input);
            ASSERT_EQ(event.kind, Kind::message);
            Buffer taken = one.session.take_payload();
            EXPECT_EQ(taken.bytes().data(), event.payload.data());
            one.receive(0xC1, packed_runs(100, 3));
            EXPECT_EQ(one.heard().back(), "text: " + runs(100, 3));
            EXPECT_EQ(test::text_of(taken.bytes()), std::string(50, 'x'));
            taken.reset();
            expect_no_memory_held();
        }
    }
}

TEST_F(SessionRestoring, after_a_close_of_ours_what_comes_is_not_restored) {
    for (const bool is_streaming : {false, true}) {
        for (const Role role : both_roles) {
            connect_compressed({.reader = {.streaming = is_streaming}});
            SessionSide& one = side(role);
            EXPECT_TRUE(one.close(1000));
            one.receive(frame_to(role, 0xC1, std::string("\0no DEFLATE", 11)) +
                        frame_to(role, 0x89, "x") + frame_to(role, 0x88, "\x03\xE8"));
            EXPECT_EQ(one.heard(), (Entries{"ping: x", "close 1000: "}));
            EXPECT_EQ(count.restored_size + count.slice_size_max, 0U);
            EXPECT_EQ(one.said(), Entries{"close 1000: "});
            expect_no_memory_held();
        }
    }
}

TEST_F(SessionRestoring, a_close_of_ours_ends_what_is_being_restored) {
    for (const bool is_streaming : {false, true}) {
        for (const Role role : both_roles) {
            connect_compressed({.reader = {.streaming = is_streaming}});
            SessionSide& one = side(role);
            Bytes bytes = frame_to(role, 0xC1, packed_runs(3'000, 100)) +
                          frame_to(role, 0x8A, "behind") + frame_to(role, 0x88, "");
            std::span<std::byte> input = bytes;
            if (is_streaming) {
                EXPECT_EQ(one.session.read(input).kind, Kind::begin);
            }
            EXPECT_EQ(one.session.read(input).kind, Kind::restoring);
            EXPECT_EQ(one.session.read(input).kind, is_streaming ? Kind::chunk : Kind::restoring);
            EXPECT_TRUE(one.session.keep_restoring());
            const std::size_t restored_size = count.restored_size;
            EXPECT_TRUE(one.close(1000));
            one.receive(input);
            EXPECT_EQ(one.heard(), (Entries{"pong: behind", "close 1005: "}));
            EXPECT_EQ(count.restored_size, restored_size);
            EXPECT_FALSE(one.session.is_restoring());
            EXPECT_EQ(one.said(), Entries{"close 1000: "});
            expect_no_memory_held();
        }
    }
}

// Where a message follows, the time that restoring takes is not its own.
TEST_F(SessionRestoring, a_message_that_was_restored_does_not_come_on_any_more) {
    for (const bool is_streaming : {false, true}) {
        for (const Role role : both_roles) {
            connect_compressed({.reader = {.streaming = is_streaming},
                                .times = {.idle_ping_ms = 0, .message_timeout_ms = 1'000}});
            SessionSide& one = side(role);
            const Bytes bytes = frame_to(role, 0xC2, packed_runs(30, 3));
            one.receive(std::span(bytes).first(20));
            EXPECT_EQ(one.next_due_ms(), 1'000U);
            pass(900);
            one.receive(Bytes(bytes.begin() + 20, bytes.end()) + std::span(bytes).first(20));
            EXPECT_EQ(one.next_due_ms(), 1'000U);
            one.receive(std::span(bytes).subspan(20));
            EXPECT_EQ(one.next_due_ms(), UINT32_MAX);
        }
    }
}

// Its memory is of no use while the peer is silent, unless it is in the midst of a message.
TEST_F(SessionRestoring, the_codec_of_a_silent_peer_rests) {
    for (const Role role : both_roles) {
        connect_compressed({.times = {.idle_ping_ms = 1'000}});
        SessionSide& one = side(role);
        pass(999);
        EXPECT_EQ(one.at(), Due::nothing);
        EXPECT_EQ(count.rested, 0U);
        pass(1);
        EXPECT_EQ(one.at(), Due::ping);
        EXPECT_EQ(count.rested, 1U);
        one.receive(0x42, "\x03");
        pass(1'000);
        EXPECT_EQ(one.at(), Due::ping);
        EXPECT_EQ(count.rested, 1U);
        one.receive(0x80, "a");
        Bytes bytes = frame_to(role, 0xC1, packed_runs(3'000, 2));
        std::span<std::byte> input = bytes;
        EXPECT_EQ(one.session.read(input).kind, Kind::restoring);
        pass(1'000);
        EXPECT_EQ(one.at(), Due::ping);
        EXPECT_EQ(count.rested, 1U);
        one.receive(Bytes());
        EXPECT_EQ(one.heard(), (Entries{"binary: aaa", "text: " + runs(3'000, 2)}));
    }
}

}  // namespace
}  // namespace edgews
