// What a server tells its on_event hook of bad requests, broken rules and failing handlers: of each
// exactly what.
#include <edgews/event.hpp>

#include <gtest/gtest.h>

#include <string>

#include "tests/net/server/telling_server.hpp"

namespace edgews::test {
namespace {

// ---- Requests ----------------------------------------------------------------------------------

struct Sent {
    const char* name;
    std::string bytes;
    List told;
};

const std::string upgrade = "Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const std::string version = "Sec-WebSocket-Version: 13\r\n";

const Sent requests[] = {
    {"no WebSocket",
     "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n",
     {"notice handshake_refused 426 /echo: this is a WebSocket: connect with a client for it"}},
    {"no version",
     "GET /echo HTTP/1.1\r\n" + upgrade + key + "\r\n",
     {"notice handshake_refused 426 /echo: Sec-WebSocket-Version is missing"}},
    {"another version",
     "GET /echo HTTP/1.1\r\n" + upgrade + key + "Sec-WebSocket-Version: 8\r\n\r\n",
     {"notice handshake_refused 426 /echo: the only WebSocket version spoken here is 13"}},
    {"no key",
     "GET /echo HTTP/1.1\r\n" + upgrade + version + "\r\n",
     {"notice handshake_refused 400 /echo: Sec-WebSocket-Key is missing"}},
    {"a malformed key",
     "GET /echo HTTP/1.1\r\n" + upgrade + version + "Sec-WebSocket-Key: short\r\n\r\n",
     {"notice handshake_refused 400 /echo: Sec-WebSocket-Key is not 16 bytes in base64"}},
    {"a foreign origin",
     TestClient::upgrade_head("/echo", "Origin: https://evil.example\r\n"),
     {"notice handshake_refused 403 /echo: this origin is not welcome: RouteOptions::origins names "
      "those that are"}},
    {"two origins",
     TestClient::upgrade_head("/echo", "Origin: http://a\r\nOrigin: http://b\r\n"),
     {"notice handshake_refused 400 /echo: there is more than one Origin header"}},
    {"a POST",
     "POST /echo HTTP/1.1\r\n" + upgrade + key + version + "\r\n",
     {"notice handshake_refused 405 /echo: a WebSocket is opened with GET"}},
    {"nobody there",
     TestClient::upgrade_head("/nowhere?secret"),
     {"notice handshake_refused 404 /nowhere: Nothing is there."}},
    {"refused by its handler",
     TestClient::upgrade_head("/refuses"),
     {"notice handshake_refused 401 /refuses: the application refuses"}},
    {"its handler throws",
     TestClient::upgrade_head("/upgrade_throws"),
     {"error handler_failed 500 /upgrade_throws: no database"}},
    {"another host",
     "GET /page HTTP/1.1\r\nHost: evil.example\r\n\r\n",
     {"notice request_refused 421 /page: this server does not go by that name: "
      "ServerOptions::hosts has those it does"}},
    {"no such page",
     "GET /no%20page?q HTTP/1.1\r\nHost: a\r\n\r\n",
     {"notice request_refused 404 /no%20page: Nothing is there."}},
    {"no such method here",
     "POST /page HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
     {"notice request_refused 405 /page: There is no such method of this path."}},
    {"no such method",
     "BREW /page HTTP/1.1\r\nHost: a\r\n\r\n",
     {"warning request_refused 501 /page: There is no such method here."}},
    {"no HTTP",
     "\x16\x03\x01 hello\r\n\r\n",
     {"notice request_refused 400: the head holds a control character"}},
    {"HTTP/2",
     "PRI * HTTP/2.0\r\n\r\n",
     {"warning request_refused 505: only HTTP/1.1 and HTTP/1.0 are spoken here"}},
    {"no host",
     "GET /page HTTP/1.1\r\n\r\n",
     {"notice request_refused 400: the Host header is missing"}},
    {"a long line",
     "GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n",
     {"notice request_refused 414: the request line is too long"}},
    {"a long header",
     "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20'000, 'a') + "\r\n\r\n",
     {"notice request_refused 431: a header line is too long"}},
    {"a large body",
     "POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
     {"notice request_refused 413 /form: the body is too large"}},
    {"an unknown expectation",
     "POST /form HTTP/1.1\r\nHost: a\r\nExpect: rain\r\n"
     "Content-Length: 1\r\n\r\nx",
     {"notice request_refused 417 /form: only 100-continue may be expected here"}},
    {"a body that does not come",
     "POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx",
     {"notice timed_out 408 /form: The body took too long."}},
    {"a page that throws",
     "GET /throws HTTP/1.1\r\nHost: a\r\n\r\n",
     {"error handler_failed 500 /throws: no page"}},
    {"a status that is none",
     "GET /odd HTTP/1.1\r\nHost: a\r\n\r\n",
     {"error handler_failed 500: a response's status is from 200 to 599"}},
    {"an answer that does not come",
     "GET /late/7 HTTP/1.1\r\nHost: a\r\n\r\n",
     {"warning request_refused 503: the answer took too long"}},
};

TEST(Events, each_refused_request_is_told_once) {
    for (const Sent& row : requests) {
        SCOPED_TRACE(row.name);
        Telling telling;
        add_faulty_routes(*telling);
        telling->start();
        TestClient client = telling->connect();
        client.send(row.bytes);
        EXPECT_EQ(telling.told(row.told.size()), row.told);
        EXPECT_EQ(telling.events.peers(), List(row.told.size(), "127.0.0.1"));
    }
}

TEST(Events, what_is_served_or_answered_by_a_handler_is_not_told) {
    Telling telling;
    add_faulty_routes(*telling);
    telling->start();
    TestClient client = telling->connect();
    EXPECT_EQ(client.get("/page").status, 200U);
    EXPECT_EQ(client.get("/forbidden").status, 403U);
    TestClient other = telling->open("/echo");
    other.send_text("hi");
    other.expect_text("hi");
    other.close_cleanly();
    EXPECT_EQ(telling.told(0), List());
}

// ---- Frames ------------------------------------------------------------------------------------

struct Framed {
    const char* name;
    const char* path;
    const char* hex;  // Masked with zeros.
    List told;
};

const Framed frames[] = {
    {"a reserved bit",
     "/echo",
     "C1 80 00000000",
     {"notice protocol_error 1002 /echo: A reserved bit is set and no extension defines it."}},
    {"a reserved opcode",
     "/echo",
     "83 80 00000000",
     {"notice protocol_error 1002 /echo: The opcode is reserved."}},
    {"no mask",
     "/echo",
     "81 00",
     {"notice protocol_error 1002 /echo: A client must mask its frames."}},
    {"half a ping",
     "/echo",
     "09 80 00000000",
     {"notice protocol_error 1002 /echo: A control frame must not be fragmented."}},
    {"a continuation of nothing",
     "/echo",
     "80 80 00000000",
     {"notice protocol_error 1002 /echo: There is no message for this continuation frame."}},
    {"no UTF-8",
     "/echo",
     "81 81 00000000 FF",
     {"notice protocol_error 1007 /echo: The text is not valid UTF-8."}},
    {"a close code that may not be",
     "/echo",
     "88 82 00000000 03EE",
     {"notice protocol_error 1002 /echo: This close code must not be sent."}},
    {"a large message",
     "/small",
     "81 8B 00000000",
     {"notice protocol_error 1009 /small: The message is larger than the limit."}},
    {"too many fragments",
     "/small",
     "01 80 00000000 00 80 00000000 00 80 00000000",
     {"notice protocol_error 1008 /small: The message has more fragments than the limit."}},
    {"a large frame",
     "/short_frames",
     "81 8B 00000000",
     {"notice protocol_error 1009 /short_frames: The frame is larger than the limit."}},
    {"a handler that throws",
     "/echo",
     "81 85 00000000 7468726F77",
     {"error handler_failed 1011 /echo: no such order"}},
    {"what is no exception",
     "/echo",
     "81 87 00000000 7468726F772037",
     {"error handler_failed 1011 /echo: a handler threw something that is no std::exception"}},
    {"an open handler that throws",
     "/open_throws",
     "",
     {"error handler_failed 1011 /open_throws: no room"}},
    {"a close handler that throws",
     "/close_throws",
     "88 80 00000000",
     {"error handler_failed 0 /close_throws: no log"}},
    {"an error handler that throws, too",
     "/error_throws",
     "81 80 00000000",
     {"error handler_failed 1011 /error_throws: first",
      "error handler_failed 1011 /error_throws: second"}},
    {"a message that does not end",
     "/overdue",
     "81 82 00000000 41",
     {"notice timed_out 1008 /overdue: the message took too long"}},
    {"no pong", "/silent", "", {"notice timed_out 1006 /silent: the peer does not answer"}},
};

TEST(Events, each_broken_rule_and_each_failing_handler_is_told_once) {
    for (const Framed& row : frames) {
        SCOPED_TRACE(row.name);
        Telling telling;
        add_faulty_routes(*telling);
        telling->start();
        TestClient client = telling->open(row.path);
        client.send_hex(row.hex);
        EXPECT_EQ(telling.told(row.told.size()), row.told);
        EXPECT_EQ(telling.events.peers(), List(row.told.size(), "127.0.0.1"));
    }
}

}  // namespace
}  // namespace edgews::test
