#include "service.hpp"

#include <edgews/coroutine.hpp>
#include <edgews/deflate.hpp>
#include "core/stomp/destination.hpp"

#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace soak {

// Whom the handlers have met, for the thread outside.
struct Meetings {
    static constexpr std::size_t handle_count_max = 64;

    std::mutex mutex;
    std::vector<edgews::Handle> handles;
    std::size_t next = 0;  // The oldest of them.
    std::vector<edgews::DeferredUpgrade> undecided;

    void add(const edgews::Handle& handle) {
        const std::lock_guard lock(mutex);
        if (handles.size() < handle_count_max) {
            handles.push_back(handle);
        } else {
            handles[next++ % handle_count_max] = handle;
        }
    }
};

namespace {

using edgews::Connection;
using edgews::Message;
using edgews::Request;

constexpr std::uint64_t grace_ms = 1'500;

// Short limits, so that an hour has many of each; small ones, so that they are met.
edgews::ServerOptions server_options() {
    return {.loops = 2,
            .handshake_timeout_ms = 3'000,
            .keep_alive_timeout_ms = 2'000,
            .connections_max = 700,
            .connections_per_address_max = 20,
            .connects_per_minute_max = 2'000,
            .memory_max = 48 * 1024 * 1024,
            .trusted_proxies = {"127.0.0.1"}};
}

edgews::RouteOptions route_options() {
    return {.backlog_size_max = 512 * 1024,
            .idle_ping_ms = 2'000,
            .ping_timeout_ms = 2'000,
            .message_timeout_ms = 3'000,
            .close_timeout_ms = 1'500,
            .message_rate_min = 20'000};
}

edgews::RouteOptions compressed(edgews::DeflateMemory memory) {
    edgews::RouteOptions options = route_options();
    options.compression = edgews::deflate({.memory = memory});
    return options;
}

edgews::StompOptions broker_options() {
    edgews::StompOptions options;
    options.broker.queue.message_count_max = 500;
    options.broker.queue.when_full = edgews::stomp::WhenFull::block;
    options.broker.delivery_count_max = 4;
    options.broker.backlog_size_max = 256 * 1024;
    options.broker.slow_after_ms = 2'000;
    options.broker.backlog_size_cap = 1024 * 1024;
    options.broker.memory_max = 32 * 1024 * 1024;
    options.broker.unused_queue_timeout_ms = 4'000;
    options.connect_timeout_ms = 3'000;
    options.block_timeout_ms = 2'000;
    return options;
}

edgews::StompHooks broker_hooks() {
    edgews::StompHooks hooks;
    hooks.authenticate = [](const edgews::StompClient&, const edgews::stomp::Frame& connect) {
        return edgews::StompAccess{.is_granted = connect.find("passcode") == "open",
                                   .user = std::string(connect.find("login").value_or("")),
                                   .reason = "wrong passcode"};
    };
    return hooks;
}

// Someone in a room, with memories of their own.
struct Guest {
    std::string room;
    std::vector<std::string> memories;

    void upgrade(const Request& request, edgews::Upgrade&) {
        room = "room/" + request.parameter("name").value_or("");
    }
    void open(Connection& connection) { connection.subscribe(room); }
    void message(Connection& connection, Message message) {
        constexpr std::string_view join = "join ";
        const std::string_view text = message.text();
        if (text.starts_with(join)) {
            connection.subscribe(text.substr(join.size()));
            return;
        }
        memories.emplace_back(text);
        if (memories.size() > 4) memories.erase(memories.begin());
        connection.publish(room, message);
        connection.send("you said so");
    }
};

// Of a message in parts.
struct Tally {
    std::size_t size = 0;
};

edgews::Task<> echo_later(edgews::AsyncConnection ws) {
    while (const auto message = co_await ws.receive()) {
        ws.data<Tally>().size += message->size();
        co_await edgews::sleep(ws.loop(), std::chrono::milliseconds(2));
        co_await ws.send(*message);
    }
}

std::uint16_t port_of(std::string_view address) {
    const std::string_view digits = address.substr(address.rfind(':') + 1);
    std::uint16_t port = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), port);
    return port;
}

void require(const edgews::Error& error) {
    if (error) throw std::runtime_error(error.message);
}

}  // namespace

Service::Service(const edgews::TlsIdentity& identity)
    : meetings_(std::make_unique<Meetings>()),
      backplane_(hub_.backplane_options()),
      broker_(broker_options(), broker_hooks()),
      relay_(hub_.relay_options(), broker_options(), broker_hooks()),
      server_(server_options()) {
    add_echoes();
    add_others();
    add_pages();
    server_.backplane(backplane_);
    const auto echo = [](edgews::StompRequest& request) { request.reply(request.text()); };
    broker_.app("/app/echo", echo);
    broker_.attach(server_, "/stomp", route_options());
    relay_.app("/app/echo", echo);
    relay_.attach(server_, "/relay", route_options());
    listen(identity);
    server_.start();
}

Service::~Service() {
    server_.shutdown(0);
}

void Service::add_echoes() {
    const auto echo = [](Connection& connection, Message message) { connection.send(message); };
    server_.ws("/echo", {.message = echo}, route_options());
    server_.ws("/deflate", {.message = echo}, compressed(edgews::DeflateMemory::dedicated));
    server_.ws("/deflate-shared", {.message = echo}, compressed(edgews::DeflateMemory::shared));
    server_.ws("/stay",
               {.open = [this](Connection& connection) { meetings_->add(connection.handle()); },
                .message = echo},
               route_options());
    server_.ws("/deferred",
               {.upgrade =
                    [this](const Request&, edgews::Upgrade& upgrade) {
                        const std::lock_guard lock(meetings_->mutex);
                        meetings_->undecided.push_back(upgrade.defer());
                    },
                .message = echo},
               route_options());
    edgews::serve<Tally>(server_, "/coroutine", echo_later, {.options = route_options()});
}

void Service::add_others() {
    edgews::RouteOptions options = route_options();
    options.overflow = edgews::Overflow::drop;
    server_.ws<Guest>("/room/:name", options);
    server_.ws("/flood",
               {.message =
                    [](Connection& connection, Message) {
                        const std::string much(64 * 1024, 'x');
                        for (int i = 0; i < 16; ++i) connection.send(Message::binary(much));
                    }},
               route_options());
    server_.ws("/leave", {.open = [](Connection& connection) { connection.close(1001, "go"); }},
               route_options());
    server_.ws("/members",
               {.upgrade = [](const Request&, edgews::Upgrade& upgrade) { upgrade.reject(401); }},
               route_options());
    server_.ws<Tally>(
        "/parts",
        {.message_begin = [](Connection& c, Message::Kind) { c.data<Tally>().size = 0; },
         .message_chunk =
             [](Connection& c, std::span<const std::byte> part) {
                 c.data<Tally>().size += part.size();
             },
         .message_end = [](Connection& c) { c.send(std::to_string(c.data<Tally>().size)); }},
        route_options());
}

void Service::add_pages() {
    server_.get("/healthz", [](const Request&, edgews::Response& r) { r.body = "ok"; });
    server_.get("/metrics", [this](const Request&, edgews::Response& r) {
        r.body = server_.stats().prometheus();
    });
    server_.get("/page", [](const Request&, edgews::Response& r) { r.body.assign(200'000, 'p'); });
    server_.get("/last", [](const Request&, edgews::Response& r) { r.body = "nothing more here"; });
}

void Service::listen(const edgews::TlsIdentity& identity) {
    const auto made = edgews::Tls::make({.identities = {identity}});
    require(made.error);
    const std::string host = "127.0.0.1";
    require(server_.listen({.host = host}));
    require(server_.listen({.host = host, .tls = made.value}));
    require(server_.listen({.host = host, .proxy_protocol = true}));
    require(broker_.listen(server_, {.host = host}));
    require(relay_.listen(server_, {.host = host}));
    ports_ = {.plain = port_of(server_.listening_on(0)),
              .tls = port_of(server_.listening_on(1)),
              .proxied = port_of(server_.listening_on(2)),
              .stomp = port_of(server_.listening_on(3)),
              .relay = port_of(server_.listening_on(4)),
              .pid = ::getpid()};
    require(server_.listen({.unix_path = ports_.unix_path()}));
}

void Service::tick(Dice& dice) {
    hub_.tick(dice);
    server_.publish("room/busy", "from outside " + std::to_string(dice.below(1'000)));
    server_.publish("side-" + std::to_string(dice.below(500)), "from outside");
    for (edgews::StompBroker* const broker :
         {&broker_, static_cast<edgews::StompBroker*>(&relay_)}) {
        const std::string user = "user-" + std::to_string(dice.below(200));
        static_cast<void>(broker->send("/topic/room/" + std::to_string(dice.below(20)), "a line"));
        static_cast<void>(
            broker->send(edgews::stomp::user_destination(user, "/queue/news"), "for you"));
    }
    const std::lock_guard lock(meetings_->mutex);
    for (const edgews::DeferredUpgrade& upgrade : std::exchange(meetings_->undecided, {})) {
        const std::uint64_t decision = dice.below(10);
        if (decision < 6) {
            upgrade.accept();
        } else if (decision < 9) {
            upgrade.reject(403);
        }  // Else it is forgotten, and the client hears so when its time is up.
    }
    if (meetings_->handles.empty()) return;
    const edgews::Handle& handle = meetings_->handles[dice.below(meetings_->handles.size())];
    if (dice.chance(5)) {
        handle.close(1001, "from outside");
    } else {
        static_cast<void>(handle.send("from outside"));
    }
}

void Service::shut_down() {
    server_.shutdown(grace_ms);
}

std::size_t Service::waiting() const {
    std::size_t count = 0;
    for (const auto& destinations : {broker_.destinations(), relay_.destinations()}) {
        for (const edgews::StompDestination& destination : destinations) {
            count += destination.waiting + destination.unacknowledged;
        }
    }
    return count;
}

}  // namespace soak
