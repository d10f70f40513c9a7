// A stream by itself: what its owner is told, and what its peer gets.
#include "net/stream/stream.hpp"

#include <sys/socket.h>

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/scripted_stream.hpp"

namespace edgews::test {
namespace {

TEST_F(StreamTest, what_is_written_leaves_with_each_turn) {
    TestStream& stream = open();
    for (const char* const text : {"one", "two", "three"}) {
        stream.write(text);
        EXPECT_EQ(heard(), "");
        turn();
        EXPECT_EQ(heard(), text);
    }
    EXPECT_EQ(stream.sent_size, 11U);
    EXPECT_EQ(diary_.take_notes(), Notes{});
}

TEST_F(StreamTest, what_fills_the_space_to_its_end_may_be_more) {
    TestStream& stream = open();
    stream.reads = false;
    say("12345678");
    turn();
    std::array<std::byte, 8> space{};
    EXPECT_EQ(stream.peek(space).size, 8U);  // It stays where it is.
    EXPECT_EQ(stream.receive(std::span(space).first(4)).size, 4U);
    EXPECT_FALSE(stream.is_drained());
    EXPECT_EQ(stream.receive(std::span(space).first(4)).size, 4U);
    EXPECT_FALSE(stream.is_drained());
    EXPECT_EQ(stream.receive(space).end, Received::End::would_block);
    EXPECT_TRUE(stream.is_drained());
    say("9");
    EXPECT_EQ(stream.receive(space).size, 1U);
    EXPECT_TRUE(stream.is_drained());
}

// Bytes in front of it and behind it come one by one; of an end there is one.
TEST_F(StreamTest, who_sends_urgent_data_is_asked_until_there_is_nothing) {
    pair_ = tcp_pair();
    TestStream& stream = open();
    stream.reads = false;
    ASSERT_EQ(::send(pair_.far.get(), "!", 1, MSG_OOB), 1);
    turn();
    say("x");
    std::array<std::byte, 8> space{};
    EXPECT_EQ(stream.receive(space).size, 1U);
    EXPECT_FALSE(stream.is_drained());
    EXPECT_EQ(stream.receive(space).end, Received::End::would_block);
    EXPECT_TRUE(stream.is_drained());
    say_end();
    EXPECT_EQ(stream.receive(space).end, Received::End::ended);
    EXPECT_TRUE(stream.is_drained());
}

// A receive that succeeds says nothing about what failed before.
TEST_F(StreamTest, an_end_behind_an_interrupted_call_is_an_end) {
    TestStream& stream = open();
    stream.reads = false;
    say_end();
    errno = EINTR;
    EXPECT_EQ(stream.receive(Reactor::of(loop_).receive_space()).end, Received::End::ended);
}

TEST_F(StreamTest, what_the_socket_refuses_waits_for_room_and_is_told_of) {
    TestStream& stream = open();
    const std::size_t filled_size = fill();
    stream.write("waits");
    turn();
    EXPECT_EQ(diary_.take_notes(), Notes{"blocked"});
    EXPECT_TRUE(stream.is_blocked());
    EXPECT_EQ(stream.output_size(), 5U);
    EXPECT_EQ(heard().size(), filled_size);
    stream.reads = false;
    turn();
    EXPECT_EQ(diary_.take_notes(), Notes{"writable"});
    EXPECT_FALSE(stream.is_blocked());
    EXPECT_TRUE(stream.is_drained());  // There was nothing to read.
    EXPECT_EQ(heard(), "waits");
    say("no edge of room");
    turn();
    EXPECT_EQ(diary_.take_notes(), Notes{});
}

TEST_F(StreamTest, a_single_byte_that_waits_is_told_of_too) {
    TestStream& stream = open();
    const std::size_t filled_size = fill();
    stream.write("1");
    turn();
    EXPECT_EQ(diary_.take_notes(), Notes{"blocked"});
    EXPECT_EQ(heard().size(), filled_size);
    turn();
    EXPECT_EQ(heard(), "1");
    EXPECT_EQ(stream.sent_size, 1U);
}

TEST_F(StreamTest, what_was_borrowed_and_did_not_leave_is_copied) {
    TestStream& stream = open();
    const std::size_t filled_size = fill();
    std::string memory(10'000, 'x');
    stream.output().borrow_frame({.opcode = Opcode::binary, .payload_size = memory.size()},
                                 std::as_bytes(std::span(memory)));
    stream.flush();
    memory.assign(memory.size(), 'y');
    EXPECT_EQ(heard().size(), filled_size);
    turn();
    EXPECT_EQ(heard_in_turns().substr(4), std::string(memory.size(), 'x'));
}

TEST_F(StreamTest, past_the_queue_as_much_leaves_as_there_is_room_for) {
    TestStream& stream = open();
    EXPECT_EQ(stream.send_directly(bytes_of("all")), 3U);
    EXPECT_FALSE(stream.is_blocked());
    const std::string large(4'000'000, 'x');
    const std::size_t sent_size = stream.send_directly(bytes_of(large));
    EXPECT_LT(sent_size, large.size());
    EXPECT_GT(sent_size, 0U);
    EXPECT_EQ(heard().size(), 3 + sent_size);
}

TEST_F(StreamTest, a_peer_that_is_gone_shows_in_the_same_turn_and_once) {
    TestStream& stream = open();
    say("last words");
    pair_.far.reset();
    stream.output().append(bytes_of("never leaves"));
    stream.flush();
    EXPECT_TRUE(stream.is_broken());
    EXPECT_EQ(diary_.take_notes(), Notes{"output lost 12"});
    EXPECT_EQ(stream.output_size(), 0U);
    turn();
    EXPECT_EQ(diary_.input, "last words");
    EXPECT_EQ(diary_.take_notes(), (Notes{"ended", "reset"}));
    stream.write("nor does this");
    stream.close();
    turn();
    EXPECT_EQ(diary_.take_notes(), Notes{"deleted"});
}

TEST_F(StreamTest, a_reset_that_a_receive_meets_first_is_a_loss) {
    TestStream& stream = open();
    ASSERT_EQ(::send(near_, "never read", 10, 0), 10);
    pair_.far.reset();
    EXPECT_EQ(stream.receive(Reactor::of(loop_).receive_space()).end, Received::End::lost);
    EXPECT_FALSE(stream.is_broken());
}

TEST_F(StreamTest, who_is_given_up_is_lost_once_and_hears_nothing) {
    TestStream& stream = open();
    stream.write("in vain");
    stream.break_off();
    stream.break_off();
    EXPECT_EQ(diary_.take_notes(), Notes{"output lost 7"});
    turn();
    EXPECT_EQ(diary_.take_notes(), (Notes{"lost", "deleted"}));
    EXPECT_EQ(heard(), "");
    EXPECT_TRUE(hears_end_);
}

TEST_F(StreamTest, that_has_closed_is_not_given_up_any_more) {
    TestStream& stream = open();
    stream.write("in vain");
    stream.close();
    stream.break_off();
    stream.flush();
    turn();
    EXPECT_EQ(diary_.take_notes(), Notes{"deleted"});
    EXPECT_EQ(heard(), "");
}

TEST_F(StreamTest, to_break_it_off_is_a_loss_for_its_owner_or_ends_its_goodbye) {
    TestStream& stream = open();
    stream.break_off();
    turn();
    EXPECT_EQ(diary_.take_notes(), (Notes{"lost", "deleted"}));

    SocketPair other;
    TestStream& leaving = open(other, diary_);
    leaving.finish(TestStream::Farewell::linger, goodbye_ms);
    turn();
    EXPECT_FALSE(leaving.is_closed());
    leaving.break_off();
    turn();
    EXPECT_EQ(diary_.take_notes(), Notes{"deleted"});
}

// ---- The end ------------------------------------------------------------------

TEST_F(StreamTest, who_has_promised_silence_is_closed_when_all_is_sent) {
    TestStream& stream = open();
    stream.write("bye");
    stream.finish(TestStream::Farewell::close, goodbye_ms);
    EXPECT_FALSE(stream.is_open());
    EXPECT_FALSE(stream.is_closed());
    turn();
    EXPECT_EQ(diary_.take_notes(), Notes{"deleted"});
    EXPECT_EQ(heard(), "bye");
    EXPECT_TRUE(hears_end_);
}

TEST_F(StreamTest, whose_input_may_still_come_is_read_from_until_its_end) {
    TestStream& stream = open();
    stream.write("bye");
    stream.finish(TestStream::Farewell::linger, goodbye_ms);
    turn();
    EXPECT_EQ(heard(), "bye");
    EXPECT_TRUE(hears_end_);
    for (int i = 0; i < 3; ++i) {
        say("more");
        turn();
    }
    EXPECT_EQ(diary_.take_notes(), Notes{});
    say_end();
    turn();
    EXPECT_EQ(diary_.take_notes(), Notes{"deleted"});
    EXPECT_EQ(diary_.input, "");
}

// What lay there before is no new edge, and would have the close take back what was said.
TEST_F(StreamTest, what_was_left_unread_is_read_before_it_closes) {
    TestStream& stream = open();
    stream.reads = false;
    say("left");
    turn();
    const std::size_t filled_size = fill();
    stream.write("bye");
    stream.finish(TestStream::Farewell::close, goodbye_ms);
    turn(2);
    EXPECT_FALSE(stream.is_closed());
    EXPECT_EQ(heard().size(), filled_size);
    turn();
    EXPECT_EQ(heard(), "bye");
    EXPECT_TRUE(hears_end_);
    EXPECT_EQ(diary_.take_notes(), (Notes{"blocked", "deleted"}));
}

TEST_F(StreamTest, who_ends_while_something_waits_for_it_still_gets_it) {
    for (const bool is_sealed : {false, true}) {
        diary_ = {};
        pair_ = SocketPair();
        TestStream& stream = open();
        if (is_sealed) stream.speak_through(std::make_unique<TestTransport>());
        const std::size_t filled_size = fill();
        stream.write("bye");
        stream.finish(TestStream::Farewell::linger, goodbye_ms);
        turn();
        say_end();
        turn();
        EXPECT_FALSE(stream.is_closed());
        EXPECT_EQ(heard().size(), filled_size);
        turn();
        EXPECT_EQ(heard(), is_sealed ? "bye~" : "bye");
        EXPECT_TRUE(hears_end_);
        EXPECT_EQ(diary_.take_notes(), (Notes{"blocked", "deleted"}));
    }
}

TEST_F(StreamTest, one_that_is_broken_closes_at_once) {
    TestStream& stream = open();
    pair_.far.reset();
    (void)stream.send_directly(bytes_of("x"));
    EXPECT_TRUE(stream.is_broken());
    stream.finish(TestStream::Farewell::linger, goodbye_ms);
    EXPECT_TRUE(stream.is_closed());
}

TEST_F(StreamTest, much_that_nobody_wants_is_read_in_several_turns) {
    TestStream& stream = open();
    stream.finish(TestStream::Farewell::linger, goodbye_ms);
    turn();
    for (int i = 0; i < 20; ++i) say("packet");
    say_end();
    turn(3);
    EXPECT_EQ(diary_.take_notes(), Notes{"deleted"});
}

TEST_F(StreamTest, is_being_read_while_the_peers_system_takes_some_of_what_waits) {
    TestStream& stream = open();
    EXPECT_FALSE(stream.is_being_read());
    stream.write(std::string(1'000'000, 'x'));
    stream.flush();
    EXPECT_TRUE(stream.is_being_read());  // Some has left, as far as one can say at the first look.
    EXPECT_FALSE(stream.is_being_read());
    std::array<std::byte, 50'000> piece;
    ASSERT_GT(::recv(pair_.far.get(), piece.data(), piece.size(), 0), 0);
    EXPECT_TRUE(stream.is_being_read());
    EXPECT_FALSE(stream.is_being_read());
    (void)heard();
    turn();  // More has left, and as much waits in the system as before.
    EXPECT_TRUE(stream.is_blocked());
    EXPECT_TRUE(stream.is_being_read());
    EXPECT_FALSE(stream.is_being_read());
    (void)heard_in_turns();
    EXPECT_EQ(stream.output_size(), 0U);
    EXPECT_FALSE(stream.is_being_read());
}

}  // namespace
}  // namespace edgews::test
