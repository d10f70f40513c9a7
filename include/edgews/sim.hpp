// The simulated kernel: whole servers and clients on a network that is not there, in a time that is
// told, with every fault on purpose and the same history for the same seed. See docs/simulator.md.
//
//     #include <edgews/sim.hpp>                 // libedgews-sim.a, in front of libedgews.a
#pragma once

#include "sim/peer.hpp"
#include "sim/websocket_peer.hpp"
#include "sim/world.hpp"
