// Clients of the library's own: what they receive is checked, and they leave in all ways.
#include <edgews/client.hpp>
#include <edgews/coroutine.hpp>

#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include "world.hpp"

namespace soak {
namespace {

using edgews::AsyncConnection;
using edgews::Task;
using std::chrono::milliseconds;

edgews::ClientOptions options_for(World& world) {
    edgews::ClientOptions options;
    options.tls = world.tls;
    options.close_timeout_ms = 2'000;
    options.ping_ms = 1'000;
    return options;
}

// By TLS or without.
std::string some_url(World& world, std::string_view path) {
    return world.dice.chance(25) ? world.secure_url(path) : world.url(path);
}

// Closes and waits for it, closes and is gone, breaks off, or is just gone.
Task<> leave(World& world, const AsyncConnection& ws) {
    switch (world.dice.below(4)) {
        case 0:
            ws.close();
            while (const auto message = co_await ws.receive()) static_cast<void>(message);
            break;
        case 1: ws.close(1000, "gone"); break;
        case 2: ws.terminate(); break;
        default: break;
    }
}

// Sends messages and has them come back the same.
Task<bool> echoes(World& world, const AsyncConnection& ws, std::uint64_t count,
                  std::size_t size_max) {
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::string text = world.text(world.dice.between(0, size_max));
        static_cast<void>(co_await ws.send(text));
        const auto answer = co_await ws.receive();
        if (!answer) co_return false;
        if (answer->text() != text) {
            ++world.wrong_total;
            co_return false;
        }
    }
    co_return true;
}

Task<bool> talk(World& world, std::string url, edgews::ClientOptions options, std::uint64_t count,
                std::size_t size_max) {
    const AsyncConnection ws = co_await edgews::connect(world.loop, url, options);
    if (!ws) co_return false;
    const bool is_good = co_await echoes(world, ws, count, size_max);
    co_await leave(world, ws);
    co_return is_good;
}

Task<bool> has_small_messages_echoed(World& world) {
    edgews::ClientOptions options = options_for(world);
    if (world.dice.chance(20)) options.unix_path = world.ports.unix_path();
    const std::string url =
        options.unix_path.empty() ? some_url(world, "/echo") : world.url("/echo");
    const bool is_good = co_await talk(world, url, options, world.dice.between(1, 30), 300);
    co_return is_good;
}

Task<bool> has_large_messages_echoed(World& world) {
    const edgews::ClientOptions options = options_for(world);
    const std::string url = some_url(world, "/echo");
    const bool is_good = co_await talk(world, url, options, world.dice.between(1, 3), 300'000);
    co_return is_good;
}

// The server builds on earlier messages, or does not, and so do we.
Task<bool> compresses(World& world) {
    edgews::ClientOptions options = options_for(world);
    options.compression = world.dice.chance(50) ? world.deflate : world.deflate_shared;
    const std::string url = some_url(world, world.dice.chance(50) ? "/deflate" : "/deflate-shared");
    const bool is_good = co_await talk(world, url, options, world.dice.between(1, 12), 20'000);
    co_return is_good;
}

Task<bool> talks_to_a_coroutine(World& world) {
    const edgews::ClientOptions options = options_for(world);
    const std::string url = some_url(world, "/coroutine");
    const bool is_good = co_await talk(world, url, options, world.dice.between(1, 8), 2'000);
    co_return is_good;
}

Task<bool> hear_one(const AsyncConnection& ws) {
    const auto message = co_await ws.receive();
    co_return message.has_value();
}

// A guest in a room, who hears the others.
Task<bool> chats(World& world) {
    const edgews::ClientOptions options = options_for(world);
    const std::uint64_t room = world.dice.below(12);
    const std::string url =
        some_url(world, room == 0 ? "/room/busy" : "/room/" + std::to_string(room));
    const AsyncConnection ws = co_await edgews::connect(world.loop, url, options);
    if (!ws) co_return false;
    const std::string join = "join side-" + std::to_string(world.dice.below(500));
    static_cast<void>(co_await ws.send(join));
    bool has_heard = false;
    const std::uint64_t count = world.dice.between(1, 10);
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::string text = world.text(world.dice.between(1, 2'000));
        static_cast<void>(co_await ws.send(text));
        for (std::uint64_t left = world.dice.between(1, 20); left > 0; --left) {
            const auto heard = co_await edgews::within(world.loop, milliseconds(100), hear_one(ws));
            if (!heard || !*heard) break;
            has_heard = true;
        }
    }
    co_await leave(world, ws);
    co_return has_heard;
}

// Sends to a busy room more than some there read.
Task<bool> floods_a_room(World& world) {
    const edgews::ClientOptions options = options_for(world);
    const std::string url = world.url("/room/busy");
    const AsyncConnection ws = co_await edgews::connect(world.loop, url, options);
    if (!ws) co_return false;
    const std::string text = world.text(4'000);
    for (int i = 0; i < 60 && ws; ++i) {
        static_cast<void>(co_await ws.send(text));
        if (i % 10 == 0) co_await world.pause(1, 10);
    }
    co_await leave(world, ws);
    co_return true;
}

// A long message in fragments, of which the server counts the bytes.
Task<bool> sends_fragments(World& world) {
    const edgews::ClientOptions options = options_for(world);
    const std::string url = some_url(world, "/parts");
    const AsyncConnection ws = co_await edgews::connect(world.loop, url, options);
    if (!ws) co_return false;
    const std::string piece = world.text(world.dice.between(1, 40'000));
    const std::uint64_t count = world.dice.between(2, 10);
    for (std::uint64_t i = 0; i < count; ++i) {
        edgews::Connection* const connection = ws.connection();
        if (connection == nullptr) co_return false;
        connection->send_fragment(piece, i == 0           ? edgews::Fragment::first
                                         : i == count - 1 ? edgews::Fragment::last
                                                          : edgews::Fragment::middle);
        co_await world.pause(0, 5);
    }
    const auto answer = co_await ws.receive();
    if (answer && answer->text() != std::to_string(piece.size() * count)) ++world.wrong_total;
    const bool is_answered = answer.has_value();
    co_await leave(world, ws);
    co_return is_answered;
}

// The server takes its time to decide, and may say no.
Task<bool> waits_for_a_decision(World& world) {
    const edgews::ClientOptions options = options_for(world);
    const std::string url = some_url(world, "/deferred");
    const AsyncConnection ws = co_await edgews::connect(world.loop, url, options);
    const bool is_decided = ws || ws.error().status == 403;
    if (ws) co_await leave(world, ws);
    co_return is_decided;
}

Task<bool> is_refused(World& world) {
    const edgews::ClientOptions options = options_for(world);
    const bool has_path = world.dice.chance(50);
    const std::string url = some_url(world, has_path ? "/members" : "/nowhere");
    const AsyncConnection ws = co_await edgews::connect(world.loop, url, options);
    co_return ws.error().status == (has_path ? 401U : 404U);
}

// Gives up while it still connects.
Task<bool> gives_up(World& world) {
    const edgews::ClientOptions options = options_for(world);
    const std::string url = some_url(world, "/echo");
    const auto opened = co_await edgews::within(world.loop, milliseconds(world.dice.below(4)),
                                                edgews::connect(world.loop, url, options));
    co_return !opened || *opened;
}

// Pings and pongs for some seconds, and a word now and then from another thread of the server.
Task<bool> stays(World& world) {
    const edgews::ClientOptions options = options_for(world);
    const std::string url = some_url(world, "/stay");
    const AsyncConnection ws = co_await edgews::connect(world.loop, url, options);
    if (!ws) co_return false;
    co_await world.pause(3'000, 15'000);
    const bool is_there = static_cast<bool>(ws);
    co_await leave(world, ws);
    co_return is_there;
}

// Is sent away again and again, and comes back by itself.
Task<bool> comes_back(World& world) {
    edgews::ClientOptions options = options_for(world);
    options.reconnect = {.enabled = true, .delay_ms = 30, .delay_max_ms = 200};
    unsigned count = 0;
    const std::string url = some_url(world, "/leave");
    edgews::Client client(world.loop, url,
                          {.open =
                               [&count](edgews::Client& c) {
                                   ++count;
                                   c.send("here again");
                               }},
                          options);
    co_await world.pause(500, 4'000);
    if (world.dice.chance(50)) client.terminate();
    co_return count > 1;
}

constexpr std::array personas{
    Persona{"has small messages echoed", 30, has_small_messages_echoed},
    Persona{"has large messages echoed", 4, has_large_messages_echoed},
    Persona{"compresses", 14, compresses},
    Persona{"talks to a coroutine", 10, talks_to_a_coroutine},
    Persona{"chats", 16, chats},
    Persona{"floods a room", 2, floods_a_room},
    Persona{"sends fragments", 6, sends_fragments},
    Persona{"waits for a decision", 5, waits_for_a_decision},
    Persona{"is refused", 5, is_refused},
    Persona{"gives up", 6, gives_up},
    Persona{"stays", 4, stays},
    Persona{"comes back", 3, comes_back},
};

}  // namespace

std::span<const Persona> websocket_personas() noexcept {
    return personas;
}

}  // namespace soak
