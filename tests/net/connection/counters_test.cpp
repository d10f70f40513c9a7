// That what a server counts is what its peers sent and got, to the byte.
#include "tests/support/test_server.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace edgews::test {
namespace {

class ServerCounters : public testing::Test {
  protected:
    ServerCounters() {
        server_->ws("/", {.message = [](Connection& c, Message m) { c.send(m); }});
        server_->get("/page", [](const Request&, Response& r) { r.body = "a page"; });
        server_.start();
    }
    // What a client sent and got altogether, who is gone by then.
    void expect_bytes(std::size_t sent, std::size_t got) {
        server_.wait_for(Counter::connections_open, 0);
        EXPECT_EQ(server_->stats()[Counter::bytes_received], sent);
        EXPECT_EQ(server_->stats()[Counter::bytes_sent], got);
    }

    TestServer server_;
};

TEST_F(ServerCounters, the_bytes_of_http_are_counted_both_ways) {
    TestClient client = server_.connect();
    std::size_t sent = 0;
    std::size_t got = 0;
    for (const std::string path : {"/page", "/nowhere"}) {
        const std::string head = TestClient::get_head(path);
        client.send(head);
        const HttpReply reply = client.read_reply();
        sent += head.size();
        got += reply.head.size() + reply.body.size();
    }
    client.close();
    expect_bytes(sent, got);
    EXPECT_EQ(server_->stats()[Counter::connections_accepted], 1U);
    EXPECT_EQ(server_->stats()[Counter::http_requests], 2U);
}

TEST_F(ServerCounters, the_bytes_of_a_websocket_are_counted_both_ways) {
    TestClient client = server_.connect();
    const std::string head = TestClient::upgrade_head("/");
    client.send(head);
    const HttpReply reply = client.read_reply();
    ASSERT_EQ(reply.status, 101U);
    client.send_text("hello");
    client.expect_text("hello");
    client.close_cleanly();
    constexpr std::size_t masked_size = 6 + 5 + 6 + 2;  // The text and the close frame's code.
    constexpr std::size_t plain_size = 2 + 5 + 2 + 2;
    expect_bytes(head.size() + masked_size, reply.head.size() + plain_size);
    EXPECT_EQ(server_->stats()[Counter::websockets_opened], 1U);
    EXPECT_EQ(server_->stats()[Counter::websockets_open], 0U);
    EXPECT_EQ(server_->stats()[Counter::messages_received], 1U);
    EXPECT_EQ(server_->stats()[Counter::messages_sent], 1U);
}

}  // namespace
}  // namespace edgews::test
