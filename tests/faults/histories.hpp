// Calm histories that between them use all that the engine asks of the system, each as short as it
// can be. When one returns, nothing of the engine's is left.
#pragma once

#include "visit.hpp"

#include <span>

namespace edgews::sim::test {

struct History {
    const char* name;
    void (*play)(Visit& visit);
};

[[nodiscard]] std::span<const History> histories() noexcept;

// Two loops, WebSocket, topics, HTTP.
void play_plain(Visit& visit);
// A Unix socket with a stale file, for two loops and for a client; signals.
void play_unix(Visit& visit);
// A socket from elsewhere, on a loop that is pinned.
void play_adopted(Visit& visit);
// One too many, one who does not read for a while, and memory that goes back.
void play_slow(Visit& visit);
// A client that finds its server by name, and again; coroutines.
void play_names(Visit& visit);
// TLS and permessage-deflate, both ways.
void play_secure(Visit& visit);
// A STOMP broker, over TCP and over WebSocket.
void play_stomp(Visit& visit);

}  // namespace edgews::sim::test
