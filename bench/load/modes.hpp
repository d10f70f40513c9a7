// The modes: each makes one run and reports on it.
#pragma once

#include "failures.hpp"
#include "options.hpp"
#include "report.hpp"
#include "server_probe.hpp"

namespace load {

// What went wrong in the run is added to `failures`. Throws when there can be no run: the
// server does not answer, or this machine refuses.
using RunMode = Report(const Options& options, const ServerProbe& probe, Failures& failures);

// A fixed number of messages is always on the way in every connection. The latency is that
// of an echo, from when it was sent.
RunMode run_echo;

// Messages leave at fixed times, in turn on all connections, whether or not echoes have come
// back. The latency counts from when the message was due, even if it left later: a stall makes
// all messages late that it holds up. Mode `mixed` has silent connections beside those.
RunMode run_rate;

// Connections that are opened, upgraded, and at once reset; a fixed number is always on its
// way. The latency is from connect() to the checked response.
RunMode run_handshake;

// Opens connections and lets them be. Memory is what each adds once the server has seen a
// tenth of them; the CPU figures are those of the silence.
RunMode run_idle;

// Every connection receives what one of them sends. A fixed number of messages is always on
// the way: the next one leaves when all have got the first. The latency is that of a delivery.
RunMode run_broadcast;

// A fixed number of GETs is always on the way in every connection: pipelined, if there are several
// (RFC 9112, section 9.3.2). Each answer has to be 200, with the body of a first one, and no longer
// than that. The latency is that of an answer.
RunMode run_get;

}  // namespace load
