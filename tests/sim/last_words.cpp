// Peers who say what they have to say and are gone: by a close frame, an end of TCP, or a reset.
// What had arrived before is heard, to the last message, and the end is told once, as it was. And
// who watches hears of each that leaves, though that is said where connections are deleted.
#include "scenario.hpp"

#include <edgews/edgews.hpp>

#include <memory>
#include <string>
#include <vector>

namespace edgews::sim::test {

namespace {

struct Speaker {
    Speaker(World& world, const WebSocketPeerOptions& options) : peer(world, options) {}

    WebSocketPeer peer;
    std::size_t count = 0;
    bool says_goodbye = false;  // By a close frame.
    bool resets = false;        // And does not only end.
    bool was_delivered = false;
    // What the server has heard of it.
    std::size_t heard = 0;
    std::size_t ends = 0;
    CloseEvent end{};
};

using Speakers = std::vector<std::unique_ptr<Speaker>>;

// Says of those who leave that they do, to whoever watches.
struct Farewells {
    Server* server = nullptr;
    bool is_watched = false;
    std::size_t said = 0;
    std::size_t heard = 0;

    void say() {
        if (!is_watched) return;
        ++said;
        server->publish("leaving", "somebody");
    }
};

struct Who {
    Speaker* speaker = nullptr;
    Farewells* farewells = nullptr;

    ~Who() {
        if (farewells != nullptr) farewells->say();
    }
};

void add_watch(Server& server, Farewells& farewells) {
    Handlers handlers;
    handlers.open = [&](Connection& connection) {
        connection.subscribe("leaving");
        farewells.is_watched = true;
    };
    handlers.close = [&](Connection&, const CloseEvent&) { farewells.is_watched = false; };
    server.ws("/watch", std::move(handlers), {.idle_ping_ms = 5'000});
}

void add_route(Server& server, const Speakers& speakers, Farewells& farewells, Record& record) {
    Handlers handlers;
    handlers.upgrade = [&](const Request& request, Upgrade& upgrade) {
        const auto index = std::stoul(*request.parameter("who"));
        upgrade.data<Who>().speaker = speakers[index].get();
        upgrade.data<Who>().farewells = &farewells;
    };
    handlers.message = [&](Connection& connection, Message message) {
        Speaker& speaker = *connection.data<Who>().speaker;
        record.require(message.text() == std::to_string(speaker.heard), "a message is missing");
        record.require(speaker.ends == 0, "a message behind the end");
        ++speaker.heard;
        ++record.messages;
    };
    handlers.close = [&](Connection& connection, const CloseEvent& event) {
        Speaker& speaker = *connection.data<Who>().speaker;
        ++speaker.ends;
        speaker.end = event;
        speaker.end.reason = {};
    };
    server.ws<Who>("/speaker/:who", std::move(handlers), {.idle_ping_ms = 5'000});
}

// As soon as all has arrived at the server's system, whether or not the server has looked.
void leave_when_delivered(World& world, Speaker& speaker) {
    if (speaker.peer.is_gone()) return;
    if (!speaker.peer.is_open() || !speaker.peer.has_delivered()) {
        world.after(50'000, [&] { leave_when_delivered(world, speaker); });
        return;
    }
    speaker.was_delivered = true;
    speaker.resets ? speaker.peer.reset() : speaker.peer.end();
}

void invite(World& world, std::uint16_t port, Speakers& speakers) {
    Choices& choices = world.choices();
    const std::string path = "/speaker/" + std::to_string(speakers.size());
    speakers.push_back(std::make_unique<Speaker>(
        world, WebSocketPeerOptions{.path = path, .pace = Pace::drawn(choices)}));
    Speaker& speaker = *speakers.back();
    speaker.count = choices.between(1, 30);
    speaker.says_goodbye = choices.once_in(2);
    speaker.resets = choices.once_in(2);
    for (std::size_t i = 0; i < speaker.count; ++i) speaker.peer.send_text(std::to_string(i));
    if (speaker.says_goodbye) speaker.peer.close(1000);
    world.after(world.kernel().drawn_ns(1'000'000), [&world, &speaker, port] {
        speaker.peer.connect(port);
        leave_when_delivered(world, speaker);
    });
}

void judge(const Speaker& speaker, Record& record) {
    record.require(speaker.peer.fault().empty(), speaker.peer.fault());
    record.require(speaker.ends <= 1, "the end is told twice");
    if (!speaker.was_delivered) return;
    record.require(speaker.heard == speaker.count, "what had arrived was not heard");
    record.require(speaker.ends == 1, "the end is not told");
    record.require(speaker.end.code == (speaker.says_goodbye ? 1000 : 1006), "another close code");
}

}  // namespace

void play_last_words(World& world, Record& record) {
    Speakers speakers;
    Farewells farewells;
    WebSocketPeer watcher(world, {.path = "/watch"});
    watcher.message = [&](WebSocketPeer&, std::string_view, bool) { ++farewells.heard; };
    {
        Server server({.loops = world.choices().between(1, 2)});
        farewells.server = &server;
        add_watch(server, farewells);
        add_route(server, speakers, farewells, record);
        record.require(!server.listen({.host = "127.0.0.1"}), "it does not listen");
        server.start();
        world.draw_faults();
        const std::uint32_t count = world.choices().between(1, 6);
        speakers.reserve(count);
        watcher.connect(server.port());
        for (std::uint32_t i = 0; i < count; ++i) invite(world, server.port(), speakers);
        record.connections += count;
        record.require(world.run_until_quiet(quiet_ms, limit_ms), "there is no end of it");
        for (const auto& speaker : speakers) judge(*speaker, record);
        record.require(!farewells.is_watched || farewells.heard == farewells.said,
                       "somebody left, and who watches was not told");
        farewells.is_watched = false;
        server.shutdown(0);
    }
    for (const auto& speaker : speakers) record.require(speaker->ends <= 1, "two ends");
}

}  // namespace edgews::sim::test
