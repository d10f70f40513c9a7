// A refusal that comes in pieces: what was read of it stays true while its memory moves.
#include <string>

#include "tests/support/client_fixture.hpp"

namespace edgews::test {
namespace {

class ClientAnswer : public ClientFixture {};

TEST_F(ClientAnswer, a_head_is_still_read_when_the_body_has_moved_it) {
    RawServer server(loop);
    connect(server.url());
    RawPeer peer = server.accept();
    (void)peer.read_head();
    peer.send("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 900\r\n\r\n");
    turn(5);
    peer.send(std::string(400, 'a'));
    turn(5);
    // What the head was in is another's now.
    std::vector<Buffer> others;
    for (int i = 0; i < 8; ++i) {
        others.push_back(reactor.pool().take(256));
        others.back().append(bytes_of(std::string(others.back().free_space().size(), 'x')));
    }
    peer.send(std::string(500, 'b'));
    expect_failure(ClientStage::handshake, "503 Busy");
    EXPECT_EQ(error.body, std::string(400, 'a') + std::string(500, 'b'));
    ASSERT_EQ(error.headers.size(), 2U);
    EXPECT_EQ(error.headers[0].name, "Retry-After");
    EXPECT_EQ(error.headers[0].value, "7");
}

// Servers that keep their connection open behind it would have the client wait.
TEST_F(ClientAnswer, a_body_that_has_no_end_is_what_came_with_the_head) {
    RawServer server(loop);
    for (const char* body : {"", "Who are you?"}) {
        forget();
        connect(server.url(), {.handshake_timeout_ms = 0, .open_timeout_ms = 0});
        RawPeer peer = server.accept();
        (void)peer.read_head();
        peer.send(std::string("HTTP/1.1 401 Unauthorized\r\n\r\n") + body);
        expect_failure(ClientStage::handshake, "401 Unauthorized");
        EXPECT_EQ(error.body, body);
        peer.expect_end();
    }
}

TEST_F(ClientAnswer, a_body_that_was_announced_is_waited_for_a_moment) {
    RawServer server(loop);
    for (const char* head :
         {"Content-Length: 10\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nA\r\n"}) {
        forget();
        connect(server.url(), {.handshake_timeout_ms = 0, .open_timeout_ms = 0});
        RawPeer peer = server.accept();
        (void)peer.read_head();
        peer.send(std::string("HTTP/1.1 503 Busy\r\n") + head + "Try");
        expect_failure(ClientStage::handshake, "503 Busy");
        EXPECT_EQ(error.body, "Try");
        peer.expect_end();
    }
}

}  // namespace
}  // namespace edgews::test
