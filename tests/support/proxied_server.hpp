// For tests of servers behind a proxy: one that trusts whoever is on this machine.
#pragma once

#include <edgews/options.hpp>

#include <string>
#include <string_view>
#include <utility>

#include "test_server.hpp"

namespace edgews::test {

inline const List loopback{"127.0.0.1"};
inline const std::string line = "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n";

// A header of version 2 for TCP over IPv4 from 192.0.2.7:56324, and one of a health check.
inline Bytes binary_header() {
    return from_hex("0D0A0D0A 000D0A51 5549540A 21 11 000C C0000207 C6336401 DC04 01BB");
}
inline Bytes local_header() {
    return from_hex("0D0A0D0A 000D0A51 5549540A 20 00 0000");
}

inline std::string forwarded_for(std::string_view client) {
    return "X-Forwarded-For: " + std::string(client) + "\r\n";
}

// Tells everyone whom it takes them for: at /whoami, and when a WebSocket opens.
inline void add_routes(TestServer& server) {
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

inline std::string who_am_i(TestServer& server, std::string_view lines) {
    return server.connect().get("/whoami", lines).body;
}

// Opens a WebSocket for that client.
inline TestClient open_for(TestServer& server, std::string_view client) {
    TestClient opened = server.open("/", forwarded_for(client));
    opened.expect_text(client);
    return opened;
}

// Sends `head`, which is answered 503.
inline void expect_refused(TestClient& client, std::string_view head) {
    client.send(head);
    const HttpReply reply = client.read_reply();
    EXPECT_EQ(reply.status, 503U);
    EXPECT_TRUE(reply.has("Connection: close"));
    client.expect_eof();
}
}  // namespace edgews::test
