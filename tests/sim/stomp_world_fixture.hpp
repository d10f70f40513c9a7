// A STOMP client and a broker that the test plays, in a world whose clock is told: over TCP and
// over WebSocket.
#pragma once

#include "world_fixture.hpp"

#include <string>
#include <utility>

#include "tests/support/stomp_client_fixture.hpp"

namespace edgews::sim::test {

class StompClientInWorld : private CalmWorld,
                           public edgews::test::StompClientFixture,
                           public testing::WithParamInterface<edgews::test::Over> {
  protected:
    using CalmWorld::world;
    using Over = edgews::test::Over;
    using PlayedBroker = edgews::test::PlayedBroker;
    using PlayedSession = edgews::test::PlayedSession;

    // Small buffers of the system's, so that what is not read waits soon.
    void narrow() {
        Faults& faults = world.faults();
        faults.send_buffer_least = faults.send_buffer_most = 4'096;
        faults.receive_buffer_least = faults.receive_buffer_most = 4'096;
    }
    [[nodiscard]] bool is_tcp() const { return GetParam() == Over::tcp; }
    [[nodiscard]] std::uint64_t now_ms() const { return edgews::test::steady_ms() - begin_ms; }

    const PlayedBroker broker{loop, GetParam()};
};

[[nodiscard]] inline std::string name_of_over(
    const testing::TestParamInfo<edgews::test::Over>& row) {
    return row.param == edgews::test::Over::tcp ? "tcp" : "websocket";
}

}  // namespace edgews::sim::test
