// Behind a proxy: who a client is taken for, by X-Forwarded-For, Forwarded and PROXY headers, and
// what those who are not trusted achieve with them.
#include <edgews/options.hpp>
#include "net/connection/admission.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "tests/support/proxied_server.hpp"

namespace edgews::test {
namespace {

// ---- Headers of requests ---------------------------------------------------

TEST(Proxy, without_trust_nobody_is_believed) {
    const std::string lines = forwarded_for("192.0.2.7") + "Forwarded: for=192.0.2.8\r\n";
    for (const List& trusted : {List{}, List{"10.0.0.0/8", "::1", "unix", "127.0.0.2"}}) {
        for (const auto which : {ForwardedHeader::x_forwarded_for, ForwardedHeader::forwarded}) {
            TestServer server({.trusted_proxies = trusted, .forwarded_header = which});
            add_routes(server);
            server.start();
            EXPECT_EQ(who_am_i(server, lines), "127.0.0.1");
            server.open("/", lines).expect_text("127.0.0.1");
        }
    }
}

TEST(Proxy, a_trusted_proxy_names_the_client_of_a_request) {
    Proxied server;
    EXPECT_EQ(who_am_i(server, forwarded_for("192.0.2.7")), "192.0.2.7");
    EXPECT_EQ(who_am_i(server, forwarded_for("2001:db8::7")), "2001:db8::7");
    EXPECT_EQ(who_am_i(server, forwarded_for("198.51.100.1, 192.0.2.7")), "192.0.2.7");
    EXPECT_EQ(who_am_i(server, forwarded_for("192.0.2.7, 127.0.0.1")), "192.0.2.7");
    EXPECT_EQ(server.connect().get("/port", forwarded_for("192.0.2.7:4711")).body, "4711");
    EXPECT_EQ(server.connect().get("/port", forwarded_for("192.0.2.7")).body, "0");
}

TEST(Proxy, a_trusted_proxy_that_names_nobody_is_the_client_itself) {
    Proxied server;
    EXPECT_EQ(who_am_i(server, ""), "127.0.0.1");
    EXPECT_EQ(who_am_i(server, forwarded_for("unknown")), "127.0.0.1");
    EXPECT_EQ(who_am_i(server, forwarded_for("192.0.2.7, unknown")), "127.0.0.1");
    EXPECT_EQ(who_am_i(server, "Forwarded: for=192.0.2.7\r\n"), "127.0.0.1");
}

TEST(Proxy, a_websocket_has_its_clients_address_in_every_handler) {
    Proxied server;
    TestClient client = server.connect();
    client.send(TestClient::upgrade_head("/", forwarded_for("[2001:db8::7]:80")));
    const HttpReply reply = client.read_reply();
    EXPECT_EQ(reply.status, 101U);
    EXPECT_TRUE(reply.has("X-You-Are: 2001:db8::7"));
    client.expect_text("2001:db8::7");
}

TEST(Proxy, a_websocket_whose_decision_was_deferred_has_its_clients_address) {
    TestServer server({.trusted_proxies = loopback});
    std::optional<DeferredUpgrade> deferred;
    server->ws("/", {.upgrade = [&](const Request&, Upgrade& u) { deferred = u.defer(); },
                     .open = [](Connection& c) { c.send(c.remote_address().ip()); }});
    server.start();
    TestClient client = server.connect();
    client.send(TestClient::upgrade_head("/", forwarded_for("192.0.2.7")));
    server.wait_until([&] { return deferred.has_value(); });
    EXPECT_TRUE(server.on_loop([&] { return deferred->accept(); }));
    EXPECT_EQ(client.read_reply().status, 101U);
    client.expect_text("192.0.2.7");
}

TEST(Proxy, the_header_that_is_believed_is_an_option) {
    Proxied server({.forwarded_header = ForwardedHeader::forwarded});
    const std::string spoofed = forwarded_for("198.51.100.1");
    EXPECT_EQ(who_am_i(server, spoofed + "Forwarded: for=192.0.2.7;proto=https\r\n"), "192.0.2.7");
    EXPECT_EQ(who_am_i(server, spoofed), "127.0.0.1");
}

TEST(Proxy, each_request_of_a_connection_has_its_own_client) {
    Proxied server;
    TestClient proxy = server.connect();
    EXPECT_EQ(proxy.get("/whoami", forwarded_for("192.0.2.7")).body, "192.0.2.7");
    EXPECT_EQ(proxy.get("/whoami", forwarded_for("192.0.2.8")).body, "192.0.2.8");
    EXPECT_EQ(proxy.get("/whoami").body, "127.0.0.1");
    proxy.send(TestClient::get_head("/whoami", forwarded_for("192.0.2.9")) +
               TestClient::get_head("/whoami") +
               TestClient::upgrade_head("/", forwarded_for("192.0.2.10")));
    EXPECT_EQ(proxy.read_reply().body, "192.0.2.9");
    EXPECT_EQ(proxy.read_reply().body, "127.0.0.1");
    EXPECT_EQ(proxy.read_reply().status, 101U);
    proxy.expect_text("192.0.2.10");
}

class ProxyOverUnix : public testing::Test {
  protected:
    ProxyOverUnix() {
        std::string name = testing::TempDir() + "edgews-XXXXXX";
        folder_ = ::mkdtemp(name.data());
    }
    ~ProxyOverUnix() override { ::rmdir(folder_.c_str()); }

    std::string path() const { return folder_ + "/socket"; }

    std::string folder_;
};

TEST_F(ProxyOverUnix, who_connects_to_a_unix_socket_is_trusted_by_that_word) {
    Proxied server({.trusted_proxies = {"unix"}}, {.unix_path = path()});
    TestClient proxy = TestClient::over_unix(path());
    EXPECT_EQ(proxy.get("/whoami").body, "unix");
    EXPECT_EQ(proxy.get("/whoami", forwarded_for("192.0.2.7")).body, "192.0.2.7");
}

TEST_F(ProxyOverUnix, who_connects_to_a_unix_socket_is_not_trusted_otherwise) {
    Proxied server({.trusted_proxies = {"0.0.0.0/0", "::/0"}}, {.unix_path = path()});
    EXPECT_EQ(TestClient::over_unix(path()).get("/whoami", forwarded_for("192.0.2.7")).body,
              "unix");
}

TEST_F(ProxyOverUnix, a_proxy_header_is_read_there_too) {
    Proxied server({.trusted_proxies = {"unix"}}, {.unix_path = path(), .proxy_protocol = true});
    TestClient proxy = TestClient::over_unix(path());
    proxy.send(line);
    EXPECT_EQ(proxy.get("/whoami").body, "192.0.2.7");
}

// ---- PROXY headers ---------------------------------------------------------

TEST(Proxy, a_proxy_header_names_the_client_of_all_requests) {
    WithHeader server;
    for (const Bytes& header : {bytes_of(line), binary_header()}) {
        TestClient proxy = server.connect();
        proxy.send(header);
        EXPECT_EQ(proxy.get("/whoami").body, "192.0.2.7");
        EXPECT_EQ(proxy.get("/port").body, "56324");
        proxy.send(TestClient::upgrade_head());
        EXPECT_TRUE(proxy.read_reply().has("X-You-Are: 192.0.2.7"));
        proxy.expect_text("192.0.2.7");
    }
}

TEST(Proxy, header_handshake_and_frames_may_come_in_one_packet) {
    WithHeader server;
    for (const Bytes& header : {bytes_of(line), binary_header()}) {
        TestClient proxy = server.connect();
        proxy.send(header + bytes_of(TestClient::upgrade_head()) + client_frame(0x89, "ping"));
        EXPECT_EQ(proxy.read_reply().status, 101U);
        proxy.expect_text("192.0.2.7");
        proxy.expect_frame(0x8A, "ping");
    }
}

TEST(Proxy, a_proxy_header_may_be_cut_anywhere) {
    WithHeader server;
    for (const Bytes& header : {bytes_of(line), binary_header()}) {
        const Bytes whole = header + bytes_of(TestClient::get_head("/whoami"));
        for_each_split(whole, [&](const Pieces& pieces) {
            TestClient proxy = server.connect();
            for (const ExactBlock& piece : pieces) {
                proxy.send(piece.bytes());
                server.on_loop([] {});
            }
            ASSERT_EQ(proxy.read_reply().body, "192.0.2.7");
        });
    }
}

TEST(Proxy, a_header_that_names_nobody_leaves_the_peer) {
    WithHeader server;
    const Bytes unspecified = from_hex("0D0A0D0A 000D0A51 5549540A 21 00 0000");
    for (const Bytes& header : {local_header(), unspecified, bytes_of("PROXY UNKNOWN\r\n")}) {
        TestClient proxy = server.connect();
        proxy.send(header);
        EXPECT_EQ(proxy.get("/whoami").body, "127.0.0.1");
        // What forwards an unknown connection has not looked at its requests.
        EXPECT_EQ(proxy.get("/whoami", forwarded_for("192.0.2.8")).body, "127.0.0.1");
    }
}

TEST(Proxy, requests_are_believed_behind_a_proxy_header_only_from_a_trusted_proxy) {
    WithHeader server({.trusted_proxies = {"127.0.0.1", "10.0.0.0/8"}});
    TestClient of_client = server.connect();
    of_client.send(line);
    EXPECT_EQ(of_client.get("/whoami", forwarded_for("198.51.100.1")).body, "192.0.2.7");
    TestClient of_proxy = server.connect();
    of_proxy.send("PROXY TCP4 10.0.0.1 198.51.100.1 56324 443\r\n");
    EXPECT_EQ(of_proxy.get("/whoami", forwarded_for("198.51.100.1")).body, "198.51.100.1");
    EXPECT_EQ(of_proxy.get("/whoami").body, "10.0.0.1");
}

TEST(Proxy, who_sends_no_proper_header_is_closed_without_an_answer) {
    WithHeader server;
    const Bytes inputs[] = {
        bytes_of(TestClient::get_head("/whoami")),
        bytes_of("PROXY TCP4 192.0.2.7 198.51.100.1 56324 65536\r\n"),
        bytes_of("PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\n"),
        bytes_of("PROXY " + std::string(200, 'x')),
        from_hex("0D0A0D0A 000D0A51 5549540A 31 11 000C"),
        from_hex("0D0A0D0A 000D0A51 5549540A 21 11 0004 C0000207"),
        from_hex("0D0A0D0A 000D0A51 5549540A 21 11 FFFF"),
    };
    std::size_t size = 0;
    for (const Bytes& input : inputs) {
        SCOPED_TRACE(to_hex(input));
        TestClient proxy = server.connect();
        proxy.send(input);
        proxy.expect_eof();
        size += input.size();
    }
    EXPECT_EQ(server->stats()[Counter::bytes_received], size);
    EXPECT_EQ(server->stats()[Counter::connections_refused], std::size(inputs));
    EXPECT_EQ(server->stats()[Counter::bytes_sent], 0U);
    server.wait_for(Counter::connections_open, 0);
}

TEST(Proxy, the_header_comes_once) {
    WithHeader server;
    TestClient proxy = server.connect();
    proxy.send(line + line + TestClient::get_head("/whoami"));
    EXPECT_EQ(proxy.read_reply().status, 400U);
    proxy.expect_eof();
}

TEST(Proxy, to_those_who_are_not_trusted_the_listener_speaks_http) {
    TestServer server({.trusted_proxies = {"10.0.0.0/8"}});
    add_routes(server);
    server.start({.host = "127.0.0.1", .proxy_protocol = true});
    EXPECT_EQ(server.connect().get("/whoami").body, "127.0.0.1");
    for (const Bytes& header : {bytes_of(line), binary_header(), local_header()}) {
        TestClient spoofer = server.connect();
        spoofer.send(header + bytes_of(TestClient::get_head("/whoami")));
        EXPECT_EQ(spoofer.read_reply().status, 400U);
        spoofer.expect_eof();
    }
}

TEST(Proxy, without_the_option_no_proxy_header_is_read) {
    Proxied server;
    TestClient proxy = server.connect();
    proxy.send(line + TestClient::get_head("/whoami"));
    EXPECT_EQ(proxy.read_reply().status, 400U);
    proxy.expect_eof();
}

TEST(Proxy, a_header_that_does_not_come_in_time_ends_the_connection) {
    WithHeader server({.handshake_timeout_ms = 50});
    const auto began = std::chrono::steady_clock::now();
    TestClient silent = server.connect();
    TestClient half = server.connect();
    half.send(line.substr(0, 20));
    TestClient trickling = server.connect();  // Each byte does not buy more time.
    for (const char c : line.substr(0, 20)) {
        trickling.send(std::string_view(&c, 1));
        server.on_loop([] {});
    }
    silent.expect_eof();
    half.expect_eof();
    trickling.expect_eof();
    EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(48));
    EXPECT_EQ(server->stats()[Counter::connections_refused], 3U);
    EXPECT_EQ(server->stats()[Counter::bytes_sent], 0U);
    server.wait_for(Counter::connections_open, 0);
}

TEST(Proxy, behind_its_header_a_request_has_the_time_that_all_have) {
    WithHeader server({.handshake_timeout_ms = 50});
    TestClient proxy = server.connect();
    proxy.send(line + "GET /who");
    EXPECT_EQ(proxy.read_reply().status, 408U);
    EXPECT_EQ(server->stats()[Counter::connections_refused], 0U);
}

TEST(Proxy, what_lies_behind_urgent_data_and_a_header_is_read_at_once) {
    WithHeader server;
    TestClient proxy = server.connect();
    server.on_loop([&] {  // It comes to it when all is there.
        proxy.send(line);
        proxy.send_urgent(std::byte{'!'});
        proxy.send(TestClient::get_head("/whoami"));
    });
    EXPECT_EQ(proxy.read_reply().body, "192.0.2.7");
}

// Nobody can look at what follows it and leave it there.
TEST(Proxy, a_header_with_urgent_data_in_it_is_refused_at_once) {
    WithHeader server({.handshake_timeout_ms = 60'000});
    TestClient proxy = server.connect();
    server.on_loop([&] {
        proxy.send(line.substr(0, 20));
        proxy.send_urgent(std::byte{'!'});
        proxy.send(line.substr(20) + TestClient::get_head("/whoami"));
    });
    proxy.expect_end();
    EXPECT_EQ(server->stats()[Counter::connections_refused], 1U);
}

TEST(Proxy, a_proxy_that_only_looks_whether_we_are_there_is_no_trouble) {
    WithHeader server;
    TestClient knocking = server.connect();
    TestClient half = server.connect();
    TestClient ended = server.connect();
    half.send(line.substr(0, 20));
    ended.send(line.substr(0, 20));
    server.wait_for(Counter::connections_open, 3);
    knocking.close();
    half.close();
    ended.half_close();
    ended.expect_eof();
    server.wait_for(Counter::connections_open, 0);
    EXPECT_EQ(server->stats()[Counter::connections_refused], 0U);
}

TEST(Proxy, a_shutdown_does_not_wait_for_headers) {
    WithHeader server;
    TestClient silent = server.connect();
    TestClient half = server.connect();
    half.send(line.substr(0, 20));
    server.wait_for(Counter::connections_open, 2);
    std::thread stopping([&] { server->shutdown(60'000); });
    silent.expect_eof();
    half.expect_eof();
    silent.close();
    half.close();
    stopping.join();
}

// ---- Options ---------------------------------------------------------------

TEST(Proxy, an_entry_that_is_no_address_is_an_error_that_names_it) {
    for (const char* entry : {"localhost", "10.0.0.300", "10.0.0.1/8", "", "unix:/run/x"}) {
        SCOPED_TRACE(entry);
        Server server(ServerOptions{.loops = 1, .trusted_proxies = {"127.0.0.1", entry}});
        const Error error = server.listen({.host = "127.0.0.1"});
        EXPECT_EQ(error.code, std::errc::invalid_argument);
        EXPECT_NE(error.message.find('"' + std::string(entry) + '"'), std::string::npos)
            << error.message;
        EXPECT_EQ(server.port(), 0);
    }
}

}  // namespace
}  // namespace edgews::test
