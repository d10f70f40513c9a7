// What a MessageReader keeps, for how long, and how bytes are received straight
// into it.
#include "tests/support/allocations.hpp"
#include "tests/support/frames.hpp"
#include "tests/support/transcript.hpp"

#include <gtest/gtest.h>

#include "core/websocket/message_reader.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <string>

namespace edgews {
namespace {

using test::Bytes;
using test::bytes_of;
using test::client_frame;
using test::ExactBlock;
using test::from_hex;
using test::operator+;
using test::text_of;
using test::Transcript;

constexpr std::size_t kib = 1024;

class MessageReaderMemory : public ::testing::Test {
  protected:
    // The event of one piece of input; it must be the only one that is asked for.
    Event next(std::span<const std::byte> bytes) {
        block_ = std::make_unique<ExactBlock>(bytes);
        input_ = block_->bytes();
        return reader_.next(input_);
    }
    Event next() { return reader_.next(input_); }

    BufferPool pool_{0};  // Keeps nothing: a sanitizer sees late uses.
    ReaderSetup setup_{.message_size_max = SIZE_MAX, .pool = &pool_};
    MessageReader reader_{setup_};
    std::unique_ptr<ExactBlock> block_ = std::make_unique<ExactBlock>(Bytes{});
    std::span<std::byte> input_;
};

bool lies_in(std::span<const std::byte> part, std::span<const std::byte> whole) {
    return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

TEST_F(MessageReaderMemory, a_message_that_lies_in_the_input_is_shown_there) {
    const Bytes inputs[] = {
        client_frame(0x82, "short"),
        client_frame(0x81, std::string(200, 'x')),
        client_frame(0x81, std::string(70000, 'x')),
        client_frame(0x01, "") + client_frame(0x80, "last"),
        client_frame(0x89, "ping"),
    };
    for (const Bytes& input : inputs) {
        const Event event = next(input);
        EXPECT_TRUE(event);
        EXPECT_TRUE(lies_in(event.payload, block_->bytes()));
        EXPECT_TRUE(input_.empty());
        EXPECT_EQ(pool_.lent_size(), 0U);
        EXPECT_TRUE(reader_.is_idle());
    }
}

TEST_F(MessageReaderMemory, so_is_one_whose_header_came_before) {
    const Bytes bytes = client_frame(0x81, "Hello");
    for (std::size_t cut = 1; cut <= 6; ++cut) {
        EXPECT_FALSE(next(std::span(bytes).first(cut)));
        const Event event = next(std::span(bytes).subspan(cut));
        EXPECT_EQ(text_of(event.payload), "Hello");
        EXPECT_TRUE(lies_in(event.payload, block_->bytes()));
        EXPECT_EQ(pool_.lent_size(), 0U);
    }
}

TEST_F(MessageReaderMemory, an_assembled_message_is_valid_until_the_next_call_which_gives_it_back) {
    EXPECT_FALSE(next(client_frame(0x01, "Hel")));
    EXPECT_GT(pool_.lent_size(), 0U);
    const Event message = next(client_frame(0x80, "lo") + client_frame(0x89, "next"));
    EXPECT_EQ(text_of(message.payload), "Hello");
    EXPECT_GT(pool_.lent_size(), 0U);
    EXPECT_TRUE(reader_.is_idle());
    EXPECT_EQ(next().kind, Event::Kind::ping);
    EXPECT_EQ(pool_.lent_size(), 0U);
}

TEST_F(MessageReaderMemory, an_assembled_message_can_be_taken_over) {
    EXPECT_FALSE(next(client_frame(0x01, "Hel")));
    const Event message = next(client_frame(0x80, "lo") + client_frame(0x81, "more"));
    const Buffer taken = reader_.take_payload();
    EXPECT_EQ(taken.bytes().data(), message.payload.data());
    EXPECT_EQ(text_of(next().payload), "more");
    EXPECT_EQ(text_of(taken.bytes()), "Hello");
    EXPECT_TRUE(reader_.is_idle());
}

TEST_F(MessageReaderMemory, a_control_frame_in_pieces_does_not_disturb_the_message_around_it) {
    EXPECT_FALSE(next(client_frame(0x01, "Hel")));
    const std::size_t message_size = pool_.lent_size();
    const Bytes ping = client_frame(0x89, "ping");
    EXPECT_FALSE(next(std::span(ping).first(8)));
    EXPECT_GT(pool_.lent_size(), message_size);
    const Event event = next(std::span(ping).subspan(8));
    EXPECT_EQ(text_of(event.payload), "ping");
    EXPECT_FALSE(next());
    EXPECT_EQ(pool_.lent_size(), message_size);
    EXPECT_EQ(text_of(next(client_frame(0x80, "lo")).payload), "Hello");
    EXPECT_FALSE(next());
    EXPECT_EQ(pool_.lent_size(), 0U);
}

TEST_F(MessageReaderMemory, a_close_or_a_fault_keeps_nothing) {
    const Bytes close = client_frame(0x88,
                                     "\x03\xe8"
                                     "bye");
    EXPECT_FALSE(next(client_frame(0x02, "rest")));
    EXPECT_FALSE(next(std::span(close).first(9)));
    const Event event = next(std::span(close).subspan(9));
    EXPECT_EQ(event.kind, Event::Kind::close);
    EXPECT_EQ(text_of(event.payload), "bye");
    EXPECT_FALSE(reader_.is_inside_message());
    EXPECT_TRUE(reader_.is_idle());
    EXPECT_FALSE(next(client_frame(0x83, "discarded")));
    EXPECT_TRUE(input_.empty());
    EXPECT_EQ(pool_.lent_size(), 0U);

    MessageReader other(setup_);
    for (const Bytes& bytes : {client_frame(0x02, "rest"), client_frame(0x83, "")}) {
        block_ = std::make_unique<ExactBlock>(bytes);
        input_ = block_->bytes();
        (void)other.next(input_);
    }
    EXPECT_EQ(pool_.lent_size(), 0U);
    EXPECT_TRUE(other.is_idle());
    EXPECT_FALSE(other.is_inside_message());
}

// The header's second byte says that it is not masked, or its fourth that it was not minimal.
TEST_F(MessageReaderMemory, a_fault_in_a_header_that_came_in_pieces_keeps_nothing_of_it) {
    for (const char* const hex : {"81 05", "81 fe 00 05"}) {
        test::for_each_split(from_hex(hex), [&](const test::Pieces& pieces) {
            MessageReader reader(setup_);
            Transcript transcript;
            for (const ExactBlock& piece : pieces) transcript.read(reader, piece.bytes());
            EXPECT_EQ(transcript.entries().size(), 1U);
            EXPECT_TRUE(reader.is_idle());
            EXPECT_FALSE(reader.is_inside_message());
        });
    }
}

TEST_F(MessageReaderMemory, it_knows_how_much_was_claimed_and_how_much_of_it_arrived) {
    const auto expect_sizes = [&](std::uint64_t claimed, std::uint64_t arrived) {
        EXPECT_EQ(reader_.message_size(), claimed);
        EXPECT_EQ(reader_.arrived_size(), arrived);
    };
    expect_sizes(0, 0);
    const Bytes first = client_frame(0x01, "Hello");
    EXPECT_FALSE(next(std::span(first).first(8)));
    expect_sizes(5, 2);
    EXPECT_FALSE(next(std::span(first).subspan(8)));
    expect_sizes(5, 5);
    EXPECT_EQ(next(client_frame(0x89, "ping")).kind, Event::Kind::ping);
    expect_sizes(5, 5);
    const Bytes second = client_frame(0x80, " world");
    EXPECT_FALSE(next(std::span(second).first(7)));
    expect_sizes(11, 6);
    EXPECT_EQ(text_of(next(std::span(second).subspan(7)).payload), "Hello world");
    expect_sizes(0, 0);
}

struct Asked {
    const char* name;
    Bytes bytes;
    bool is_idle;
    bool is_inside_message;
};

TEST_F(MessageReaderMemory, it_knows_what_is_unfinished) {
    const Bytes text = client_frame(0x81, "Hello");
    const Bytes ping = client_frame(0x89, "ping");
    const Asked rows[] = {
        {"nothing", {}, true, false},
        {"a message", text, true, false},
        {"its first byte", Bytes(text.begin(), text.begin() + 1), false, true},
        {"its header", Bytes(text.begin(), text.begin() + 6), false, true},
        {"all but a byte", Bytes(text.begin(), text.end() - 1), false, true},
        {"a first fragment", client_frame(0x01, "a"), false, true},
        {"an empty first fragment", client_frame(0x01, ""), false, true},
        {"fragment and ping", client_frame(0x01, "a") + ping, false, true},
        {"fragment and part of a ping", client_frame(0x01, "a") + Bytes{std::byte{0x89}}, false,
         true},
        {"all fragments", client_frame(0x01, "a") + client_frame(0x80, ""), true, false},
        {"a ping", ping, true, false},
        {"a ping's first byte", Bytes(ping.begin(), ping.begin() + 1), false, false},
        {"a ping's header", Bytes(ping.begin(), ping.begin() + 6), false, false},
        {"all but a byte of a ping", Bytes(ping.begin(), ping.end() - 1), false, false},
    };
    for (const bool streaming : {false, true}) {
        for (const Asked& row : rows) {
            SCOPED_TRACE(row.name);
            const ReaderSetup setup{.streaming = streaming, .pool = &pool_};
            MessageReader reader(setup);
            Transcript ignored;
            const ExactBlock block(row.bytes);
            ignored.read(reader, block.bytes());
            EXPECT_EQ(reader.is_idle(), row.is_idle);
            EXPECT_EQ(reader.is_inside_message(), row.is_inside_message);
        }
    }
}

TEST_F(MessageReaderMemory, streaming_shows_the_input_and_keeps_nothing) {
    setup_.streaming = true;
    EXPECT_EQ(next(from_hex("82 ff 0000010000000000 00000000")).kind, Event::Kind::begin);
    for (int i = 0; i < 100; ++i) {
        const Event chunk = next(Bytes(64 * kib));
        EXPECT_EQ(chunk.kind, Event::Kind::chunk);
        EXPECT_EQ(chunk.payload.data(), block_->bytes().data());
        EXPECT_EQ(chunk.payload.size(), 64 * kib);
        EXPECT_EQ(pool_.lent_size(), 0U);
        EXPECT_TRUE(reader_.is_inside_message());
        EXPECT_TRUE(reader_.direct_space().empty());
    }
}

// A terabyte is claimed. Some of it comes through the input, some directly.
TEST_F(MessageReaderMemory, memory_follows_what_arrived_and_not_what_was_claimed) {
    for (const std::size_t piece_size : {1 * kib, 16 * kib, 50 * kib, 64 * kib - 14, 64 * kib}) {
        for (const bool direct : {false, true}) {
            MessageReader reader(setup_);
            Bytes header = from_hex("82 ff 0000010000000000 00000000");
            std::span<std::byte> input = header;
            EXPECT_FALSE(reader.next(input));
            EXPECT_EQ(pool_.lent_size(), 0U);
            std::size_t arrived = 0;
            while (arrived < 5000 * kib) {
                const std::span<std::byte> space =
                    direct ? reader.direct_space() : std::span<std::byte>();
                EXPECT_LE(pool_.lent_size(), 9 * arrived / 4 + 320);
                Bytes piece(space.empty() ? piece_size : 0);
                input = piece;
                if (space.empty()) {
                    arrived += piece_size;
                } else {
                    const std::size_t count = std::min(space.size(), piece_size);
                    std::memset(space.data(), 0, count);
                    reader.direct_received(count);
                    arrived += count;
                }
                EXPECT_FALSE(reader.next(input));
                EXPECT_LE(pool_.lent_size(), 9 * arrived / 4 + 320) << arrived;
            }
        }
        EXPECT_EQ(pool_.lent_size(), 0U);
    }
}

// The bytes that a long frame claims are hoped for: a block that is there anyhow saves copies.
TEST(MessageReaderMemoryKept, a_long_message_moves_into_a_block_that_is_kept_for_it) {
    BufferPool pool;
    pool.take(1024 * kib).reset();
    const ReaderSetup setup{.pool = &pool};
    MessageReader reader(setup);
    Bytes begin = client_frame(0x82, std::string(1024 * kib, 'x'));
    begin.resize(100 * kib);
    std::span<std::byte> input = begin;
    EXPECT_FALSE(reader.next(input));
    EXPECT_EQ(pool.kept_size(), 0U);
    EXPECT_EQ(reader.direct_space().size(), 924 * kib + 14);
}

TEST_F(MessageReaderMemory, direct_space_is_for_a_long_rest_of_a_frame_only) {
    EXPECT_TRUE(reader_.direct_space().empty());
    const Bytes bytes = client_frame(0x82, std::string(100 * kib, 'x'));
    EXPECT_FALSE(next(std::span(bytes).first(5)));
    EXPECT_TRUE(reader_.direct_space().empty()) << "inside the header";
    EXPECT_FALSE(next(std::span(bytes).subspan(5, 9)));
    EXPECT_TRUE(reader_.direct_space().empty()) << "nothing has arrived";
    EXPECT_FALSE(next(std::span(bytes).subspan(14, 16 * kib - 1)));
    EXPECT_TRUE(reader_.direct_space().empty()) << "little has arrived";
    EXPECT_FALSE(next(std::span(bytes).subspan(14 + 16 * kib - 1, 1)));
    EXPECT_GE(reader_.direct_space().size(), 16 * kib);
    EXPECT_FALSE(next(std::span(bytes).subspan(14 + 16 * kib, 68 * kib)));
    const std::span<std::byte> space = reader_.direct_space();
    EXPECT_EQ(space.size(), 16 * kib) << "never more than the rest of the frame";
    space[0] = bytes[14 + 84 * kib];
    reader_.direct_received(1);
    EXPECT_TRUE(reader_.direct_space().empty()) << "less than 16 KiB are to come";
    const Event event = next(std::span(bytes).subspan(14 + 84 * kib + 1));
    EXPECT_EQ(text_of(event.payload), std::string(100 * kib, 'x'));
    EXPECT_TRUE(reader_.direct_space().empty()) << "between messages";
}

// Random sizes of pieces, by both ways, in two fragments, with each phase of the mask.
TEST_F(MessageReaderMemory, what_is_received_directly_makes_the_same_message) {
    std::mt19937 random(1);
    std::string text;
    while (text.size() < 700 * kib)
        text +=
            "stra\xc3\x9f"
            "e \xe2\x82\xac \xf0\x9f\x98\x80 ";
    for (const Role role : {Role::server, Role::client}) {
        setup_.role = role;
        const bool masked = role == Role::server;
        const std::string first = text.substr(0, 300 * kib + 1);
        const std::string second = text.substr(first.size());
        const Bytes bytes = test::frame(0x01, bytes_of(first), masked) +
                            test::frame(0x80, bytes_of(second), masked);
        for (int round = 0; round < 20; ++round) {
            MessageReader reader(setup_);
            std::span<const std::byte> rest = bytes;
            std::size_t direct_count = 0;
            Event event;
            while (!event && !rest.empty()) {
                std::span<std::byte> space = reader.direct_space();
                const bool is_direct = !space.empty() && random() % 4 != 0;
                const std::size_t size_max = is_direct ? space.size() : 60 * kib;
                const std::size_t size = std::min(rest.size(), 1 + random() % size_max);
                const ExactBlock block(rest.first(is_direct ? 0 : size));
                std::span<std::byte> input = block.bytes();
                if (is_direct) {
                    std::memcpy(space.data(), rest.data(), size);
                    reader.direct_received(size);
                    ++direct_count;
                }
                rest = rest.subspan(size);
                event = reader.next(input);
                if (event) {
                    EXPECT_TRUE(text_of(event.payload) == text);
                }
            }
            EXPECT_EQ(event.kind, Event::Kind::message);
            EXPECT_TRUE(rest.empty());
            EXPECT_GT(direct_count, 0U);
        }
    }
}

TEST_F(MessageReaderMemory, bad_text_that_is_received_directly_is_a_fault) {
    const Bytes bytes = client_frame(0x81, std::string(100 * kib, 'x'));
    EXPECT_FALSE(next(std::span(bytes).first(40 * kib)));
    const std::span<std::byte> space = reader_.direct_space();
    ASSERT_FALSE(space.empty());
    std::memset(space.data(), 0xff, 1 * kib);
    reader_.direct_received(1 * kib);
    EXPECT_TRUE(reader_.direct_space().empty());
    EXPECT_EQ(next().fault, Fault::invalid_utf8);
    EXPECT_FALSE(next(client_frame(0x81, "late")));
    EXPECT_EQ(pool_.lent_size(), 0U);
}

TEST(MessageReaderAllocations, steady_traffic_takes_nothing_from_the_heap) {
    const Bytes bytes = client_frame(0x82, std::string(125, 'b')) + client_frame(0x01, "Hel") +
                        client_frame(0x89, "ping") + client_frame(0x80, "lo") +
                        client_frame(0x81, std::string(40 * kib, 't')) +
                        client_frame(0x82, std::string(300, 'b'));
    BufferPool pool;
    const ReaderSetup setup{.pool = &pool};
    MessageReader reader(setup);
    Bytes copy(bytes.size());
    std::size_t count_before = 0;
    std::size_t event_count = 0;
    constexpr int warm_up = 1;
    for (int round = 0; round < 4; ++round) {
        if (round == warm_up) count_before = test::allocation_count();
        for (const std::size_t piece_size : {bytes.size(), 4 * kib, 100 * 1UL, 7 * 1UL}) {
            std::memcpy(copy.data(), bytes.data(), bytes.size());
            for (std::size_t at = 0; at < copy.size(); at += piece_size) {
                std::span<std::byte> input =
                    std::span(copy).subspan(at, std::min(piece_size, copy.size() - at));
                while (reader.next(input)) ++event_count;
            }
        }
    }
    EXPECT_EQ(event_count, 4U * 4 * 5);
    EXPECT_EQ(test::allocation_count(), count_before);
    EXPECT_GT(count_before, 0U);
    EXPECT_EQ(pool.lent_size(), 0U) << "an idle reader borrows nothing";
}

}  // namespace
}  // namespace edgews
