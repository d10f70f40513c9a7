// What became of a message that was to be sent.
#pragma once

#include <cstdint>

namespace edgews {

enum class SendResult : std::uint8_t {
    sent,     // It is on its way to the socket, with the dispatch's or turn's other output.
    queued,   // It waits: for the peer to read, or on its way to another thread's loop.
    dropped,  // The backlog is full (RouteOptions::overflow), or a fragment was out of order.
    closed,   // The connection is closing, closed or gone.
    invalid,  // A text that is not UTF-8 (RFC 6455, section 5.6). Nothing was sent.
};

}  // namespace edgews
