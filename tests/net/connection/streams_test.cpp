// Messages in pieces: received by streaming handlers, and sent as fragments.
#include <edgews/connection.hpp>
#include "net/loop/reactor.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

TEST(Streams, a_message_is_begun_shown_and_ended) {
    Notes notes;
    TestServer server;
    server->ws("/", {.message = [](Connection&, Message) { ADD_FAILURE() << "not streamed"; },
                     .message_begin =
                         [&](Connection&, Message::Kind kind) {
                             notes.add(kind == Message::Kind::text ? "text" : "binary");
                         },
                     .message_chunk = [&](Connection&,
                                          auto bytes) { notes.add("chunk " + text_of(bytes)); },
                     .message_end =
                         [&](Connection& c) {
                             notes.add("end");
                             c.send("thanks");
                         }});
    server.start();
    TestClient client = server.open();
    client.send(client_frame(0x01, "one") + client_frame(0x89, "") + client_frame(0x00, "") +
                client_frame(0x80, "two"));
    client.expect_frame(0x8A, "");
    client.expect_text("thanks");
    client.send_frame(0x82, "");
    client.expect_text("thanks");
    EXPECT_EQ(notes.all(), (List{"text", "chunk one", "chunk two", "end", "binary", "end"}));
    EXPECT_EQ(server->stats()[Counter::messages_received], 2U);
    client.close_cleanly();
}

TEST(Streams, bad_text_is_refused_at_its_first_bad_byte) {
    Notes notes;
    TestServer server;
    server->ws("/", {.message_chunk = [&](Connection&, auto bytes) { notes.add(text_of(bytes)); },
                     .message_end = [&](Connection&) { notes.add("end"); }});
    server.start();
    TestClient client = server.open();
    client.send(client_frame(0x01, "good") + client_frame(0x00, "bad \xFF"));
    client.expect_close(1007);
    EXPECT_EQ(notes.all(), List{"good"});
}

// One frame of 64 MiB, which is echoed as it comes, by a server that may keep none of it.
TEST(Streams, a_message_of_64_mib_passes_through_in_constant_memory) {
    constexpr std::size_t size = 64 * 1024 * 1024;
    std::atomic<std::size_t> received = 0;
    std::atomic<std::size_t> lent_max = 0;
    TestServer server;
    server->ws("/",
               {.message_chunk =
                    [&](Connection& c, std::span<const std::byte> bytes) {
                        received += bytes.size();
                        lent_max =
                            std::max(lent_max.load(),
                                     Reactor::current()->pool().lent_size() + c.buffered_amount());
                        EXPECT_LE(bytes.size(), Reactor::receive_space_size);
                    },
                .message_end = [&](Connection& c) { c.send(std::to_string(received)); }},
               {.message_size_max = size});
    server.start();
    TestClient client = server.open();
    client.send_hex("82 FF 0000000004000000 00000000");
    const Bytes block(1024 * 1024, std::byte{'x'});
    for (std::size_t sent = 0; sent < size; sent += block.size()) client.send(block);
    client.expect_text(std::to_string(size));
    EXPECT_LT(lent_max, 1024 * 1024U);
}

TEST(Streams, a_message_may_be_sent_in_fragments_with_pings_between_and_nothing_else) {
    TestServer server;
    server->ws("/", {.open = [](Connection& c) {
                   EXPECT_EQ(c.send_fragment("no", Fragment::middle), SendResult::dropped);
                   EXPECT_EQ(c.send_fragment("no", Fragment::last), SendResult::dropped);
                   EXPECT_EQ(c.send_fragment("one", Fragment::first), SendResult::sent);
                   EXPECT_EQ(c.send_fragment("no", Fragment::first), SendResult::dropped);
                   EXPECT_EQ(c.send("no"), SendResult::dropped);
                   EXPECT_EQ(c.send(PreparedMessage("no")), SendResult::dropped);
                   EXPECT_EQ(c.ping(), SendResult::sent);
                   EXPECT_EQ(c.send_fragment("two", Fragment::middle), SendResult::sent);
                   EXPECT_EQ(c.send_fragment("", Fragment::last), SendResult::sent);
                   EXPECT_EQ(c.send_fragment(Message(bytes_of("b")), Fragment::first),
                             SendResult::sent);
                   EXPECT_TRUE(c.close());
                   EXPECT_EQ(c.send_fragment("late", Fragment::last), SendResult::closed);
               }});
    server.start();
    TestClient client = server.open();
    client.expect_frame(0x01, "one");
    client.expect_frame(0x89, "");
    client.expect_frame(0x00, "two");
    client.expect_frame(0x80, "");
    client.expect_frame(0x02, "b");
    client.expect_close(1000);
    EXPECT_EQ(server->stats()[Counter::messages_sent], 1U);
}

TEST(Streams, a_fragment_that_is_dropped_leaves_the_message_as_it_was) {
    const std::string large(8'000'000, 'x');
    TestServer server;
    server->ws("/",
               {.open =
                    [&](Connection& c) {
                        EXPECT_EQ(c.send_fragment(large, Fragment::first), SendResult::queued);
                        EXPECT_EQ(c.send_fragment("lost", Fragment::last), SendResult::dropped);
                    },
                .drain =
                    [](Connection& c) {
                        EXPECT_EQ(c.send_fragment("end", Fragment::last), SendResult::sent);
                    }},
               {.backlog_size_max = 1'000, .drain_mark = 0, .overflow = Overflow::drop});
    server.start();
    TestClient client = server.open("/", "", {.receive_buffer = 65'536});
    client.expect_frame(0x01, large);
    client.expect_frame(0x80, "end");
}

TEST(Streams, a_prepared_message_serves_many_and_an_empty_one_nobody) {
    const PreparedMessage small("small");
    const std::string text(70'000, 'x');
    const PreparedMessage large(text);
    TestServer server({.loops = 2});
    server->ws("/", {.open = [&](Connection& c) {
                   EXPECT_EQ(c.send(small), SendResult::sent);
                   EXPECT_EQ(c.send(PreparedMessage()), SendResult::dropped);
                   (void)c.send(large);
                   (void)c.send(small);
               }});
    server.start();
    for (int i = 0; i < 10; ++i) {
        TestClient client = server.open();
        client.expect_text("small");
        client.expect_text(text);
        client.expect_text("small");
    }
}

}  // namespace
}  // namespace edgews::test
