// Who is told that nobody wants more of an answer that is sent piece by piece: the client leaves,
// or does not read, or the server ends.
#include "net/loop/reactor.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/http_stream_fixture.hpp"

namespace edgews::test {
namespace {

constexpr ClientOptions small_buffer{.receive_buffer = 16'384};
const std::string piece(10'000, 'p');

class HttpStreamEnds : public HttpStreamFixture {};

// ---- The client -------------------------------------------------------------------------------

TEST_F(HttpStreamEnds, who_left_is_told_of_once) {
    server_.start();
    TestClient client = ask(TestClient::get_head("/stream"));
    const ResponseStream stream = wait_for_stream();
    EXPECT_EQ(stream.write("12345"), SendResult::queued);
    client.reset();
    server_.wait_for(Counter::connections_open, 0);
    EXPECT_EQ(notes_.all(), (List{"begun", "gone"}));
    EXPECT_FALSE(stream.is_open());
    EXPECT_EQ(stream.write("x"), SendResult::closed);
    EXPECT_FALSE(stream.finish());
}

TEST_F(HttpStreamEnds, who_sends_nothing_more_is_told_of_and_still_sent_the_rest) {
    server_.start();
    TestClient client = ask(TestClient::get_head("/stream"));
    client.half_close();
    EXPECT_EQ(notes_.wait_for(2), (List{"begun", "gone"}));
    const ResponseStream stream = wait_for_stream();
    EXPECT_TRUE(stream.is_open());
    stream.write("still");
    EXPECT_TRUE(stream.finish());
    EXPECT_EQ(client.read_reply().body, "still");
    client.expect_eof();
    EXPECT_EQ(notes_.all(), (List{"begun", "gone"}));
}

TEST_F(HttpStreamEnds, what_is_endless_ends_with_the_client) {
    options_.is_endless = true;
    server_.start();
    TestClient client = ask(TestClient::get_head("/stream"));
    const ResponseStream stream = wait_for_stream();
    EXPECT_EQ(stream.write("one"), SendResult::queued);
    EXPECT_EQ(client.read_reply(false).status, 201U);
    EXPECT_EQ(client.read_chunk(), "one");
    client.half_close();
    EXPECT_EQ(client.read_chunk(), "");
    client.expect_eof();
    EXPECT_EQ(notes_.wait_for(2), (List{"begun", "gone"}));
    EXPECT_FALSE(stream.is_open());
}

TEST_F(HttpStreamEnds, who_does_not_read_is_cut_off_when_too_much_waits) {
    options_.backlog_size_max = 100'000;
    server_.start();
    TestClient client = ask(TestClient::get_head("/stream"), small_buffer);
    const ResponseStream stream = wait_for_stream();
    std::size_t count = 0;
    EXPECT_EQ(with_stream([&count](const ResponseStream& its) {
                  SendResult result = SendResult::sent;
                  while (was_accepted(result)) {
                      result = its.write(piece);
                      ++count;
                  }
                  return result;
              }),
              SendResult::closed);
    EXPECT_GT(count, 10U);
    EXPECT_EQ(notes_.wait_for(2), (List{"begun", "gone"}));
    EXPECT_FALSE(stream.is_open());
    EXPECT_EQ(client.read_reply(false).status, 201U);
    for (std::size_t i = 1; i < count; ++i) EXPECT_EQ(client.read_chunk(), piece);
    client.expect_eof();
}

TEST_F(HttpStreamEnds, a_write_that_is_dropped_can_be_made_again_when_there_is_room) {
    options_.backlog_size_max = 100'000;
    options_.overflow = Overflow::drop;
    std::atomic<int> left = 500;
    const auto write_some = [&](const ResponseStream& its) {
        SendResult result = SendResult::sent;
        while (left > 0) {
            result = its.write(piece);
            if (result == SendResult::dropped) break;
            --left;
        }
        if (left == 0) its.finish();
        return result;
    };
    options_.drain = [&] { (void)write_some(stream_); };
    server_.start();
    TestClient client = ask(TestClient::get_head("/stream"), small_buffer);
    (void)wait_for_stream();
    EXPECT_EQ(with_stream(write_some), SendResult::dropped);
    EXPECT_GT(left, 0);
    EXPECT_EQ(client.read_reply().body.size(), 500 * piece.size());
    EXPECT_EQ(left, 0);
    EXPECT_EQ(notes_.all(), (List{"begun"}));
}

// The limit counts what is on its way to the loop: no thread can fill the memory.
TEST_F(HttpStreamEnds, another_thread_is_held_to_the_same_limit_and_told_when_there_is_room) {
    options_.backlog_size_max = 100'000;
    options_.overflow = Overflow::drop;
    server_.start();
    TestClient client = ask(TestClient::get_head("/stream"), small_buffer);
    const ResponseStream stream = wait_for_stream();
    std::atomic<bool> may_turn = false;
    server_->loop(0).post([&may_turn] { may_turn.wait(false); });
    int count = 0;
    while (stream.write(piece) == SendResult::queued) ++count;
    EXPECT_EQ(count, 10);
    may_turn = true;
    may_turn.notify_all();
    EXPECT_EQ(notes_.wait_for(2).back(), "drain");
    std::thread writer([&] {
        std::size_t notes = 2;
        for (int i = 0; i < 500; ++i) {
            while (stream.write(piece) == SendResult::dropped) (void)notes_.wait_for(++notes);
        }
        EXPECT_TRUE(stream.finish());
    });
    EXPECT_EQ(client.read_reply().body.size(), (500 + 10) * piece.size());
    writer.join();
}

// All of that leaves at once: no socket says that there is room.
TEST_F(HttpStreamEnds, its_own_loop_is_told_too_when_what_others_have_posted_was_in_the_way) {
    options_.backlog_size_max = 1'000;
    options_.overflow = Overflow::drop;
    server_.start();
    TestClient client = ask(TestClient::get_head("/stream"));
    const ResponseStream stream = wait_for_stream();
    EXPECT_EQ(client.read_reply(false).status, 201U);
    std::promise<void> is_posted;
    std::promise<SendResult> result;
    server_->loop(0).post([&] {
        is_posted.get_future().wait();
        result.set_value(stream_.write(std::string(200, 'l')));
    });
    EXPECT_EQ(stream.write(std::string(900, 'p')), SendResult::queued);
    is_posted.set_value();
    EXPECT_EQ(result.get_future().get(), SendResult::dropped);
    EXPECT_EQ(notes_.wait_for(2), (List{"begun", "drain"}));
    EXPECT_EQ(client.read_chunk(), std::string(900, 'p'));
}

TEST_F(HttpStreamEnds, another_thread_that_writes_too_much_cuts_it_off) {
    options_.backlog_size_max = 100'000;
    server_.start();
    TestClient client = ask(TestClient::get_head("/stream"), small_buffer);
    const ResponseStream stream = wait_for_stream();
    SendResult result = SendResult::queued;
    while (result == SendResult::queued) result = stream.write(piece);
    EXPECT_EQ(result, SendResult::closed);
    EXPECT_FALSE(stream.is_open());
    EXPECT_EQ(notes_.wait_for(2), (List{"begun", "gone"}));
    client.expect_end();
}

TEST_F(HttpStreamEnds, a_drain_handler_that_throws_cuts_it_off) {
    options_.drain = [] { throw std::runtime_error("oh"); };
    server_.start();
    TestClient client = ask(TestClient::get_head("/stream"), small_buffer);
    (void)wait_for_stream();
    with_stream([](const ResponseStream& its) { return its.write(std::string(8'000'000, 'x')); });
    wait_for_turn();
    EXPECT_EQ(client.read_reply(false).status, 201U);
    EXPECT_EQ(client.read_chunk().size(), 8'000'000U);
    client.expect_eof();
    EXPECT_EQ(notes_.wait_for(2), (List{"begun", "gone"}));
    EXPECT_EQ(server_->stats()[Counter::handler_failures], 1U);
}

// ---- The server -------------------------------------------------------------------------------

TEST_F(HttpStreamEnds, a_server_that_shuts_down_waits_for_the_rest_as_long_as_its_grace) {
    server_.start();
    TestClient client = ask(TestClient::get_head("/stream"));
    const ResponseStream stream = wait_for_stream();
    TestClient idle = server_.connect();
    EXPECT_EQ(idle.get("/now").body, "now");
    std::thread ending([&] { server_->shutdown(20'000); });
    idle.expect_eof();
    idle.close();
    EXPECT_EQ(stream.write("last"), SendResult::queued);
    EXPECT_TRUE(stream.finish());
    EXPECT_EQ(client.read_reply().body, "last");
    client.expect_eof();
    client.close();
    ending.join();
    EXPECT_EQ(notes_.all(), (List{"begun"}));
}

TEST_F(HttpStreamEnds, what_is_not_finished_then_is_cut_and_told_of) {
    server_.start();
    TestClient client = ask(TestClient::get_head("/stream"));
    const ResponseStream stream = wait_for_stream();
    server_->shutdown(1);
    EXPECT_EQ(notes_.all(), (List{"begun", "gone"}));
    EXPECT_EQ(stream.write("x"), SendResult::closed);
    client.expect_end();
}

// To a client of HTTP/1.0 an end would say that it has all of it.
TEST_F(HttpStreamEnds, what_is_not_finished_then_is_reset_where_only_the_end_tells_of_the_end) {
    server_.start();
    TestClient client = ask("GET /stream HTTP/1.0\r\n\r\n");
    EXPECT_EQ(wait_for_stream().write("12345"), SendResult::queued);
    EXPECT_EQ(client.read_reply(false).status, 201U);
    EXPECT_EQ(text_of(client.read_exactly(5)), "12345");
    server_->shutdown(1);
    EXPECT_EQ(notes_.all(), (List{"begun", "gone"}));
    client.expect_reset();
}

TEST_F(HttpStreamEnds, nor_is_what_is_finished_and_does_not_leave_in_time_taken_for_the_whole) {
    server_.start();
    TestClient client = ask("GET /stream HTTP/1.0\r\n\r\n", small_buffer);
    (void)wait_for_stream();
    with_stream([](const ResponseStream& its) {
        EXPECT_EQ(its.write(std::string(8'000'000, 'x')), SendResult::sent);
        return its.finish();
    });
    wait_for_turn();
    server_->shutdown(1);
    client.expect_reset();
    EXPECT_EQ(notes_.all(), (List{"begun"}));
}

TEST_F(HttpStreamEnds, what_is_endless_ends_at_once_when_the_server_does) {
    options_.is_endless = true;
    server_.start();
    TestClient client = ask(TestClient::get_head("/stream"));
    const ResponseStream stream = wait_for_stream();
    EXPECT_EQ(stream.write("one"), SendResult::queued);
    std::thread ending([&] { server_->shutdown(20'000); });
    EXPECT_EQ(client.read_reply().body, "one");
    client.expect_eof();
    client.close();
    ending.join();
    EXPECT_EQ(notes_.all(), (List{"begun", "gone"}));
    EXPECT_FALSE(stream.finish());
}

// What is told may do what it likes with the stream.
TEST(HttpStreamsWithin, who_is_told_may_finish_write_and_throw) {
    std::optional<ResponseStream> stream;
    std::vector<SendResult> results;
    TestServer server;
    server->get("/", [&](const Request& asked, Response&) {
        StreamOptions options;
        options.gone = [&] {
            results.push_back(stream->write("from within"));
            EXPECT_TRUE(stream->finish());
            stream.reset();
            throw std::runtime_error("oh");
        };
        stream = asked.stream({}, std::move(options));
    });
    server.start();
    TestClient client = server.connect();
    client.send(TestClient::get_head("/"));
    client.half_close();
    EXPECT_EQ(client.read_reply().body, "from within");
    client.expect_eof();
    EXPECT_EQ(results, std::vector{SendResult::sent});
    EXPECT_EQ(server->stats()[Counter::handler_failures], 1U);
}

// The memory is others'.
TEST(HttpStreamsWithin, a_stream_for_which_there_is_no_memory_is_cut) {
    constexpr std::size_t mib = 1024 * 1024;
    ResponseStream stream;
    std::atomic<int> gone_count = 0;
    TestServer server({.memory_max = mib});
    server->get("/", [&](const Request& asked, Response&) {
        StreamOptions options;
        options.gone = [&] { ++gone_count; };
        stream = asked.stream({}, std::move(options));
    });
    server.start();
    TestClient client = server.connect();
    client.send(TestClient::get_head("/"));
    EXPECT_EQ(client.read_reply(false).status, 200U);
    std::vector<Buffer> held;
    const SendResult result = server.on_loop([&] {
        BufferPool& pool = Reactor::current()->pool();
        while (pool.may_hold(BufferPool::small_size, 4'096)) held.push_back(pool.take(4'096));
        EXPECT_EQ(stream.write("a little"), SendResult::sent);
        return stream.write(std::string(100'000, 'x'));
    });
    EXPECT_EQ(result, SendResult::closed);
    EXPECT_EQ(client.read_chunk(), "a little");
    client.expect_eof();
    server.wait_until([&] { return gone_count == 1; });
    server.on_loop([&] { held.clear(); });
}

}  // namespace
}  // namespace edgews::test
