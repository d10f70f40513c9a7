// A client that cannot open: each reason is told once, in its stage, and leaves nothing behind.
#include "tests/support/client_fixture.hpp"

#include <netdb.h>
#include <sys/resource.h>

#include <algorithm>
#include <string>
#include <vector>

namespace edgews {
namespace {

using test::bytes_of;
using test::Place;
using test::RawPeer;
using test::RawServer;
using test::soon_ms;
using test::steady_ms;

class ClientFailure : public test::ClientFixture {};

TEST_F(ClientFailure, a_refusal_is_of_the_stage_connect) {
    const Place place("127.0.0.1");
    connect("ws://" + place.name() + "/");
    expect_failure(ClientStage::connect, "open ws://" + place.name() + "/: connect to " +
                                             place.name() + ": Connection refused");
    EXPECT_EQ(error.status, 0U);
}

TEST_F(ClientFailure, a_place_that_does_not_answer_is_given_up_in_time) {
    Place hole("127.0.0.1");
    hole.become_black_hole();
    std::uint64_t best_ms = soon_ms;
    for (int i = 0; i < 3; ++i) {  // Of three: others may have the CPU for a while.
        forget();
        connect("ws://" + hole.name() + "/", {.connect_timeout_ms = 100});
        const std::ptrdiff_t open_count = test::open_fd_count();
        expect_failure(ClientStage::connect, "no answer within 100 ms");
        EXPECT_EQ(error.error.code, std::make_error_code(std::errc::timed_out));
        EXPECT_LE(test::open_fd_count(), open_count);
        EXPECT_GE(took_ms, 100U);
        best_ms = std::min(best_ms, took_ms);
    }
    EXPECT_LT(best_ms, 150U);
}

TEST_F(ClientFailure, a_name_that_does_not_resolve_is_of_the_stage_resolve) {
    connect("ws://example.test/", {.lookup = [](const std::string& host, std::uint16_t) {
                const std::error_code code(EAI_NONAME, resolve_category());
                return Resolved{.error = {code, "resolve " + host + ": no such name"}};
            }});
    expect_failure(ClientStage::resolve,
                   "open ws://example.test/: resolve example.test: no such name");
}

TEST_F(ClientFailure, a_slow_name_server_is_given_up) {
    const test::SlowLookup slow;
    connect("ws://example.test/", {.resolve_timeout_ms = 50, .lookup = slow.lookup()});
    expect_failure(ClientStage::resolve, "no answer within 50 ms");
    EXPECT_GE(took_ms, 50U);
    client.reset();
    slow.let_go();
    slow.wait_until_destroyed();
}

TEST_F(ClientFailure, the_whole_opening_has_a_limit_that_names_what_it_was_doing) {
    Place hole("127.0.0.1");
    hole.become_black_hole();
    const test::SlowLookup slow;
    connect("ws://example.test/",
            {.resolve_timeout_ms = 0, .open_timeout_ms = 50, .lookup = slow.lookup()});
    expect_failure(ClientStage::resolve, "not open in time");
    client.reset();
    slow.let_go();
    slow.wait_until_destroyed();

    forget();
    connect("ws://" + hole.name() + "/", {.connect_timeout_ms = 0, .open_timeout_ms = 50});
    expect_failure(ClientStage::connect, "not open in time");
    EXPECT_EQ(error.error.code, std::make_error_code(std::errc::timed_out));
    EXPECT_GE(took_ms, 50U);

    forget();
    const RawServer server(loop);
    connect(server.url(), {.handshake_timeout_ms = 0, .open_timeout_ms = 50});
    RawPeer peer = server.accept();
    expect_failure(ClientStage::handshake, "not open in time");
    peer.read_head();
    peer.expect_eof();
}

TEST_F(ClientFailure, a_unix_socket_that_cannot_be_is_of_the_stage_connect) {
    const test::Directory directory;
    for (const std::string& name : {std::string("none"), std::string(200, 'x')}) {
        forget();
        connect("ws://localhost/", {.unix_path = directory.file(name)});
        expect_failure(ClientStage::connect, "connect to unix:" + directory.file(name));
    }
}

// None of these asks anybody.
TEST_F(ClientFailure, what_the_application_does_wrong_is_of_the_stage_options) {
    const Place place("127.0.0.1");
    const std::string url = "ws://" + place.name() + "/";
    const struct {
        std::string url;
        ClientOptions options;
        const char* message;
    } rows[] = {
        {"", {}, "does not begin with ws://"},
        {"ftp://host/", {}, "does not begin with ws://"},
        {"ws://host/#part", {}, "fragment"},
        {"ws:///", {}, "names no host"},
        {"ws://host:99999/", {}, "from 1 to 65535"},
        {"ws://ho st/", {}, "space"},
        {"wss://host/", {}, "ClientOptions::tls is not set"},
        {url, {.headers = {{"Bad Name", "x"}}}, "name is not a token"},
        {url, {.headers = {{"X", "a\r\nb"}}}, "control character"},
        {url, {.headers = {{"Upgrade", "h2c"}}}, "the engine's to send"},
        {url, {.headers = {{"Content-Length", "1"}}}, "no body"},
        {url, {.headers = {{"Origin", "x"}}}, "options, not headers"},
        {url, {.subprotocols = {"not a token"}}, "not a token"},
        {url, {.subprotocols = {"twice", "twice"}}, "offered twice"},
        {url, {.origin = "a\nb"}, "origin"},
        {url, {.proxy = "socks://proxy"}, "ClientOptions::proxy"},
        {url, {.proxy = "https://proxy"}, "must be http"},
        {url, {.close_timeout_ms = 0}, "close_timeout_ms"},
        {url, {.tcp_keep_alive_ms = 32'767'001}, "tcp_keep_alive_ms"},
        {url, {.tcp_user_timeout_ms = 0x8000'0000}, "tcp_user_timeout_ms"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.message + (" " + row.url));
        forget();
        connect(row.url, row.options);
        expect_failure(ClientStage::options, row.message);
        EXPECT_EQ(error.error.code, std::make_error_code(std::errc::invalid_argument));
    }
}

TEST_F(ClientFailure, no_error_tells_the_password) {
    const Place place("127.0.0.1");
    for (const std::string& url :
         {"ws://joe:secret@" + place.name() + "/", std::string("ws://joe:secret@host:99999/"),
          std::string("ftp://joe:secret@host/"), std::string("ws://jo e:secret@host/"),
          std::string("ws://joe:sec@ret@host/"), std::string("ws://joe:sec/ret@host:x/@y")}) {
        SCOPED_TRACE(url);
        forget();
        connect(url);
        await_notes(2);
        for (const char* part : {"jo", "e:", "sec", "ret"}) {
            EXPECT_EQ(error.error.message.find(part), std::string::npos) << error.error.message;
        }
    }
}

TEST_F(ClientFailure, each_fault_of_the_response_is_told_with_its_status) {
    using Make = std::function<std::string(const std::string& request)>;
    const auto with = [](std::string what, std::string by) {
        return [=](const std::string& request) {
            std::string answer = test::opening_answer(request);
            return answer.replace(answer.find(what), what.size(), by);
        };
    };
    const auto more = [](std::string lines) {
        return [=](const std::string& request) { return test::opening_answer(request, lines); };
    };
    const auto text = [](std::string all) { return [=](const std::string&) { return all; }; };
    const struct {
        const char* name;
        Make make;
        unsigned status;
        const char* message;
    } rows[] = {
        {"accept", with("Accept: ", "Accept: A"), 101, "Sec-WebSocket-Accept"},
        {"no accept", with("Sec-WebSocket-Accept", "X-Nothing"), 101, "Sec-WebSocket-Accept"},
        {"no upgrade", with("Upgrade: websocket", "X: y"), 101, "Upgrade"},
        {"other upgrade", with("websocket", "h2c"), 101, "Upgrade"},
        {"no connection", with("Connection: Upgrade", "Connection: close"), 101, "Connection"},
        {"extension", more("Sec-WebSocket-Extensions: permessage-deflate\r\n"), 101, "extension"},
        {"subprotocol", more("Sec-WebSocket-Protocol: x\r\n"), 101, "subprotocol"},
        {"old version", with("HTTP/1.1", "HTTP/1.0"), 101, "HTTP/1.0"},
        {"bad header", text("HTTP/1.1 401 No\r\nBad Header\r\n\r\n"), 401, ""},
        {"future version", with("HTTP/1.1", "HTTP/2.0"), 0, "only HTTP/1.1"},
        {"garbage", text(std::string("\x16\x03\x01\x02\x00 garbage", 14)), 0, ""},
        {"SSH", text("SSH-2.0-OpenSSH_9.2\r\n"), 0, ""},
        {"oversized", text("HTTP/1.1 101 X\r\n" + std::string(10'000, 'x')), 101, ""},
        {"many headers", more([] {
             std::string lines;
             for (int i = 0; i < 200; ++i) lines += "X: y\r\n";
             return lines;
         }()),
         101, "header"},
    };
    const RawServer server(loop);
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        forget();
        connect(server.url());
        RawPeer peer = server.accept();
        peer.send(row.make(peer.read_head()));
        expect_failure(ClientStage::handshake, row.message);
        EXPECT_EQ(error.status, row.status);
        peer.expect_end();
    }
}

TEST_F(ClientFailure, a_message_that_takes_too_long_says_so) {
    const RawServer server(loop);
    for (const bool is_answered : {false, true}) {
        forget();
        RawPeer peer = open(server, {.message_timeout_ms = 30});
        peer.send(test::server_frame(0x01, "never"));
        EXPECT_EQ(peer.read_frame().describe().substr(0, 7), "88 1008");
        if (is_answered) peer.send(test::server_frame(0x88, "\x03\xF0"));
        peer.half_close();
        await_notes(3);
        EXPECT_EQ(notes, (Notes{"open", "error open",
                                is_answered ? "close 1008  clean" : "close 1006  unclean"}));
        EXPECT_NE(error.error.message.find("took too long"), std::string::npos);
    }
}

TEST_F(ClientFailure, a_subprotocol_must_be_one_of_the_offered) {
    const RawServer server(loop);
    for (const char* lines :
         {"", "Sec-WebSocket-Protocol: three\r\n", "Sec-WebSocket-Protocol: One\r\n",
          "Sec-WebSocket-Protocol: one, two\r\n",
          "Sec-WebSocket-Protocol: one\r\nSec-WebSocket-Protocol: one\r\n"}) {
        SCOPED_TRACE(lines);
        forget();
        connect(server.url(), {.subprotocols = {"one", "two"}});
        RawPeer peer = server.accept_opened(lines);
        expect_failure(ClientStage::handshake, "");
        EXPECT_NE(error.error.message.find("rotocol"), std::string::npos) << error.error.message;
        peer.expect_end();
    }
}

TEST_F(ClientFailure, a_server_that_stalls_in_mid_handshake_is_given_up) {
    const RawServer server(loop);
    for (const std::size_t size : {0U, 20U, 100U}) {
        SCOPED_TRACE(size);
        forget();
        connect(server.url(), {.handshake_timeout_ms = 50});
        RawPeer peer = server.accept();
        peer.send(test::opening_answer(peer.read_head()).substr(0, size));
        expect_failure(ClientStage::handshake, "no answer in time");
        EXPECT_EQ(error.error.code, std::make_error_code(std::errc::timed_out));
        EXPECT_GE(took_ms, 50U);
        peer.expect_eof();
    }
}

TEST_F(ClientFailure, a_server_that_ends_in_mid_handshake_is_a_lost_connection) {
    const RawServer server(loop);
    for (const bool is_reset : {false, true}) {
        for (const std::size_t size : {0U, 20U, 100U}) {
            SCOPED_TRACE(size);
            forget();
            connect(server.url());
            RawPeer peer = server.accept();
            peer.send(test::opening_answer(peer.read_head()).substr(0, size));
            is_reset ? peer.reset() : peer.close();
            expect_failure(ClientStage::handshake, "the connection was closed");
        }
    }
}

// Under load servers do so: they answer without having read, and close.
TEST_F(ClientFailure, an_answer_is_read_even_when_a_reset_is_behind_it) {
    const RawServer server(loop);
    connect(server.url());
    RawPeer peer = server.accept();
    turn(3);  // The request is there, unread.
    peer.send("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nlate");
    peer.close();
    expect_failure(ClientStage::handshake, "503 Busy");
    EXPECT_EQ(error.status, 503U);
    EXPECT_EQ(error.body, "late");
}

// Not under UBSan, which needs descriptors of its own to look at an error.
#ifndef __SANITIZE_ADDRESS__
TEST_F(ClientFailure, without_descriptors_left_it_says_so) {
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    const RawServer server(loop);
    const Fd lowest(::dup(0));
    rlimit tight = limit;
    tight.rlim_cur = static_cast<rlim_t>(lowest.get() + 1);
    connect(server.url());
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
    await_notes(2);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    expect_failure(ClientStage::connect, "Too many open files");
}
#endif

}  // namespace
}  // namespace edgews
