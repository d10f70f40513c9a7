// The queues that a loop's streams share.
#include "net/stream/streams_on_loop.hpp"

#include <gtest/gtest.h>

#include <edgews/loop.hpp>

#include <cstddef>
#include <memory>
#include <span>

namespace edgews {
namespace {

TEST(StreamsOnLoop, there_is_one_for_each_loop) {
    Loop loop;
    Loop other;
    StreamsOnLoop& streams = StreamsOnLoop::of(Reactor::of(loop));
    EXPECT_EQ(&StreamsOnLoop::of(Reactor::of(loop)), &streams);
    EXPECT_NE(&StreamsOnLoop::of(Reactor::of(other)), &streams);
}

TEST(StreamsOnLoop, a_queue_that_was_given_back_is_lent_again_empty) {
    Loop loop;
    StreamsOnLoop& streams = StreamsOnLoop::of(Reactor::of(loop));
    std::unique_ptr<OutputQueue> queue = streams.take_queue();
    const OutputQueue* const first = queue.get();
    const std::byte byte{1};
    queue->append(std::span(&byte, 1));
    streams.give_back(std::move(queue));
    const std::unique_ptr<OutputQueue> again = streams.take_queue();
    EXPECT_EQ(again.get(), first);
    EXPECT_TRUE(again->is_empty());
    EXPECT_NE(streams.take_queue().get(), first);
}

}  // namespace
}  // namespace edgews
