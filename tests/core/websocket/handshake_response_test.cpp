// The response that makes a connection a WebSocket (RFC 6455, section 4.2.2).
#include "core/websocket/handshake.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace edgews {
namespace {

TEST(Handshake, the_response_bears_what_the_application_adds) {
    const std::array headers{HeaderField{"Set-Cookie", "a=b"}, HeaderField{"X-Room", "1"}};
    std::string out = "before ";
    EXPECT_EQ(append_opening_response(out, {.key = "dGhlIHNhbXBsZSBub25jZQ==",
                                            .extensions = "permessage-deflate",
                                            .headers = headers}),
              HeaderFault::none);
    EXPECT_EQ(out,
              "before HTTP/1.1 101 Switching Protocols\r\n"
              "Upgrade: websocket\r\n"
              "Connection: Upgrade\r\n"
              "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
              "Sec-WebSocket-Extensions: permessage-deflate\r\n"
              "Set-Cookie: a=b\r\n"
              "X-Room: 1\r\n"
              "\r\n");
}

TEST(Handshake, a_response_that_would_be_broken_is_not_appended) {
    const std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";
    std::string out;
    const std::array injected{HeaderField{"X", "a\r\nY: b"}};
    EXPECT_EQ(append_opening_response(out, {.key = key, .headers = injected}),
              HeaderFault::value_malformed);
    const std::array reserved{HeaderField{"sec-websocket-accept", "a"}};
    EXPECT_EQ(append_opening_response(out, {.key = key, .headers = reserved}),
              HeaderFault::name_reserved);
    EXPECT_EQ(append_opening_response(out, {.key = key, .subprotocol = "a\r\nX: b"}),
              HeaderFault::value_malformed);
    EXPECT_EQ(out, "");
}

}  // namespace
}  // namespace edgews
