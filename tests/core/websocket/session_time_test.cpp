// A session's time, which it is told: pings to a silent peer, messages that do not come on, closes
// that are not answered. The clock is a number of 32 bits, which may begin anywhere and wraps.
#include <gtest/gtest.h>

#include "core/websocket/session.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>

#include "tests/support/session_pair.hpp"

namespace edgews {
namespace {

using test::both_roles;
using test::Bytes;
using test::Entries;
using test::frame_to;
using test::name_of;
using test::SessionSide;
using test::operator+;

using Due = WebSocketSession::Due;

constexpr std::uint32_t never = UINT32_MAX;
constexpr SessionTimes pings{.idle_ping_ms = 1'000,
                             .ping_timeout_ms = 500,
                             .message_timeout_ms = 0,
                             .close_timeout_ms = 300};
// 100 bytes in a second: 200 at each look.
constexpr SessionTimes messages{.idle_ping_ms = 0,
                                .message_timeout_ms = 2'000,
                                .message_rate_min = 100,
                                .close_timeout_ms = 300};
const std::string overdue_close = "close 1008: the message took too long";

class SessionTime : public test::SessionPair {
  protected:
    // As each role, with clocks that begin at 0, anywhere, and shortly before they wrap.
    void for_each_clock(const SessionTimes& times, const std::function<void(SessionSide&)>& run) {
        for (const Role role : both_roles) {
            for (const std::uint32_t start : {0U, 1'000'000U, 0xFFFF'F000U, 0xFFFF'FFFFU}) {
                SCOPED_TRACE(std::string(name_of(role)) + " from " + std::to_string(start));
                const SessionSetup setup{.times = times};
                SessionSide one(role, setup, start);
                run(one);
            }
        }
    }
    // Nothing is due until `ms` from now, and then it is `what`.
    static void expect_due_in(SessionSide& one, std::uint32_t ms, Due what) {
        EXPECT_EQ(one.next_due_ms(), ms);
        one.now_ms += ms - 1;
        EXPECT_EQ(one.next_due_ms(), 1U);
        EXPECT_EQ(one.at(), Due::nothing);
        one.now_ms += 1;
        EXPECT_EQ(one.next_due_ms(), 1U);  // It is late already.
        EXPECT_EQ(one.at(), what);
    }
    static void expect_nothing_ever(SessionSide& one) {
        for (const std::uint32_t ms : {0U, 1U, 1'000U, 60'000U, 1'000'000'000U}) {
            one.now_ms += ms;
            EXPECT_EQ(one.next_due_ms(), never);
            EXPECT_EQ(one.at(), Due::nothing);
        }
        EXPECT_TRUE(one.queue.is_empty());
    }
    // The first `size` bytes of a message's payload, and no more for now.
    static void begin_message(SessionSide& one, std::size_t size) {
        const Bytes whole = frame_to(one.role(), 0x82, std::string(100'000, 'm'));
        one.receive(std::span(whole).first(whole.size() - 100'000 + size));
    }
    // Reads without an answer. Whether the session says that a message has begun.
    static bool begins(SessionSide& one, std::span<const std::byte> bytes) {
        Bytes copy(bytes.begin(), bytes.end());
        std::span<std::byte> input = copy;
        while (one.session.read(input)) {
        }
        return one.session.note_progress(one.now_ms);
    }
    // The next of it.
    static void go_on(SessionSide& one, std::size_t size) { one.receive(Bytes(size)); }
};

// ---- Pings

TEST_F(SessionTime, a_silent_peer_is_pinged_once) {
    for_each_clock(pings, [](SessionSide& one) {
        expect_due_in(one, 1'000, Due::ping);
        EXPECT_EQ(one.said(), Entries{"89: "});
        EXPECT_EQ(one.at(), Due::nothing);
        EXPECT_EQ(one.said(), Entries{});
    });
}

TEST_F(SessionTime, a_peer_that_speaks_is_not_pinged) {
    for_each_clock(pings, [](SessionSide& one) {
        for (int i = 0; i < 10; ++i) {
            one.now_ms += 999;
            EXPECT_EQ(one.at(), Due::nothing);
            one.receive(0x82, "x");
            EXPECT_EQ(one.session.heard_ms(), one.now_ms);
        }
        EXPECT_EQ(one.said(), Entries{});
        expect_due_in(one, 1'000, Due::ping);
    });
}

// A look at no input is no word of the peer's; what its owner heard of it is.
TEST_F(SessionTime, the_peer_is_heard_with_bytes_or_on_its_owners_word) {
    for_each_clock(pings, [](SessionSide& one) {
        one.now_ms += 400;
        one.receive(Bytes());
        EXPECT_EQ(one.next_due_ms(), 600U);
        one.session.heard(one.now_ms);
        EXPECT_EQ(one.session.heard_ms(), one.now_ms);
        expect_due_in(one, 1'000, Due::ping);
    });
}

TEST_F(SessionTime, any_byte_after_a_ping_is_as_good_as_its_pong) {
    for (const std::uint32_t later_ms : {0U, 1U, 499U}) {
        for_each_clock(pings, [&](SessionSide& one) {
            expect_due_in(one, 1'000, Due::ping);
            EXPECT_EQ(one.next_due_ms(), 500U);
            one.now_ms += later_ms;
            one.receive(std::span<const std::byte>(frame_to(one.role(), 0x82, "x")).first(1));
            one.now_ms += 500 - later_ms;
            EXPECT_EQ(one.at(), Due::nothing);
            expect_due_in(one, 500 + later_ms, Due::ping);
            EXPECT_EQ(one.said(), (Entries{"89: ", "89: "}));
        });
    }
}

TEST_F(SessionTime, a_peer_that_does_not_answer_a_ping_is_silent_and_excused_has_as_long_again) {
    for_each_clock(pings, [](SessionSide& one) {
        expect_due_in(one, 1'000, Due::ping);
        EXPECT_EQ(one.said(), Entries{"89: "});
        expect_due_in(one, 500, Due::peer_silent);
        EXPECT_EQ(one.at(), Due::peer_silent);
        for (int i = 0; i < 3; ++i) {
            one.session.excuse(one.now_ms);
            EXPECT_EQ(one.at(), Due::nothing);
            expect_due_in(one, 500, Due::peer_silent);
        }
        EXPECT_EQ(one.said(), Entries{});
        one.session.excuse(one.now_ms);
        one.receive(0x8A, "");
        one.now_ms += 500;
        EXPECT_EQ(one.at(), Due::nothing);
        expect_due_in(one, 500, Due::ping);
    });
}

// It is looked at when the next ping could be due, not only when its time is up.
TEST_F(SessionTime, an_answered_ping_is_followed_by_the_next_however_long_the_answer_may_take) {
    SessionTimes patient = pings;
    patient.ping_timeout_ms = 5'000;
    for_each_clock(patient, [](SessionSide& one) {
        expect_due_in(one, 1'000, Due::ping);
        one.now_ms += 10;
        one.receive(0x8A, "");
        EXPECT_EQ(one.next_due_ms(), 990U);
        one.now_ms += 990;
        EXPECT_EQ(one.at(), Due::nothing);
        expect_due_in(one, 10, Due::ping);
        one.now_ms += 1'000;  // This one is not answered.
        EXPECT_EQ(one.at(), Due::nothing);
        EXPECT_EQ(one.said(), (Entries{"89: ", "89: "}));
        expect_due_in(one, 4'000, Due::peer_silent);
    });
}

TEST_F(SessionTime, pings_of_neighbours_are_spread_over_the_last_quarter) {
    for_each_clock(pings, [](SessionSide& one) {
        std::set<std::uint32_t> times;
        std::uint32_t before_ms = 0;
        const std::uint32_t began_ms = one.now_ms;
        for (std::uint32_t place = 0; place < 1'000; ++place) {
            const std::uint32_t ms = one.session.idle_ping_ms(place);
            ASSERT_GT(ms, 750U);
            ASSERT_LE(ms, 1'000U);
            EXPECT_GT(ms > before_ms ? ms - before_ms : before_ms - ms, 50U);
            before_ms = ms;
            times.insert(ms);
            EXPECT_EQ(one.next_due_ms(place), ms);
            one.now_ms = began_ms + ms - 1;
            EXPECT_EQ(one.session.due(one.now_ms, place), Due::nothing);
            one.now_ms = began_ms;
        }
        EXPECT_EQ(times.size(), 250U);
        one.now_ms = began_ms + one.session.idle_ping_ms(7);
        EXPECT_EQ(one.at(7), Due::ping);
        EXPECT_EQ(one.next_due_ms(7), 500U);
    });
    SessionTimes short_times = pings;
    short_times.idle_ping_ms = 1;
    for_each_clock(short_times, [](SessionSide& one) {
        for (const std::uint32_t place : {0U, 1U, 0xFFFF'FFFFU}) {
            EXPECT_EQ(one.session.idle_ping_ms(place), 1U);
        }
        one.now_ms += 1;
        EXPECT_EQ(one.at(), Due::ping);
    });
}

// ---- What is switched off

TEST_F(SessionTime, without_limits_nothing_is_ever_due) {
    const SessionTimes none{.idle_ping_ms = 0,
                            .ping_timeout_ms = 0,
                            .message_timeout_ms = 0,
                            .message_rate_min = 0,
                            .close_timeout_ms = 0};
    for_each_clock(none, [](SessionSide& one) {
        expect_nothing_ever(one);
        begin_message(one, 10);
        expect_nothing_ever(one);
        EXPECT_TRUE(one.close(1000));
        EXPECT_EQ(one.said(), Entries{"close 1000: "});
        expect_nothing_ever(one);
    });
}

TEST_F(SessionTime, a_session_without_idle_pings_waits_for_none) {
    SessionTimes times = pings;
    times.idle_ping_ms = 0;
    for_each_clock(times, expect_nothing_ever);
}

TEST_F(SessionTime, without_a_ping_timeout_a_silent_peer_is_pinged_again_after_as_long) {
    SessionTimes times = pings;
    times.ping_timeout_ms = 0;
    for_each_clock(times, [](SessionSide& one) {
        for (int i = 0; i < 4; ++i) {
            expect_due_in(one, 1'000, Due::ping);
            EXPECT_EQ(one.said(), Entries{"89: "});
            EXPECT_EQ(one.at(), Due::nothing);
        }
        one.now_ms += 400;
        EXPECT_EQ(one.at(), Due::nothing);
        one.receive(0x8A, "");
        one.now_ms += 600;
        EXPECT_EQ(one.at(), Due::nothing);
        expect_due_in(one, 400, Due::ping);
    });
}

// ---- Messages

TEST_F(SessionTime, a_message_that_stands_still_is_closed_with_1008) {
    for_each_clock(messages, [](SessionSide& one) {
        EXPECT_EQ(one.next_due_ms(), never);
        one.now_ms += 7'777;
        begin_message(one, 0);
        expect_due_in(one, 2'000, Due::message_overdue);
        EXPECT_EQ(one.said(), Entries{overdue_close});
        EXPECT_FALSE(one.session.may_send());
        expect_due_in(one, 300, Due::close_overdue);
        EXPECT_EQ(one.said(), Entries{});
    });
}

TEST_F(SessionTime, the_first_byte_of_a_message_begins_its_time_and_that_of_a_ping_does_not) {
    for_each_clock(messages, [](SessionSide& one) {
        const Bytes ping = frame_to(one.role(), 0x89, "x");
        one.receive(std::span(ping).first(1));
        EXPECT_EQ(one.next_due_ms(), never);
        one.receive(std::span(ping).subspan(1));
        EXPECT_EQ(one.next_due_ms(), never);
        const Bytes text = frame_to(one.role(), 0x81, "x");
        one.receive(std::span(text).first(1));
        EXPECT_EQ(one.next_due_ms(), 2'000U);
        one.now_ms += 100;
        one.receive(std::span(text).subspan(1));
        EXPECT_EQ(one.next_due_ms(), never);
        EXPECT_EQ(one.heard(), (Entries{"ping: x", "text: x"}));
    });
}

TEST_F(SessionTime, a_slow_but_steady_message_is_not_closed) {
    for_each_clock(messages, [](SessionSide& one) {
        begin_message(one, 0);
        for (int i = 0; i < 10; ++i) {
            one.now_ms += 1'500;
            go_on(one, 200);
            one.now_ms += 500;
            EXPECT_EQ(one.next_due_ms(), 1U);
            EXPECT_EQ(one.at(), Due::nothing);
            EXPECT_EQ(one.next_due_ms(), 2'000U);
        }
        go_on(one, 199);
        expect_due_in(one, 2'000, Due::message_overdue);
        EXPECT_EQ(one.said(), Entries{overdue_close});
    });
}

TEST_F(SessionTime, without_a_rate_a_message_needs_one_byte_at_each_look) {
    SessionTimes times = messages;
    times.message_rate_min = 0;
    for_each_clock(times, [](SessionSide& one) {
        begin_message(one, 0);
        for (int i = 0; i < 3; ++i) {
            go_on(one, 1);
            expect_due_in(one, 2'000, Due::nothing);
        }
        expect_due_in(one, 2'000, Due::message_overdue);
    });
}

// Bytes that are received where they belong count, too.
TEST_F(SessionTime, what_is_received_directly_counts_for_a_messages_rate) {
    for_each_clock(messages, [](SessionSide& one) {
        begin_message(one, 0);
        while (one.session.direct_space().empty()) go_on(one, 1'000);
        expect_due_in(one, 2'000, Due::nothing);
        one.session.direct_received(200);
        one.receive(Bytes());
        expect_due_in(one, 2'000, Due::nothing);
        expect_due_in(one, 2'000, Due::message_overdue);
    });
}

// A part of a ping, in the midst of a message, is none of its bytes.
TEST_F(SessionTime, a_ping_that_does_not_end_does_not_help_a_message_that_stands_still) {
    for_each_clock(messages, [](SessionSide& one) {
        one.receive(0x02, std::string(1'000, 'm'));
        expect_due_in(one, 2'000, Due::nothing);
        const Bytes ping = frame_to(one.role(), 0x89, std::string(100, 'p'));
        one.receive(std::span(ping).first(ping.size() - 50));
        expect_due_in(one, 2'000, Due::message_overdue);
        EXPECT_EQ(one.said(), Entries{overdue_close});
    });
}

TEST_F(SessionTime, a_message_that_begins_in_the_same_input_as_another_ends_has_its_own_time) {
    for_each_clock(messages, [](SessionSide& one) {
        const Bytes first = frame_to(one.role(), 0x82, std::string(450, 'm'));
        const Bytes second = frame_to(one.role(), 0x82, std::string(450, 's'));
        const auto size_of = [&](std::size_t count) { return first.size() - 450 + count; };
        one.receive(std::span(first).first(size_of(300)));
        expect_due_in(one, 2'000, Due::nothing);
        one.now_ms += 1'500;
        Bytes input(first.begin() + static_cast<std::ptrdiff_t>(size_of(300)), first.end());
        one.receive(input + std::span(second).first(size_of(0)));
        EXPECT_EQ(one.heard().size(), 1U);
        // What arrived of the first one is not the second one's: 350 are enough, 0 are not.
        one.now_ms += 1'000;
        one.receive(std::span(second).subspan(size_of(0), 350));
        expect_due_in(one, 1'000, Due::nothing);
        expect_due_in(one, 2'000, Due::message_overdue);
    });
    for_each_clock(messages, [](SessionSide& one) {
        one.receive(0x02, std::string(300, 'm'));
        expect_due_in(one, 2'000, Due::nothing);
        const Bytes next = frame_to(one.role(), 0x82, "never");
        one.receive(frame_to(one.role(), 0x80, "") + std::span(next).first(1));
        expect_due_in(one, 2'000, Due::message_overdue);
    });
}

TEST_F(SessionTime, the_owner_is_told_when_a_message_has_begun) {
    for_each_clock(messages, [](SessionSide& one) {
        const auto read = [&](std::span<const std::byte> bytes) { return begins(one, bytes); };
        const Bytes message = frame_to(one.role(), 0x81, "Hello");
        EXPECT_FALSE(read({}));
        EXPECT_FALSE(read(message));
        EXPECT_TRUE(read(std::span(message).first(3)));
        EXPECT_FALSE(read(std::span(message).subspan(3, 1)));
        EXPECT_TRUE(read(Bytes(message.begin() + 4, message.end()) + std::span(message).first(1)));
        EXPECT_FALSE(read(std::span(message).subspan(1)));
        EXPECT_EQ(one.next_due_ms(), never);
    });
    // Nor when one is broken off.
    for (const unsigned first_byte : {0x88U, 0x83U}) {
        for_each_clock(messages, [&](SessionSide& one) {
            EXPECT_TRUE(begins(one, frame_to(one.role(), 0x01, "x")));
            EXPECT_FALSE(begins(one, frame_to(one.role(), first_byte, "")));
        });
    }
    SessionTimes times = messages;
    times.message_timeout_ms = 0;
    for_each_clock(times, [](SessionSide& one) {
        EXPECT_FALSE(begins(one, frame_to(one.role(), 0x01, "x")));
        EXPECT_EQ(one.next_due_ms(), never);
    });
}

TEST_F(SessionTime, of_a_ping_and_a_message_the_earlier_is_waited_for) {
    SessionTimes times = messages;
    times.idle_ping_ms = 1'500;
    for_each_clock(times, [](SessionSide& one) {
        one.now_ms += 1'000;
        EXPECT_EQ(one.next_due_ms(), 500U);
        begin_message(one, 0);
        expect_due_in(one, 1'500, Due::ping);
        EXPECT_EQ(one.next_due_ms(), 500U);
        one.receive(0x8A, "");
        EXPECT_EQ(one.next_due_ms(), 500U);
    });
}

// ---- Closes

TEST_F(SessionTime, a_close_that_is_not_answered_is_overdue_and_excused_has_as_long_again) {
    for_each_clock(pings, [](SessionSide& one) {
        one.now_ms += 999;
        EXPECT_TRUE(one.close(1000));
        EXPECT_EQ(one.said(), Entries{"close 1000: "});
        expect_due_in(one, 300, Due::close_overdue);
        one.session.excuse(one.now_ms);
        one.now_ms += 200;
        one.receive(0x82, "late");
        expect_due_in(one, 100, Due::close_overdue);
        EXPECT_EQ(one.said(), Entries{});
    });
}

// A client waits for the server to end TCP (section 7.1.1).
TEST_F(SessionTime, the_wait_for_the_end_begins_with_our_answer_or_with_our_own_close) {
    for_each_clock(pings, [](SessionSide& one) {
        one.now_ms += 400;
        one.receive(0x88, "");
        expect_due_in(one, 300, Due::close_overdue);
    });
    for_each_clock(pings, [](SessionSide& one) {
        EXPECT_TRUE(one.close(1000));
        one.now_ms += 100;
        one.receive(0x88, "");
        expect_due_in(one, 200, Due::close_overdue);
    });
}

TEST_F(SessionTime, the_wait_for_the_end_behind_a_fault_begins_with_our_close_frame) {
    for_each_clock(pings, [](SessionSide& one) {
        one.now_ms += 5'000;
        one.receive(0x83, "");
        EXPECT_EQ(one.said().size(), 1U);
        expect_due_in(one, 300, Due::close_overdue);
    });
}

// ---- Who does not listen

TEST_F(SessionTime, while_nobody_listened_no_time_passed) {
    for_each_clock(pings, [](SessionSide& one) {
        one.now_ms += 900;
        one.session.did_not_listen(one.now_ms);
        expect_due_in(one, 1'000, Due::ping);
        one.now_ms += 499;
        one.session.did_not_listen(one.now_ms);
        one.now_ms += 1;
        EXPECT_EQ(one.at(), Due::nothing);
        expect_due_in(one, 999, Due::ping);
    });
    for_each_clock(messages, [](SessionSide& one) {
        begin_message(one, 0);
        one.now_ms += 1'900;
        one.session.did_not_listen(one.now_ms);
        expect_due_in(one, 2'000, Due::message_overdue);
    });
}

}  // namespace
}  // namespace edgews
