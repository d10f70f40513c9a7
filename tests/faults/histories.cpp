#include "histories.hpp"

#include "guests.hpp"

#include <edgews/coroutine.hpp>
#include <edgews/signals.hpp>

#include <array>

#include <netinet/in.h>
#include <signal.h>
#include <sys/un.h>

namespace edgews::sim::test {

namespace {

std::array<std::byte, 262'144> flood{};

// Longer than all that happens: no timer makes up for an edge that was lost.
RouteOptions patient() {
    return {.idle_ping_ms = 3'600'000, .message_timeout_ms = 0};
}

Handlers counting(Visit& visit) {
    Handlers handlers;
    handlers.open = [&heard = visit.heard()](Connection&) { ++heard.opened; };
    handlers.close = [&heard = visit.heard()](Connection&, const CloseEvent&) { ++heard.closed; };
    return handlers;
}

void add_echo(Server& server, Visit& visit, const RouteOptions& options = patient()) {
    Handlers handlers = counting(visit);
    handlers.message = [](Connection& connection, Message message) { connection.send(message); };
    server.ws("/echo", std::move(handlers), options);
}

void add_topic(Server& server, Visit& visit) {
    Handlers handlers = counting(visit);
    handlers.open = [&heard = visit.heard()](Connection& connection) {
        ++heard.opened;
        connection.subscribe("news");
    };
    server.ws("/topic", std::move(handlers), patient());
}

std::vector<std::string> sentences() {
    const Busy busy;
    return {"first", std::string(70'000, 'x'), "last"};
}

// A file that nobody listens at, as a server leaves it that was killed.
void leave_stale_file(World& world, const char* path) {
    const Busy busy;
    sockaddr_un place{};
    place.sun_family = AF_UNIX;
    std::snprintf(place.sun_path, sizeof place.sun_path, "%s", path);
    const auto socket = std::make_shared<UnixSocket>(world.kernel());
    (void)world.kernel().network().bind(
        *socket, Address::of(reinterpret_cast<const sockaddr*>(&place), sizeof place));
}

// As a supervisor hands it over.
int listening_socket(World& world) {
    const Busy busy;
    Kernel& kernel = world.kernel();
    const auto socket = std::make_shared<TcpSocket>(kernel, AF_INET);
    (void)kernel.network().bind(*socket, Address::ip("127.0.0.1", 0));
    (void)kernel.network().listen(socket, 16);
    return static_cast<int>(kernel.add(socket, SOCK_NONBLOCK).value);
}

void set_name(World& world, const char* name, std::initializer_list<const char*> addresses) {
    const Busy busy;
    world.set_name(name, {.addresses = {addresses.begin(), addresses.end()}});
}

void set_file(World& world, const char* path, const char* text) {
    const Busy busy;
    world.set_file(path, text);
}

Task<> converse(Loop& loop, Guest& guest, std::string url) {
    co_await sleep(loop, std::chrono::milliseconds(5));
    const AsyncConnection connection = co_await connect(loop, url);
    bool is_echo = false;
    if (connection) {
        (void)co_await connection.send("hello");
        const auto message = co_await connection.receive();
        is_echo = message && message->text() == "hello";
        connection.close();
        while (co_await connection.receive()) {
        }
    }
    guest.is_served = is_echo;
    guest.has_ended = true;
    if (!is_echo || !connection.close_event().clean) ++guest.losses;
    loop.stop();
}

void run_coroutine(Loop& loop, Guest& guest, std::string url) {
    const Token limit = loop.after(2'000, [&loop] { loop.stop(); });
    spawn(loop, converse(loop, guest, std::move(url)));
    loop.run();
    loop.cancel(limit);
}

}  // namespace

std::span<const History> histories() noexcept {
    static constexpr std::array all{
        History{"plain", play_plain},     History{"unix", play_unix},
        History{"adopted", play_adopted}, History{"slow", play_slow},
        History{"names", play_names},     History{"secure", play_secure},
        History{"stomp", play_stomp},
    };
    return all;
}

void play_plain(Visit& visit) {
    set_file(visit.world(), "/sys/fs/cgroup/memory.max", "1000000000\n");
    Server server({.loops = 2});
    add_echo(server, visit);
    add_topic(server, visit);
    server.get("/page", [](const Request&, Response& response) { response.body = "page"; });
    visit.listen(server, {.host = "127.0.0.1"});
    visit.start(server);
    visit.set_up_is_over();
    visit.bring<TopicGuest>("first reader", 2U).come(server.port());
    visit.bring<TopicGuest>("second reader", 2U).come(server.port());
    visit.bring<EchoGuest>("first speaker", sentences()).come(server.port());
    visit.bring<EchoGuest>("second speaker", sentences()).come(server.port());
    visit.bring<PageGuest>("reader of pages").come(server.port());
    visit.await();
    server.publish("news", "one");
    server.publish("news", "two");
    visit.await();
    server.shutdown(1'000);
    visit.await();
}

void play_unix(Visit& visit) {
    constexpr const char* path = "/run/edgews.sock";
    leave_stale_file(visit.world(), path);
    Server server({.loops = 2});
    add_echo(server, visit);
    const Signals signals(server.loop(0), {SIGUSR1}, [](int) {});
    visit.listen(server, {.unix_path = path, .unix_mode = 0660});
    Loop loop;
    visit.start(server);
    visit.set_up_is_over();
    run_client(loop, visit.bring<ClientGuest>("client", sentences()), "ws://localhost/echo",
               {.unix_path = path});
    server.shutdown(1'000);
}

void play_adopted(Visit& visit) {
    Server server({.loops = 1, .pin_loops = true});
    add_echo(server, visit);
    visit.listen([&] {
        return server.listen({.adopted_fd = listening_socket(visit.world()),
                              .congestion_control = "cubic",
                              .tcp_user_timeout_ms = 60'000});
    });
    visit.start(server);
    visit.set_up_is_over();
    visit.bring<EchoGuest>("speaker", sentences()).come(server.port());
    visit.await();
    server.shutdown(1'000);
    visit.await();
}

void play_slow(Visit& visit) {
    constexpr std::size_t count = 5;
    Faults& faults = visit.world().faults();
    faults.send_buffer_least = faults.send_buffer_most = 65'536;
    faults.receive_buffer_least = faults.receive_buffer_most = 65'536;
    Server server({.loops = 1, .connections_max = 3});
    add_echo(server, visit);
    Handlers handlers = counting(visit);
    handlers.open = [&heard = visit.heard()](Connection& connection) {
        ++heard.opened;
        for (std::size_t i = 0; i < count; ++i) (void)connection.send(std::span(flood));
    };
    server.ws("/flood", std::move(handlers),
              {.backlog_size_max = 1 << 24, .idle_ping_ms = 1'000, .ping_timeout_ms = 1'000});
    visit.listen(server, {.host = "127.0.0.1"});
    visit.start(server);
    visit.set_up_is_over();
    visit.bring<SlowGuest>("slow reader", count).come(server.port());
    // Blocks of one size, of which one stays on loan while the other is not needed any more.
    visit.bring<SlowSpeaker>("slow speaker", 100U).come(server.port());
    visit.bring<SlowSpeaker>("slower speaker", 5'000U).come(server.port());
    visit.world().run_for(10);
    visit.bring<SurplusGuest>("one too many").come(server.port());
    visit.world().run_for(7'000);  // Memory goes back in rounds.
    server.shutdown(1'000);
    visit.await();
}

void play_names(Visit& visit) {
    World& world = visit.world();
    set_name(world, "feed.test", {"::1", "127.0.0.1"});
    Server server({.loops = 1});
    Handlers handlers = counting(visit);
    bool is_first = true;
    handlers.message = [&is_first](Connection& connection, Message message) {
        connection.send(message);
        // Come again.
        if (std::exchange(is_first, false)) connection.close(1012);
    };
    server.ws("/echo", std::move(handlers), patient());
    serve(server, "/coroutine", [&heard = visit.heard()](AsyncConnection connection) -> Task<> {
        ++heard.opened;
        while (const auto message = co_await connection.receive()) {
            (void)co_await connection.send(*message);
        }
        ++heard.closed;
    });
    visit.listen(server, {.host = "127.0.0.1"});
    Loop loop;
    visit.start(server);
    visit.set_up_is_over();
    const std::string authority = "ws://feed.test:" + std::to_string(server.port());
    run_coroutine(loop, visit.expect("coroutine"), authority + "/coroutine");
    run_client(loop, visit.bring<ClientGuest>("client", sentences()), authority + "/echo", {});
    server.shutdown(1'000);
    world.run_for(1'000);  // The threads that ask for names end by themselves.
}

}  // namespace edgews::sim::test
