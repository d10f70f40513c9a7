// The server as a whole: routes, listening, what it counts, who is there.
#include <edgews/server.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

Handlers echo() {
    return {.message = [](Connection& c, Message m) { c.send(m); }};
}

TEST(Server, echoes_text_and_binary) {
    TestServer server;
    server->ws("/echo", echo());
    server.start();
    TestClient client = server.open("/echo");
    client.send_text("h\u00e9llo");
    client.expect_text("h\u00e9llo");
    client.send_frame(0x82, std::string("\0\xff", 2));
    client.expect_frame(0x82, std::string("\0\xff", 2));
    client.send_text("");
    client.expect_text("");
    client.close_cleanly();
}

TEST(Server, echoes_messages_of_every_length_encoding) {
    TestServer server;
    server->ws("/", echo());
    server.start();
    TestClient client = server.open();
    for (const std::size_t size :
         {125U, 126U, 4095U, 4096U, 65535U, 65536U, 300'000U, 1024U * 1024U}) {
        SCOPED_TRACE(size);
        const std::string payload(size, 'x');
        client.send_frame(0x82, payload);
        client.expect_frame(0x82, payload);
    }
}

TEST(Server, a_pattern_that_is_malformed_or_there_already_is_refused_by_name) {
    Server server(ServerOptions{.loops = 1});
    server.ws("/a/:x", {});
    server.get("/a/:x", [](const Request&, Response&) {});  // Plain routes are apart.
    for (const char* pattern : {"no-slash", "/*/b", "/:", "/:a/:a", "/a/:y"}) {
        SCOPED_TRACE(pattern);
        try {
            server.ws(pattern, {});
            ADD_FAILURE() << "it was taken";
        } catch (const std::invalid_argument& fault) {
            EXPECT_NE(std::string(fault.what()).find(pattern), std::string::npos) << fault.what();
        }
    }
    EXPECT_THROW(server.get("/a/:z", [](const Request&, Response&) {}), std::invalid_argument);
}

TEST(Server, the_most_specific_route_wins_in_any_order_of_definition) {
    TestServer server;
    for (const char* pattern : {"/*", "/a/*", "/a/:x", "/a/b", "/:x/b"}) {
        server->ws(pattern, {.open = [pattern](Connection& c) { c.send(pattern); }});
    }
    server.start();
    const std::pair<const char*, const char*> rows[] = {
        {"/a/b", "/a/b"}, {"/a/c", "/a/:x"}, {"/a/c/d", "/a/*"}, {"/z/b", "/:x/b"},
        {"/z", "/*"},     {"/", "/*"},       {"/a/", "/a/*"},
    };
    for (const auto& [path, pattern] : rows) {
        SCOPED_TRACE(path);
        server.open(path).expect_text(pattern);
    }
}

TEST(Server, an_address_in_use_is_an_error_that_names_it) {
    TestServer first;
    first.start();
    const std::string address = "127.0.0.1:" + std::to_string(first.port());
    EXPECT_EQ(first->listening_on(), address);

    Server second(ServerOptions{.loops = 2});
    const Error error = second.listen({.host = "127.0.0.1", .port = first.port()});
    EXPECT_EQ(error.code, std::errc::address_in_use);
    EXPECT_NE(error.message.find(address), std::string::npos) << error.message;
    EXPECT_EQ(second.port(), 0);

    testing::internal::CaptureStderr();
    EXPECT_EQ(Server(ServerOptions{.loops = 1}).run({.host = "127.0.0.1", .port = first.port()}),
              1);
    EXPECT_NE(testing::internal::GetCapturedStderr().find(address), std::string::npos);
}

TEST(Server, listens_on_several_addresses_at_once) {
    TestServer server;
    server->ws("/", echo());
    EXPECT_EQ(server->listening_on(), "");
    ASSERT_FALSE(server->listen({.host = "127.0.0.1"}));
    const std::uint16_t first = server.port();
    server.start();  // A second one.
    EXPECT_EQ(server.port(), first);
    EXPECT_EQ(server->listening_on(), "127.0.0.1:" + std::to_string(first));
    const std::string second = server->listening_on(1);
    EXPECT_NE(second, server->listening_on());
    const std::size_t colon = second.rfind(':');
    TestClient::opened(static_cast<std::uint16_t>(std::stoi(second.substr(colon + 1))))
        .close_cleanly();
    server.open("/").close_cleanly();
}

TEST(Server, run_returns_0_after_a_shutdown) {
    Server server(ServerOptions{.loops = 2});
    ASSERT_FALSE(server.listen({.host = "127.0.0.1"}));
    int result = -1;
    std::thread thread([&] { result = server.run(); });
    server.shutdown(1'000);
    thread.join();
    EXPECT_EQ(result, 0);
}

TEST(Server, a_server_that_never_ran_goes_quietly) {
    Server idle(ServerOptions{.loops = 2});
    Server listening(ServerOptions{.loops = 2});
    listening.ws("/", {});
    ASSERT_FALSE(listening.listen({.host = "127.0.0.1"}));
    const TestClient waiting(listening.port());
}

TEST(Server, a_loop_may_be_driven_by_its_owner) {
    Server server(ServerOptions{.loops = 1});
    server.ws("/", echo());
    ASSERT_FALSE(server.listen({.host = "127.0.0.1"}));
    std::atomic<bool> is_done = false;
    std::thread thread([&] {
        TestClient client = TestClient::opened(server.port());
        client.send_text("polled");
        client.expect_text("polled");
        client.close_cleanly();
        is_done = true;
        server.loop(0).post([] {});
    });
    while (!is_done) server.loop(0).poll(1'000);
    thread.join();
}

TEST(Server, dropping_a_server_runs_the_close_handlers_of_who_is_there) {
    Notes notes;
    std::optional<TestClient> client;
    {
        TestServer server;
        server->ws("/", {.close = [&](Connection&, CloseEvent e) { notes.add(describe(e)); }});
        server.start();
        client = server.open();
    }
    EXPECT_EQ(notes.all(), List{"close 1006  unclean"});
    client->expect_close(1001);
    client->expect_end();
}

TEST(Server, counts_what_happens) {
    TestServer server;
    server->ws("/", echo());
    server->get("/plain", [](const Request&, Response& r) { r.body = "ok"; });
    server.start();
    TestClient client = server.open();
    client.send_text("one");
    client.expect_text("one");
    client.send_frame(0x82, "two");
    client.expect_frame(0x82, "two");
    EXPECT_EQ(server.connect().get("/plain").status, 200U);
    TestClient refused = server.connect();
    refused.send(TestClient::get_head("/"));
    EXPECT_EQ(refused.read_reply().status, 426U);
    TestClient broken = server.open();
    broken.send_hex("83 80 00000000");
    broken.expect_close(1002);
    broken.expect_end();

    const Stats during = server->stats();
    EXPECT_EQ(during[Counter::websockets_open], 1U);
    EXPECT_EQ(during[Counter::connections_accepted], 4U);
    EXPECT_EQ(during[Counter::websockets_opened], 2U);
    EXPECT_EQ(during[Counter::handshakes_refused], 1U);
    EXPECT_EQ(during[Counter::http_requests], 1U);
    EXPECT_EQ(during[Counter::messages_received], 2U);
    EXPECT_EQ(during[Counter::messages_sent], 2U);
    EXPECT_EQ(during[Counter::protocol_faults], 1U);
    EXPECT_EQ(during[Counter::handler_failures], 0U);
    EXPECT_GT(during[Counter::bytes_received], 4 * 60U);
    EXPECT_GT(during[Counter::bytes_sent], 4 * 60U);
    client.close_cleanly();
    refused.close();
    broken.close();
    server.wait_for(Counter::connections_open, 0);
    EXPECT_EQ(server->stats()[Counter::websockets_open], 0U);
    EXPECT_NE(server->stats().prometheus().find("\nedgews_websockets_opened_total 2\n"),
              std::string::npos);
}

TEST(Server, visits_every_open_connection_on_all_loops) {
    constexpr int count = 20;
    Notes notes;
    TestServer server({.loops = 4});
    server->ws("/:name", {});
    server.start();
    std::vector<TestClient> clients;
    for (int i = 0; i < count; ++i) clients.push_back(server.open("/" + std::to_string(i)));
    TestClient not_a_websocket = server.connect();
    clients.back().close_cleanly();
    std::atomic<int> visited = 0;
    server->visit([&](Connection& c) {
        ++visited;
        c.send("seen");
        throw std::runtime_error("a visitor's exception closes the connection, not the loop");
    });
    clients.pop_back();
    for (TestClient& client : clients) {
        client.expect_text("seen");
        client.expect_close(1011);
    }
    EXPECT_EQ(visited, count - 1);
}

TEST(Server, a_route_with_user_data_makes_it_before_upgrade_and_destroys_it_after_close) {
    static std::atomic<int> alive;
    alive = 0;
    struct Data {
        Data() { ++alive; }
        ~Data() { --alive; }
        std::string name = "new";
    };
    Notes notes;
    TestServer server;
    server->ws<Data>(
        "/:name",
        Handlers{.upgrade = [](const Request& r,
                               Upgrade& u) { u.data<Data>().name += *r.parameter("name"); },
                 .open = [](Connection& c) { c.send(c.data<Data>().name); },
                 .close = [&](Connection& c, CloseEvent) { notes.add(c.data<Data>().name); }});
    server.start();
    TestClient client = server.open("/bob");
    client.expect_text("newbob");
    EXPECT_EQ(alive, 1);
    client.close_cleanly();
    EXPECT_EQ(notes.wait_for(1), List{"newbob"});
    server.wait_until([] { return alive == 0; });
}

// A class as an endpoint, with every member that there may be.
struct Everything {
    static inline Notes* notes = nullptr;
    static inline std::atomic<int> made = 0;
    static inline std::atomic<int> destroyed = 0;

    Everything() { ++made; }
    ~Everything() { ++destroyed; }
    void upgrade(const Request& r, Upgrade&) { path = r.path(); }
    void open(Connection&) { notes->add("open " + path); }
    void message(Connection& c, Message m) {
        notes->add("message " + std::string(m.text()));
        c.ping();
        if (m.text() == "throw") throw std::runtime_error("thrown");
    }
    void ping(Connection&, std::span<const std::byte> p) { notes->add("ping " + text_of(p)); }
    void pong(Connection&, std::span<const std::byte> p) { notes->add("pong " + text_of(p)); }
    void close(Connection&, CloseEvent e) { notes->add(describe(e)); }
    void error(Connection&, std::string_view what) { notes->add("error " + std::string(what)); }
    std::string path;
};

TEST(Server, a_class_is_an_endpoint_one_object_for_each_connection) {
    Notes notes;
    Everything::notes = &notes;
    Everything::made = Everything::destroyed = 0;
    {
        TestServer server;
        server->ws<Everything>("/*");
        server.start();
        TestClient client = server.open("/one");
        client.send_text("hi");
        client.expect_frame(0x89, "");
        client.send_frame(0x8A, "back");
        client.send_frame(0x89, "you");
        client.expect_frame(0x8A, "you");
        client.send_text("throw");
        client.expect_close(1011);
        client.send_close(1011);
        client.expect_eof();
        EXPECT_EQ(notes.wait_for(7), (List{"open /one", "message hi", "pong back", "ping you",
                                           "message throw", "error thrown", "close 1011  clean"}));
        server.wait_until([] { return Everything::destroyed == 1; });
        TestClient refused = server.connect();
        refused.send(TestClient::upgrade_head("/two", "Sec-WebSocket-Protocol: ,\r\n"));
        EXPECT_EQ(refused.read_reply().status, 400U);
        const TestClient left_open = server.open("/three");
    }
    EXPECT_EQ(Everything::made, Everything::destroyed);
    EXPECT_EQ(Everything::made, 2);
}

struct OnlyStreams {
    void message_chunk(Connection& c, std::span<const std::byte> bytes) {
        c.send(Message(Message::Kind::binary, bytes));
    }
};

TEST(Server, members_that_a_class_does_not_have_are_not_missed) {
    static_assert(Endpoint<OnlyStreams>);
    static_assert(!Endpoint<std::string>);
    TestServer server;
    server->ws<OnlyStreams>("/");
    server.start();
    TestClient client = server.open();
    client.send_text("chunk");
    client.expect_frame(0x82, "chunk");
    client.send_frame(0x89, "p");
    client.expect_frame(0x8A, "p");
    client.close_cleanly();
}

struct Strict : EndpointBase {
    void open(Connection& c) override { c.send("open"); }
    void message(Connection& c, Message m) override { c.send(m); }
};

// None of what it has of its base is called: it does not stream, for one.
TEST(Server, an_endpoint_that_derives_from_the_base_has_the_handlers_that_it_overrides) {
    static_assert(Endpoint<Strict>);
    static_assert(!Endpoint<EndpointBase>);
    const Handlers handlers = endpoint_handlers<Strict>();
    EXPECT_TRUE(handlers.open && handlers.message);
    EXPECT_FALSE(handlers.upgrade || handlers.is_streaming() || handlers.ping || handlers.pong);
    EXPECT_FALSE(handlers.drain || handlers.overflow || handlers.error || handlers.close);
    TestServer server;
    server->ws<Strict>("/");
    server.start();
    TestClient client = server.open();
    client.expect_text("open");
    client.send_text("hello");
    client.expect_text("hello");
    client.close_cleanly();
}

struct CannotBeMade {
    CannotBeMade() { throw std::runtime_error("no"); }
    void open(Connection&) {}
};

TEST(Server, an_endpoint_whose_constructor_throws_is_answered_500) {
    TestServer server;
    server->ws<CannotBeMade>("/");
    server.start();
    TestClient client = server.connect();
    client.send(TestClient::upgrade_head());
    EXPECT_EQ(client.read_reply().status, 500U);
    client.expect_eof();
    client.close();
    server.wait_for(Counter::connections_open, 0);
    EXPECT_EQ(server->stats()[Counter::handler_failures], 1U);
}

TEST(Server, tells_the_address_of_the_peer) {
    TestServer server;
    server->ws("/", {.open = [](Connection& c) { c.send(c.remote_address().to_string()); }});
    server->get("/", [](const Request& r, Response& a) { a.body = r.remote_address().ip(); });
    server.start();
    TestClient client = server.open();
    client.expect_text("127.0.0.1:" + std::to_string(client.local_port()));
    EXPECT_EQ(server.connect().get("/").body, "127.0.0.1");
}

}  // namespace
}  // namespace edgews::test
