// A client that connects again: nothing of the last connection is left in the next.
#include "world_fixture.hpp"

#include <edgews/deflate.hpp>
#include <edgews/prepared_message.hpp>

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace edgews::sim::test {
namespace {

using edgews::test::header_of;
using edgews::test::name_of;
using edgews::test::RawPeer;
using edgews::test::RawServer;
using edgews::test::server_frame;
using edgews::test::operator+;

class ClientAgain : public ClientInWorld {
  protected:
    // All that is known of the present connection, or of the last one.
    [[nodiscard]] Notes facts() const {
        const auto latency = client->latency_us();
        return {name_of(client->ready_state()),
                "url " + std::string(client->url()),
                "peer " + client->remote_address().to_string(),
                "protocol " + std::string(client->protocol()),
                "extensions " + std::string(client->extensions()),
                "latency " + (latency ? std::to_string(*latency / 1'000) : "-"),
                "unsent " + std::to_string(client->buffered_amount()),
                client->connection() == nullptr ? "no connection" : "a connection",
                client->handle().is_live() ? "live" : "not live"};
    }
    [[nodiscard]] Notes nothing_yet() const {
        return {"connecting",
                "url " + server.url("/first"),
                "peer " + edgews::Address().to_string(),
                "protocol ",
                "extensions ",
                "latency -",
                "unsent 0",
                "no connection",
                "not live"};
    }

    const RawServer server{loop};
};

TEST_F(ClientAgain, it_knows_nothing_of_the_last_connection) {
    Faults& faults = world.faults();
    faults.send_buffer_least = faults.send_buffer_most = 4'096;
    faults.receive_buffer_least = faults.receive_buffer_most = 4'096;
    const RawServer other(loop);
    connect(server.url("/first"), {.subprotocols = {"one", "two"},
                                   .redirect_count_max = 1,
                                   .ping_ms = 10,
                                   .pong_timeout_ms = 0});
    for (int i = 0; i < 3; ++i) {
        SCOPED_TRACE(i);
        EXPECT_EQ(facts(), nothing_yet());
        RawPeer first = server.accept();
        EXPECT_EQ(first.read_head().substr(0, 10), "GET /first");
        first.send("HTTP/1.1 302 There\r\nContent-Length: 0\r\nLocation: " + other.url("/there") +
                   "\r\n\r\n");
        RawPeer second = other.accept();
        EXPECT_EQ(facts()[0], "connecting");
        second.answer("Sec-WebSocket-Protocol: two\r\n");
        const auto ping = second.read_frame();
        world.run_for(3);
        second.send(server_frame(0x8A, ping.text()));
        await_notes(2);
        const std::string url = "url " + other.url("/there");
        const std::string peer = "peer " + other.name();
        EXPECT_EQ(facts(), (Notes{"open", url, peer, "protocol two", "extensions ", "latency 3",
                                  "unsent 0", "a connection", "live"}));
        (void)client->send(std::string(100'000, 'x'));
        turn(3);
        second.reset();
        expect_notes({"open", notes[1], "error open", "close 1006  unclean"});
        EXPECT_EQ(error.error.message, other.url("/there") + ": the connection was lost");
        const std::string unsent = "unsent " + std::to_string(unsent_size);
        EXPECT_GT(unsent_size, 80'000U);
        EXPECT_EQ(facts(), (Notes{"closed", url, peer, "protocol two", "extensions ", "latency 3",
                                  unsent, "no connection", "not live"}));
        forget();
        client->reconnect();
    }
}

TEST_F(ClientAgain, what_was_agreed_on_is_the_connections) {
    connect(server.url(), {.subprotocols = {"one"},
                           .compression = deflate({.memory = DeflateMemory::dedicated}),
                           .close_timeout_ms = 1});
    for (int i = 0; i < 2; ++i) {
        RawPeer peer = server.accept();
        EXPECT_EQ(header_of(peer.read_head(), "Sec-WebSocket-Extensions").substr(0, 18),
                  "permessage-deflate");
        peer.reset();
        await_notes(2);
        forget();
        client->reconnect();
    }
    RawPeer first = server.accept_opened(
        "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: one\r\n");
    await_notes(1);
    ASSERT_EQ(notes, Notes{"open"}) << error.error.message;
    EXPECT_EQ(client->extensions(), "permessage-deflate");
    EXPECT_EQ(client->connection()->subprotocol(), "one");
    first.reset();
    await_notes(3);
    client->reconnect();
    EXPECT_EQ(client->extensions(), "");
    EXPECT_EQ(client->protocol(), "");
    RawPeer second = server.accept_opened("Sec-WebSocket-Protocol: one\r\n");
    await_notes(4);
    EXPECT_EQ(client->extensions(), "");
    EXPECT_EQ(client->protocol(), "one");
}

TEST_F(ClientAgain, why_a_redirection_was_not_followed_is_told_of_that_one) {
    connect(server.url());
    for (const bool is_redirected : {true, false}) {
        RawPeer peer = server.accept();
        (void)peer.read_head();
        peer.send(is_redirected ? "HTTP/1.1 302 There\r\nContent-Length: 0\r\n\r\n"
                                : "HTTP/1.1 404 None\r\nContent-Length: 0\r\n\r\n");
        await_notes(2);
        EXPECT_EQ(error.error.message,
                  "open " + server.url() + ": the server refuses: " +
                      (is_redirected ? "302 There (not followed: "
                                       "ClientOptions::redirect_count_max is 0)"
                                     : "404 None"));
        forget();
        if (is_redirected) client->reconnect();
    }
}

// Not one of its characters is the same each time (RFC 6455, section 4.1).
TEST_F(ClientAgain, each_try_has_a_key_of_its_own) {
    std::vector<std::set<char>> seen;
    connect(server.url());
    for (int i = 0; i < 40; ++i) {
        RawPeer peer = server.accept();
        const std::string key = header_of(peer.read_head(), "Sec-WebSocket-Key");
        seen.resize(key.size() - 2);
        for (std::size_t k = 0; k < seen.size(); ++k) seen[k].insert(key[k]);
        peer.reset();
        await_notes(2);
        forget();
        client->reconnect();
    }
    EXPECT_EQ(seen.size(), 22U);
    for (const std::set<char>& each : seen) EXPECT_GT(each.size(), 1U);
}

TEST_F(ClientAgain, all_that_it_can_send_leaves_while_it_is_open_and_only_then) {
    const PreparedMessage prepared("prepared");
    const auto send_all = [&] {
        return std::vector<SendResult>{client->send("text"),
                                       client->send("plain", Compress::never),
                                       client->send(prepared),
                                       client->send_fragment("whole", Fragment::first),
                                       client->send_fragment("end", Fragment::last),
                                       client->ping(edgews::test::bytes_of("ping"))};
    };
    const std::vector<SendResult> closed(6, SendResult::closed);
    connect(server.url());
    EXPECT_EQ(send_all(), closed);
    RawPeer peer = server.accept_opened();
    await_notes(1);
    EXPECT_EQ(send_all(), std::vector<SendResult>(6, SendResult::sent));
    for (const char* frame :
         {"81 text", "81 plain", "81 prepared", "01 whole", "80 end", "89 ping"}) {
        EXPECT_EQ(peer.read_frame().describe(), frame);
    }
    client->close();
    EXPECT_EQ(send_all(), closed);
    peer.reset();
    await_notes(2);
    EXPECT_EQ(send_all(), closed);
}

// Why the last one was lost, or who wanted its end, says nothing of the next one's.
TEST_F(ClientAgain, each_end_is_its_own) {
    const struct {
        std::function<void(RawPeer&)> end;
        Notes notes;
    } ends[] = {
        {[](RawPeer& peer) { peer.reset(); }, {"open", "error open", "close 1006  unclean"}},
        {[](RawPeer& peer) {
             peer.send(server_frame(0x88, "\x03\xE8"));
             peer.close();
         },
         {"open", "close 1000  clean"}},
        {[&](RawPeer&) { client->terminate(); }, {"open", "close 1006  unclean"}},
        {[](RawPeer& peer) { peer.send(server_frame(0xC1, "bad")); },
         {"open", "error open", "close 1006  unclean"}},
    };
    connect(server.url());
    for (const auto& before : ends) {
        for (const auto& end : ends) {
            for (const auto* each : {&before, &end}) {
                RawPeer peer = server.accept_opened();
                await_notes(1);
                each->end(peer);
                expect_notes(each->notes);
                forget();
                client->reconnect();
            }
        }
    }
}

// Also where the application gave the last one up, which is not tried again by itself.
TEST_F(ClientAgain, what_was_given_up_is_tried_again_after_the_next_loss) {
    ClientHandlers handlers = noting();
    handlers.reconnect = [&](Client& c, Reconnecting& plan) {
        note(c, "reconnect " + std::to_string(plan.count));
    };
    connect(server.url(), {.reconnect = {.enabled = true, .delay_ms = 1}}, handlers);
    for (int i = 0; i < 2; ++i) {
        RawPeer peer = server.accept_opened();
        await_notes(1);
        client->terminate();
        expect_notes({"open", "close 1006  unclean"});
        forget();
        client->reconnect();
        RawPeer next = server.accept_opened();
        await_notes(1);
        next.reset();
        await_notes(4);
        EXPECT_EQ(notes, (Notes{"open", "error open", "close 1006  unclean",
                                "reconnect " + std::to_string(i + 1)}));
        forget();
    }
}

TEST_F(ClientAgain, an_answer_to_a_ping_of_the_last_connection_measures_nothing) {
    connect(server.url(), {.ping_ms = 10, .pong_timeout_ms = 0});
    RawPeer first = server.accept_opened();
    const std::string ping = first.read_frame().text();
    first.reset();
    await_notes(3);
    client->reconnect();
    RawPeer second = server.accept_opened();
    second.send(server_frame(0x8A, ping));
    await_notes(5);
    EXPECT_EQ(notes.back(), "pong " + ping);
    EXPECT_EQ(client->latency_us(), std::nullopt);
}

TEST_F(ClientAgain, what_was_given_up_does_not_open_any_more) {
    for (const bool by_terminate : {false, true}) {
        forget();
        connect(server.url());
        RawPeer peer = server.accept();
        peer.answer();
        by_terminate ? client->terminate() : (void)client->close();
        turn(3);  // Its end is told a millisecond later.
        EXPECT_EQ(notes, Notes{});
        peer.expect_end();
        expect_failure(ClientStage::handshake, "closed before it was open");
    }
}

TEST_F(ClientAgain, closed_while_it_waits_it_is_closed_once_and_may_connect_anew) {
    connect(server.url(), {.ping_ms = 0, .reconnect = {.enabled = true}});
    for (int i = 0; i < 2; ++i) {
        server.accept().close();
        await_notes(2);
        EXPECT_GT(loop.next_timeout_ms(), -1);
        EXPECT_TRUE(client->close());
        EXPECT_EQ(client->ready_state(), ReadyState::closed);
        EXPECT_FALSE(client->close());
        client->terminate();
        for (int ms = 0; ms < 2'000; ++ms) loop.poll(1);
        EXPECT_EQ(notes.size(), 2U);
        EXPECT_FALSE(server.has_waiting());
        forget();
        client->reconnect();
        EXPECT_EQ(client->ready_state(), ReadyState::connecting);
    }
    RawPeer peer = server.accept_opened();
    expect_notes({"open"});
}

// Each limit begins anew, and none of the last try's is left.
TEST_F(ClientAgain, no_timer_of_the_last_try_ends_the_next) {
    connect(server.url(), {.handshake_timeout_ms = 0, .open_timeout_ms = 100});
    for (int i = 0; i < 3; ++i) {
        (void)server.accept();
        for (int ms = 0; ms < 60; ++ms) loop.poll(1);
        await_notes(2);
        forget();
        client->reconnect();
    }
    RawPeer silent = server.accept();
    begin_ms = edgews::test::steady_ms();
    expect_failure(ClientStage::handshake, "not open in time");
    EXPECT_EQ(took_ms, 100U);
    EXPECT_EQ(loop.next_timeout_ms(), -1);
    forget();
    client->reconnect();
    RawPeer peer = server.accept_opened();
    for (int ms = 0; ms < 200; ++ms) loop.poll(1);
    expect_notes({"open"});
}

}  // namespace
}  // namespace edgews::sim::test
