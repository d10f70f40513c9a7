// A server whose handlers do anything, at any time, and peers who send anything: nothing ends the
// process, what each peer hears is legal, what was sent arrives or its end is told, and when the
// world is quiet nothing waits.
#include "chaos.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <thread>

namespace edgews::sim::test::chaos {

namespace {

constexpr std::uint64_t chaos_limit_ms = 3'000;  // Short pings go on for ever.

void draw_timeouts(House& house) {
    Choices& choices = house.choices();
    RouteOptions& limits = house.limits;
    if (choices.once_in(2)) limits.idle_ping_ms = 60;
    if (choices.once_in(2)) limits.ping_timeout_ms = 60;
    if (choices.once_in(2)) limits.message_timeout_ms = 80;
    if (choices.once_in(2)) limits.close_timeout_ms = 60;
    if (choices.once_in(4)) limits.lifetime_max_ms = 150;
    if (choices.once_in(2)) house.options.handshake_timeout_ms = 80;
    if (choices.once_in(2)) house.options.keep_alive_timeout_ms = 60;
}

void draw_options(House& house) {
    static constexpr std::array<std::size_t, 3> message_sizes{1 << 20, 70'000, 1'000};
    static constexpr std::array<std::size_t, 3> frame_sizes{SIZE_MAX, 20'000, 300};
    static constexpr std::array<std::size_t, 3> backlogs{1 << 22, 100'000, 1'000};
    static constexpr std::array<std::size_t, 3> marks{65'536, 2'000, 0};
    static constexpr std::array<std::uint32_t, 4> unrests{20, 5, 2, 1};
    Choices& choices = house.choices();
    house.limits = {.message_size_max = choices.one_of(message_sizes),
                    .frame_size_max = choices.one_of(frame_sizes),
                    .fragment_count_max = choices.once_in(3) ? 3U : 0U,
                    .backlog_size_max = choices.one_of(backlogs),
                    .drain_mark = choices.one_of(marks),
                    .overflow = Overflow(choices.below(3))};
    house.options = {.loops = choices.between(1, 3)};
    if (choices.once_in(2)) draw_timeouts(house);
    if (choices.once_in(8)) house.options.busy_poll_us = 50;
    if (choices.once_in(8)) house.options.connections_max = 3;
    if (choices.once_in(8)) house.options.memory_max = 1 << 20;
    if (choices.once_in(8)) house.options.requests_per_connection_max = 2;
    // Few kinds of deeds at a time, so that those that there are come through.
    house.deeds = choices.below(UINT32_MAX) & choices.below(UINT32_MAX);
    house.deeds_left = choices.below(60);
    house.unrest = choices.one_of(unrests);
    house.known.reserve(16);
}

// ---- Judging ---------------------------------------------------------------

// Asks each connection that is open how it is. It makes the loops turn: whatever a turn could make
// up for was looked at before.
void ask_all(House& house) {
    house.server->visit([](Connection& connection) {
        Guest& guest = *connection.data<Tie>().guest;
        guest.is_open = connection.is_open();
        guest.is_paused = connection.is_paused();
        guest.backlog = connection.buffered_amount();
    });
    std::size_t left = house.server->loop_count();
    for (std::size_t i = 0; i < house.server->loop_count(); ++i) {
        house.server->loop(i).post([&left] { --left; });
    }
    while (left > 0) house.world.run_for(1);
}

struct Found {
    std::size_t said_count = 0;
    std::size_t owed_count = 0;
    bool is_drain_due = false;
};

void judge_open(const Guest& guest, const Found& found, Record& record) {
    const bool has_begun = guest.is_hasty || guest.peer.is_open();
    const bool has_said_all = has_begun && guest.peer.unsent_size() == 0 && guest.is_lawful;
    if (has_said_all && !guest.is_paused) {
        record.require(found.said_count == 0, "what a peer has sent is not told, and all is quiet");
    }
    record.require(guest.is_lawful || guest.is_cut || guest.is_paused,
                   "a broken rule is overlooked");
    if (!guest.is_reading) return;
    record.require(found.owed_count == 0, "what was sent does not arrive, and all is quiet");
    record.require(guest.backlog == 0, "a backlog waits, and the peer reads");
    record.require(!found.is_drain_due, "nobody is told that a backlog has drained");
    record.require(!guest.has_pinged || guest.is_paused || guest.is_cut || guest.peer.pongs() > 0,
                   "no ping was answered");
}

void judge_unread(const House& house, const std::vector<std::uint16_t>& ports) {
    for (const std::uint16_t port : ports) {
        const auto has_port = [&](const auto& one) { return one->port == port; };
        const auto guest = std::find_if(house.guests.begin(), house.guests.end(), has_port);
        const auto stranger =
            std::find_if(house.strangers.begin(), house.strangers.end(), has_port);
        bool is_excused = false;
        if (guest != house.guests.end()) {
            const bool is_http = (*guest)->stage == Stage::outside;
            is_excused = (*guest)->is_paused || (*guest)->stage == Stage::pending ||
                         (is_http && !(*guest)->is_reading);
        }
        if (stranger != house.strangers.end()) is_excused = !(*stranger)->is_reading;
        house.record.require(is_excused, "bytes have arrived that nobody reads");
    }
}

// Who was sent away before it was anybody may not even know.
void judge_handshake(const House& house, const Guest& guest) {
    const Faults& faults = house.world.faults();
    const bool may_be_refused =
        faults.accept_error > 0 || faults.refused > 0 || faults.descriptors_max < 1'000;
    const bool is_waiting = guest.peer.has_connected() && !guest.peer.is_open() &&
                            guest.peer.refused_status() == 0 && !guest.peer.has_heard_end() &&
                            !guest.peer.is_gone();
    if (!is_waiting || may_be_refused || !guest.is_reading) return;
    house.record.require(guest.stage == Stage::pending, "a handshake is not answered");
}

void judge(House& house) {
    const std::vector<std::uint16_t> unread = house.world.kernel().unread_ports();
    std::vector<Found> found;
    for (const auto& guest : house.guests) {
        judge_handshake(house, *guest);
        found.push_back({guest->said.size(), guest->owed.size(), guest->is_drain_due});
    }
    ask_all(house);
    judge_unread(house, unread);
    for (std::size_t i = 0; i < house.guests.size(); ++i) {
        if (house.guests[i]->is_open) judge_open(*house.guests[i], found[i], house.record);
    }
    const Faults& faults = house.world.faults();
    for (const auto& stranger : house.strangers) {
        const bool may_wait = faults.accept_error > 0 || faults.descriptors_max < 1'000 ||
                              !stranger->is_reading || !stranger->has_connected();
        house.record.require(may_wait || stranger->is_served(), "a request is not answered");
    }
}

void judge_end(House& house) {
    for (const auto& guest : house.guests) {
        const WebSocketPeer& peer = guest->peer;
        house.record.require(peer.fault().empty(), peer.fault());
        house.record.require(guest->stage != Stage::open && guest->stage != Stage::let_in,
                             "a connection has no end that was told");
        house.record.require(guest->ties == 0, "user data were not destroyed, or twice");
        // All that was sent comes before the close frame.
        house.record.require(peer.close_code() == 0 || guest->owed.empty(),
                             "a close frame overtakes what was sent");
        house.record.require(
            !peer.has_connected() || peer.has_heard_end() || peer.is_gone() || !guest->is_reading,
            "a peer's connection has no end");
    }
    for (const auto& stranger : house.strangers) {
        house.record.require(stranger->fault().empty(), stranger->fault());
    }
}

// From its call to its return the clock is the server's own; one that stood still may be late.
void shut_down(House& house) {
    World& world = house.world;
    const std::uint64_t grace_ms = house.choices().below(3) * 500;
    const std::uint64_t begin_ns = world.now_ns();
    house.server->shutdown(grace_ms);
    const std::uint64_t took_ms = (world.now_ns() - begin_ns) / 1'000'000;
    const bool is_in_time = took_ms <= grace_ms + 1'000 || world.faults().standstill > 0;
    house.record.require(is_in_time, "a shutdown takes longer than its grace");
    const Stats stats = house.server->stats();
    house.record.require(stats[Counter::connections_open] == 0, "a connection outlives a shutdown");
    house.record.require(stats[Counter::websockets_open] == 0, "a WebSocket outlives a shutdown");
}

}  // namespace

}  // namespace edgews::sim::test::chaos

namespace edgews::sim::test {

void play_chaos(World& world, Record& record) {
    chaos::House house(world, record);
    chaos::draw_options(house);
    {
        Server server(house.options);
        house.server = &server;
        chaos::add_routes(house);
        record.require(!server.listen({.host = "127.0.0.1"}), "it does not listen");
        server.start();
        std::thread meddler([&house] { chaos::meddle(house); });
        world.draw_faults();
        chaos::invite_all(house, server.port());
        (void)world.run_until_quiet(quiet_ms, chaos::chaos_limit_ms);
        meddler.join();
        if (world.run_until_quiet(quiet_ms, chaos::chaos_limit_ms)) chaos::judge(house);
        chaos::shut_down(house);
    }
    (void)world.run_until_quiet(quiet_ms, limit_ms);
    chaos::judge_end(house);
}

}  // namespace edgews::sim::test
