// edgews: a WebSocket server engine. This header is all that a program needs;
// <edgews/core/…> is for those who bring their own transport.
#pragma once

#include <edgews/client.hpp>
#include <edgews/server.hpp>
#include <edgews/signals.hpp>
#include <edgews/version.hpp>
