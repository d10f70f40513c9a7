// edgews: a WebSocket server engine. This header is all that a program needs;
// <edgews/core/…> is for those who bring their own transport.
#pragma once

#include <edgews/net/client.hpp>
#include <edgews/net/server.hpp>
#include <edgews/net/signals.hpp>
