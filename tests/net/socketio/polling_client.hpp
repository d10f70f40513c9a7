// A client of Socket.IO that polls, and may go on with a WebSocket. Each request has a connection
// of its own.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/support/test_server.hpp"

namespace edgews::test {

inline constexpr std::string_view transport_path = "/socket.io/?EIO=4&transport=";

class PollingClient {
  public:
    explicit PollingClient(TestServer& server) : server_(server) {
        const std::string open =
            server_.connect().get(std::string(transport_path) + "polling").body;
        id_ = open.substr(open.find("\"sid\":\"") + 7, 20);
    }
    [[nodiscard]] std::string path(std::string_view transport) const {
        return std::string(transport_path) + std::string(transport) + "&sid=" + id_;
    }
    [[nodiscard]] std::string post_head(std::string_view body) const {
        return "POST " + path("polling") +
               " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
               "\r\n\r\n" + std::string(body);
    }
    void post(std::string_view body) const {
        TestClient client = server_.connect();
        client.send(post_head(body));
        if (client.read_reply().body != "ok") throw std::runtime_error("a POST was refused");
    }
    [[nodiscard]] std::string poll() const { return server_.connect().get(path("polling")).body; }
    // Which has been answered 3probe.
    [[nodiscard]] TestClient probe() const {
        TestClient client = server_.open(path("websocket"));
        client.send_text("2probe");
        client.expect_text("3probe");
        return client;
    }

  private:
    TestServer& server_;
    std::string id_;
};

}  // namespace edgews::test
