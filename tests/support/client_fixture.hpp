// For tests of clients: one on a loop of the test's own, what it told, and that it leaves nothing.
#pragma once

#include <edgews/client.hpp>
#include <edgews/loop.hpp>
#include "net/connection/connections_on_loop.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "raw_server.hpp"
#include "scripted_source.hpp"

namespace edgews::test {

inline std::string name_of(ClientStage stage) {
    switch (stage) {
        case ClientStage::options: return "options";
        case ClientStage::resolve: return "resolve";
        case ClientStage::connect: return "connect";
        case ClientStage::proxy: return "proxy";
        case ClientStage::tls: return "tls";
        case ClientStage::handshake: return "handshake";
        case ClientStage::open: return "open";
    }
    return "?";
}

inline std::string name_of(ReadyState state) {
    switch (state) {
        case ReadyState::connecting: return "connecting";
        case ReadyState::open: return "open";
        case ReadyState::closing: return "closing";
        case ReadyState::closed: return "closed";
    }
    return "?";
}

class ClientFixture : public ::testing::Test {
  protected:
    using Notes = std::vector<std::string>;

    // Everything is closed, and no timer is left.
    void TearDown() override {
        client.reset();
        expect_nothing_left();
    }
    void expect_nothing_left() {
        EXPECT_TRUE(turn_until(loop, [&] { return loop.next_timeout_ms() == -1; }));
        EXPECT_TRUE(turn_until(loop, [&] { return open_fd_count() == fd_count; }))
            << open_fd_count() - fd_count << " descriptors are left";
        // The threads of lookups let go of the loop's descriptors, which the next test counts.
        EXPECT_TRUE(turn_until(loop, [&] { return reactor.link().use_count() == 1; }));
        const auto held = [&] { return held_by_handlers.use_count() == 1; };
        EXPECT_TRUE(turn_until(loop, held)) << "the client's state is left";
    }
    // Notes all, in order: "open", "text hello", "error connect", "close 1000 bye clean".
    [[nodiscard]] ClientHandlers noting() {
        return {
            .open = [this, held = held_by_handlers](Client& c) { note(c, "open"); },
            .message =
                [this](Client& c, Message m) {
                    note(c, (m.is_text() ? "text " : "binary ") + text_of(m.bytes()));
                },
            .ping = [this](Client& c, auto payload) { note(c, "ping " + text_of(payload)); },
            .pong = [this](Client& c, auto payload) { note(c, "pong " + text_of(payload)); },
            .drain = [this](Client& c) { note(c, "drain"); },
            .error =
                [this](Client& c, const ClientError& e) {
                    error = e;
                    note(c, "error " + name_of(e.stage));
                },
            .close =
                [this](Client& c, const CloseEvent& e) {
                    unsent_size = e.unsent_size;
                    note(c, "close " + std::to_string(e.code) + " " + std::string(e.reason) +
                                (e.clean ? " clean" : " unclean"));
                },
        };
    }
    void note(const Client& c, std::string text) {
        notes.push_back(std::move(text));
        states.push_back(name_of(c.ready_state()));
    }
    void connect(const std::string& url, edgews::ClientOptions options, ClientHandlers handlers) {
        begin_ms = steady_ms();
        client.emplace(loop, url, std::move(handlers), std::move(options));
        EXPECT_EQ(client->ready_state(), ReadyState::connecting);
        EXPECT_TRUE(notes.empty()) << "from within the constructor";
    }
    void connect(const std::string& url, edgews::ClientOptions options = {}) {
        connect(url, std::move(options), noting());
    }
    // Connected to `server`, which has answered.
    [[nodiscard]] RawPeer open(const RawServer& server, edgews::ClientOptions options = {}) {
        return open(server, std::move(options), noting());
    }
    [[nodiscard]] RawPeer open(const RawServer& server, edgews::ClientOptions options,
                               ClientHandlers handlers) {
        connect(server.url(), std::move(options), std::move(handlers));
        RawPeer peer = server.accept_opened();
        EXPECT_TRUE(until([&] { return client->ready_state() == ReadyState::open; }));
        return peer;
    }

    bool until(const std::function<bool()>& is_so) { return turn_until(loop, is_so); }
    void await_notes(std::size_t count) {
        ASSERT_TRUE(until([&] { return notes.size() >= count; }))
            << "only " << notes.size() << " notes came";
    }
    // That these come, and no more.
    void expect_notes(const Notes& expected) {
        (void)until([&] { return notes.size() >= expected.size(); });
        turn(3);
        EXPECT_EQ(notes, expected);
    }
    // A failure to open, with all that belongs to it.
    void expect_failure(ClientStage stage, std::string_view message) {
        expect_notes({"error " + name_of(stage), "close 1006  unclean"});
        EXPECT_EQ(states, (Notes{"closed", "closed"}));
        EXPECT_TRUE(error.error);
        EXPECT_NE(error.error.message.find(message), std::string::npos) << error.error.message;
        took_ms = steady_ms() - begin_ms;
    }
    void forget() {
        notes.clear();
        states.clear();
        error = {};
    }
    void turn(int count) {
        for (int i = 0; i < count; ++i) loop.poll(0);
    }

    std::shared_ptr<int> held_by_handlers = std::make_shared<int>();
    Loop loop{};
    Reactor& reactor = Reactor::of(loop);
    std::ptrdiff_t fd_count = open_fd_count();
    std::optional<Client> client{};
    Notes notes{};
    Notes states{};  // What ready_state() was with each note.
    ClientError error{};
    std::size_t unsent_size = 0;
    std::uint64_t begin_ms = 0;
    std::uint64_t took_ms = 0;
};

}  // namespace edgews::test
