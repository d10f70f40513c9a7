// As many connections as may be, and what those who are too many hear.
#include "net/connection/admission.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

Handlers echo() {
    return {.message = [](Connection& c, Message m) { c.send(m); }};
}

void expect_served(TestClient& client) {
    client.send_text("hi");
    client.expect_text("hi");
}

void expect_refused(TestClient& client) {
    client.send(TestClient::upgrade_head());
    const HttpReply reply = client.read_reply();
    EXPECT_EQ(reply.status, 503U);
    EXPECT_TRUE(reply.has("Connection: close"));
    client.expect_eof();
}

TEST(Limits, the_one_too_many_is_answered_503_and_the_others_live_on) {
    TestServer server({.connections_max = 3});
    server->ws("/", echo());
    server.start();
    TestClient first = server.open();
    TestClient second = server.open();
    TestClient in_its_handshake = server.connect();  // Counts, too.
    server.wait_for(Counter::connections_open, 3);
    for (int i = 0; i < 3; ++i) {
        TestClient late = server.connect();
        expect_refused(late);
    }
    expect_served(first);
    expect_served(second);
    EXPECT_EQ(server->stats()[Counter::connections_refused], 3U);
    server.wait_for(Counter::connections_open, 3);
    second.close_cleanly();
    server.wait_for(Counter::connections_open, 2);
    TestClient next = server.open();
    expect_served(next);
}

TEST(Limits, plain_requests_too_are_refused_when_there_are_too_many) {
    TestServer server({.connections_max = 1});
    server->ws("/", echo());
    server->get("/page", [](const Request&, Response&) {});
    server.start();
    TestClient only = server.open();
    TestClient late = server.connect();
    EXPECT_EQ(late.get("/page").status, 503U);
    late.expect_eof();
}

TEST(Limits, who_was_refused_keeps_nobody_else_out) {
    for (const ServerOptions& options :
         {ServerOptions{.connections_max = 1}, ServerOptions{.connections_per_address_max = 1}}) {
        TestServer server(options);
        server->ws("/", echo());
        server.start();
        TestClient only = server.open();
        TestClient refused_and_silent = server.connect();
        TestClient refused = server.connect();
        expect_refused(refused);  // And does not go.
        EXPECT_EQ(server->stats()[Counter::connections_open], 1U);
        only.close_cleanly();
        server.wait_for(Counter::connections_open, 0);
        TestClient next = server.open();
        expect_served(next);
    }
}

// Of one that says nothing, either.
TEST(Limits, the_one_too_many_is_answered_and_closed_at_once) {
    for (const ServerOptions& options :
         {ServerOptions{.connections_max = 1}, ServerOptions{.connections_per_address_max = 1}}) {
        TestServer server(options);
        server->ws("/", echo());
        server.start();
        TestClient only = server.open();
        std::vector<TestClient> silent;
        for (int i = 0; i < 50; ++i) silent.push_back(server.connect());
        for (TestClient& client : silent) {
            const HttpReply reply = client.read_reply();
            EXPECT_EQ(reply.status, 503U);
            EXPECT_TRUE(reply.has("Connection: close"));
            EXPECT_TRUE(reply.has("Retry-After: 1"));
            client.expect_eof();
        }
        EXPECT_EQ(server->stats()[Counter::connections_open], 1U);
        EXPECT_EQ(server->stats()[Counter::connections_refused], 50U);
        expect_served(only);
    }
}

TEST(Limits, an_address_has_its_own_limit) {
    TestServer server({.connections_per_address_max = 2});
    server->ws("/", echo());
    server.start();
    TestClient first = server.open();
    TestClient second = server.open();
    TestClient third = server.connect();
    expect_refused(third);
    first.reset();
    third.close();
    server.wait_for(Counter::connections_open, 1);
    TestClient fourth = server.open();
    expect_served(fourth);
    expect_served(second);
    TestClient fifth = server.connect();
    expect_refused(fifth);
}

TEST(Limits, an_address_may_connect_so_often) {
    TestServer server({.connects_per_minute_max = 3});
    server->ws("/", echo());
    server.start();
    server.open().close_cleanly();
    server.open().close_cleanly();
    TestClient third = server.open();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(server.connect().read_reply().status, 503U);
    expect_served(third);
    EXPECT_EQ(server->stats()[Counter::connections_refused], 3U);
}

TEST(Limits, an_option_out_of_its_range_is_named) {
    for (const unsigned length : {1U, 128U}) {
        EXPECT_NO_THROW(Server(ServerOptions{.loops = 1, .ipv6_prefix_length = length}));
    }
    for (const unsigned length : {0U, 129U}) {
        try {
            const Server server(ServerOptions{.loops = 1, .ipv6_prefix_length = length});
            ADD_FAILURE() << length;
        } catch (const std::invalid_argument& error) {
            EXPECT_NE(std::string(error.what()).find("ipv6_prefix_length"), std::string::npos);
        }
    }
}

TEST(Limits, all_loops_count_together) {
    TestServer server({.loops = 4, .connections_max = 10});
    server->ws("/", echo());
    server.start();
    std::vector<TestClient> clients;
    for (int i = 0; i < 10; ++i) clients.push_back(server.open());
    for (int i = 0; i < 5; ++i) {
        TestClient late = server.connect();
        expect_refused(late);
    }
    for (TestClient& client : clients) expect_served(client);
}

// ---- No descriptors left ---------------------------------------------------

// While it lives, the process can open only a few descriptors more.
class FewDescriptors {
  public:
    explicit FewDescriptors(rlim_t spare) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const Fd lowest_free(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        rlimit few = before_;
        few.rlim_cur = static_cast<rlim_t>(lowest_free.get()) + spare;
        ::setrlimit(RLIMIT_NOFILE, &few);
    }
    ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    FewDescriptors(const FewDescriptors&) = delete;
    FewDescriptors& operator=(const FewDescriptors&) = delete;

  private:
    rlimit before_{};
};

// Milliseconds of CPU time that the server's thread has used.
double cpu_ms(TestServer& server) {
    return server.on_loop([] {
        rusage usage{};
        ::getrusage(RUSAGE_THREAD, &usage);
        const auto ms = [](const timeval& time) {
            return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
        };
        return ms(usage.ru_utime) + ms(usage.ru_stime);
    });
}

TEST(Limits, without_descriptors_clients_are_turned_away_and_later_served_again) {
    constexpr std::size_t count = 20;
    TestServer server;
    server->ws("/", echo());
    server.start();
    TestClient living = server.open();
    std::vector<TestClient> late;
    for (std::size_t i = 0; i < count; ++i) late.push_back(TestClient::unconnected());
    {
        const FewDescriptors few(0);
        for (TestClient& client : late) {
            client.connect(server.port());
            EXPECT_EQ(client.read_reply().status, 503U);
            client.expect_end();
        }
        expect_served(living);
        EXPECT_EQ(server->stats()[Counter::connections_refused], count);
    }
    TestClient next = server.open();
    expect_served(next);
    expect_served(living);
}

TEST(Limits, without_even_the_spare_descriptor_the_loop_does_not_spin_and_recovers) {
    TestServer server;
    server->ws("/", echo());
    {
        const FewDescriptors few(1);  // For the listening socket.
        server.start();
    }
    // The CPU time that the loop takes in so many milliseconds.
    const auto cpu_ms_within = [&](std::uint64_t duration_ms) {
        const double before_ms = cpu_ms(server);
        std::promise<void> later;
        server.on_loop([&] { server->loop(0).after(duration_ms, [&] { later.set_value(); }); });
        later.get_future().wait();
        return cpu_ms(server) - before_ms;
    };
    TestClient living = server.open();
    expect_served(living);
    (void)cpu_ms_within(1);  // A sanitizer wants descriptors for whatever is called first.
    TestClient waiting = TestClient::unconnected();
    {
        const FewDescriptors few(0);
        waiting.connect(server.port());  // To the system: nobody accepts it.
        EXPECT_LT(cpu_ms_within(250), 25);
        expect_served(living);
        EXPECT_EQ(server->stats()[Counter::connections_accepted], 1U);
    }
    waiting.send(TestClient::upgrade_head());
    EXPECT_EQ(waiting.read_reply().status, 101U);
    expect_served(waiting);
}

TEST(Limits, a_spare_descriptor_that_was_lost_is_taken_again_for_the_next_want) {
    TestServer server;
    server->ws("/", echo());
    {
        const FewDescriptors few(1);  // For the listening socket: there is none to spare.
        server.start();
    }
    TestClient waiting = TestClient::unconnected();
    TestClient late = TestClient::unconnected();
    {
        const FewDescriptors few(0);
        waiting.connect(server.port());
        server.on_loop([] {});  // It is seen, and cannot be accepted.
    }
    waiting.send(TestClient::upgrade_head());
    EXPECT_EQ(waiting.read_reply().status, 101U);
    {
        const FewDescriptors few(0);
        late.connect(server.port());
        EXPECT_EQ(late.read_reply().status, 503U);
        late.expect_end();
    }
    expect_served(waiting);
}

}  // namespace
}  // namespace edgews::test
