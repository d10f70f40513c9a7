// A session's messages, pings and masks, from a client to a server and back, without I/O
// (RFC 6455, sections 5.3 to 5.6). Its end is in session_closing_test.cpp, its time in
// session_time_test.cpp, its compression in session_compression_test.cpp.
#include <gtest/gtest.h>

#include "core/websocket/session.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/session_pair.hpp"

namespace edgews {
namespace {

using test::both_roles;
using test::Bytes;
using test::bytes_of;
using test::Entries;
using test::expect_however_cut;
using test::frame_to;
using test::name_of;
using test::other;
using test::Pieces;
using test::SessionSide;
using test::operator+;

class SessionPair : public test::SessionPair {};

struct Row {
    const char* name;
    std::function<void(SessionSide&)> speak;
    Entries whole;        // What the other side hears of it,
    Entries streamed;     // and where messages are streamed.
    Entries answer = {};  // What it says to that.
};

const std::string text_5000 = std::string(4999, 'x') + "\n";
const std::string ping_125(125, 'p');

const std::vector<Row> rows = {
    {"a text",
     [](SessionSide& side) { side.send("Hello"); },
     {"text: Hello"},
     {"begin text", "chunk text: Hello", "end text"}},
    {"binary that is no text",
     [](SessionSide& side) { side.send(Message::binary("\xFF\xC3")); },
     {"binary: \xFF\xC3"},
     {"begin binary", "chunk binary: \xFF\xC3", "end binary"}},
    {"empty messages",
     [](SessionSide& side) {
         side.send("");
         side.send(Message::binary(""));
     },
     {"text: ", "binary: "},
     {"begin text", "end text", "begin binary", "end binary"}},
    {"over 4 KiB",
     [](SessionSide& side) { side.send(text_5000); },
     {"text: " + text_5000},
     {"begin text", "chunk text: " + text_5000, "end text"}},
    // Section 5.4: control frames may come between fragments. Section 5.6: characters may be cut.
    {"fragments with control frames between them",
     [](SessionSide& side) {
         side.send_fragment("a\xC3", Fragment::first);
         side.ping(ping_125);
         side.send_fragment("\xA9", Fragment::middle);
         side.pong("");
         side.send_fragment("", Fragment::middle);
         side.send_fragment("b", Fragment::last);
         side.ping("");
     },
     {"ping: " + ping_125, "pong: ",
      "text: a\xC3\xA9"
      "b",
      "ping: "},
     {"begin text", "chunk text: a\xC3", "ping: " + ping_125, "chunk text: \xA9",
      "pong: ", "chunk text: b", "end text", "ping: "},
     {"8a: " + ping_125, "8a: "}},
    {"fragments of binary, and a message behind",
     [](SessionSide& side) {
         side.send_fragment(Message::binary("\xFF"), Fragment::first);
         side.send_fragment(Message::binary("\xFE"), Fragment::last);
         side.send("next");
     },
     {"binary: \xFF\xFE", "text: next"},
     {"begin binary", "chunk binary: \xFF\xFE", "end binary", "begin text", "chunk text: next",
      "end text"}},
};

TEST_F(SessionPair, what_one_side_sends_the_other_hears_however_it_is_cut) {
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        for (const Role role : both_roles) {
            SessionSide speaker(other(role), {});
            row.speak(speaker);
            const Bytes bytes = speaker.take_output();
            EXPECT_EQ(speaker.pool.lent_size(), 0U);
            expect_however_cut(role, {}, bytes, row.whole, row.answer);
            SCOPED_TRACE("streaming");
            expect_however_cut(role, {.reader = {.streaming = true}}, bytes, row.streamed,
                               row.answer);
        }
    }
}

TEST_F(SessionPair, a_large_message_goes_both_ways) {
    const std::string large(70'000, 'L');
    const Cut cuts[] = {cut,
                        [](std::span<const std::byte> whole) { return test::byte_by_byte(whole); },
                        [](std::span<const std::byte> whole) {
                            std::vector<std::size_t> at{1, 2, 9, 10, 13, 14, 15, 4096, 65'536};
                            std::erase_if(at, [&](std::size_t i) { return i >= whole.size(); });
                            return test::split_at(whole, at);
                        }};
    for (const Cut& each : cuts) {
        cut = each;
        for (const bool is_streaming : {false, true}) {
            connect({.reader = {.streaming = is_streaming}});
            for (const Role role : both_roles) {
                EXPECT_EQ(side(other(role)).send(large), SendResult::sent);
                EXPECT_EQ(side(other(role)).send(Message::binary(large)), SendResult::sent);
                exchange();
                const Entries whole{"text: " + large, "binary: " + large};
                const Entries streamed{"begin text",   "chunk text: " + large,   "end text",
                                       "begin binary", "chunk binary: " + large, "end binary"};
                EXPECT_EQ(side(role).heard(), is_streaming ? streamed : whole);
            }
        }
    }
}

// Its memory stays where it is, and belongs to who took it.
TEST_F(SessionPair, the_memory_of_an_assembled_message_can_be_taken_over) {
    connect();
    for (const Role role : both_roles) {
        SessionSide& one = side(role);
        one.receive(0x01, "of ");
        Bytes input = frame_to(role, 0x80, "pieces");
        std::span<std::byte> rest = input;
        const Event event = one.session.next(rest, one.output());
        ASSERT_EQ(event.kind, Event::Kind::message);
        Buffer taken = one.session.take_payload();
        EXPECT_EQ(taken.bytes().data(), event.payload.data());
        EXPECT_FALSE(one.session.next(rest, one.output()));
        one.receive(0x82, "another");
        EXPECT_EQ(test::text_of(taken.bytes()), "of pieces");
        taken.reset();
        expect_no_memory_held();
    }
}

TEST_F(SessionPair, the_rest_of_a_long_frame_may_be_received_where_it_belongs) {
    connect();
    const std::string large(100'000, 'L');
    for (const Role role : both_roles) {
        SessionSide& one = side(role);
        const Bytes bytes = frame_to(role, 0x81, large);
        std::span<const std::byte> rest = bytes;
        std::size_t direct_size = 0;
        while (!rest.empty()) {
            const std::span<std::byte> space = one.session.direct_space();
            const std::size_t size = std::min(rest.size(), std::max(space.size(), std::size_t{1}));
            if (space.empty()) {
                one.receive(rest.first(size));
            } else {
                std::copy_n(rest.begin(), size, space.begin());
                one.session.direct_received(size);
                one.receive(Bytes());
                direct_size += size;
            }
            rest = rest.subspan(size);
        }
        EXPECT_GT(direct_size, 0U);
        EXPECT_EQ(one.heard(), Entries{"text: " + large});
    }
    expect_no_memory_held();
}

// ---- Pings (sections 5.5.2 and 5.5.3)

TEST_F(SessionPair, a_ping_is_answered_with_its_payload) {
    for (const Role role : both_roles) {
        for (const std::string& payload : {std::string(), std::string("\0\xFF", 2), ping_125}) {
            expect_however_cut(role, {}, frame_to(role, 0x89, payload), {"ping: " + payload},
                               {"8a: " + payload});
        }
        connect();
        EXPECT_EQ(side(role).ping("Hello"), SendResult::sent);
        exchange();
        EXPECT_EQ(side(other(role)).heard(), Entries{"ping: Hello"});
        EXPECT_EQ(side(role).heard(), Entries{"pong: Hello"});
    }
}

TEST_F(SessionPair, a_pong_that_nobody_asked_for_is_not_answered) {
    for (const Role role : both_roles) {
        expect_however_cut(role, {}, frame_to(role, 0x8A, "news"), {"pong: news"}, {});
        connect();
        EXPECT_EQ(side(role).pong("news"), SendResult::sent);
        exchange();
        EXPECT_EQ(side(other(role)).heard(), Entries{"pong: news"});
        EXPECT_EQ(side(role).heard(), Entries{});
    }
}

// Section 5.5.
TEST_F(SessionPair, a_control_frame_carries_at_most_125_bytes) {
    connect();
    for (const Role role : both_roles) {
        EXPECT_EQ(side(role).ping(ping_125 + "p"), SendResult::dropped);
        EXPECT_EQ(side(role).pong(ping_125 + "p"), SendResult::dropped);
        EXPECT_TRUE(side(role).queue.is_empty());
        EXPECT_EQ(side(role).ping(ping_125), SendResult::sent);
        EXPECT_EQ(side(role).pong(ping_125), SendResult::sent);
        EXPECT_EQ(side(role).said(), (Entries{"89: " + ping_125, "8a: " + ping_125}));
    }
}

// Section 5.5.3.
TEST_F(SessionPair, while_pongs_wait_only_the_newest_ping_is_answered) {
    for (const Role role : both_roles) {
        connect();
        SessionSide& one = side(role);
        one.holds = true;
        EXPECT_FALSE(one.session.holds_ping());
        one.receive(frame_to(role, 0x89, "first") + frame_to(role, 0x89, ping_125));
        one.receive(0x89, "newest");
        EXPECT_EQ(one.heard(), (Entries{"ping: first", "ping: " + ping_125, "ping: newest"}));
        EXPECT_EQ(one.said(), Entries{});
        EXPECT_TRUE(one.session.holds_ping());
        one.session.answer_held_ping({.queue = &one.queue, .now_ms = 0});
        EXPECT_FALSE(one.session.holds_ping());
        EXPECT_EQ(one.said(), Entries{"8a: newest"});
        expect_no_memory_held();
    }
}

TEST_F(SessionPair, a_ping_that_waited_is_answered_when_pongs_need_not_wait_any_more) {
    for (const Role role : both_roles) {
        connect();
        SessionSide& one = side(role);
        one.holds = true;
        one.receive(0x89, "");  // Which is a ping, too.
        one.holds = false;
        one.receive(Bytes());
        EXPECT_EQ(one.said(), Entries{"8a: "});
        expect_no_memory_held();
    }
}

TEST_F(SessionPair, a_ping_that_waited_is_not_answered_behind_a_newer_one) {
    for (const Role role : both_roles) {
        connect();
        SessionSide& one = side(role);
        one.holds = true;
        one.receive(0x89, "older");
        one.holds = false;
        one.receive(0x89, "newer");
        EXPECT_EQ(one.said(), Entries{"8a: newer"});
        EXPECT_FALSE(one.session.holds_ping());
        expect_no_memory_held();
    }
}

TEST_F(SessionPair, a_ping_that_waited_is_not_answered_behind_a_close_frame) {
    for (const Role role : both_roles) {
        connect();
        SessionSide& one = side(role);
        one.holds = true;
        one.receive(0x89, "x");
        EXPECT_TRUE(one.close(1000));
        one.holds = false;
        one.receive(Bytes());
        EXPECT_EQ(one.said(), Entries{"close 1000: "});
        expect_no_memory_held();
    }
}

// ---- In steps

TEST_F(SessionPair, read_alone_answers_nothing_and_answer_does_what_next_does) {
    for (const Role role : both_roles) {
        connect();
        SessionSide& one = side(role);
        const auto read = [&](unsigned first_byte, const std::string& payload, auto expect) {
            Bytes bytes = frame_to(role, first_byte, payload);
            std::span<std::byte> input = bytes;
            const Event event = one.session.read(input);
            EXPECT_TRUE(one.queue.is_empty());
            one.session.answer(event, one.output());
            expect(event.kind);
        };
        read(0x81, "x", [&](Event::Kind kind) {
            EXPECT_EQ(kind, Event::Kind::message);
            EXPECT_EQ(one.said(), Entries{});
        });
        read(0x89, "y", [&](Event::Kind kind) {
            EXPECT_EQ(kind, Event::Kind::ping);
            EXPECT_EQ(one.said(), Entries{"8a: y"});
        });
        read(0x8A, "z", [&](Event::Kind kind) {
            EXPECT_EQ(kind, Event::Kind::pong);
            EXPECT_EQ(one.said(), Entries{});
            EXPECT_FALSE(one.session.has_ended());
        });
        read(0x88, "\x03\xE8", [&](Event::Kind kind) {
            EXPECT_EQ(kind, Event::Kind::close);
            EXPECT_EQ(one.said(), Entries{"close 1000: "});
            EXPECT_TRUE(one.session.has_ended());
        });
    }
}

// ---- What is sent

// Section 5.6.
TEST_F(SessionPair, a_text_that_is_no_utf_8_is_not_sent) {
    connect();
    for (const Role role : both_roles) {
        SessionSide& one = side(role);
        for (const char* const bad : {"\xFF", "a\xC3", "\xED\xA0\x80"}) {
            EXPECT_EQ(one.send(bad), SendResult::invalid);
        }
        EXPECT_TRUE(one.queue.is_empty());
        EXPECT_EQ(one.send("\xC3\xA9"), SendResult::sent);
        EXPECT_EQ(one.send(Message::binary("\xFF")), SendResult::sent);
        // It was checked already: nobody looks again.
        EXPECT_EQ(one.send(Message::checked(Message::Kind::text, bytes_of("\xFF"))),
                  SendResult::sent);
        EXPECT_EQ(one.said(), (Entries{"81: \xC3\xA9", "82: \xFF", "81: \xFF"}));
    }
}

// Section 5.4.
TEST_F(SessionPair, fragments_are_sent_in_order_and_nothing_but_control_frames_between_them) {
    connect();
    for (const Role role : both_roles) {
        SessionSide& one = side(role);
        EXPECT_EQ(one.send_fragment("x", Fragment::middle), SendResult::dropped);
        EXPECT_EQ(one.send_fragment("x", Fragment::last), SendResult::dropped);
        EXPECT_FALSE(one.session.is_sending_fragments());
        EXPECT_EQ(one.send_fragment("a", Fragment::first), SendResult::sent);
        EXPECT_TRUE(one.session.is_sending_fragments());
        EXPECT_EQ(one.send_fragment("x", Fragment::first), SendResult::dropped);
        EXPECT_EQ(one.send("x"), SendResult::dropped);
        EXPECT_EQ(one.send("\xFF"), SendResult::invalid);
        EXPECT_TRUE(one.session.may_send());
        EXPECT_EQ(one.ping("p"), SendResult::sent);
        EXPECT_EQ(one.send_fragment("\xFF", Fragment::middle), SendResult::sent);
        EXPECT_TRUE(one.session.is_sending_fragments());
        EXPECT_EQ(one.send_fragment("c", Fragment::last), SendResult::sent);
        EXPECT_EQ(one.send_fragment("x", Fragment::middle), SendResult::dropped);
        EXPECT_EQ(one.send("d"), SendResult::sent);
        EXPECT_EQ(one.send_fragment(Message::binary("e"), Fragment::first), SendResult::sent);
        const Entries expected{"01: a", "89: p", "00: \xFF", "80: c", "81: d", "02: e"};
        EXPECT_EQ(one.said(), expected);
    }
}

// Section 5.1 and 5.3: said() takes no frame whose mask bit is another.
TEST_F(SessionPair, a_client_masks_each_frame_with_another_key_and_a_server_none) {
    connect();
    for (const Role role : both_roles) {
        SessionSide& one = side(role);
        EXPECT_EQ(one.session.is_client(), role == Role::client);
        Entries expected;
        for (int i = 0; i < 25; ++i) {
            one.send("text");
            one.send_fragment(Message::binary(text_5000), Fragment::first);
            one.ping("ping");
            one.send_fragment("", Fragment::last);
            for (const char* const what : {"81: text", "02: ", "89: ping", "80: "}) {
                expected.emplace_back(what);
            }
            expected[expected.size() - 3] += text_5000;
        }
        one.close(1000, "bye");
        expected.emplace_back("close 1000: bye");
        EXPECT_EQ(one.said(), expected);
        const std::set<std::uint32_t> keys(one.mask_keys().begin(), one.mask_keys().end());
        EXPECT_EQ(keys.size(), role == Role::client ? expected.size() : 0U);
    }
}

}  // namespace
}  // namespace edgews
