// Frames that end a STOMP session with ERROR.
#pragma once

#include <array>
#include <string_view>

namespace edgews::sim::test {

using namespace std::string_view_literals;

// For a session of 1.1 or 1.2 that is connected, whatever it has done.
inline constexpr std::array wrong_frames{
    "SING\n\n\0"sv,
    "MESSAGE\ndestination:/topic/y\n\n\0"sv,
    "SEND\ndestination\n\n\0"sv,
    "SEND\ndestination:/topic/y\na:\\t\n\n\0"sv,
    "SEND\ndestination:/topic/y\ncontent-length:1\n\nabc\0"sv,
    "CONNECT\naccept-version:1.2\n\n\0"sv,
    "SEND\n\n\0"sv,
    "SEND\ndestination:/nowhere/x\n\n\0"sv,
    "SEND\ndestination:/app/nobody\n\n\0"sv,
    "SEND\ndestination:/topic/forbidden\nreceipt:wrong\n\n\0"sv,
    "SEND\ndestination:/queue/throws\nreceipt:wrong\n\n\0"sv,
    "SUBSCRIBE\ndestination:/topic/y\n\n\0"sv,
    "SUBSCRIBE\nid:w\ndestination:/topic/y\nack:never\n\n\0"sv,
    "SUBSCRIBE\nid:w\ndestination:/topic/forbidden\n\n\0"sv,
    "SUBSCRIBE\nid:w\ndestination:/topic/y\n\n\0SUBSCRIBE\nid:w\ndestination:/queue/a\n\n\0"sv,
    "UNSUBSCRIBE\nid:never\n\n\0"sv,
    "ACK\nid:1-1\n\n\0"sv,
    "NACK\nid:1-1\n\n\0"sv,
    "BEGIN\ntransaction:w\n\n\0BEGIN\ntransaction:w\n\n\0"sv,
    "COMMIT\ntransaction:never\n\n\0"sv,
    "ABORT\n\n\0"sv,
    "SEND\ndestination:/queue/a\ntransaction:never\nreceipt:wrong\n\n\0"sv,
};

}  // namespace edgews::sim::test
