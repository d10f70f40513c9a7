// Behind a proxy: who a client is taken for, by X-Forwarded-For, Forwarded and PROXY headers, and
// what those who are not trusted achieve with them.
#include <edgews/net/admission.hpp>
#include <edgews/net/options.hpp>

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

#include "../support/test_server.hpp"

namespace edgews::test {
namespace {

const List loopback{"127.0.0.1"};
const std::string line = "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n";

// A header of version 2 for TCP over IPv4 from 192.0.2.7:56324, and one of a health check.
Bytes binary_header() {
    return from_hex("0D0A0D0A 000D0A51 5549540A 21 11 000C C0000207 C6336401 DC04 01BB");
}
Bytes local_header() {
    return from_hex("0D0A0D0A 000D0A51 5549540A 20 00 0000");
}

std::string forwarded_for(std::string_view client) {
    return "X-Forwarded-For: " + std::string(client) + "\r\n";
}

// Tells everyone whom it takes them for: at /whoami, and when a WebSocket opens.
void add_routes(TestServer& server) {
    server->get("/whoami", [](const Request& request, Response& response) {
        response.body = request.remote_address().ip();
    });
    server->get("/port", [](const Request& request, Response& response) {
        response.body = std::to_string(request.remote_address().port());
    });
    server->ws("/", {.upgrade =
                         [](const Request& request, Upgrade& upgrade) {
                             (void)upgrade.add_header("X-You-Are", request.remote_address().ip());
                         },
                     .open = [](Connection& c) { c.send(c.remote_address().ip()); }});
}

// Trusts whoever is on this machine.
class Proxied : public TestServer {
  public:
    explicit Proxied(ServerOptions options = {}, ListenOptions listen = {})
        : TestServer(with_trust(std::move(options))) {
        add_routes(*this);
        if (listen.unix_path.empty()) listen.host = "127.0.0.1";
        start(listen);
    }

  private:
    static ServerOptions with_trust(ServerOptions options) {
        if (options.trusted_proxies.empty()) options.trusted_proxies = loopback;
        return options;
    }
};

// The same, and connections begin with a PROXY header.
class WithHeader : public Proxied {
  public:
    explicit WithHeader(ServerOptions options = {})
        : Proxied(std::move(options), {.proxy_protocol = true}) {}
};

std::string who_am_i(TestServer& server, std::string_view lines) {
    return server.connect().get("/whoami", lines).body;
}

// Opens a WebSocket for that client.
TestClient open_for(TestServer& server, std::string_view client) {
    TestClient opened = server.open("/", forwarded_for(client));
    opened.expect_text(client);
    return opened;
}

// Sends `head`, which is answered 503.
void expect_refused(TestClient& client, std::string_view head) {
    client.send(head);
    const HttpReply reply = client.read_reply();
    EXPECT_EQ(reply.status, 503U);
    EXPECT_TRUE(reply.has("Connection: close"));
    client.expect_eof();
}

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

// ---- Limits ----------------------------------------------------------------

TEST(Proxy, the_limit_per_address_counts_the_client_and_not_the_proxy) {
    Proxied server({.connections_per_address_max = 2});
    std::vector<TestClient> idle;
    for (int i = 0; i < 10; ++i) idle.push_back(server.connect());
    TestClient first = open_for(server, "192.0.2.7");
    TestClient second = open_for(server, "192.0.2.7");
    for (int i = 0; i < 3; ++i) {
        TestClient third = server.connect();
        expect_refused(third, TestClient::upgrade_head("/", forwarded_for("192.0.2.7")));
    }
    EXPECT_EQ(server->stats()[Counter::connections_refused], 3U);
    TestClient other = open_for(server, "192.0.2.8");
    TestClient of_ipv6 = open_for(server, "2001:db8::7");
    EXPECT_EQ(idle[0].get("/whoami").body, "127.0.0.1");
    for (int i = 0; i < 3; ++i) idle.push_back(server.open());  // The proxy's own.

    first.close_cleanly();
    server.wait_for(Counter::websockets_open, 6);
    open_for(server, "192.0.2.7").close_cleanly();
}

TEST(Proxy, the_addresses_of_one_ipv6_network_are_one_client) {
    Proxied server({.connections_per_address_max = 1});
    TestClient first = open_for(server, "2001:db8::7");
    for (const char* same : {"2001:db8::8", "2001:db8:0:0:ffff::"}) {
        TestClient second = server.connect();
        expect_refused(second, TestClient::upgrade_head("/", forwarded_for(same)));
    }
    TestClient other = open_for(server, "2001:db8:0:1::7");
    TestClient of_ipv4 = open_for(server, "32.1.13.184");  // The same bytes.
    first.close_cleanly();
    server.wait_for(Counter::websockets_open, 2);
    open_for(server, "2001:db8::8").close_cleanly();
}

TEST(Proxy, the_length_of_a_network_is_an_option) {
    Proxied whole({.connections_per_address_max = 1, .ipv6_prefix_length = 128});
    TestClient first = open_for(whole, "2001:db8::7");
    TestClient second = open_for(whole, "2001:db8::8");
    Proxied wide({.connections_per_address_max = 1, .ipv6_prefix_length = 48});
    TestClient third = open_for(wide, "2001:db8::7");
    TestClient fourth = wide.connect();
    expect_refused(fourth, TestClient::upgrade_head("/", forwarded_for("2001:db8:0:1::7")));
}

TEST(Proxy, how_often_one_connects_counts_the_client_and_not_the_proxy) {
    Proxied server({.connects_per_minute_max = 2});
    for (int i = 0; i < 5; ++i) EXPECT_EQ(server.connect().get("/whoami").status, 200U);
    TestClient kept = server.connect();
    for (int i = 0; i < 5; ++i) {  // Requests connect nobody, unless they ask for a WebSocket.
        EXPECT_EQ(kept.get("/whoami", forwarded_for("192.0.2.7")).status, 200U);
    }
    for (int i = 0; i < 2; ++i) open_for(server, "192.0.2.7").close_cleanly();
    expect_refused(kept, TestClient::upgrade_head("/", forwarded_for("192.0.2.7")));
    open_for(server, "192.0.2.8").close_cleanly();

    WithHeader with_header({.connects_per_minute_max = 1});
    TestClient first = with_header.connect();
    first.send(line);
    EXPECT_EQ(first.get("/whoami").status, 200U);
    TestClient second = with_header.connect();
    expect_refused(second, line);
}

TEST(Proxy, a_port_makes_no_client_of_its_own) {
    Proxied server({.connections_per_address_max = 1});
    TestClient first = server.open("/", forwarded_for("192.0.2.7:1"));
    TestClient second = server.connect();
    expect_refused(second, TestClient::upgrade_head("/", forwarded_for("192.0.2.7:2")));
}

TEST(Proxy, between_its_requests_a_proxys_connection_is_nobodys) {
    Proxied server({.connections_per_address_max = 1});
    TestClient kept = server.connect();
    TestClient also_kept = server.connect();
    for (TestClient* proxy : {&kept, &also_kept, &kept}) {
        EXPECT_EQ(proxy->get("/whoami", forwarded_for("192.0.2.7")).body, "192.0.2.7");
    }
    TestClient opened = open_for(server, "192.0.2.7");
    EXPECT_EQ(also_kept.get("/whoami", forwarded_for("192.0.2.8")).body, "192.0.2.8");
    expect_refused(kept, TestClient::get_head("/whoami", forwarded_for("192.0.2.7")));
    EXPECT_EQ(also_kept.get("/whoami", forwarded_for("192.0.2.8")).body, "192.0.2.8");
}

TEST(Proxy, a_client_that_was_refused_keeps_nobody_else_out) {
    Proxied server({.connections_max = 2, .connections_per_address_max = 1});
    TestClient first = open_for(server, "192.0.2.7");
    TestClient refused = server.connect();
    expect_refused(refused, TestClient::upgrade_head("/", forwarded_for("192.0.2.7")));
    server.wait_for(Counter::connections_open, 2);  // It does not go.
    TestClient other = open_for(server, "192.0.2.8");
    TestClient late = server.connect();
    expect_refused(late, TestClient::upgrade_head("/", forwarded_for("192.0.2.9")));
    first.close_cleanly();
    server.wait_for(Counter::websockets_open, 1);
    open_for(server, "192.0.2.7").close_cleanly();
}

TEST(Proxy, whom_a_proxy_header_names_is_limited_and_health_checks_are_not) {
    WithHeader server({.connections_per_address_max = 1});
    std::vector<TestClient> checks;
    for (int i = 0; i < 3; ++i) {
        checks.push_back(server.connect());
        checks.back().send(local_header());
        EXPECT_EQ(checks.back().get("/whoami").status, 200U);
    }
    TestClient first = server.connect();
    first.send(line);
    EXPECT_EQ(first.get("/whoami").status, 200U);  // From here to its end.
    TestClient second = server.connect();
    expect_refused(second, line + TestClient::get_head("/whoami"));
    for (const Bytes& header : {bytes_of(line), binary_header()}) {
        TestClient silent = server.connect();  // Told at once: no request is waited for.
        expect_refused(silent, text_of(header));
    }
    server.wait_for(Counter::connections_open, 4);
    EXPECT_EQ(server->stats()[Counter::connections_refused], 3U);
    first.close();
    server.wait_for(Counter::connections_open, 3);
    TestClient third = server.connect();
    third.send(line);
    EXPECT_EQ(third.get("/whoami").status, 200U);
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
