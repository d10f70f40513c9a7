// An echo server, some peers who behave and some who do not: whoever behaves gets all of its
// messages back, in order, as soon as the network allows, whatever the others do.
#include "scenario.hpp"

#include <edgews/coroutine.hpp>
#include <edgews/edgews.hpp>

#include <array>
#include <deque>
#include <memory>

namespace edgews::sim::test {

namespace {

enum class Conduct : std::uint8_t { good, resets, half_closes, falls_mute, never_reads };

struct Expected {
    std::string payload;
    bool is_text;
};

struct Guest {
    Guest(World& world, const WebSocketPeerOptions& options) : peer(world, options) {}

    WebSocketPeer peer;
    Conduct conduct = Conduct::good;
    std::deque<Expected> expected{};
    std::size_t pings = 0;
    bool is_done = false;
};

struct Counts {
    std::uint64_t opened = 0;
    std::uint64_t closed = 0;
};

constexpr std::array paths{"/echo", "/stream", "/coroutine"};

RouteOptions drawn_options(World& world) {
    static constexpr std::array<std::uint32_t, 3> timeouts{30'000, 5'000, 1'000};
    RouteOptions options{.message_size_max = 1 << 24, .backlog_size_max = 1 << 26};
    options.idle_ping_ms = world.choices().one_of(timeouts);
    options.ping_timeout_ms = world.choices().one_of(timeouts);
    options.message_timeout_ms = 0;
    return options;
}

void add_routes(Server& server, World& world, Counts& counts) {
    const RouteOptions options = drawn_options(world);
    Handlers handlers;
    handlers.open = [&](Connection&) { ++counts.opened; };
    handlers.close = [&](Connection&, const CloseEvent&) { ++counts.closed; };
    Handlers whole = handlers;
    whole.message = [](Connection& connection, Message message) { connection.send(message); };
    server.ws("/echo", whole, options);
    Handlers streamed = handlers;
    const auto kind = std::make_shared<Message::Kind>();
    streamed.message_begin = [](Connection& connection, Message::Kind is) {
        connection.send_fragment(Message::checked(is, {}), Fragment::first);
    };
    streamed.message_chunk = [](Connection& connection, std::span<const std::byte> bytes) {
        connection.send_fragment(Message::checked(Message::Kind::binary, bytes), Fragment::middle);
    };
    streamed.message_end = [](Connection& connection) {
        connection.send_fragment(Message::checked(Message::Kind::binary, {}), Fragment::last);
    };
    server.ws("/stream", streamed, options);
    serve(server, "/coroutine",
          [&counts](AsyncConnection connection) -> Task<> {
              ++counts.opened;
              while (const auto message = co_await connection.receive()) {
                  co_await connection.send(*message);
              }
              ++counts.closed;
          },
          {.options = options});
}

void say(Guest& guest, World& world, std::size_t size) {
    Choices& choices = world.choices();
    const bool is_text = choices.once_in(2);
    std::string payload = drawn_payload(world, size, is_text);
    const std::uint32_t parts = choices.once_in(3) ? choices.between(2, 4) : 1;
    std::size_t at = 0;
    for (std::uint32_t i = 0; i < parts; ++i) {
        const bool is_last = i + 1 == parts;
        const std::size_t part =
            is_last ? size - at : choices.below(static_cast<std::uint32_t>(size - at + 1));
        const unsigned opcode = i > 0 ? 0U : is_text ? 1U : 2U;
        guest.peer.send_frame((is_last ? 0x80U : 0U) | opcode,
                              std::string_view(payload).substr(at, part));
        at += part;
        if (choices.once_in(5)) {
            guest.peer.ping("between");
            ++guest.pings;
        }
    }
    guest.expected.push_back({std::move(payload), is_text});
}

void say_all(Guest& guest, World& world, const Pace& pace) {
    static constexpr std::array<std::uint32_t, 13> sizes{
        5, 0, 125, 126, 127, 1'000, 4'096, 16'384, 65'535, 65'536, 65'537, 300'000, 1'500'000};
    const std::uint32_t count = world.choices().between(1, 12);
    const std::size_t most = world.choices().once_in(20) ? 4'000'000 : 600'000;
    std::size_t left = worthwhile_size(world, pace, most);
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::size_t size = std::min<std::size_t>(world.choices().one_of(sizes), left);
        left -= size;
        say(guest, world, size);
    }
}

// What it does wrong, some time from now.
void misbehave(Guest& guest, World& world) {
    const std::uint64_t delay_ns =
        world.kernel().drawn_ns(world.choices().once_in(2) ? 200'000'000 : 1'000'000);
    world.after(delay_ns, [&guest] {
        switch (guest.conduct) {
            case Conduct::good: break;
            case Conduct::resets: guest.peer.reset(); break;
            case Conduct::half_closes: guest.peer.end(); break;
            case Conduct::falls_mute:
            case Conduct::never_reads: guest.peer.set_reading(false); break;
        }
    });
}

void listen_to(Guest& guest, Record& record) {
    guest.peer.message = [&](WebSocketPeer& peer, std::string_view payload, bool is_text) {
        ++record.messages;
        if (guest.expected.empty()) return record.blame("an echo of nothing");
        const Expected& next = guest.expected.front();
        record.require(next.payload == payload && next.is_text == is_text,
                       "an echo is not what was sent");
        guest.expected.pop_front();
        if (guest.expected.empty()) peer.close(1000, "done");
    };
    guest.peer.gone = [&](WebSocketPeer&) { guest.is_done = true; };
}

std::unique_ptr<Guest> invite(World& world, std::uint16_t port, Record& record, bool may_be_bad) {
    Choices& choices = world.choices();
    WebSocketPeerOptions options{.path = choices.one_of(paths), .pace = Pace::drawn(choices)};
    auto guest = std::make_unique<Guest>(world, options);
    if (may_be_bad && choices.once_in(2)) guest->conduct = Conduct(choices.between(1, 4));
    listen_to(*guest, record);
    say_all(*guest, world, options.pace);
    world.after(world.kernel().drawn_ns(3'000'000), [&world, &guest = *guest, port] {
        guest.peer.connect(port);
        if (guest.conduct != Conduct::good) misbehave(guest, world);
    });
    ++record.connections;
    return guest;
}

// Whoever was refused, or cut off before it was anybody, has nothing to ask for.
void judge(const Guest& guest, const Faults& faults, Record& record) {
    record.require(guest.peer.fault().empty(), guest.peer.fault());
    record.require(guest.peer.pongs() <= guest.pings, "a pong for no ping");
    if (guest.conduct != Conduct::good) return;
    const bool may_be_refused =
        faults.accept_error > 0 || faults.refused > 0 || faults.descriptors_max < 1'000;
    if (may_be_refused && !guest.peer.is_open()) return;
    record.require(guest.peer.is_open(), "a handshake was not answered");
    record.require(guest.expected.empty(), "a peer waits for its echo, and the world is quiet");
    record.require(guest.peer.close_code() == 1000, "a close was not answered");
    record.require(guest.is_done && !guest.peer.was_reset(), "TCP did not end in order");
}

}  // namespace

void play_echo(World& world, Record& record) {
    Counts counts;
    std::vector<std::unique_ptr<Guest>> guests;
    {
        Server server({.loops = world.choices().between(1, 2)});
        add_routes(server, world, counts);
        record.require(!server.listen({.host = "127.0.0.1"}), "it does not listen");
        server.start();
        world.draw_faults();
        const bool may_be_bad = world.choices().once_in(2);
        const std::uint32_t count = world.choices().between(1, 8);
        for (std::uint32_t i = 0; i < count; ++i) {
            guests.push_back(invite(world, server.port(), record, may_be_bad));
        }
        record.require(world.run_until_quiet(quiet_ms, limit_ms), "there is no end of it");
        for (const auto& guest : guests) judge(*guest, world.faults(), record);
        server.shutdown(world.choices().below(3) * 1'000);
    }
    record.require(counts.opened == counts.closed, "open and close handlers do not pair");
}

}  // namespace edgews::sim::test
