// Middleware, and clients that come back.
#include <edgews/socketio.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "hub_fixture.hpp"
#include "returning_client.hpp"

namespace edgews::sio {
namespace {

using test::ReturningClient;

class SocketIoRecoveryHandshake : public test::HubFixture {
  protected:
    explicit SocketIoRecoveryHandshake(bool skips = false)
        : HubFixture({.recovery = {.max_disconnection_ms = 60'000, .skips_middleware = skips}}) {
        hub.of("/",
               {.connected =
                    [this](Socket& socket) { log += socket.is_recovered() ? "back " : "new "; }})
            .use([this](Handshake& handshake) {
                log += "asked ";
                if (is_locked) handshake.refuse("locked");
                if (is_deferred) deferred = handshake.defer();
            });
    }
    // What it is sent, answers included.
    std::string come_back() {
        client.end();
        client.connect(loop_2);
        turn_all();
        return client.read();
    }

    ReturningClient client{hub};
    bool is_locked = false;
    bool is_deferred = false;
    std::optional<DeferredHandshake> deferred{};
};

TEST_F(SocketIoRecoveryHandshake, it_is_asked_about_who_comes_back) {
    client.connect(loop);
    static_cast<void>(client.read());
    is_locked = true;
    EXPECT_EQ(come_back(), "4{\"message\":\"locked\"} ");
    EXPECT_EQ(take_log(), "asked new asked ");
    // And what is kept of it is for when it is let in again.
    is_locked = false;
    hub.of("/").emit("x");
    EXPECT_EQ(come_back(), "2[\"x\"] ");
    EXPECT_TRUE(client.is_recovered());
    EXPECT_EQ(take_log(), "asked back ");
}

TEST_F(SocketIoRecoveryHandshake, a_decision_that_takes_its_time_loses_nothing) {
    client.connect(loop);
    static_cast<void>(client.read());
    is_deferred = true;
    hub.of("/").emit("x");
    EXPECT_EQ(come_back(), "");
    hub.of("/").emit("y");
    client.session().move_to(loop);
    EXPECT_TRUE(deferred->accept());
    hub.of("/").emit("z");
    turn_all();
    EXPECT_EQ(client.read(), "2[\"x\"] 2[\"y\"] 2[\"z\"] ");
    EXPECT_EQ(take_log(), "asked new asked back ");
}

// It is asked first: who is refused ends nobody's session.
TEST_F(SocketIoRecoveryHandshake, who_is_refused_takes_nothing_over) {
    client.connect(loop);
    static_cast<void>(client.read());
    is_locked = true;
    client.connect(loop_2);
    turn_all();
    EXPECT_EQ(client.read(), "4{\"message\":\"locked\"} ");
    EXPECT_FALSE(client.lost()->is_closed());
}

class SocketIoRecoveryWithoutMiddleware : public SocketIoRecoveryHandshake {
  protected:
    SocketIoRecoveryWithoutMiddleware() : SocketIoRecoveryHandshake(true) {}
};

TEST_F(SocketIoRecoveryWithoutMiddleware, only_who_is_new_is_asked_about) {
    client.connect(loop);
    static_cast<void>(client.read());
    is_locked = true;
    hub.of("/").emit("x");
    EXPECT_EQ(come_back(), "2[\"x\"] ");
    EXPECT_EQ(take_log(), "asked new back ");
    client.connect(loop);  // Takes the old session over.
    turn_all();
    EXPECT_EQ(client.read(), "");
    EXPECT_EQ(take_log(), "back ");
    client.offset_ = "x";
    EXPECT_EQ(come_back(), "4{\"message\":\"locked\"} ");
    EXPECT_EQ(take_log(), "asked ");
}

}  // namespace
}  // namespace edgews::sio
