// Children that the application forks, and that go on without exec: they hold copies of all
// sockets.
#include "net/loop/fork.hpp"
#include <edgews/client.hpp>
#include <edgews/server.hpp>

#include <gtest/gtest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

// One that does nothing until it is ended.
class Child {
  public:
    Child() : pid_(::fork()) {
        if (pid_ != 0) return;
        if (has_forked.load()) ::_exit(1);
        for (;;) ::pause();
    }
    ~Child() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

  private:
    pid_t pid_;
};

class Fork : public testing::Test {
  protected:
    void SetUp() override {
        server_->ws("/", {.message = [](Connection& c, Message m) {
                        if (m.text() == "close") c.close();
                        if (m.text() == "terminate") c.terminate();
                        if (m.text() == "echo") c.send(m);
                    }});
        server_.start();
    }

    TestServer server_;
};

TEST_F(Fork, a_close_reaches_the_client) {
    TestClient closed = server_.open();
    TestClient closing = server_.open();
    const Child child;
    closed.send_text("close");
    closed.expect_close(1000);
    closed.send_close(1000);
    closed.expect_eof();
    closing.close_cleanly();
}

TEST_F(Fork, the_end_of_a_dropped_connection_reaches_the_client) {
    TestClient client = server_.open();
    const Child child;
    client.send_text("terminate");
    client.expect_end();
}

TEST_F(Fork, a_refusal_ends) {
    TestClient client = server_.connect();
    const Child child;
    client.send("nonsense\r\n\r\n");
    EXPECT_EQ(client.read_reply().status, 400U);
    client.half_close();
    client.expect_eof();
}

TEST_F(Fork, what_was_there_and_what_comes_goes_on) {
    TestClient before = server_.open();
    const Child child;
    TestClient after = server_.open();
    for (TestClient* client : {&before, &after}) {
        client->send_text("echo");
        client->expect_text("echo");
    }
}

TEST_F(Fork, a_client_that_is_dropped_ends_for_the_server) {
    Loop loop;
    Client client(loop, "ws://127.0.0.1:" + std::to_string(server_.port()));
    while (client.ready_state() != ReadyState::open) loop.poll(100);
    const Child child;
    client.terminate();
    loop.poll(100);
    server_.wait_for(Counter::websockets_open, 0);
}

TEST_F(Fork, a_child_is_not_told_that_it_has_children) {
    const Child child;
    EXPECT_TRUE(has_forked.load());
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(has_forked.load() ? 1 : 0);
    int status = -1;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace edgews::test
