// edgews: a WebSocket engine. This header is all that a program needs. Those who bring their own
// transport include "core/websocket/session.hpp" (edgews-core.pc; examples/own_transport.cpp).
#pragma once

#include <edgews/client.hpp>
#include <edgews/server.hpp>
#include <edgews/signals.hpp>
#include <edgews/version.hpp>
