// Text that is sent is UTF-8 (RFC 6455, section 5.6): what is not stays here, and says so.
#include <edgews/blocking_client.hpp>
#include <edgews/coroutine.hpp>
#include <edgews/prepared_message.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

const std::string not_utf8 = "\xff\xfe\x01";

TEST(Text, that_is_not_utf8_is_not_sent_and_the_connection_goes_on) {
    TestServer server;
    server->ws("/", {.open = [](Connection& c) {
                   const std::size_t waiting = c.buffered_amount();
                   EXPECT_EQ(c.send(not_utf8), SendResult::invalid);
                   EXPECT_EQ(c.send(Message::text(not_utf8)), SendResult::invalid);
                   EXPECT_EQ(c.send("h\xc3"), SendResult::invalid);  // Cut inside a character.
                   EXPECT_EQ(c.handle().send(not_utf8), SendResult::invalid);
                   EXPECT_EQ(c.buffered_amount(), waiting);
                   EXPECT_EQ(c.send(Message::binary(not_utf8)), SendResult::sent);
                   EXPECT_EQ(c.send("h\u00e9llo"), SendResult::sent);
               }});
    server.start();
    TestClient client = server.open();
    client.expect_frame(0x82, not_utf8);
    client.expect_text("h\u00e9llo");
    client.close_cleanly();
}

TEST(Text, that_is_not_utf8_is_nothing_to_publish) {
    EXPECT_FALSE(PreparedMessage(not_utf8));
    EXPECT_TRUE(PreparedMessage(Message::binary(not_utf8)));
    TestServer server;
    server->ws("/", {.open = [](Connection& c) {
                   c.subscribe("news");
                   c.send("subscribed");
               }});
    server.start();
    TestClient client = server.open();
    client.expect_text("subscribed");
    server->publish("news", not_utf8);
    server->publish("news", "true");
    client.expect_text("true");
}

TEST(Text, that_is_not_utf8_says_so_on_other_threads_and_in_clients) {
    TestServer server;
    Notes notes;
    Handle handle;
    server->ws("/", {.open =
                         [&](Connection& c) {
                             handle = c.handle();
                             notes.add("open");
                         },
                     .message = [](Connection& c, Message m) { c.send(m); }});
    server.start();
    BlockingClient client("ws://127.0.0.1:" + std::to_string(server.port()));
    EXPECT_EQ(notes.wait_for(1), List{"open"});
    EXPECT_EQ(handle.send(not_utf8), SendResult::invalid);
    EXPECT_EQ(client.send(not_utf8), SendResult::invalid);
    EXPECT_EQ(client.send("good"), SendResult::sent);
    EXPECT_EQ(client.receive()->text(), "good");
}

TEST(Text, that_is_not_utf8_is_told_to_the_coroutine) {
    TestServer server;
    serve(*server.operator->(), "/", [](AsyncConnection ws) -> Task<> {
        const SendResult result = co_await ws.send(not_utf8);
        EXPECT_EQ(result, SendResult::invalid);
        co_await ws.send("h\u00e9llo");
    });
    server.start();
    server.open().expect_text("h\u00e9llo");
}

// Pieces may be cut inside a character.
TEST(Text, in_fragments_is_the_applications_to_check) {
    TestServer server;
    server->ws("/", {.open = [](Connection& c) {
                   EXPECT_EQ(c.send_fragment("h\xc3", Fragment::first), SendResult::sent);
                   EXPECT_EQ(c.send_fragment("\xa9", Fragment::last), SendResult::sent);
               }});
    server.start();
    TestClient client = server.open();
    client.expect_frame(0x01, "h\xc3");
    client.expect_frame(0x80, "\xa9");
}

}  // namespace
}  // namespace edgews::test
