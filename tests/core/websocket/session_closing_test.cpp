// How a session ends: the closing handshake, begun by either side or by both (RFC 6455, sections
// 5.5.1, 7.1 and 7.4), and faults (section 7.1.7).
#include <gtest/gtest.h>

#include "core/websocket/session.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tests/support/session_pair.hpp"

namespace edgews {
namespace {

using test::both_roles;
using test::Bytes;
using test::Entries;
using test::expect_however_cut;
using test::frame_to;
using test::heard_of;
using test::name_of;
using test::other;
using test::said_of;
using test::SessionSide;
using test::operator+;

class SessionClosing : public test::SessionPair {
  protected:
    // Nothing may follow a close frame.
    static void expect_nothing_can_be_sent(SessionSide& one) {
        EXPECT_FALSE(one.session.may_send());
        EXPECT_EQ(one.send("x"), SendResult::closed);
        EXPECT_EQ(one.send("\xFF"), SendResult::closed);
        EXPECT_EQ(one.send_fragment("x", Fragment::first), SendResult::closed);
        EXPECT_EQ(one.send_fragment("x", Fragment::middle), SendResult::closed);
        EXPECT_EQ(one.ping(""), SendResult::closed);
        EXPECT_EQ(one.ping(std::string(126, 'p')), SendResult::closed);
        EXPECT_EQ(one.pong(""), SendResult::closed);
        EXPECT_FALSE(one.close(1000));
        EXPECT_TRUE(one.queue.is_empty());
    }
};

std::string code_bytes(unsigned code) {
    return {static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
}

// ---- The closing handshake

struct Close {
    std::uint16_t code;
    std::string reason;
};

const std::vector<Close> good_closes = {
    {1000, ""}, {1000, "bye"}, {1001, "\xC3\xA9"}, {1003, ""},
    {1007, ""}, {1014, ""},    {3000, ""},         {4999, std::string(123, 'r')},
    {1005, ""},  // A frame without a code.
};

TEST_F(SessionClosing, the_answer_to_a_close_repeats_its_code) {
    for (const Close& close : good_closes) {
        SCOPED_TRACE(close.code);
        for (const Role role : both_roles) {
            SCOPED_TRACE(name_of(role));
            connect();
            SessionSide& first = side(role);
            SessionSide& second = side(other(role));
            EXPECT_EQ(first.session.closing().code(), 1006);
            EXPECT_TRUE(first.close(close.code, close.reason));
            EXPECT_FALSE(first.session.has_ended());
            exchange();
            const std::string prefix = "close " + std::to_string(close.code) + ": ";
            EXPECT_EQ(second.heard(), Entries{prefix + close.reason});
            EXPECT_EQ(first.heard(), Entries{prefix});
            for (SessionSide* const one : {&first, &second}) {
                EXPECT_TRUE(one->session.has_ended());
                EXPECT_EQ(one->session.closing().code(), close.code);
                expect_nothing_can_be_sent(*one);
            }
        }
    }
}

TEST_F(SessionClosing, a_close_is_answered_once_and_nothing_counts_behind_it) {
    for (const Role role : both_roles) {
        const Bytes late = frame_to(role, 0x81, "late") + frame_to(role, 0x89, "late") +
                           frame_to(role, 0x88, code_bytes(1001)) + frame_to(role, 0xFF, "fault");
        expect_however_cut(role, {}, frame_to(role, 0x88, code_bytes(1000) + "bye") + late,
                           {"close 1000: bye"}, {"close 1000: "});
        expect_however_cut(role, {}, frame_to(role, 0x88, "") + late, {"close 1005: "},
                           {"close without a code"});
        // In the midst of a message, which is never told.
        expect_however_cut(role, {},
                           frame_to(role, 0x01, "a") + frame_to(role, 0x88, code_bytes(4000)),
                           {"close 4000: "}, {"close 4000: "});
    }
}

TEST_F(SessionClosing, closes_that_cross_are_not_answered) {
    connect();
    EXPECT_TRUE(server().close(1000, "server"));
    EXPECT_TRUE(client().close(1001, "client"));
    // Neither has heard of the other's.
    const Bytes of_server = server().take_output();
    const Bytes of_client = client().take_output();
    server().receive(of_client);
    client().receive(of_server);
    EXPECT_EQ(server().heard(), Entries{"close 1001: client"});
    EXPECT_EQ(client().heard(), Entries{"close 1000: server"});
    EXPECT_EQ(server().session.closing().code(), 1001);
    EXPECT_EQ(client().session.closing().code(), 1000);
    for (const Role role : both_roles) {
        EXPECT_TRUE(side(role).session.has_ended());
        expect_nothing_can_be_sent(side(role));
    }
    expect_no_memory_held();
}

TEST_F(SessionClosing, messages_that_were_on_their_way_when_we_closed_are_not_told) {
    for (const Role role : both_roles) {
        const Bytes input = frame_to(role, 0x81, "late") + frame_to(role, 0x02, "late") +
                            frame_to(role, 0x89, "ping") + frame_to(role, 0x80, "more") +
                            frame_to(role, 0x8A, "pong") + frame_to(role, 0x88, code_bytes(1000));
        for (const bool is_streaming : {false, true}) {
            expect_however_cut(role, {.reader = {.streaming = is_streaming}}, input,
                               {"ping: ping", "pong: pong", "close 1000: "}, {"close 1001: "},
                               [](SessionSide& one) {
                                   EXPECT_TRUE(one.close(1001));
                                   EXPECT_FALSE(one.close(1001));
                               });
        }
    }
}

TEST_F(SessionClosing, a_session_has_ended_when_both_close_frames_have_passed) {
    for (const Role role : both_roles) {
        connect();
        SessionSide& one = side(role);
        EXPECT_TRUE(one.close(1000, "bye"));
        EXPECT_EQ(one.said(), Entries{"close 1000: bye"});
        expect_nothing_can_be_sent(one);
        EXPECT_FALSE(one.session.has_ended());
        EXPECT_EQ(one.session.closing().code(), 1006);
        one.receive(0x88, code_bytes(4321) + "see you");
        EXPECT_TRUE(one.session.has_ended());
        EXPECT_EQ(one.session.closing().code(), 4321);
        EXPECT_EQ(one.said(), Entries{});
    }
}

// Section 7.4.
TEST_F(SessionClosing, a_close_that_may_not_be_on_the_wire_is_refused) {
    const std::vector<Close> bad_closes = {{0, ""},
                                           {999, ""},
                                           {1004, ""},
                                           {1006, ""},
                                           {1015, ""},
                                           {1016, ""},
                                           {2999, ""},
                                           {5000, ""},
                                           {65535, ""},
                                           {1005, "x"},
                                           {1000, std::string(124, 'r')},
                                           {1000, "\xFF"},
                                           {1000, "a\xE2\x82"}};
    connect();
    for (const Role role : both_roles) {
        SessionSide& one = side(role);
        for (const Close& close : bad_closes) {
            SCOPED_TRACE(std::to_string(close.code) + close.reason);
            EXPECT_FALSE(one.close(close.code, close.reason));
            EXPECT_TRUE(one.session.may_send());
            EXPECT_TRUE(one.queue.is_empty());
        }
        EXPECT_TRUE(one.close(1000));
    }
}

TEST_F(SessionClosing, fragments_that_were_begun_do_not_hinder_a_close) {
    for (const Role role : both_roles) {
        connect();
        SessionSide& one = side(role);
        one.send_fragment("a", Fragment::first);
        EXPECT_TRUE(one.close(1001));
        EXPECT_EQ(one.send_fragment("b", Fragment::last), SendResult::closed);
        exchange();
        EXPECT_EQ(side(other(role)).heard(), Entries{"close 1001: "});
        EXPECT_TRUE(one.session.has_ended());
    }
}

TEST_F(SessionClosing, without_a_queue_nothing_is_written_and_the_state_goes_on) {
    for (const Role role : both_roles) {
        connect();
        SessionSide& closes = side(role);
        closes.is_cut_off = true;
        EXPECT_TRUE(closes.close(1000));
        expect_nothing_can_be_sent(closes);
        closes.receive(0x88, code_bytes(1001));
        EXPECT_TRUE(closes.session.has_ended());
        EXPECT_EQ(closes.session.closing().code(), 1001);

        SessionSide& answers = side(other(role));
        answers.is_cut_off = true;
        answers.receive(0x89, "ping");
        answers.receive(0x88, "");
        EXPECT_EQ(answers.heard(), (Entries{"ping: ping", "close 1005: "}));
        EXPECT_TRUE(answers.session.has_ended());
        expect_nothing_can_be_sent(answers);
        EXPECT_EQ(answers.pool.lent_size(), 0U);
    }
}

// ---- Faults

struct Frame {
    unsigned first_byte;
    std::string payload;
};

struct Bad {
    const char* name;
    std::vector<Frame> frames;
    Fault fault;
    ReaderSetup reader = {};
};

// One of each kind: message_reader_test.cpp has them all.
const std::vector<Bad> bad_rows = {
    {"a reserved bit", {{0xA1, "x"}}, Fault::reserved_bits},
    {"compressed, which was not agreed on", {{0xC1, "x"}}, Fault::reserved_bits},
    {"an unknown opcode", {{0x83, "x"}}, Fault::reserved_opcode},
    {"an unknown control opcode", {{0x8B, ""}}, Fault::reserved_opcode},
    {"a fragmented ping", {{0x09, "x"}}, Fault::fragmented_control_frame},
    {"a fragmented close", {{0x08, ""}}, Fault::fragmented_control_frame},
    {"a ping of 126", {{0x89, std::string(126, 'p')}}, Fault::control_frame_too_long},
    {"a continuation of nothing", {{0x80, "x"}}, Fault::unexpected_continuation},
    {"a message in a message", {{0x01, "a"}, {0x81, "b"}}, Fault::expected_continuation},
    {"text that is no UTF-8", {{0x81, "a\xFF"}}, Fault::invalid_utf8},
    {"a cut character", {{0x01, "a"}, {0x80, "\xC3"}}, Fault::invalid_utf8},
    {"a close of one byte", {{0x88, "\x03"}}, Fault::close_payload_of_one},
    {"a close with 1005", {{0x88, code_bytes(1005)}}, Fault::close_code_invalid},
    {"a reason that is no UTF-8", {{0x88, code_bytes(1000) + "\xFF"}}, Fault::invalid_utf8},
    {"too large a message",
     {{0x02, "12345"}, {0x80, "678901"}},
     Fault::message_too_big,
     {.message_size_max = 10}},
    {"too large a frame", {{0x82, "123456"}}, Fault::frame_too_big, {.frame_size_max = 5}},
    {"too many fragments",
     {{0x01, ""}, {0x00, ""}, {0x00, ""}},
     Fault::too_many_fragments,
     {.fragment_count_max = 2}},
};

Bytes wire(Role receiver, const std::vector<Frame>& frames) {
    Bytes bytes;
    for (const Frame& each : frames) {
        bytes = bytes + frame_to(receiver, each.first_byte, each.payload);
    }
    return bytes;
}

Bytes late_frames(Role receiver) {
    return wire(receiver, {{0x81, "late"}, {0x89, "late"}, {0x88, ""}, {0xFF, "late"}});
}

// Section 7.1.7.
TEST_F(SessionClosing, a_fault_is_told_the_peer_once_and_then_there_is_silence) {
    for (const Bad& bad : bad_rows) {
        SCOPED_TRACE(bad.name);
        for (const Role role : both_roles) {
            const Bytes input = wire(role, bad.frames) + late_frames(role);
            expect_however_cut(role, {.reader = bad.reader}, input, {heard_of(bad.fault)},
                               {said_of(bad.fault)});
        }
    }
}

// Section 5.1.
TEST_F(SessionClosing, the_other_roles_masking_is_a_fault) {
    for (const Role role : both_roles) {
        const Fault fault =
            role == Role::server ? Fault::unmasked_client_frame : Fault::masked_server_frame;
        for (const unsigned first_byte : {0x81U, 0x02U, 0x89U, 0x88U}) {
            const Bytes input = frame_to(other(role), first_byte, "") + late_frames(role);
            expect_however_cut(role, {}, input, {heard_of(fault)}, {said_of(fault)});
        }
    }
}

TEST_F(SessionClosing, what_came_before_a_fault_counts) {
    for (const Role role : both_roles) {
        const Bytes input = wire(role, {{0x81, "good"}, {0x89, "x"}, {0x83, ""}});
        expect_however_cut(role, {}, input,
                           {"text: good", "ping: x", heard_of(Fault::reserved_opcode)},
                           {"8a: x", said_of(Fault::reserved_opcode)});
    }
}

TEST_F(SessionClosing, a_session_has_ended_with_a_fault) {
    for (const Role role : both_roles) {
        connect();
        SessionSide& one = side(role);
        EXPECT_FALSE(one.session.has_ended());
        one.receive(0x80, "x");
        EXPECT_TRUE(one.session.has_ended());
        EXPECT_EQ(one.session.closing().code(), 1006);
        EXPECT_EQ(one.said(), Entries{said_of(Fault::unexpected_continuation)});
        expect_nothing_can_be_sent(one);
    }
}

// Section 5.5.1: a second close frame would be one too many.
TEST_F(SessionClosing, a_fault_behind_our_close_frame_is_not_told_the_peer) {
    for (const Role role : both_roles) {
        connect();
        SessionSide& one = side(role);
        EXPECT_TRUE(one.close(1000));
        EXPECT_EQ(one.said(), Entries{"close 1000: "});
        one.receive(0x83, "");
        EXPECT_EQ(one.heard(), Entries{heard_of(Fault::reserved_opcode)});
        EXPECT_EQ(one.said(), Entries{});
        EXPECT_TRUE(one.session.has_ended());
        one.receive(late_frames(role));
        EXPECT_EQ(one.heard().size(), 1U);
    }
}

TEST_F(SessionClosing, without_a_queue_a_fault_is_the_end_all_the_same) {
    for (const Role role : both_roles) {
        connect();
        SessionSide& one = side(role);
        one.is_cut_off = true;
        one.receive(0x83, "");
        EXPECT_EQ(one.heard(), Entries{heard_of(Fault::reserved_opcode)});
        EXPECT_TRUE(one.session.has_ended());
        expect_nothing_can_be_sent(one);
        EXPECT_EQ(one.pool.lent_size(), 0U);
    }
}

// The other side hears why.
TEST_F(SessionClosing, who_broke_a_rule_hears_which_one_and_has_ended_too) {
    for (const Role role : both_roles) {
        connect({.reader = {.message_size_max = 3}});
        side(role).send("four");
        exchange();
        const std::string reason(describe(Fault::message_too_big));
        EXPECT_EQ(side(role).heard(), Entries{"close 1009: " + reason});
        EXPECT_TRUE(side(role).session.has_ended());
        EXPECT_EQ(side(role).session.closing().code(), 1009);
    }
}

}  // namespace
}  // namespace edgews
