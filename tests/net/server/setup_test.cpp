// The order of a server's life, and what the system refuses while it is set up.
#include <edgews/loop.hpp>
#include <edgews/server.hpp>
#include <edgews/stomp_broker.hpp>
#include "net/loop/cpu.hpp"

#include <gtest/gtest.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "tests/support/places.hpp"
#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

template <class Exception, class F>
void expect_thrown(const std::string& name, F call) {
    SCOPED_TRACE(name);
    try {
        call();
        ADD_FAILURE() << "it was taken";
    } catch (const Exception& thrown) {
        EXPECT_NE(std::string(thrown.what()).find(name), std::string::npos) << thrown.what();
    }
}

void add_routes(Server& server) {
    const auto page = [](const Request&, Response&) {};
    expect_thrown<std::logic_error>("Server::get(\"/late\")", [&] { server.get("/late", page); });
    expect_thrown<std::logic_error>("Server::ws(\"/late\")", [&] { server.ws("/late", {}); });
    expect_thrown<std::logic_error>("Server::on_shutdown()",
                                    [&] { server.on_shutdown([](Loop&) {}); });
}

TEST(Setup, routes_that_come_after_listen_are_refused_by_name) {
    TestServer server;
    server->ws("/", {});
    ASSERT_FALSE(server->listen({.host = "127.0.0.1"}));
    add_routes(*server.operator->());
    server->start();
    add_routes(*server.operator->());
    EXPECT_EQ(server.connect().get("/late").status, 404U);
}

TEST(Setup, a_subprotocol_that_nobody_could_offer_is_refused_by_name) {
    Server server(ServerOptions{.loops = 1});
    for (const char* name : {"", "a b", "a\r\nX: y", "a,b"}) {
        expect_thrown<std::invalid_argument>(
            "RouteOptions::subprotocols: \"" + std::string(name) + '"', [&] {
                server.ws("/", {}, {.subprotocols = {"good", name}});
            });
    }
}

TEST(Setup, an_address_that_cannot_be_had_leaves_routes_open) {
    TestServer first;
    first.start();
    TestServer second;
    ASSERT_TRUE(second->listen({.host = "127.0.0.1", .port = first.port()}));
    second->get("/", [](const Request&, Response& answer) { answer.body = "here"; });
    second.start();
    EXPECT_EQ(second.connect().get("/").body, "here");
}

TEST(Setup, listening_after_start_is_an_error_that_says_so) {
    TestServer server;
    server.start();
    const Error late = server->listen({.host = "127.0.0.1"});
    EXPECT_TRUE(late);
    EXPECT_NE(late.message.find("listen() comes before"), std::string::npos) << late.message;
    EXPECT_EQ(server->listening_on(1), "");
    server->shutdown(0);
    EXPECT_TRUE(server->listen({.host = "127.0.0.1"}));
}

TEST(Setup, a_server_runs_once) {
    TestServer server;
    server.start();
    const auto run = [&] { (void)server->run(); };
    const auto start = [&] { server->start(); };
    expect_thrown<std::logic_error>("Server::start()", start);
    expect_thrown<std::logic_error>("Server::run()", run);
    server->shutdown(0);
    expect_thrown<std::logic_error>("Server::start()", start);
    expect_thrown<std::logic_error>("Server::run()", run);
}

TEST(Setup, a_server_that_was_shut_down_before_it_listened_does_not_run) {
    Server server(ServerOptions{.loops = 2});
    server.shutdown(0);
    EXPECT_TRUE(server.listen({.host = "127.0.0.1"}));
    EXPECT_EQ(server.run(), 0);
}

TEST(Setup, an_application_that_comes_after_the_first_session_is_refused) {
    StompBroker broker;
    TestServer server;
    broker.attach(*server.operator->(), "/");
    server.start();
    TestClient client = server.open();
    expect_thrown<std::logic_error>("StompBroker::app(\"/app/late\")",
                                    [&] { broker.app("/app/late", [](StompRequest&) {}); });
}

// ---- CPUs ------------------------------------------------------------------

TEST(Setup, a_cpu_that_there_is_not_is_an_error_of_run) {
    for (const int cpu : {-2, CPU_SETSIZE - 1, CPU_SETSIZE, 5000}) {
        Loop loop({.cpu = cpu});
        loop.stop();
        expect_thrown<std::system_error>("LoopOptions::cpu " + std::to_string(cpu),
                                         [&] { loop.run(); });
    }
}

TEST(Setup, more_pinned_loops_than_cpus_share_them) {
    TestServer server({.loops = 2 * std::thread::hardware_concurrency(), .pin_loops = true});
    const auto tell_cpu_count = [](Connection& connection) {
        cpu_set_t mine;
        ASSERT_EQ(::sched_getaffinity(0, sizeof mine, &mine), 0);
        connection.send(std::to_string(CPU_COUNT(&mine)));
    };
    server->ws("/", {.open = tell_cpu_count});
    server.start();
    server.open().expect_text("1");
}

// The CPUs that this thread may run on.
std::vector<int> own_cpus() {
    cpu_set_t set;
    EXPECT_EQ(::sched_getaffinity(0, sizeof set, &set), 0);
    std::vector<int> cpus;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) cpus.push_back(cpu);
    }
    return cpus;
}

TEST(Setup, each_pinned_loop_has_the_next_cpu_and_by_default_each_cpu_has_a_loop) {
    const std::vector<int> cpus = own_cpus();
    EXPECT_EQ(usable_cpus(), cpus);
    EXPECT_EQ(Server().loop_count(), cpus.size());
    for (const bool is_pinned : {true, false}) {
        TestServer server(
            {.loops = static_cast<unsigned>(cpus.size()) + 1, .pin_loops = is_pinned});
        server.start();
        for (std::size_t i = 0; i < server->loop_count(); ++i) {
            const std::vector<int> one{cpus[i % cpus.size()]};
            EXPECT_EQ(server.on_loop(own_cpus, i), is_pinned ? one : cpus) << i;
        }
    }
}

TEST(Setup, a_thread_is_pinned_to_any_cpu_it_may_run_on) {
    const std::vector<int> cpus = own_cpus();
    std::thread([&] {
        for (const int cpu : cpus) {
            EXPECT_EQ(pin_thread(cpu), 0);
            EXPECT_EQ(own_cpus(), std::vector{cpu});
            EXPECT_EQ(usable_cpus(), std::vector{cpu});
        }
        EXPECT_EQ(pin_thread(-1), EINVAL);
    }).join();
    EXPECT_EQ(own_cpus(), cpus);
}

// ---- What the system refuses -----------------------------------------------

// On this thread, epoll_ctl() of that epoll fails from now on, as it does beyond the limit
// fs.epoll.max_user_watches. False: that cannot be had here.
bool refuse_epoll_ctl(int epoll) {
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_ctl, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(epoll), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSPC),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    sock_fprog filter{.len = std::size(program), .filter = program};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// The limit of descriptors is that of now, for as long as this lives.
class NoMoreDescriptors {
  public:
    explicit NoMoreDescriptors(rlim_t more) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const Fd lowest(::dup(0));
        rlimit now = before_;
        now.rlim_cur = static_cast<rlim_t>(lowest.get()) + more;
        ::setrlimit(RLIMIT_NOFILE, &now);
    }
    ~NoMoreDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    NoMoreDescriptors(const NoMoreDescriptors&) = delete;
    NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;

  private:
    rlimit before_{};
};

TEST(Setup, a_socket_that_cannot_be_watched_is_an_error_and_no_listener_stays) {
    for (const std::size_t refusing : {0U, 1U, 2U}) {
        SCOPED_TRACE(refusing);
        TestServer server({.loops = 3});
        server->ws("/", {.open = [](Connection& c) { c.send("hello"); }});
        Error error;
        bool is_refused = false;
        const std::ptrdiff_t fd_count = open_fd_count();
        std::thread([&] {
            is_refused = refuse_epoll_ctl(server->loop(refusing).fd());
            if (is_refused) error = server->listen({.host = "127.0.0.1"});
        }).join();
        // Without them nothing was refused: a pass would claim what was not tried.
        if (!is_refused) GTEST_SKIP() << "there are no filters of system calls here";
        EXPECT_EQ(error.code, std::error_code(ENOSPC, std::system_category()));
        EXPECT_NE(error.message.find("127.0.0.1:"), std::string::npos) << error.message;
        EXPECT_EQ(server->port(), 0);
        EXPECT_EQ(server->listening_on(), "");
        for (std::size_t i = 0; i < 3; ++i) server->loop(i).poll(0);
        EXPECT_EQ(open_fd_count(), fd_count);
        server.start();
        for (int i = 0; i < 6; ++i) server.open().expect_text("hello");
    }
}

TEST(Setup, a_unix_socket_that_cannot_be_shared_by_all_loops_is_an_error_and_leaves_no_file) {
    const Directory directory;
    const std::string path = directory.file("socket");
    TestServer server({.loops = 4});
    server->ws("/", {.open = [](Connection& c) { c.send("hello"); }});
    {
        const NoMoreDescriptors limit(2);
        const Error error = server->listen({.unix_path = path});
        EXPECT_EQ(error.code, std::errc::too_many_files_open);
        EXPECT_NE(error.message.find(path), std::string::npos) << error.message;
    }
    EXPECT_NE(::access(path.c_str(), F_OK), 0);
    server.start({.unix_path = path});
    TestClient client = TestClient::over_unix(path);
    client.send(TestClient::upgrade_head());
    EXPECT_EQ(client.read_reply(false).status, 101U);
}

}  // namespace
}  // namespace edgews::test
