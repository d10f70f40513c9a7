// Opening: answers however they are cut, refusals with their bodies, redirections, proxies'
// tunnels.
#include "tests/support/client_fixture.hpp"

#include <string>
#include <vector>

namespace edgews {
namespace {

using test::Bytes;
using test::bytes_of;
using test::header_of;
using test::operator+;
using test::RawPeer;
using test::RawServer;
using test::server_frame;

class ClientOpen : public test::ClientFixture {
  protected:
    // Connects, reads the request, answers with `text`.
    RawPeer refuse(const RawServer& server, std::string_view text, ClientOptions options = {}) {
        forget();
        connect(server.url(), std::move(options));
        RawPeer peer = server.accept();
        peer.read_head();
        peer.send(text);
        return peer;
    }
    static std::string redirection(const std::string& location, unsigned status = 302) {
        return "HTTP/1.1 " + std::to_string(status) + " Elsewhere\r\nLocation: " + location +
               "\r\nContent-Length: 0\r\n\r\n";
    }
};

TEST_F(ClientOpen, the_answer_may_be_cut_anywhere_and_frames_may_follow_it_at_once) {
    const RawServer server(loop);
    const Bytes frames = server_frame(0x01, "fir") + server_frame(0x89, "p") +
                         server_frame(0x80, "st") +
                         server_frame(0x88,
                                      "\x0F\xA0"
                                      "bye");
    std::size_t size = 200;
    for (std::size_t cut = 0; cut < size; ++cut) {
        SCOPED_TRACE(cut);
        forget();
        connect(server.url());
        RawPeer peer = server.accept();
        const Bytes all = bytes_of("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" +
                                   test::opening_answer(peer.read_head())) +
                          frames;
        size = all.size();
        peer.send(std::span(all).first(cut));
        turn(2);
        peer.send(std::span(all).subspan(cut));
        EXPECT_EQ(peer.read_frame().describe(), "8a p");
        EXPECT_EQ(peer.read_frame().describe(), "88 4000");
        peer.close();
        expect_notes({"open", "ping p", "text first", "close 4000 bye clean"});
    }
}

TEST_F(ClientOpen, the_answer_may_come_byte_by_byte) {
    const RawServer server(loop);
    connect(server.url());
    RawPeer peer = server.accept();
    const Bytes all = bytes_of(test::opening_answer(peer.read_head())) + server_frame(0x81, "hi");
    for (const std::byte& byte : all) {
        peer.send(std::span(&byte, 1));
        turn(1);
    }
    expect_notes({"open", "text hi"});
}

TEST_F(ClientOpen, what_follows_the_answer_may_be_large_and_the_end) {
    const RawServer server(loop);
    const std::string large(1 << 20, 'x');
    const Bytes frames = server_frame(0x81, large) + server_frame(0x81, "last");
    for (const bool has_close : {false, true}) {
        forget();
        connect(server.url());
        RawPeer peer = server.accept();
        peer.answer("", has_close ? frames + server_frame(0x88, "\x03\xE8") : frames);
        peer.half_close();
        await_notes(has_close ? 4 : 5);
        ASSERT_GE(notes.size(), 4U);
        EXPECT_TRUE(notes[1] == "text " + large);
        EXPECT_EQ(notes[2], "text last");
        EXPECT_EQ(notes.back(), has_close ? "close 1000  clean" : "close 1006  unclean");
        peer.expect_end();
    }
}

TEST_F(ClientOpen, interim_answers_are_passed_over_and_take_no_memory) {
    const RawServer server(loop);
    connect(server.url());
    RawPeer peer = server.accept();
    const std::string request = peer.read_head();
    std::string many;
    for (int i = 0; i < 1000; ++i) many += "HTTP/1.1 100 Continue\r\nX: y\r\n\r\n";
    std::size_t lent_size = 0;
    for (int i = 0; i < 100; ++i) {
        peer.send(many);
        turn(1);
        lent_size = std::max(lent_size, reactor.pool().lent_size());
    }
    EXPECT_LT(lent_size, 1U << 20U);
    peer.send(test::opening_answer(request));
    expect_notes({"open"});
}

TEST_F(ClientOpen, a_refusal_is_told_with_status_headers_and_body) {
    const RawServer server(loop);
    RawPeer peer = refuse(server,
                          "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"
                          "Content-Length: 5\r\n\r\nno wayand more");
    expect_failure(ClientStage::handshake, "401 Unauthorized");
    EXPECT_EQ(error.status, 401U);
    EXPECT_EQ(error.body, "no wa");
    ASSERT_EQ(error.headers.size(), 2U);
    EXPECT_EQ(error.headers[0].name, "WWW-Authenticate");
    EXPECT_EQ(error.headers[0].value, "Basic realm=\"x\"");
    peer.expect_end();
}

TEST_F(ClientOpen, a_body_ends_as_its_head_says) {
    const std::string head = "HTTP/1.1 503 Busy\r\n";
    const std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n";
    const struct {
        const char* name;
        std::string text;
        bool is_ended;  // By the server, with FIN.
        std::string body;
    } rows[] = {
        {"length", head + "Content-Length: 5\r\n\r\nhello", false, "hello"},
        {"length 0", head + "Content-Length: 0\r\n\r\n", false, ""},
        {"length, cut short", head + "Content-Length: 9\r\n\r\nhello", true, "hello"},
        {"until the end", head + "\r\nhello", true, "hello"},
        {"chunks", chunked + "3\r\nhel\r\n2;ext=1\r\nlo\r\n0\r\n\r\n", false, "hello"},
        {"padded chunks", chunked + "0003\r\nhel\r\n002\r\nlo\r\n000\r\n\r\n", false, "hello"},
        {"chunks, cut short", chunked + "3\r\nhel\r\n9\r\nlo", true, "hello"},
        {"bad chunks", chunked + "3\r\nhel\r\nxyz\r\n", false, "hel"},
        {"huge chunk", chunked + "3\r\nhel\r\nFFFFFFFFFFFFFFFE\r\nlo\r\n", true, "hello\r\n"},
        {"no content", "HTTP/1.1 204 None\r\n\r\n", false, ""},
        {"200", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", false, "hi"},
    };
    const RawServer server(loop);
    for (const auto& row : rows) {
        for (std::size_t cut = 1; cut <= row.text.size(); ++cut) {
            SCOPED_TRACE(row.name + (" cut at " + std::to_string(cut)));
            RawPeer peer = refuse(server, row.text.substr(0, cut));
            turn(2);
            peer.send(row.text.substr(cut));
            if (row.is_ended) peer.half_close();
            expect_failure(ClientStage::handshake, "the server refuses");
            ASSERT_EQ(error.body, row.body);
        }
    }
}

TEST_F(ClientOpen, a_body_is_cut_at_its_limit) {
    const RawServer server(loop);
    const std::string body(100, 'b');
    for (const std::size_t limit : {std::size_t{0}, std::size_t{10}, std::size_t{99}}) {
        RawPeer peer = refuse(server, "HTTP/1.1 503 Busy\r\n\r\n" + body, {.body_size_max = limit});
        expect_failure(ClientStage::handshake, "503");
        EXPECT_EQ(error.body, body.substr(0, limit));
        peer.expect_end();
    }
}

TEST_F(ClientOpen, a_body_that_does_not_end_is_waited_for_only_so_long) {
    const RawServer server(loop);
    RawPeer peer = refuse(server, "HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\nhello",
                          {.handshake_timeout_ms = 30});
    expect_failure(ClientStage::handshake, "503");
    EXPECT_EQ(error.body, "hello");
    EXPECT_GE(took_ms, 30U);
}

TEST_F(ClientOpen, redirections_are_not_followed_unless_asked_for) {
    const RawServer server(loop);
    RawPeer peer = refuse(server, redirection("/else"));
    expect_failure(ClientStage::handshake,
                   "302 Elsewhere (not followed: ClientOptions::redirect_count_max is 0)");
    EXPECT_EQ(error.headers.at(0).value, "/else");
}

TEST_F(ClientOpen, redirections_are_followed_to_where_they_lead) {
    const RawServer server(loop);
    const RawServer other(loop);
    const struct {
        std::string location;
        unsigned status;
        const RawServer& to;
        std::string target;
    } rows[] = {
        {"/else?y", 301, server, "/else?y"},
        {"else", 302, server, "/a/else"},
        {"../else#part", 303, server, "/else"},
        {"?q", 307, server, "/a/b?q"},
        {other.url("/other"), 308, other, "/other"},
        {other.url("/other", "http"), 302, other, "/other"},
        {"//" + other.name() + "/x", 302, other, "/x"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.location);
        forget();
        connect("ws://user:pass@" + server.name() + "/a/b?x",
                {.headers = {{"X-Secret", "s"}, {"Cookie", "a=b"}}, .redirect_count_max = 1});
        RawPeer first = server.accept();
        EXPECT_EQ(header_of(first.read_head(), "X-Secret"), "s");
        first.send(redirection(row.location, row.status));
        RawPeer second = row.to.accept();
        const std::string request = second.answer();
        first.expect_end();
        EXPECT_EQ(request.substr(4, request.find(" HTTP") - 4), row.target);
        const bool is_same = &row.to == &server;
        EXPECT_EQ(header_of(request, "X-Secret"), is_same ? "s" : "-");
        EXPECT_EQ(header_of(request, "Cookie"), is_same ? "a=b" : "-");
        EXPECT_EQ(header_of(request, "Authorization"), is_same ? "Basic dXNlcjpwYXNz" : "-");
        EXPECT_EQ(header_of(request, "Host"), row.to.name());
        expect_notes({"open"});
        EXPECT_EQ(client->url(),
                  (is_same ? "ws://user:pass@" : "ws://") + row.to.name() + row.target);
    }
}

TEST_F(ClientOpen, an_authorization_header_does_not_come_back_by_a_detour) {
    const RawServer server(loop);
    const RawServer other(loop);
    connect(server.url(), {.headers = {{"Authorization", "Bearer x"}}, .redirect_count_max = 9});
    RawPeer first = server.accept();
    EXPECT_EQ(header_of(first.read_head(), "Authorization"), "Bearer x");
    first.send(redirection(other.url()));
    RawPeer second = other.accept();
    EXPECT_EQ(header_of(second.read_head(), "Authorization"), "-");
    second.send(redirection(server.url("/back")));
    RawPeer third = server.accept();
    EXPECT_EQ(header_of(third.answer(), "Authorization"), "-");
    expect_notes({"open"});
}

TEST_F(ClientOpen, the_body_of_a_redirection_is_not_waited_for) {
    const RawServer server(loop);
    for (const std::string coding :
         {"", "Content-Length: 9\r\n", "Transfer-Encoding: chunked\r\n"}) {
        forget();
        connect(server.url(), {.redirect_count_max = 1});
        RawPeer first = server.accept();
        first.read_head();
        first.send("HTTP/1.1 302 Elsewhere\r\nLocation: /else\r\n" + coding + "\r\n");
        RawPeer second = server.accept_opened();
        first.expect_eof();
        expect_notes({"open"});
        EXPECT_LT(test::steady_ms() - begin_ms, 5'000U);
    }
}

TEST_F(ClientOpen, a_loop_of_redirections_has_an_end) {
    const RawServer server(loop);
    connect(server.url(), {.redirect_count_max = 3});
    for (int i = 0; i < 4; ++i) {
        RawPeer peer = server.accept();
        peer.read_head();
        peer.send(redirection("/"));
        turn(3);
    }
    expect_failure(ClientStage::handshake, "ClientOptions::redirect_count_max is 3)");
    EXPECT_FALSE(server.has_waiting());
    // What the next try comes to has nothing to do with it.
    RawPeer peer = refuse(server, "HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n");
    expect_failure(ClientStage::handshake, "404 x");
    EXPECT_EQ(error.error.message.find("not followed"), std::string::npos);
}

TEST_F(ClientOpen, a_redirection_that_leads_nowhere_is_a_refusal) {
    const RawServer server(loop);
    const struct {
        std::string location;
        std::string_view why;
    } rows[] = {
        {"ftp://host/", "its Location cannot be used: the URL does not begin with ws://"},
        {"ws://:1/", "its Location cannot be used: the URL names no host"},
        {"/a b", "its Location cannot be used: the URL holds a space"},
    };
    for (const auto& [location, why] : rows) {
        SCOPED_TRACE(location);
        RawPeer peer = refuse(server, redirection(location), {.redirect_count_max = 1});
        expect_failure(ClientStage::handshake, why);
    }
    RawPeer peer = refuse(server, "HTTP/1.1 302 Elsewhere\r\nContent-Length: 0\r\n\r\n",
                          {.redirect_count_max = 1});
    expect_failure(ClientStage::handshake, "302 Elsewhere (it has no Location)");
    RawPeer secure = refuse(server, redirection("wss://host/"), {.redirect_count_max = 1});
    expect_failure(ClientStage::options, "ClientOptions::tls is not set");
}

TEST_F(ClientOpen, a_new_try_begins_where_the_first_one_did_with_its_headers) {
    const RawServer server(loop);
    const RawServer other(loop);
    connect(server.url("/first"), {.headers = {{"X", "y"}}, .redirect_count_max = 1});
    for (int i = 0; i < 2; ++i) {
        RawPeer first = server.accept();
        const std::string request = first.read_head();
        EXPECT_EQ(request.substr(0, 10), "GET /first");
        EXPECT_EQ(header_of(request, "X"), "y");
        first.send(redirection(other.url()));
        RawPeer second = other.accept_opened();
        await_notes(1);
        EXPECT_EQ(client->url(), other.url());
        second.reset();
        await_notes(3);
        forget();
        client->reconnect();
    }
}

// ---- Through a proxy -------------------------------------------------------

TEST_F(ClientOpen, a_proxy_is_asked_for_a_tunnel) {
    const RawServer proxy(loop);
    connect("ws://user:pass@host.test:81/path",
            {.headers = {{"X", "y"}}, .proxy = "http://me:p%40ss@" + proxy.name()});
    RawPeer peer = proxy.accept();
    const std::string ask = peer.read_head();
    EXPECT_EQ(ask.substr(0, ask.find("\r\n")), "CONNECT host.test:81 HTTP/1.1");
    EXPECT_EQ(header_of(ask, "Host"), "host.test:81");
    EXPECT_EQ(header_of(ask, "Proxy-Authorization"), "Basic bWU6cEBzcw==");
    EXPECT_EQ(header_of(ask, "Authorization"), "-");
    EXPECT_EQ(header_of(ask, "X"), "-");
    peer.expect_silence();
    peer.send("HTTP/1.0 200 Connection established\r\n\r\n");
    const std::string request = peer.answer();
    EXPECT_EQ(request.substr(0, request.find("\r\n")), "GET /path HTTP/1.1");
    EXPECT_EQ(header_of(request, "Proxy-Authorization"), "-");
    EXPECT_EQ(header_of(request, "Authorization"), "Basic dXNlcjpwYXNz");
    expect_notes({"open"});
    EXPECT_EQ(client->remote_address().to_string(), proxy.name());
}

TEST_F(ClientOpen, a_proxys_answer_may_be_cut_anywhere) {
    const RawServer proxy(loop);
    const std::string answer =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 299 Fine\r\nContent-Length: 9\r\n\r\n";
    for (std::size_t cut = 0; cut < answer.size(); ++cut) {
        SCOPED_TRACE(cut);
        forget();
        connect("ws://host.test/", {.proxy = "http://" + proxy.name()});
        RawPeer peer = proxy.accept();
        peer.read_head();
        peer.send(answer.substr(0, cut));
        turn(2);
        peer.send(answer.substr(cut));
        peer.answer();
        expect_notes({"open"});
    }
}

TEST_F(ClientOpen, a_proxy_that_opens_no_tunnel_is_of_the_stage_proxy) {
    const struct {
        const char* answer;
        unsigned status;
        const char* message;
        const char* body = "";
    } rows[] = {
        {"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n", 407, "407 Who are you"},
        {"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic\r\nContent-Length: 5\r\n\r\nlogin", 407,
         "the proxy refuses: 407 Who", "login"},
        {"HTTP/1.0 503 Full\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n", 503, "503",
         "no"},
        {"HTTP/1.1 302 Elsewhere\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", 302, "302"},
        {"HTTP/1.1 101 Switching Protocols\r\n\r\n", 101, "101"},
        {"HTTP/1.1 200 OK\r\n\r\nX", 0, "more than that the tunnel is open"},
        {"garbage\r\n", 0, ""},
        {nullptr, 0, "the connection was closed"},
    };
    const RawServer proxy(loop);
    for (const auto& row : rows) {
        forget();
        connect("ws://host.test/", {.proxy = "http://" + proxy.name(), .redirect_count_max = 1});
        RawPeer peer = proxy.accept();
        peer.read_head();
        if (row.answer == nullptr) {
            peer.close();
        } else {
            peer.send(row.answer);
            peer.expect_end();
        }
        expect_failure(ClientStage::proxy, row.message);
        EXPECT_EQ(error.status, row.status);
        EXPECT_EQ(error.body, row.body);
        EXPECT_EQ(error.headers.empty(), row.status == 0 || row.status == 101);
    }
}

TEST_F(ClientOpen, a_proxy_that_does_not_answer_is_given_up) {
    const RawServer proxy(loop);
    connect("ws://host.test/", {.proxy = "http://" + proxy.name(), .handshake_timeout_ms = 30});
    RawPeer peer = proxy.accept();
    expect_failure(ClientStage::proxy, "no answer in time");
    EXPECT_GE(took_ms, 30U);
}

TEST_F(ClientOpen, a_proxy_whose_refusal_does_not_end_is_of_the_stage_proxy_too) {
    const RawServer proxy(loop);
    connect("ws://host.test/", {.proxy = "http://" + proxy.name(), .open_timeout_ms = 100});
    RawPeer peer = proxy.accept();
    peer.send("HTTP/1.1 407 Who\r\nContent-Length: 9\r\n\r\nlog");
    expect_failure(ClientStage::proxy, "not open in time");
}

}  // namespace
}  // namespace edgews
