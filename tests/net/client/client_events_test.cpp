// What a client tells its on_event hook.
#include <edgews/event.hpp>

#include <stdexcept>
#include <string>

#include "tests/support/client_fixture.hpp"
#include "tests/support/frames.hpp"
#include "tests/support/told_events.hpp"

namespace edgews {
namespace {

using test::RawPeer;
using test::RawServer;
using test::server_frame;

class ClientEvents : public test::ClientFixture {
  protected:
    // With the hook, which writes NAME for the server's address, and N for a random delay.
    [[nodiscard]] edgews::ClientOptions telling(const RawServer& server,
                                                edgews::ClientOptions options = {}) {
        options.on_event = [this, name = server.name()](const EngineEvent& event) {
            std::string line = test::to_string(event);
            for (std::size_t at = line.find(name); at != line.npos; at = line.find(name)) {
                line.replace(at, name.size(), "NAME");
            }
            const std::string delay = "reconnecting " + std::to_string(event.code);
            if (line.find(delay) != line.npos)
                line.replace(line.find(delay), delay.size(), "again");
            told.push_back(line);
            peers.push_back(event.address.to_string() == name ? "NAME" : event.address.to_string());
        };
        return options;
    }
    void expect_told(const Notes& expected) {
        (void)until([&] { return told.size() >= expected.size(); });
        turn(3);
        EXPECT_EQ(told, expected);
    }

    Notes told{};
    Notes peers{};
};

TEST_F(ClientEvents, a_refusal_is_told_with_its_status) {
    const RawServer server(loop);
    connect(server.url("/feed"), telling(server));
    RawPeer peer = server.accept();
    (void)peer.read_head();
    peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    expect_told(
        {"warning connect_failed 403: open ws://NAME/feed: the server refuses: 403 Forbidden"});
    EXPECT_EQ(peers, Notes{"NAME"});
}

TEST_F(ClientEvents, nobody_there_is_told_and_so_is_the_next_try) {
    const RawServer server(loop);
    connect("ws://127.0.0.1:1/", telling(server, {.reconnect = {.enabled = true, .delay_ms = 1}}));
    ASSERT_TRUE(until([&] { return told.size() >= 4; }));
    const std::string failed =
        "warning connect_failed 0: open ws://127.0.0.1:1/: connect to 127.0.0.1:1: Connection "
        "refused";
    EXPECT_EQ(told[0], failed);
    EXPECT_EQ(told[1], "info again: ws://127.0.0.1:1/");
    EXPECT_EQ(told[2], failed);
    EXPECT_EQ(told[3], "info again: ws://127.0.0.1:1/");
}

TEST_F(ClientEvents, user_information_is_not_told) {
    const RawServer server(loop);
    connect("ws://user:secret@127.0.0.1:1/",
            telling(server, {.reconnect = {.enabled = true, .delay_ms = 1}}));
    ASSERT_TRUE(until([&] { return told.size() >= 2; }));
    EXPECT_EQ(told[0].find("secret"), std::string::npos) << told[0];
    EXPECT_EQ(told[1], "info again: ws://127.0.0.1:1/");
}

TEST_F(ClientEvents, a_connection_that_is_lost_is_told) {
    const RawServer server(loop);
    RawPeer peer = open(server, telling(server));
    peer.reset();
    expect_told({"warning connect_failed 0: ws://NAME/: the connection was lost"});
    EXPECT_EQ(peers, Notes{"NAME"});
}

TEST_F(ClientEvents, a_server_that_breaks_a_rule_is_told) {
    const RawServer server(loop);
    RawPeer peer = open(server, telling(server));
    peer.send(test::client_frame(0x81, "masked"));
    expect_told({"warning connect_failed 0: ws://NAME/: A server must not mask its frames.",
                 "notice protocol_error 1002: A server must not mask its frames."});
    EXPECT_EQ(peers, (Notes{"NAME", "NAME"}));
}

TEST_F(ClientEvents, handlers_that_throw_are_told) {
    const RawServer server(loop);
    ClientHandlers handlers{
        .message = [](Client&, Message) { throw std::runtime_error("no such order"); },
        .close = [](Client&, const CloseEvent&) { throw std::runtime_error("no log"); }};
    RawPeer peer = open(server, telling(server), handlers);
    peer.send(server_frame(0x81, "hi"));
    EXPECT_EQ(peer.read_frame().describe(), "88 1011 internal error");
    peer.reset();
    expect_told({"error handler_failed 1011: no such order",
                 "warning connect_failed 0: ws://NAME/: no such order",
                 "error handler_failed 0: no log"});
}

TEST_F(ClientEvents, what_the_application_ends_itself_is_not_told) {
    const RawServer server(loop);
    RawPeer peer = open(server, telling(server));
    const auto is_closed = [&] { return client->ready_state() == ReadyState::closed; };
    client->terminate();
    ASSERT_TRUE(until(is_closed));
    forget();
    connect(server.url(), telling(server));
    client->close();
    ASSERT_TRUE(until(is_closed));
    expect_told({});
}

// Behind a client that is gone nobody is told of its goodbye.
TEST_F(ClientEvents, after_its_end_nothing_is_told) {
    const RawServer server(loop);
    RawPeer peer = open(server, telling(server));
    client.reset();
    (void)peer.read_frame();
    peer.send(test::client_frame(0x81, "masked"));
    peer.close();
    turn(10);
    expect_told({});
}

TEST_F(ClientEvents, the_hook_may_destroy_the_client) {
    const RawServer server(loop);
    for (const bool is_open : {false, true}) {
        edgews::ClientOptions options{.reconnect = {.enabled = true, .delay_ms = 1}};
        options.on_event = [this](const EngineEvent&) {
            told.emplace_back("told");
            client.reset();
        };
        told.clear();
        if (is_open) {
            RawPeer peer = open(server, std::move(options));
            peer.send(test::client_frame(0x81, "masked"));
            expect_told({"told"});
        } else {
            connect("ws://127.0.0.1:1/", std::move(options));
            expect_told({"told"});
        }
        EXPECT_FALSE(client);
    }
}

}  // namespace
}  // namespace edgews
