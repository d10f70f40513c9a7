// Text of all code points, and all that is none, through the reader: in messages, cut into frames
// and pieces, and in close frames (RFC 6455, sections 5.6, 5.5.1 and 8.1).
#include "tests/support/code_points.hpp"
#include "tests/support/frames.hpp"

#include <gtest/gtest.h>

#include "core/websocket/message_reader.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace edgews {
namespace {

using test::Bytes;
using test::operator+;

using View = std::span<const std::byte>;

constexpr std::size_t many = 8 << 20;

ReaderSetup setup_for(Role role, BufferPool& pool) {
    return {.role = role,
            .message_size_max = many,
            .fragment_count_max = static_cast<std::uint32_t>(many),
            .pool = &pool};
}

void expect_text(const Event& event, const Bytes& text) {
    ASSERT_EQ(event.kind, Event::Kind::message) << describe(event.fault);
    ASSERT_EQ(event.payload.size(), text.size());
    EXPECT_EQ(std::memcmp(event.payload.data(), text.data(), text.size()), 0);
}

TEST(MessageText, all_characters_are_a_text) {
    const Bytes text = test::all_characters();
    for (const Role role : {Role::server, Role::client}) {
        BufferPool pool;
        const ReaderSetup setup = setup_for(role, pool);
        MessageReader reader(setup);
        Bytes frame = test::frame(0x81, text, role == Role::server);
        std::span<std::byte> input = frame;
        expect_text(reader.next(input), text);
    }
}

// Five is no multiple of a character's size, so pieces begin at each of its bytes.
TEST(MessageText, all_characters_are_a_text_in_pieces) {
    const Bytes text = test::all_characters();
    BufferPool pool;
    const ReaderSetup setup = setup_for(Role::server, pool);
    MessageReader reader(setup);
    Bytes frame = test::frame(0x81, text, true);
    Event event;
    for (std::size_t begin = 0; begin < frame.size() && !event; begin += 5) {
        std::span<std::byte> piece(frame.data() + begin,
                                   std::min<std::size_t>(5, frame.size() - begin));
        event = reader.next(piece);
    }
    expect_text(event, text);
}

// Frames of four bytes: those characters that have so many are all cut at the same place, and the
// others at each.
TEST(MessageText, all_characters_are_a_text_in_fragments_cut_at_each_place) {
    const Bytes text = test::all_characters();
    for (std::size_t first_size = 1; first_size < 4; ++first_size) {
        Bytes frames((text.size() / 4 + 2) * 6);
        std::byte* end = frames.data();
        for (std::size_t begin = 0, size = first_size; begin < text.size();) {
            *end++ = std::byte{begin == 0 ? std::uint8_t{0x01} : std::uint8_t{0x00}};
            *end++ = static_cast<std::byte>(size);
            std::memcpy(end, text.data() + begin, size);
            end += size;
            begin += size;
            size = std::min<std::size_t>(4, text.size() - begin);
        }
        *end++ = std::byte{0x80};
        *end++ = std::byte{0};
        BufferPool pool;
        const ReaderSetup setup = setup_for(Role::client, pool);
        MessageReader reader(setup);
        std::span<std::byte> input =
            std::span(frames).first(static_cast<std::size_t>(end - frames.data()));
        expect_text(reader.next(input), text);
    }
}

// ---- What is no text ---------------------------------------------------------------

// A frame that comes to a reader of its own, in one piece or in two.
class Attempt {
  public:
    Attempt(Role role, unsigned first_byte, View payload)
        : setup_{.role = role, .pool = &pool()}, reader_(setup_) {
        const Bytes frame = test::frame(first_byte, payload, role == Role::server);
        std::copy(frame.begin(), frame.end(), frame_.begin());
        header_size_ = frame.size() - payload.size();
        size_ = frame.size();
    }

    // Its header and so many bytes of its payload come.
    Event begin(std::size_t payload_size) { return say(header_size_ + payload_size); }
    // The rest comes.
    Event end() { return say(size_); }

  private:
    static BufferPool& pool() {
        static BufferPool all;
        return all;
    }
    Event say(std::size_t end) {
        std::span<std::byte> input(frame_.data() + said_, end - said_);
        said_ = end;
        return reader_.next(input);
    }

    ReaderSetup setup_;
    MessageReader reader_;
    std::array<std::byte, 160> frame_;
    std::size_t header_size_ = 0;
    std::size_t size_ = 0;
    std::size_t said_ = 0;
};

std::string name_of(Role role, View bytes, std::size_t cut) {
    return std::string(role == Role::server ? "server: " : "client: ") + test::to_hex(bytes) +
           ", cut at " + std::to_string(cut);
}

// The first piece is refused if it has the bad byte, the second one if that has, or ends too early.
void expect_answers(Role role, View text) {
    const test::TextAnswer answer = test::answer_to_text(text);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        Attempt attempt(role, 0x81, text);
        const Event first = attempt.begin(cut);
        // The other piece may be all, or nothing.
        const bool is_first_all = cut == text.size() || first;
        const Event last = is_first_all ? first : attempt.end();
        const bool is_first_bad = answer.good_size < cut;
        const bool is_right =
            (cut == text.size() || static_cast<bool>(first) == is_first_bad) &&
            last.fault == (answer.is_whole ? Fault::none : Fault::invalid_utf8) &&
            last.kind == (answer.is_whole ? Event::Kind::message : Event::Kind::fault);
        if (!is_right) FAIL() << name_of(role, text, cut) << ": " << describe(last.fault);
    }
}

TEST(MessageText, all_two_bytes_are_a_text_or_a_fault_at_the_byte_that_is_wrong) {
    for (const Role role : {Role::server, Role::client}) {
        test::for_each_two_bytes([&](View bytes) {
            expect_answers(role, bytes);
            return !HasFatalFailure();
        });
    }
}

// All that is a character but for its last bytes.
std::vector<Bytes> beginnings_of_characters() {
    std::vector<Bytes> found;
    std::vector<Bytes> shorter{{}};
    for (std::size_t size = 1; size < 4; ++size) {
        std::vector<Bytes> longer;
        for (Bytes bytes : shorter) {
            bytes.push_back({});
            for (unsigned value = 0; value < 256; ++value) {
                bytes.back() = static_cast<std::byte>(value);
                if (test::answer_to(bytes.data(), size) == test::Answer::begun) {
                    longer.push_back(bytes);
                }
            }
        }
        found.insert(found.end(), longer.begin(), longer.end());
        shorter = std::move(longer);
    }
    return found;
}

TEST(MessageText, no_message_ends_inside_a_character) {
    const std::vector<Bytes> beginnings = beginnings_of_characters();
    // Leads of two, three and four bytes; two of three bytes; two and three of four.
    ASSERT_EQ(beginnings.size(), 30U + 16 + 5 + 15 * 64 + 256 + 256 * 64);
    for (const Bytes& bytes : beginnings) {
        Attempt attempt(Role::server, 0x81, bytes);
        ASSERT_EQ(attempt.begin(bytes.size()).fault, Fault::invalid_utf8) << test::to_hex(bytes);
        // It may go on in the next frame, which is empty.
        Bytes frames = test::server_frame(0x01, bytes) + test::server_frame(0x80, "");
        BufferPool pool;
        const ReaderSetup setup = setup_for(Role::client, pool);
        MessageReader reader(setup);
        std::span<std::byte> input = frames;
        ASSERT_EQ(reader.next(input).fault, Fault::invalid_utf8) << test::to_hex(bytes);
    }
}

// ---- Close frames ----------------------------------------------------------------

Bytes close_payload(View reason) {
    return Bytes{std::byte{0x03}, std::byte{0xE8}} + reason;
}

// At once, and in two pieces.
void expect_closes(View reason, bool is_text, Role role) {
    const Bytes payload = close_payload(reason);
    for (const std::size_t cut : {payload.size(), payload.size() / 2}) {
        Attempt attempt(role, 0x88, payload);
        Event event = attempt.begin(cut);
        const bool is_early = cut < payload.size() && event;
        if (cut < payload.size()) event = attempt.end();
        const bool is_same = event.payload.size() == reason.size() &&
                             std::memcmp(event.payload.data(), reason.data(), reason.size()) == 0;
        const bool is_right = !is_early &&
                              event.fault == (is_text ? Fault::none : Fault::invalid_utf8) &&
                              (event.kind == Event::Kind::close) == is_text &&
                              (!is_text || (event.close_code == 1000 && is_same));
        if (!is_right) FAIL() << name_of(role, reason, cut) << ": " << describe(event.fault);
    }
}

// As many at a time as a close frame has room for.
TEST(CloseReason, all_characters_may_be_in_one) {
    const Bytes text = test::all_characters();
    std::size_t begin = 0;
    while (begin < text.size()) {
        std::size_t end = std::min(begin + 123, text.size());
        while (end < text.size() && (text[end] & std::byte{0xC0}) == std::byte{0x80}) --end;
        const View reason = std::span(text).subspan(begin, end - begin);
        ASSERT_NO_FATAL_FAILURE(expect_closes(reason, true, Role::server));
        begin = end;
    }
}

TEST(CloseReason, all_two_bytes_are_one_or_a_fault) {
    for (const Role role : {Role::server, Role::client}) {
        test::for_each_two_bytes([&](View bytes) {
            expect_closes(bytes, test::answer_to_text(bytes).is_whole, role);
            return !HasFatalFailure();
        });
    }
}

TEST(CloseReason, none_ends_inside_a_character) {
    for (const Bytes& bytes : beginnings_of_characters()) {
        ASSERT_NO_FATAL_FAILURE(expect_closes(bytes, false, Role::server));
    }
}

}  // namespace
}  // namespace edgews
