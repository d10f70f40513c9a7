// A client that talks: what it sends and receives, and what the wire shows of it.
#include "tests/support/client_fixture.hpp"

#include <edgews/prepared_message.hpp>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/test_server.hpp"

namespace edgews {
namespace {

using test::bytes_of;
using test::client_frame;
using test::MaskedFrame;
using test::operator+;
using test::RawPeer;
using test::RawServer;
using test::server_frame;
using test::TestServer;
using test::text_of;

// A client of a server of ours, which runs in a thread of its own.
class ClientTest : public test::ClientFixture {
  protected:
    static std::string url_of(const TestServer& server, std::string_view target = "/") {
        return "ws://127.0.0.1:" + std::to_string(server.port()) + std::string(target);
    }
    static void serve_echo(TestServer& server, RouteOptions options = {}) {
        options.message_size_max = options.backlog_size_max = std::size_t{16} << 20;
        server->ws("/", {.message = [](Connection& c, Message m) { c.send(m); }},
                   std::move(options));
        server.start();
    }
};

std::string pattern_of_size(std::size_t size) {
    std::string text(size, 'x');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7 / 5 % 26);
    return text;
}

TEST_F(ClientTest, messages_of_every_size_come_back_as_they_were) {
    TestServer server;
    serve_echo(server);
    std::vector<std::string> sent;
    for (const std::size_t size :
         {0U, 1U, 125U, 126U, 127U, 65535U, 65536U, 1U << 20U, 5U << 20U}) {
        sent.push_back(pattern_of_size(size));
    }
    std::vector<bool> are_same;
    ClientHandlers handlers = noting();
    handlers.message = [&](Client&, Message m) {
        const bool should_be_text = are_same.size() % 2 == 0;
        are_same.push_back(m.is_text() == should_be_text && m.text() == sent[are_same.size() / 2]);
    };
    handlers.drain = {};
    handlers.open = [&](Client& c) {
        for (const std::string& each : sent) {
            EXPECT_NE(c.send(each), SendResult::dropped);
            EXPECT_NE(c.send(Message(bytes_of(each))), SendResult::dropped);
        }
    };
    connect(url_of(server), {.message_size_max = std::size_t{5} << 20}, handlers);
    ASSERT_TRUE(until([&] { return are_same.size() == 2 * sent.size(); }));
    EXPECT_EQ(are_same, std::vector<bool>(2 * sent.size(), true));
    EXPECT_EQ(client->buffered_amount(), 0U);
    client->close();
    expect_notes({"close 1000  clean"});
}

TEST_F(ClientTest, the_events_come_in_order_and_show_their_state) {
    TestServer server;
    serve_echo(server);
    connect(url_of(server));
    await_notes(1);
    EXPECT_EQ(client->send("hello"), SendResult::sent);
    await_notes(2);
    EXPECT_TRUE(client->close(4000, "bye"));
    EXPECT_EQ(client->ready_state(), ReadyState::closing);
    EXPECT_EQ(client->send("late"), SendResult::closed);
    expect_notes({"open", "text hello", "close 4000  clean"});
    EXPECT_EQ(states, (Notes{"open", "open", "closed"}));
    EXPECT_EQ(client->send("later"), SendResult::closed);
    EXPECT_FALSE(client->close());
}

TEST_F(ClientTest, before_it_is_open_nothing_can_be_sent) {
    const RawServer server(loop);
    connect(server.url());
    EXPECT_EQ(client->send("early"), SendResult::closed);
    EXPECT_EQ(client->send(PreparedMessage("early")), SendResult::closed);
    EXPECT_EQ(client->send_fragment("early", Fragment::first), SendResult::closed);
    EXPECT_EQ(client->ping(), SendResult::closed);
    EXPECT_EQ(client->buffered_amount(), 0U);
    EXPECT_FALSE(client->handle().is_live());
    EXPECT_EQ(client->remote_address().family(), Address::Family::none);
}

TEST_F(ClientTest, the_server_sees_the_request_that_was_asked_for) {
    const RawServer server(loop);
    connect("ws://us%65r:p%40ss@" + server.name() + "/a%20b?q=1&r",
            {.subprotocols = {"one", "two"},
             .headers = {{"X-First", "1"}, {"X-Second", "a, b"}},
             .origin = "https://page.example"});
    RawPeer peer = server.accept();
    const std::string request = peer.answer("Sec-WebSocket-Protocol: two\r\n");
    EXPECT_EQ(request.substr(0, request.find("\r\n")), "GET /a%20b?q=1&r HTTP/1.1");
    EXPECT_EQ(test::header_of(request, "Host"), server.name());
    EXPECT_EQ(test::header_of(request, "Origin"), "https://page.example");
    EXPECT_EQ(test::header_of(request, "X-First"), "1");
    EXPECT_EQ(test::header_of(request, "X-Second"), "a, b");
    EXPECT_EQ(test::header_of(request, "Authorization"), "Basic dXNlcjpwQHNz");
    EXPECT_EQ(test::header_of(request, "Sec-WebSocket-Protocol"), "one, two");
    EXPECT_EQ(test::header_of(request, "Sec-WebSocket-Version"), "13");
    EXPECT_EQ(test::header_of(request, "Sec-WebSocket-Extensions"), "-");
    expect_notes({"open"});
    EXPECT_EQ(client->protocol(), "two");
    EXPECT_EQ(client->extensions(), "");
    EXPECT_EQ(client->remote_address().to_string(), server.name());
}

TEST_F(ClientTest, an_authorization_header_replaces_the_urls) {
    const RawServer server(loop);
    connect("ws://user:pass@" + server.name() + "/", {.headers = {{"Authorization", "Bearer x"}}});
    RawPeer peer = server.accept();
    EXPECT_EQ(test::header_of(peer.read_head(), "Authorization"), "Bearer x");
}

TEST_F(ClientTest, each_connection_has_a_key_of_its_own) {
    const RawServer server(loop);
    std::set<std::string> keys;
    for (int i = 0; i < 3; ++i) {
        connect(server.url());
        RawPeer peer = server.accept();
        keys.insert(test::header_of(peer.read_head(), "Sec-WebSocket-Key"));
        client.reset();
    }
    EXPECT_EQ(keys.size(), 3U);
}

TEST_F(ClientTest, all_that_it_sends_is_masked_with_keys_that_differ) {
    const RawServer server(loop);
    RawPeer peer = open(server);
    std::set<std::uint32_t> keys;
    std::size_t count = 0;
    const auto expect_frame = [&](unsigned first_byte, std::string_view text) {
        const MaskedFrame frame = peer.read_frame();
        EXPECT_EQ(frame.first_byte, first_byte);
        EXPECT_TRUE(frame.is_masked);
        EXPECT_TRUE(frame.text() == text) << frame.payload.size() << " bytes came";
        keys.insert(frame.key);
        ++count;
    };
    const std::string large = pattern_of_size(300'000);
    const PreparedMessage prepared("prepared");
    client->send("text");
    client->send(Message(bytes_of("binary")));
    client->send(prepared);
    client->send(prepared);
    client->send_fragment("first ", Fragment::first);
    client->ping(bytes_of("ping"));
    client->send_fragment("middle ", Fragment::middle);
    client->send_fragment("last", Fragment::last);
    client->send(large);
    client->send("");
    expect_frame(0x81, "text");
    expect_frame(0x82, "binary");
    expect_frame(0x81, "prepared");
    expect_frame(0x81, "prepared");
    expect_frame(0x01, "first ");
    expect_frame(0x89, "ping");
    expect_frame(0x00, "middle ");
    expect_frame(0x80, "last");
    expect_frame(0x81, large);
    expect_frame(0x81, "");
    peer.send(server_frame(0x89, "are you there"));
    expect_frame(0x8A, "are you there");
    client->close(1000, "done");
    expect_frame(0x88,
                 "\x03\xE8"
                 "done");
    EXPECT_EQ(keys.size(), count);
}

TEST_F(ClientTest, a_message_in_fragments_is_whole_when_it_arrives) {
    const RawServer server(loop);
    RawPeer peer = open(server);
    peer.send(server_frame(0x01, "one ") + server_frame(0x89, "p") + server_frame(0x00, "two ") +
              server_frame(0x80, "three") + server_frame(0x8A, "unasked"));
    expect_notes({"open", "ping p", "text one two three", "pong unasked"});
}

TEST_F(ClientTest, a_message_may_be_taken_in_chunks) {
    const RawServer server(loop);
    ClientHandlers handlers = noting();
    handlers.message_begin = [&](Client& c, Message::Kind kind) {
        note(c, kind == Message::Kind::text ? "begin text" : "begin binary");
    };
    handlers.message_chunk = [&](Client& c, auto chunk) { note(c, "chunk " + text_of(chunk)); };
    handlers.message_end = [&](Client& c) { note(c, "end"); };
    RawPeer peer = open(server, {}, handlers);
    peer.send(server_frame(0x01, "one"));
    await_notes(3);
    peer.send(server_frame(0x80, "two"));
    expect_notes({"open", "begin text", "chunk one", "chunk two", "end"});
}

TEST_F(ClientTest, a_masked_frame_of_the_server_fails_the_connection_with_1002) {
    const RawServer server(loop);
    RawPeer peer = open(server);
    peer.send(client_frame(0x81, "masked") + server_frame(0x81, "ignored"));
    const MaskedFrame frame = peer.read_frame();
    EXPECT_EQ(frame.describe().substr(0, 7), "88 1002");
    peer.expect_eof();
    expect_notes({"open", "error open", "close 1006  unclean"});
    EXPECT_EQ(states, (Notes{"open", "closed", "closed"}));
    EXPECT_EQ(unsent_size, 0U);  // The close frame was not the application's.
}

TEST_F(ClientTest, what_breaks_a_rule_fails_the_connection_with_its_code) {
    const struct {
        const char* name;
        test::Bytes bytes;
        const char* answer;
    } rows[] = {
        {"reserved bits", server_frame(0xF1, "x"), "88 1002"},
        {"bad UTF-8", server_frame(0x81, "\xC3\x28"), "88 1007"},
        {"continuation of nothing", server_frame(0x80, "x"), "88 1002"},
        {"too large", server_frame(0x82, std::string(1001, 'x')), "88 1009"},
        {"close code not for the wire", server_frame(0x88, "\x03\xEE"), "88 1002"},
        {"half a close code", server_frame(0x88, "\x03"), "88 1002"},
    };
    const RawServer server(loop);
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        forget();
        RawPeer peer = open(server, {.message_size_max = 1000});
        peer.send(row.bytes);
        EXPECT_EQ(peer.read_frame().describe().substr(0, 7), row.answer);
        peer.expect_eof();
        expect_notes({"open", "error open", "close 1006  unclean"});
        client.reset();
    }
}

TEST_F(ClientTest, a_backlog_has_a_limit_and_tells_when_it_is_gone) {
    const RawServer server(loop);
    RawPeer peer = open(server, {.backlog_size_max = 1 << 20, .drain_mark = 1 << 16});
    const std::string piece = pattern_of_size(100'000);
    std::size_t sent_count = 0;
    while (client->send(piece) != SendResult::dropped) ++sent_count;
    EXPECT_GT(client->buffered_amount(), 900'000U);
    EXPECT_LE(client->buffered_amount(), 1U << 20U);
    for (std::size_t i = 0; i < sent_count; ++i) {
        ASSERT_TRUE(peer.read_frame().text() == piece);
    }
    expect_notes({"open", "drain"});
    EXPECT_EQ(client->buffered_amount(), 0U);
    EXPECT_EQ(client->send("again"), SendResult::sent);
    EXPECT_EQ(peer.read_frame().text(), "again");
}

TEST_F(ClientTest, other_threads_send_and_close_by_its_handle) {
    TestServer server;
    serve_echo(server);
    connect(url_of(server));
    await_notes(1);
    const Handle handle = client->handle();
    EXPECT_TRUE(handle.is_live());
    std::thread other([handle] {
        EXPECT_EQ(handle.send("from afar"), SendResult::queued);
        EXPECT_TRUE(handle.post([](Connection& c) { c.send("and nearer"); }));
    });
    await_notes(3);
    other.join();
    EXPECT_EQ(notes, (Notes{"open", "text from afar", "text and nearer"}));
    std::thread closing([handle] { EXPECT_TRUE(handle.close(4001, "enough")); });
    await_notes(4);
    closing.join();
    EXPECT_EQ(notes.back(), "close 4001  clean");
    EXPECT_TRUE(until([&] { return !handle.is_live(); }));
    EXPECT_EQ(handle.send("too late"), SendResult::closed);
}

TEST_F(ClientTest, a_unix_socket_takes_the_place_of_the_host) {
    const test::Directory directory;
    TestServer server;
    server->ws("/", {.message = [](Connection& c, Message m) { c.send(m); }});
    server.start({.unix_path = directory.file("socket")});
    connect("ws://localhost/", {.unix_path = directory.file("socket")});
    await_notes(1);
    client->send("hello");
    await_notes(2);
    EXPECT_EQ(client->remote_address().family(), Address::Family::unix_socket);
    client->close();
    expect_notes({"open", "text hello", "close 1000  clean"});
}

}  // namespace
}  // namespace edgews
