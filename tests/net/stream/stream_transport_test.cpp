// A stream that speaks through a transport.
#include "net/stream/stream.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/scripted_stream.hpp"

namespace edgews::test {
namespace {

TEST_F(StreamTest, a_record_of_one_byte_is_a_byte) {
    open_through(std::make_unique<TestTransport>());
    for (const char* const text : {"a", "bc", "d"}) {
        say(text);
        turn();
    }
    EXPECT_EQ(diary_.input, "abcd");
}

TEST_F(StreamTest, records_that_hold_nothing_are_read_one_receive_a_turn) {
    open_through(std::make_unique<TestTransport>());
    constexpr std::size_t share_size = 64 * 1024;
    // The first of a turn for its edge, and one more that it has asked for.
    for (int i = 0; i < 2; ++i) say(std::string(share_size, '-'));
    say("x");
    turn();
    EXPECT_EQ(diary_.input, "");
    turn();
    EXPECT_EQ(diary_.input, "x");
}

TEST_F(StreamTest, behind_a_record_that_holds_nothing_an_end_is_seen) {
    open_through(std::make_unique<TestTransport>());
    say("-");
    say_end();
    turn(2);
    EXPECT_EQ(diary_.take_notes(), (Notes{"lost", "deleted"}));  // Nobody said goodbye.
}

TEST_F(StreamTest, a_goodbye_ends_it_alone_and_behind_what_was_said) {
    for (const char* const text : {".", "ab."}) {
        diary_ = {};
        pair_ = SocketPair();
        TestStream& stream = open_through(std::make_unique<TestTransport>());
        say(text);
        turn();
        EXPECT_EQ(diary_.input, text[0] == '.' ? "" : "ab");
        EXPECT_EQ(diary_.take_notes(), Notes{"ended"});
        EXPECT_TRUE(stream.has_ended());
        stream.close();
        turn();
    }
}

TEST_F(StreamTest, one_that_fails_is_lost_and_the_peer_is_told_why) {
    TestStream& stream = open_through(std::make_unique<TestTransport>());
    stream.reads = false;
    say("ab!");
    turn();
    EXPECT_EQ(stream.receive(Reactor::of(loop_).receive_space()).end, Received::End::lost);
    EXPECT_TRUE(stream.has_failed_transport());
    EXPECT_EQ(heard(), "alert");
    EXPECT_EQ(stream.receive(Reactor::of(loop_).receive_space()).end, Received::End::lost);
    say("more");
    EXPECT_EQ(stream.receive(Reactor::of(loop_).receive_space()).end, Received::End::lost);
    EXPECT_FALSE(stream.is_closed());
    // In its goodbye nobody asks any more what is meant.
    stream.finish(TestStream::Farewell::linger, goodbye_ms);
    turn();
    EXPECT_FALSE(stream.is_closed());
    say_end();
    turn();
    EXPECT_EQ(heard(), "");
    EXPECT_TRUE(hears_end_);
    EXPECT_EQ(diary_.take_notes(), Notes{"deleted"});
}

TEST_F(StreamTest, one_that_cannot_seal_is_lost) {
    auto transport = std::make_unique<TestTransport>();
    transport->fails_to_seal = true;
    TestStream& stream = open_through(std::move(transport));
    stream.write("secret");
    turn();
    EXPECT_EQ(diary_.take_notes(), (Notes{"output lost 6", "lost", "deleted"}));
    EXPECT_EQ(heard(), "");
}

TEST_F(StreamTest, who_asks_for_ever_and_reads_no_answers_is_lost_behind_a_mebibyte_of_them) {
    TestStream& stream = open_through(std::make_unique<TestTransport>(0, 64 * 1024));
    (void)fill();
    say(std::string(16, '?'));
    turn();
    EXPECT_EQ(stream.output_size(), 1024 * 1024U);
    EXPECT_EQ(diary_.take_notes(), Notes{});
    say("?");
    turn();
    EXPECT_EQ(diary_.take_notes(), (Notes{"lost", "deleted"}));
}

TEST_F(StreamTest, answers_that_wait_leave_before_what_is_written_later) {
    TestStream& stream = open_through(std::make_unique<TestTransport>(0, 3));
    const std::size_t filled_size = fill();
    say("?");
    turn();
    stream.write("x");
    turn();
    EXPECT_EQ(diary_.take_notes(), Notes{"blocked"});
    EXPECT_EQ(stream.output_size(), 4U);
    EXPECT_EQ(stream.sent_size, 0U);  // It is sealed when it can leave.
    EXPECT_EQ(heard().size(), filled_size);
    turn();
    EXPECT_EQ(heard(), "aaax");
    EXPECT_EQ(diary_.take_notes(), Notes{"writable"});
}

TEST_F(StreamTest, what_is_sealed_for_a_peer_that_is_gone_does_not_wait_for_it) {
    TestStream& stream = open_through(std::make_unique<TestTransport>());
    pair_.far.reset();
    stream.write("never leaves");
    stream.flush();
    EXPECT_TRUE(stream.is_broken());
    EXPECT_EQ(diary_.take_notes(), Notes{"output lost 12"});
    EXPECT_EQ(stream.sent_size, 0U);
}

TEST_F(StreamTest, whose_transport_speaks_first_says_so_at_once) {
    TestStream& stream = open_through(std::make_unique<TestTransport>());
    stream.speak_first();
    EXPECT_EQ(heard(), "hello");
}

TEST_F(StreamTest, the_transport_says_goodbye_behind_all_that_was_written) {
    TestStream& stream = open_through(std::make_unique<TestTransport>());
    stream.write("bye");
    stream.finish(TestStream::Farewell::linger, goodbye_ms);
    turn();
    EXPECT_EQ(heard(), "bye~");
    EXPECT_TRUE(hears_end_);
    say("ignored.");
    turn();
    EXPECT_EQ(diary_.take_notes(), Notes{"deleted"});
}

// Each turn takes two steps: whoever has begun does not wait for all who come later.
TEST_F(StreamTest, a_handshake_that_has_begun_goes_on_before_those_that_have_not) {
    open_through(std::make_unique<TestTransport>(2));
    std::vector<SocketPair> others(20);
    diaries_.resize(others.size());
    for (std::size_t i = 0; i < others.size(); ++i) {
        open(others[i], diaries_[i]).speak_through(std::make_unique<TestTransport>(1));
    }
    say("h");
    turn();
    for (const SocketPair& other : others) say(other, "hx");
    say("hx");
    turn(2);
    EXPECT_EQ(diary_.input, "x");
    EXPECT_EQ(diaries_.back().input, "");
    turn(10);
    for (const Diary& diary : diaries_) EXPECT_EQ(diary.input, "x");
}

}  // namespace
}  // namespace edgews::test
