// What a request that does not become a WebSocket is answered with (RFC 6455, sections
// 4.2.2 and 4.4).
#include "core/websocket/handshake_refusal.hpp"

#include <gtest/gtest.h>

#include <string>

namespace edgews {
namespace {

TEST(HandshakeRefusal, a_refusal_says_what_is_wrong_and_what_would_be_right) {
    std::string version;
    append_refusal(version, HandshakeFault::version_unsupported);
    EXPECT_EQ(version,
              "HTTP/1.1 426 Upgrade Required\r\n"
              "Upgrade: websocket\r\n"
              "Connection: Upgrade, close\r\n"
              "Sec-WebSocket-Version: 13\r\n"
              "Content-Type: text/plain; charset=utf-8\r\n"
              "Content-Length: 45\r\n"
              "\r\n"
              "the only WebSocket version spoken here is 13\n");
    std::string method;
    append_refusal(method, HandshakeFault::method_not_get);
    EXPECT_TRUE(method.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
    EXPECT_NE(method.find("\r\nAllow: GET\r\n"), std::string::npos);
    EXPECT_NE(method.find("\r\nConnection: close\r\n"), std::string::npos);
    std::string head = "before ";
    append_refusal(head, HttpFault::head_too_large);
    EXPECT_EQ(head,
              "before HTTP/1.1 431 Request Header Fields Too Large\r\n"
              "Connection: close\r\n"
              "Content-Type: text/plain; charset=utf-8\r\n"
              "Content-Length: 22\r\n"
              "\r\n"
              "the head is too large\n");
}

// RFC 9110, section 9.3.2.
TEST(HandshakeRefusal, a_refusal_of_head_is_the_same_head_and_no_content) {
    const auto refusal_of = [](auto fault, RefusalFields fields) {
        std::string out;
        append_refusal(out, fault, fields);
        return out;
    };
    const auto expect_same_head = [](const std::string& whole, const std::string& head) {
        EXPECT_TRUE(head.ends_with("\r\n\r\n"));
        EXPECT_EQ(head, whole.substr(0, whole.find("\r\n\r\n") + 4));
        EXPECT_NE(head.find("\r\nDate: then\r\n"), std::string::npos);
        EXPECT_GT(whole.size(), head.size());
    };
    const RefusalFields whole{.date = "then"};
    const RefusalFields head{.date = "then", .has_content = false};
    expect_same_head(refusal_of(HandshakeFault::method_not_get, whole),
                     refusal_of(HandshakeFault::method_not_get, head));
    expect_same_head(refusal_of(HttpFault::host_repeated, whole),
                     refusal_of(HttpFault::host_repeated, head));
}

TEST(HandshakeRefusal, further_headers_stand_in_its_head) {
    const HeaderField field{"Vary", "Origin"};
    std::string out;
    append_refusal(out, HttpFault::host_repeated, {.headers = {&field, 1}});
    EXPECT_LT(out.find("\r\nVary: Origin\r\n"), out.find("\r\n\r\n"));
}

TEST(HandshakeRefusal, a_refusal_that_an_option_would_lift_names_it) {
    const auto refusal_of = [](HandshakeFault fault) {
        std::string out;
        append_refusal(out, fault);
        return out;
    };
    const std::string origin = refusal_of(HandshakeFault::origin_forbidden);
    EXPECT_TRUE(origin.starts_with("HTTP/1.1 403 Forbidden\r\n"));
    EXPECT_NE(origin.find("\r\nX-Refused-By: RouteOptions::origins\r\n"), std::string::npos);
    const std::string host = refusal_of(HandshakeFault::host_forbidden);
    EXPECT_TRUE(host.starts_with("HTTP/1.1 421 Misdirected Request\r\n"));
    EXPECT_NE(host.find("\r\nX-Refused-By: ServerOptions::hosts\r\n"), std::string::npos);
    EXPECT_EQ(refusal_of(HandshakeFault::key_missing).find("X-Refused-By"), std::string::npos);
}

}  // namespace
}  // namespace edgews
