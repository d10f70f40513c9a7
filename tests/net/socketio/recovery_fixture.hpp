// A hub whose clients may come back.
#pragma once

#include <edgews/socketio.hpp>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "hub_fixture.hpp"
#include "returning_client.hpp"

namespace edgews::test {

inline constexpr sio::RecoveryOptions recovery_options{.max_disconnection_ms = 60'000};

// Data of a socket, which write down that they are destroyed.
struct Owned {
    ~Owned() {
        if (gone) *gone += name + " ";
    }
    std::string name{};
    std::shared_ptr<std::string> gone{};  // Which may outlive the test.
};

class RecoveryFixture : public HubFixture {
  protected:
    explicit RecoveryFixture(sio::RecoveryOptions options = recovery_options)
        : RecoveryFixture(sio::Options{.recovery = options}) {}
    explicit RecoveryFixture(const sio::Options& options) : HubFixture(options) {
        hub.of("/", noted())
            .on("join", [](sio::Socket& socket,
                           const sio::Event& event) { socket.join(event.get<std::string>(0)); })
            .on("own",
                [this](sio::Socket& socket, const sio::Event& event) {
                    socket.data<Owned>().name = event.get<std::string>(0);
                    socket.data<Owned>().gone = gone;
                })
            .on("say", [](sio::Socket& socket,
                          const sio::Event& event) { socket.emit("said", event.raw()); })
            .on("others",
                [](sio::Socket& socket, const sio::Event& event) {
                    socket.broadcast().emit("said", event.raw());
                })
            .on("leave", [](sio::Socket& socket, const sio::Event&) { socket.disconnect(); })
            .on("throw",
                [](sio::Socket&, const sio::Event&) { throw std::runtime_error("as it must"); });
    }
    sio::Handlers noted() {
        return {.connected =
                    [this](sio::Socket& socket) {
                        log += socket.is_recovered() ? "back " : "new ";
                        ids.emplace_back(socket.id());
                        if (on_connected) on_connected(socket);
                    },
                .disconnected =
                    [this](sio::Socket& socket, sio::Reason reason) {
                        log += "-" + std::string(describe(reason)) + " ";
                        if (on_disconnected) on_disconnected(socket);
                    }};
    }
    // One that has joined "r" and read all.
    std::unique_ptr<ReturningClient> connected(Loop& on) {
        auto client = std::make_unique<ReturningClient>(hub);
        client->connect(on);
        client->session().say("2[\"join\",\"r\"]");
        EXPECT_EQ(client->read(), "");
        return client;
    }
    std::unique_ptr<ReturningClient> connected() { return connected(loop); }
    // Ends, and comes back there. What it is sent then.
    std::string come_back(ReturningClient& client, Loop& on) {
        client.end();
        client.connect(on);
        turn_all();
        return client.read();
    }
    std::string come_back(ReturningClient& client) { return come_back(client, loop); }
    [[nodiscard]] std::size_t absent_count() {
        return sio::HubState::of(hub).with_recovery(
            [](const sio::RecoveryStore& store) { return store.absent_count(); });
    }
    [[nodiscard]] std::size_t log_size() {
        return sio::HubState::of(hub).with_recovery(
            [](const sio::RecoveryStore& store) { return store.log().size(); });
    }
    [[nodiscard]] std::string take_gone() { return std::exchange(*gone, {}); }

    std::function<void(sio::Socket&)> on_connected{};
    std::function<void(sio::Socket&)> on_disconnected{};
    std::shared_ptr<std::string> gone = std::make_shared<std::string>();
};

}  // namespace edgews::test
