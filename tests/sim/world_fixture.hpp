// A client and a server that the test plays, as in tests/net/, in a world: its clock is told, and
// so what takes a minute takes no time, and comes at its millisecond.
#pragma once

#include <edgews/sim.hpp>

#include <array>
#include <cstddef>

#include "tests/support/client_fixture.hpp"

namespace edgews::sim::test {

// Before all that is simulated there, and gone after it.
class CalmWorld {
  protected:
    CalmWorld() { world.faults().call_ns_max = 0; }

    static constexpr std::array calm{std::byte{0}};
    World world{{.recorded = calm}};
};

class ClientInWorld : private CalmWorld, public edgews::test::ClientFixture {
  protected:
    using CalmWorld::world;
};

}  // namespace edgews::sim::test
