// What a server tells its on_event hook of limits, of slowness and of its end; and what a hook may
// do.
#include <edgews/event.hpp>

#include <gtest/gtest.h>

#include <sys/resource.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/net/server/telling_server.hpp"

namespace edgews::test {
namespace {

// ---- Limits ------------------------------------------------------------------------------------

TEST(Events, each_limit_of_connections_is_told_by_its_name) {
    const struct {
        ServerOptions options;
        const char* told;
    } rows[] = {
        {{.connections_max = 1}, "warning limit_reached 503: ServerOptions::connections_max"},
        {{.connections_per_address_max = 1},
         "warning limit_reached 503: ServerOptions::connections_per_address_max"},
        {{.connects_per_minute_max = 1},
         "warning limit_reached 503: ServerOptions::connects_per_minute_max"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.told);
        Telling telling(row.options);
        add_faulty_routes(*telling);
        telling->start();
        TestClient first = telling->open("/echo");
        TestClient late = telling->connect();
        EXPECT_EQ(late.read_reply().status, 503U);
        EXPECT_EQ(telling.told(1), List{row.told});
        EXPECT_EQ(telling.events.peers(), List{"127.0.0.1"});
    }
}

// What a proxy's client is refused for is told of that client.
TEST(Events, the_client_that_a_proxy_names_is_told) {
    Telling telling({.connections_per_address_max = 1, .trusted_proxies = {"127.0.0.1"}});
    add_faulty_routes(*telling);
    telling->start({.host = "127.0.0.1", .proxy_protocol = true});
    const std::string header = "PROXY TCP4 192.0.2.7 192.0.2.1 5000 80\r\n";
    TestClient first = telling->connect();
    first.send(header + TestClient::upgrade_head("/echo"));
    EXPECT_EQ(first.read_reply().status, 101U);
    TestClient second = telling->connect();
    second.send(header);
    EXPECT_EQ(second.read_reply().status, 503U);
    TestClient third = telling->connect();
    third.send("GET / HTTP/1.1\r\n\r\n");
    third.expect_end();
    EXPECT_EQ(telling.told(2),
              (List{"warning limit_reached 503: ServerOptions::connections_per_address_max",
                    "notice protocol_error 0: the connection does not begin with a PROXY header"}));
    EXPECT_EQ(telling.events.peers(), (List{"192.0.2.7", "127.0.0.1"}));
}

// The process has no descriptors left, for as long as this lives.
class NoDescriptors {
  public:
    NoDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        rlimit none = before_;
        none.rlim_cur = 0;
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;

  private:
    rlimit before_{};
};

TEST(Events, the_want_of_descriptors_is_told) {
    Telling telling;
    add_faulty_routes(*telling);
    telling->start();
    TestClient client = TestClient::unconnected();
    {
        const NoDescriptors none;
        client.connect(telling->port());
        (void)telling.events.wait_for(1);
    }
    const std::string told =
        "error accept_failed 24: the process has as many descriptors as it may (RLIMIT_NOFILE)";
    EXPECT_EQ(telling.events.all().front(), told);
    telling->on_loop([] {});
}

TEST(Events, a_head_and_a_header_of_a_proxy_that_do_not_come_are_told) {
    Telling telling({.handshake_timeout_ms = 20, .trusted_proxies = {"127.0.0.1"}});
    add_faulty_routes(*telling);
    telling->start();
    TestClient client = telling->connect();
    client.send("GET / HTTP/1.1\r\n");
    EXPECT_EQ(client.read_reply().status, 408U);
    EXPECT_EQ(telling.told(1), List{"notice timed_out 408: the request's head took too long"});

    Telling behind({.handshake_timeout_ms = 20, .trusted_proxies = {"127.0.0.1"}});
    behind->start({.host = "127.0.0.1", .proxy_protocol = true});
    TestClient silent = behind->connect();
    EXPECT_EQ(behind.told(1), List{"notice timed_out 0: no PROXY header came"});
}

TEST(Events, an_upgrade_that_nobody_decides_is_told) {
    Telling telling({.handshake_timeout_ms = 20});
    (*telling)->ws("/wait", {.upgrade = [](const Request&, Upgrade& u) { (void)u.defer(); }});
    telling->start();
    TestClient client = telling->connect();
    client.send(TestClient::upgrade_head("/wait"));
    EXPECT_EQ(client.read_reply().status, 503U);
    EXPECT_EQ(telling.told(1),
              List{"warning handshake_refused 503 /wait: the decision took too long"});
}

// ---- Slowness ----------------------------------------------------------------------------------

constexpr ClientOptions small_buffer{.receive_buffer = 16'384};
const std::string piece(50'000, 'x');

// Sends until so many messages were not taken.
void fill(Connection& c, int refused_count) {
    while (refused_count > 0) {
        const SendResult result = c.send(piece);
        if (result == SendResult::dropped || result == SendResult::closed) --refused_count;
    }
}

TEST(Events, a_slow_consumer_that_is_closed_is_told) {
    Telling telling;
    (*telling)->ws("/feed", {.message = [](Connection& c, Message) { fill(c, 1); }},
                   {.backlog_size_max = 100'000});
    telling->start();
    TestClient client = telling->open("/feed", "", small_buffer);
    client.send_text("go");
    EXPECT_EQ(telling.told(1),
              List{"warning consumer_slow 1013 /feed: RouteOptions::backlog_size_max"});
}

TEST(Events,
     a_slow_consumer_whose_messages_are_dropped_is_told_once_for_each_time_that_it_is_slow) {
    Telling telling;
    Notes drained;
    (*telling)->ws("/feed",
                   {.message = [](Connection& c, Message) { fill(c, 5); },
                    .drain = [&](Connection&) { drained.add("drain"); }},
                   {.backlog_size_max = 100'000, .drain_mark = 0, .overflow = Overflow::drop});
    telling->start();
    TestClient client = telling->open("/feed", "", small_buffer);
    for (int round = 1; round <= 2; ++round) {
        client.send_text("go");
        (void)telling.events.wait_for(static_cast<std::size_t>(round));
        while (drained.all().size() < static_cast<std::size_t>(round)) (void)client.receive_some();
    }
    EXPECT_EQ(telling.told(2),
              List(2, "warning consumer_slow 0 /feed: RouteOptions::backlog_size_max"));
}

// From within send() nothing runs: whoever walks over his connections is not surprised.
TEST(Events, a_slow_consumer_is_not_told_from_within_send) {
    Notes notes;
    ServerOptions options;
    options.on_event = [&](const EngineEvent& event) {
        if (event.kind == EventKind::consumer_slow) notes.add("told");
    };
    TestServer server(std::move(options));
    server->ws("/feed",
               {.message =
                    [&](Connection& c, Message) {
                        fill(c, 1);
                        notes.add("sent");
                    }},
               {.backlog_size_max = 100'000, .overflow = Overflow::drop});
    server.start();
    TestClient client = server.open("/feed", "", small_buffer);
    client.send_text("go");
    EXPECT_EQ(notes.wait_for(2), (List{"sent", "told"}));
}

TEST(Events, slow_handlers_are_told_by_name_and_others_are_not) {
    Telling telling({.slow_handler_ms = 30});
    const auto work = [] {
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(30);
        while (std::chrono::steady_clock::now() < end) continue;
    };
    (*telling)->ws("/jobs/:id", {.upgrade = [&](const Request&, Upgrade&) { work(); },
                                 .open = [&](Connection&) { work(); },
                                 .message =
                                     [&](Connection&, Message m) {
                                         if (m.text() != "quick") work();
                                         if (m.text() == "throw") throw std::runtime_error("late");
                                     },
                                 .close = [&](Connection&, CloseEvent) { work(); }});
    (*telling)->get("/report", [&](const Request&, Response&) { work(); });
    telling->start();
    TestClient client = telling->connect();
    EXPECT_EQ(client.get("/report").status, 200U);
    client.send(TestClient::upgrade_head("/jobs/7"));
    EXPECT_EQ(client.read_reply().status, 101U);
    client.send_text("quick");
    client.send_text("slow");
    client.send_text("throw");
    (void)telling.events.wait_for(6);
    client.close();
    List told = telling.told(7);
    for (std::string& line : told) {  // It takes as long as it takes.
        const std::size_t begin = line.find("slow ");
        if (begin == line.npos) continue;
        EXPECT_GE(std::stoi(line.substr(begin + 5)), 30);
        line.replace(begin + 5, line.find(' ', begin + 5) - begin - 5, "N");
    }
    EXPECT_EQ(
        told,
        (List{"warning handler_slow N /report: GET", "warning handler_slow N /jobs/:id: upgrade",
              "warning handler_slow N /jobs/:id: open", "warning handler_slow N /jobs/:id: message",
              "warning handler_slow N /jobs/:id: message",
              "error handler_failed 1011 /jobs/:id: late",
              "warning handler_slow N /jobs/:id: close"}));
}

// ---- The end -----------------------------------------------------------------------------------

TEST(Events, a_shutdown_is_told_when_it_begins_and_when_it_is_done) {
    for (const unsigned loops : {1U, 3U}) {
        Notes notes;
        ServerOptions options{.loops = loops};
        options.on_event = [&](const EngineEvent& event) { notes.add(to_string(event)); };
        TestServer server(std::move(options));
        add_faulty_routes(server);
        server.start();
        TestClient polite = server.open("/echo");
        TestClient deaf = server.open("/echo");  // Never answers.
        std::thread closing([&] { server->shutdown(200); });
        polite.expect_close(1001);
        polite.send_close(1001);
        closing.join();
        EXPECT_EQ(notes.all(), (List{"info shutdown_begun 200", "info shutdown_done 1"}));
    }
}

// ---- The hook ----------------------------------------------------------------------------------

TEST(Events, a_hook_that_throws_is_counted_and_ends_nothing) {
    ServerOptions options;
    options.on_event = [](const EngineEvent&) { throw std::runtime_error("the disk is full"); };
    TestServer server(std::move(options));
    add_faulty_routes(server);
    server.start();
    TestClient living = server.open("/echo");
    TestClient broken = server.open("/echo");
    broken.send_hex("81 00");
    broken.expect_close(1002);
    TestClient lost = server.connect();
    EXPECT_EQ(lost.get("/nowhere").status, 404U);
    living.send_text("hi");
    living.expect_text("hi");
    EXPECT_EQ(server->stats()[Counter::handler_failures], 2U);
}

// One that publishes what it is told, to others and to those who are the cause of it.
TEST(Events, a_hook_may_publish_and_close) {
    Notes notes;
    std::optional<TestServer> server;
    Handle watcher;
    ServerOptions options;
    options.on_event = [&](const EngineEvent& event) {
        if (event.kind == EventKind::shutdown_begun || event.kind == EventKind::shutdown_done)
            return;
        notes.add(to_string(event));
        (*server)->publish("events", Message(name_of(event.kind)));
        if (event.kind == EventKind::protocol_error) watcher.close(4000, "seen");
    };
    server.emplace(std::move(options));
    (*server)->ws("/watch", {.open = [&](Connection& c) {
                      watcher = c.handle();
                      EXPECT_TRUE(c.subscribe("events"));
                  }});
    (*server)->ws("/slow",
                  {.open = [](Connection& c) { EXPECT_TRUE(c.subscribe("events")); },
                   .message = [](Connection& c, Message) { fill(c, 1); }},
                  {.backlog_size_max = 100'000, .overflow = Overflow::drop});
    add_faulty_routes(*server);
    server->start();
    TestClient watching = server->open("/watch");
    TestClient slow = server->open("/slow", "", small_buffer);
    slow.send_text("go");
    watching.expect_text("consumer_slow");  // And the turn ends: its own message is dropped.
    TestClient broken = server->open("/echo");
    broken.send_hex("81 00");
    broken.expect_close(1002);
    watching.expect_text("protocol_error");
    EXPECT_EQ(watching.read_frame().close_code(), 4000U);
    EXPECT_EQ(notes.all().size(), 2U);
}

}  // namespace
}  // namespace edgews::test
