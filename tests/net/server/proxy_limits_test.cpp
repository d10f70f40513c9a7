// Limits behind a proxy: who is counted, by X-Forwarded-For and by PROXY headers.
#include "net/connection/admission.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/proxied_server.hpp"

namespace edgews::test {
namespace {

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

// One may be of a network of which others are clients.
TEST(Proxy, a_proxy_that_is_counted_nowhere_gives_nobodys_place_away) {
    WithHeader server(
        {.connections_per_address_max = 1, .trusted_proxies = {"127.0.0.1", "2001:db8::1"}});
    const std::string of_proxy = "PROXY TCP6 2001:db8::1 2001:db8::9 1 2\r\n";
    const auto from_proxy = [&](std::string_view head) {
        TestClient client = server.connect();
        client.send(of_proxy + std::string(head));
        return client;
    };
    TestClient neighbour = from_proxy(TestClient::upgrade_head("/", forwarded_for("2001:db8::7")));
    EXPECT_EQ(neighbour.read_reply().status, 101U);
    TestClient plain = from_proxy(TestClient::get_head("/whoami", forwarded_for("192.0.2.7")));
    EXPECT_EQ(plain.read_reply().body, "192.0.2.7");
    EXPECT_EQ(plain.get("/whoami", forwarded_for("192.0.2.8")).body, "192.0.2.8");
    const std::string again = TestClient::upgrade_head("/", forwarded_for("2001:db8::8"));
    TestClient refused = from_proxy(again);
    EXPECT_EQ(refused.read_reply().status, 503U);
    plain.close();
    server.wait_for(Counter::connections_open, 2);
    TestClient refused_too = from_proxy(again);
    EXPECT_EQ(refused_too.read_reply().status, 503U);
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

}  // namespace
}  // namespace edgews::test
