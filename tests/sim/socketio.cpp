// A hub of Socket.IO whose clients may come back, on one loop or two: whoever loses its connection,
// by whichever transport and whenever, comes back as who it was, and hears all that was said, once
// and in order. Who is let in is told of as gone once.
#include "scenario.hpp"
#include "socketio_guest.hpp"

#include <edgews/edgews.hpp>
#include <edgews/socketio.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

namespace edgews::sim::test {

namespace {

constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint32_t long_ms = 600'000;  // Timers that make up for nothing.

struct Ends {
    std::uint64_t connected = 0;
    std::uint64_t disconnected = 0;
};

class Reunion {
  public:
    Reunion(World& world, Record& record) : world_(world), record_(record) {}
    void play();

  private:
    void set_up(sio::Hub& hub, Server& server);
    void invite();
    void say(sio::Hub& hub);
    void await_all(sio::Hub& hub);
    void look_after_all();
    void judge(sio::Hub& hub);

    World& world_;
    Record& record_;
    SocketIoHouse house_{};
    Ends ends_{};
    std::vector<std::unique_ptr<SocketIoGuest>> guests_{};
};

void Reunion::set_up(sio::Hub& hub, Server& server) {
    sio::Handlers handlers{
        .connected =
            [this](sio::Socket& socket) {
                ++ends_.connected;
                socket.join("all");
            },
        .disconnected = [this](sio::Socket&, sio::Reason) { ++ends_.disconnected; }};
    hub.of("/", std::move(handlers))
        .on("shout",
            [this, &hub, &server](sio::Socket&, const sio::Event&) {
                const std::size_t speaker = Loop::current() == &server.loop(0) ? 1 : 2;
                hub.of("/").to("all").emit("n", sio::json(speaker),
                                           sio::json(house_.said[speaker]++));
            })
        .on("alone", [this](sio::Socket& socket, const sio::Event& event) {
            int& said = house_.said_alone[event.get<std::size_t>(0)];
            socket.emit("n", sio::json(alone), sio::json(said++));
        });
    hub.attach(server);
}

void Reunion::invite() {
    Choices& choices = world_.choices();
    const std::uint32_t count = choices.between(1, 5);
    for (std::uint32_t i = 0; i < count; ++i) {
        const Pace pace = Pace::drawn(choices);
        guests_.push_back(std::make_unique<SocketIoGuest>(world_, record_, house_, i, pace));
        guests_.back()->come(10 * ms, choices.between(1, 4));
    }
}

void Reunion::say(sio::Hub& hub) {
    sio::Broadcast all = hub.in("/");
    if (world_.choices().once_in(2)) all.to("all");
    all.emit("n", sio::json(0), sio::json(house_.said[0]++));
}

// Until their lives are over but for the last.
void Reunion::await_all(sio::Hub& hub) {
    const auto is_busy = [](const auto& each) { return each->is_busy(); };
    while (std::ranges::any_of(guests_, is_busy)) {
        world_.run_for(world_.choices().between(1, 60));
        for (std::uint32_t i = world_.choices().below(3); i > 0; --i) say(hub);
    }
    record_.require(world_.run_until_quiet(quiet_ms, limit_ms), "there is no end of it");
}

// Who was turned away, or cut off, tries again where the network is calm.
void Reunion::look_after_all() {
    constexpr int try_count = 12;
    for (int i = 0; i < try_count && record_.fault.empty(); ++i) {
        const auto is_busy = [](const auto& each) { return each->is_busy(); };
        do {
            record_.require(world_.run_until_quiet(quiet_ms, limit_ms), "there is no end of it");
        } while (std::ranges::any_of(guests_, is_busy));
        const auto is_well = [](const auto& each) { return each->is_well(); };
        if (std::ranges::all_of(guests_, is_well)) return;
        for (const auto& each : guests_) each->look_after();
        world_.run_for(1'000);
    }
}

void Reunion::judge(sio::Hub& hub) {
    world_.faults() = Faults{};
    look_after_all();
    hub.in("/").emit("end");
    record_.require(world_.run_until_quiet(quiet_ms, limit_ms), "there is no end of it");
    for (const auto& each : guests_) each->judge();
}

void Reunion::play() {
    Choices& choices = world_.choices();
    {
        sio::Hub hub({.connect_timeout_ms = long_ms,
                      .recovery = {.max_disconnection_ms = 10 * long_ms},
                      .ping_interval_ms = long_ms,
                      .ping_timeout_ms = long_ms,
                      .upgrade_timeout_ms = long_ms});
        Server server({.loops = choices.between(1, 2)});
        set_up(hub, server);
        record_.require(!server.listen({.host = "127.0.0.1"}), "it does not listen");
        server.start();
        house_.port = server.port();
        world_.draw_faults();
        const Faults& faults = world_.faults();
        house_.is_calm =
            faults.accept_error == 0 && faults.refused == 0 && faults.descriptors_max >= 1'000;
        invite();
        if (choices.once_in(6)) {
            world_.run_for(choices.below(400));  // It ends in the midst of it all.
        } else {
            await_all(hub);
            judge(hub);
        }
        for (const auto& each : guests_) each->leave();
        server.shutdown(choices.below(3) * 1'000);
    }
    const auto is_busy = [](const auto& each) { return each->is_busy(); };
    while (std::ranges::any_of(guests_, is_busy)) world_.run_for(100);
    record_.require(ends_.connected == ends_.disconnected, "handlers do not pair");
}

}  // namespace

void play_socketio(World& world, Record& record) {
    Reunion(world, record).play();
}

}  // namespace edgews::sim::test
