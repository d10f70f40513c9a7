// Request heads that open a WebSocket, for benchmarks.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace edgews::bench {

struct RequestHead {
    const char* name;
    std::size_t header_count;
    std::string_view text;
};

// All ask for /chat, with the key of RFC 6455, section 1.3.
inline constexpr std::array request_heads{
    RequestHead{"minimal", 5,
                "GET /chat HTTP/1.1\r\n"
                "Host: localhost:9001\r\n"
                "Upgrade: websocket\r\n"
                "Connection: Upgrade\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                "Sec-WebSocket-Version: 13\r\n"
                "\r\n"},
    RequestHead{"browser", 14,
                "GET /chat HTTP/1.1\r\n"
                "Host: www.example.com\r\n"
                "Connection: Upgrade\r\n"
                "Pragma: no-cache\r\n"
                "Cache-Control: no-cache\r\n"
                "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
                " Chrome/138.0.0.0 Safari/537.36\r\n"
                "Upgrade: websocket\r\n"
                "Origin: https://www.example.com\r\n"
                "Sec-WebSocket-Version: 13\r\n"
                "Accept-Encoding: gzip, deflate, br, zstd\r\n"
                "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
                "Cookie: session=3fb1c2d4e5f60718293a4b5c6d7e8f90; theme=dark; consent=yes\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
                "Sec-WebSocket-Protocol: chat, superchat\r\n"
                "\r\n"},
};

}  // namespace edgews::bench
