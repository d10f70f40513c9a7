// What goes over to the stream that takes over a socket.
#include "net/stream/stream.hpp"

#include <sys/socket.h>

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/scripted_stream.hpp"

namespace edgews::test {
namespace {

TEST_F(StreamTest, a_successor_has_the_socket_the_output_and_the_events) {
    TestStream& stream = open();
    stream.write("begun ");
    TestStream& successor = succeed(stream, true);
    successor.write("and ended");
    say("input");
    turn();
    EXPECT_EQ(heard(), "begun and ended");
    turn();
    EXPECT_EQ(second_diary_.input, "input");
    EXPECT_EQ(diary_.take_notes(), Notes{"deleted"});
    EXPECT_EQ(second_diary_.take_notes(), Notes{});
}

TEST_F(StreamTest, a_successor_waits_for_the_same_room) {
    TestStream& stream = open();
    const std::size_t filled_size = fill();
    stream.write("waits");
    turn();
    TestStream& successor = succeed(stream, true);
    EXPECT_TRUE(successor.is_blocked());
    EXPECT_EQ(heard().size(), filled_size);
    turn();
    EXPECT_EQ(heard(), "waits");
    EXPECT_EQ(second_diary_.take_notes(), Notes{"writable"});
}

TEST_F(StreamTest, a_successor_speaks_through_the_same_transport) {
    TestStream& stream = open_through(std::make_unique<TestTransport>());
    TestStream& successor = succeed(stream, true);
    say("-x");
    turn();
    EXPECT_EQ(second_diary_.input, "x");
    successor.finish(TestStream::Farewell::linger, goodbye_ms);
    turn();
    EXPECT_EQ(heard(), "~");
}

TEST_F(StreamTest, a_successor_learns_that_more_is_to_be_read) {
    TestStream& stream = open();
    stream.reads = false;
    say("more than that");
    turn();
    (void)stream.receive(Reactor::of(loop_).receive_space().first(4));
    TestStream& successor = succeed(stream, false);
    EXPECT_FALSE(successor.has_ended());
}

TEST_F(StreamTest, a_successor_learns_that_the_end_is_to_be_read) {
    TestStream& stream = open();
    stream.reads = false;
    say("all");
    say_end();
    turn();
    (void)stream.receive(Reactor::of(loop_).receive_space());
    EXPECT_TRUE(stream.is_drained());
    TestStream& successor = succeed(stream, false);
    EXPECT_TRUE(successor.has_ended());
}

TEST_F(StreamTest, a_successor_learns_of_urgent_data) {
    pair_ = tcp_pair();
    TestStream& stream = open();
    stream.reads = false;
    ASSERT_EQ(::send(pair_.far.get(), "!", 1, MSG_OOB), 1);
    turn();
    TestStream& successor = succeed(stream, false);
    say("x");
    EXPECT_EQ(successor.receive(Reactor::of(loop_).receive_space()).size, 1U);
    EXPECT_FALSE(successor.is_drained());
}

TEST_F(StreamTest, a_successor_learns_of_a_reset_and_of_having_been_given_up) {
    TestStream& stream = open();
    pair_.far.reset();
    (void)stream.send_directly(bytes_of("x"));
    EXPECT_TRUE(succeed(stream, false).is_broken());
    turn();
    EXPECT_EQ(second_diary_.take_notes().back(), "reset");

    SocketPair other;
    TestStream& given_up = open(other, diary_);
    given_up.break_off();
    EXPECT_TRUE(succeed(given_up, true).is_broken());
    turn();
    EXPECT_EQ(second_diary_.take_notes(), (Notes{"lost", "deleted"}));
}

}  // namespace
}  // namespace edgews::test
