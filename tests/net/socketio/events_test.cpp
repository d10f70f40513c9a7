// What a Socket.IO server tells its on_event hook.
#include <edgews/event.hpp>

#include <stdexcept>
#include <string>

#include "hub_fixture.hpp"
#include "tests/support/told_events.hpp"

namespace edgews::test {
namespace {

using engineio::EndReason;

struct Told {
    [[nodiscard]] sio::Options telling() {
        sio::Options options;
        options.on_event = events.hook();
        return options;
    }
    ToldEvents events{};
};

// The first base, for the hub's options need it.
class SocketIoEvents : protected Told, public HubFixture {
  protected:
    SocketIoEvents() : HubFixture(telling()) {}
};

TEST_F(SocketIoEvents, each_end_that_is_somebodys_fault_is_told_once) {
    hub.of("/").on(
        "throw", [](sio::Socket&, const sio::Event&) { throw std::runtime_error("no such room"); });
    connected()->say("2[\"throw\"]");
    turn_all();
    EXPECT_EQ(events.all(), List{"error handler_failed 0: no such room"});
    connected()->say("what?");
    turn_all();
    EXPECT_EQ(events.all().back(), "notice protocol_error 0: The client broke a rule, or a limit.");
    connected()->end(EndReason::ping_timeout);
    EXPECT_EQ(events.all().back(), "notice timed_out 0: No pong came in time.");
    connected()->end(EndReason::client_closed);
    connected()->end(EndReason::transport_closed);
    EXPECT_EQ(events.all().size(), 3U);
}

}  // namespace
}  // namespace edgews::test
