// A refusal that comes in pieces: what was read of it stays true while its memory moves.
#include <string>

#include "../support/client_fixture.hpp"

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
        others.push_back(loop.pool().take(256));
        others.back().append(bytes_of(std::string(others.back().free_space().size(), 'x')));
    }
    peer.send(std::string(500, 'b'));
    expect_failure(ClientStage::handshake, "503 Busy");
    EXPECT_EQ(error.body, std::string(400, 'a') + std::string(500, 'b'));
    ASSERT_EQ(error.headers.size(), 2U);
    EXPECT_EQ(error.headers[0].name, "Retry-After");
    EXPECT_EQ(error.headers[0].value, "7");
}

}  // namespace
}  // namespace edgews::test
