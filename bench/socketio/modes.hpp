// The modes: each makes one run and reports on it. One that goes wrong throws.
#pragma once

#include "bench/load/failures.hpp"
#include "bench/load/report.hpp"
#include "bench/load/server_probe.hpp"
#include "options.hpp"

namespace load::sio {

using RunMode = Report(const Options& options, const ServerProbe& probe, Failures& failures);

// A fixed number of events is always on its way in every session, each of which asks for an
// acknowledgement with its data.
RunMode run_echo;

// One session more has the server emit to all others, which are in one room; a fixed number of such
// events is not yet with all of them. What is counted are deliveries.
RunMode run_broadcast;

// Sessions that open a WebSocket, join, leave and close it; a fixed number is always on its way.
RunMode run_connect;

// Sessions that open over polling, join, go on to WebSocket, get an acknowledgement and close; a
// fixed number is always on its way.
RunMode run_upgrade;

// Opens sessions and lets them be. Memory is what each adds once the server has seen a tenth.
RunMode run_idle;

}  // namespace load::sio
