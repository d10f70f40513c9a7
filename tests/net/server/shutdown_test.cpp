// A clean stop: everyone is told, and waited for as long as the grace lasts.
#include <edgews/client.hpp>
#include <edgews/loop.hpp>
#include <edgews/server.hpp>

#include <gtest/gtest.h>

#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include <edgews/signals.hpp>

#include "tests/support/raw_server.hpp"
#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

constexpr std::uint64_t long_ms = 60'000;  // Longer than any test may take.

class ShutdownTest : public testing::Test {
  protected:
    ShutdownTest() : server_({.loops = 2}) {
        server_->ws("/", {.message =
                              [this](Connection& c, Message m) {
                                  if (m.text() == "shut down") server_->shutdown(long_ms);
                                  c.send(m);
                              },
                          .close = [this](Connection&, CloseEvent e) { notes_.add(describe(e)); }});
        server_->ws("/later", {.upgrade = [this](const Request&, Upgrade& upgrade) {
                        deferred_ = upgrade.defer();
                        notes_.add("deferred");
                    }});
        server_->get("/", [](const Request&, Response&) {});
        server_.start();
    }
    // Shuts down in another thread.
    std::thread shut_down(std::uint64_t grace_ms) {
        return std::thread([this, grace_ms] {
            server_->shutdown(grace_ms);
            notes_.add("done");
        });
    }

    Notes notes_;
    DeferredUpgrade deferred_;
    TestServer server_;
};

TEST_F(ShutdownTest, everyone_is_told_1001_and_the_server_ends_when_they_have_answered) {
    std::vector<TestClient> clients;
    for (int i = 0; i < 10; ++i) clients.push_back(server_.open());
    std::thread thread = shut_down(long_ms);
    for (TestClient& client : clients) {
        client.expect_close(1001);
        client.send_close(1001);
        client.expect_eof();
    }
    thread.join();
    const List notes = notes_.all();
    ASSERT_EQ(notes.size(), 11U);
    EXPECT_EQ(notes.front(), "close 1001  clean");
    EXPECT_EQ(notes.back(), "done");
}

TEST_F(ShutdownTest, who_does_not_answer_is_dropped_when_the_grace_ends) {
    TestClient deaf = server_.open();
    TestClient half_a_head = server_.connect();
    half_a_head.send("GET /");
    std::thread thread = shut_down(30);
    deaf.expect_close(1001);
    deaf.expect_end();
    thread.join();
    EXPECT_EQ(notes_.all(), (List{"close 1006  unclean", "done"}));
    EXPECT_EQ(server_->stats()[Counter::connections_open], 0U);
}

TEST_F(ShutdownTest, nobody_new_gets_in) {
    TestClient client = server_.open();
    std::thread thread = shut_down(long_ms);
    client.expect_close(1001);
    // Until the sockets are closed, the system may still accept by itself; nobody serves it.
    const std::uint16_t port = server_.port();
    bool is_refused = false;
    while (!is_refused) {
        try {
            TestClient late(port);
            late.expect_end();
        } catch (const std::runtime_error&) {
            is_refused = true;
        }
    }
    client.send_close(1001);
    thread.join();
    EXPECT_EQ(server_->stats()[Counter::websockets_opened], 1U);
}

TEST_F(ShutdownTest, idle_and_unfinished_requests_are_ended) {
    TestClient idle = server_.connect();
    EXPECT_EQ(idle.get("/").status, 200U);
    TestClient silent = server_.connect();
    TestClient waiting = server_.connect();
    waiting.send(TestClient::upgrade_head("/later"));
    (void)notes_.wait_for(1);
    server_.wait_for(Counter::connections_open, 3);
    std::thread thread = shut_down(long_ms);
    EXPECT_EQ(waiting.read_reply().status, 503U);
    for (TestClient* client : {&idle, &silent, &waiting}) {
        client->expect_eof();
        client->close();
    }
    thread.join();
    EXPECT_FALSE(deferred_.accept());
}

TEST_F(ShutdownTest, a_handler_may_ask_for_it) {
    TestClient client = server_.open();
    client.send_text("shut down");
    client.expect_text("shut down");
    client.expect_close(1001);
    client.send_close(1001);
    client.expect_eof();
    server_->shutdown();  // Only waits.
    EXPECT_EQ(notes_.all(), List{"close 1001  clean"});
}

TEST_F(ShutdownTest, an_empty_server_ends_at_once_and_twice_is_once) {
    server_->shutdown(long_ms);
    server_->shutdown(long_ms);
}

TEST_F(ShutdownTest, what_comes_after_it_does_nothing) {
    server_->shutdown(0);
    server_->publish("topic", "x");
    server_->visit([](Connection&) { ADD_FAILURE() << "visited"; });
    EXPECT_EQ(server_->stats()[Counter::connections_open], 0U);
}

// run() returns before shutdown() does, on the thread that was asked for it.
TEST(Shutdown, the_server_may_be_destroyed_as_soon_as_run_returns) {
    for (int i = 0; i < 300; ++i) {
        std::thread stopping;
        {
            Server server(ServerOptions{.loops = 1U + static_cast<unsigned>(i % 2)});
            ASSERT_FALSE(server.listen({.host = "127.0.0.1"}));
            stopping = std::thread([&] { server.shutdown(100); });
            EXPECT_EQ(server.run(), 0);
        }
        stopping.join();
    }
}

TEST(Shutdown, a_server_that_is_driven_by_hand_waits_for_a_shutdown_too) {
    std::thread stopping;
    {
        Server server(ServerOptions{.loops = 2});
        ASSERT_FALSE(server.listen({.host = "127.0.0.1"}));
        stopping = std::thread([&] { server.shutdown(long_ms); });
        server.loop(0).poll(-1);  // It has been asked; loop 1 has not heard of it.
    }
    stopping.join();
}

TEST(Shutdown, a_signal_ends_the_process_with_0) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        Server server(ServerOptions{.loops = 2});
        server.ws("/", {});
        const Signals stop(server.loop(0), {SIGTERM}, [&](int) { server.shutdown(10'000); });
        if (server.listen({.host = "127.0.0.1"})) ::_exit(2);
        const std::uint16_t port = server.port();
        if (::write(ready[1], &port, sizeof port) != sizeof port) ::_exit(3);
        ::_exit(server.run());
    }
    std::uint16_t port = 0;
    ASSERT_EQ(::read(ready[0], &port, sizeof port), static_cast<ssize_t>(sizeof port));
    TestClient client = TestClient::opened(port);
    ::kill(child, SIGTERM);
    client.expect_close(1001);
    client.send_close(1001);
    client.expect_eof();
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    ::close(ready[0]);
    ::close(ready[1]);
}

// Who left an answer open gives it, and nobody has to wait for the grace to end.
TEST(ServerOnShutdown, is_called_once_on_each_loop_while_answers_can_still_be_given) {
    Notes notes;
    DeferredResponse answer;
    Loop* asked_on = nullptr;
    TestServer server({.loops = 2});
    server->get("/later", [&](const Request& asked, Response&) {
        answer = asked.defer();
        asked_on = Loop::current();
        notes.add("asked");
    });
    server->on_shutdown([&](Loop& loop) {
        notes.add(&loop == Loop::current() ? "told" : "told elsewhere");
        if (&loop == asked_on) answer.send({.body = "the end"});
    });
    server.start();
    std::optional<TestClient> client = server.connect();
    client->send(TestClient::get_head("/later"));
    (void)notes.wait_for(1);
    std::thread stopping([&] { server->shutdown(long_ms); });
    const HttpReply reply = client->read_reply();
    EXPECT_EQ(reply.body, "the end");
    EXPECT_TRUE(reply.has("Connection: close"));
    client->expect_eof();
    client.reset();
    stopping.join();
    EXPECT_EQ(notes.all(), (List{"asked", "told", "told"}));
}

TEST(ServerOnShutdown, is_called_when_a_server_is_destroyed_that_nobody_shut_down) {
    int count = 0;
    {
        Server server(ServerOptions{.loops = 1});
        server.on_shutdown([&](Loop& loop) { count += &loop == Loop::current() ? 1 : 100; });
        ASSERT_FALSE(server.listen({.host = "127.0.0.1"}));
        server.loop(0).poll(0);
        EXPECT_EQ(count, 0);
    }
    EXPECT_EQ(count, 1);
}

// They go with the loop, when the server's own have gone: until then what those say reaches others.
TEST(ClientsOfAServer, are_none_of_its_connections) {
    Loop loop;
    const RawServer other(loop);
    TestServer server;
    server->ws("/", {});
    Notes notes;
    Client client(server->loop(0), other.url(),
                  {.close = [&](Client&, const CloseEvent&) { notes.add("closed"); }});
    ASSERT_FALSE(server->listen({.host = "127.0.0.1"}));
    std::thread running([&] { EXPECT_EQ(server->run(), 0); });
    RawPeer peer = other.accept_opened();
    TestClient visitor = server.open();
    std::atomic<int> visited = 0;
    server->visit([&](Connection&) { ++visited; });
    server.wait_until([&] { return visited == 1; });
    std::thread thread([&] {
        server->shutdown(100);  // The visitor does not answer.
        notes.add("done");
    });
    visitor.expect_close(1001);
    thread.join();
    running.join();  // The client may go where its loop has ended.
    EXPECT_EQ(notes.all(), List{"done"});
    EXPECT_EQ(visited, 1);
    peer.expect_silence(5);
}

}  // namespace
}  // namespace edgews::test
