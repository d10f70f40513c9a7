// A hub with loops that tests turn by hand, and played sessions on them.
#pragma once

#include <edgews/socketio.hpp>
#include "net/socketio/hub_state.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../../support/played_engine_session.hpp"

namespace edgews::test {

inline std::span<const std::byte> attached(std::string_view text) {
    return std::as_bytes(std::span(text));
}

class HubFixture : public testing::Test {
  protected:
    explicit HubFixture(sio::Options options = {}) : hub(options) {}

    std::unique_ptr<PlayedEngineSession> open(Loop& on) {
        return std::make_unique<PlayedEngineSession>(sio::HubState::of(hub), on);
    }
    std::unique_ptr<PlayedEngineSession> open() { return open(loop); }
    // A client that is connected to "/".
    std::unique_ptr<PlayedEngineSession> connected(Loop& on, std::string_view connect = "0") {
        auto session = open(on);
        session->say(connect);
        EXPECT_TRUE(session->heard().starts_with("0")) << connect;
        return session;
    }
    std::unique_ptr<PlayedEngineSession> connected() { return connected(loop); }
    // Handlers that write down what they hear.
    sio::Handlers logged() {
        return {.connected =
                    [this](sio::Socket& socket) {
                        log += "+" + std::string(socket.namespace_name()) + " ";
                        ids.emplace_back(socket.id());
                    },
                .disconnected =
                    [this](sio::Socket& socket, sio::Reason reason) {
                        EXPECT_FALSE(socket.is_connected());
                        log += "-" + std::string(socket.namespace_name()) + ":" +
                               std::string(describe(reason)) + " ";
                    }};
    }
    [[nodiscard]] std::string take_log() { return std::exchange(log, {}); }
    // What was posted between the loops is taken, and what that leads to.
    void turn_all() {
        for (int i = 0; i < 3; ++i) {
            loop.poll(0);
            loop_2.poll(0);
        }
    }

    sio::Hub hub;
    Loop loop{};
    Loop loop_2{};
    std::string log{};
    std::vector<std::string> ids{};
};

}  // namespace edgews::test
