#include "service.hpp"

#include <chrono>
#include <stdexcept>

namespace edgews::sim::test {

namespace {

constexpr std::uint16_t mischief_code = 4'001;

// Nothing of a good client's is cut off by time while a segment of seven bytes takes its time.
RouteOptions options_of(const ServiceOptions& options) {
    RouteOptions route{.message_size_max = 1 << 24, .backlog_size_max = 1 << 26};
    route.idle_ping_ms = options.idle_ping_ms;
    route.message_timeout_ms = 0;
    route.compression = options.compression;
    return route;
}

}  // namespace

Service::Service(World& world, Record& record, const ServiceOptions& options)
    : world_(world),
      record_(record),
      options_(options),
      began_ns_(world.now_ns()),
      mischief_left_(options.mischief_max) {
    server_.emplace(ServerOptions{.loops = world.choices().between(1, 2)});
    const RouteOptions route = options_of(options);
    add_echo(route);
    add_stream(route);
    add_coroutine(route);
    record.require(!server_->listen({.host = "127.0.0.1", .tls = options.tls}),
                   "it does not listen");
    port_ = server_->port();
    server_->start();
}

std::string Service::drawn_url(const std::string& authority) {
    const std::string scheme = options_.tls ? "wss" : "ws";
    return scheme + "://" + authority + world_.choices().one_of(paths);
}

void Service::shut_down() {
    is_shut_down_ = true;
    server_->shutdown(world_.choices().below(3) * 1'000);
}

void Service::end() {
    if (!is_shut_down_) shut_down();
    server_.reset();
}

// ---- Routes ----------------------------------------------------------------

Handlers Service::common_handlers() {
    Handlers handlers;
    handlers.open = [this](Connection& connection) {
        ++opened_;
        if (wants_to_greet()) {
            connection.data<Guest>().was_greeted = true;
            require_sent(connection.send(greeting));
        }
        if (world_.choices().once_in(8)) act(connection);
    };
    handlers.close = [this](Connection& connection, const CloseEvent& event) {
        ++closed_;
        note_close(connection.data<Guest>(), event);
    };
    return handlers;
}

void Service::add_echo(const RouteOptions& options) {
    Handlers handlers = common_handlers();
    handlers.message = [this](Connection& connection, Message message) {
        take(connection.data<Guest>(), message);
        act(connection);
        require_sent(answer(connection, message));
    };
    server_->ws<Guest>("/echo", handlers, options);
}

// By itself; compressed or not, alone or with those before it.
SendResult Service::answer(Connection& connection, const Message& message) {
    if (!options_.compression) return connection.send(message);
    switch (world_.choices().below(4)) {
        case 0: return connection.send(message);
        case 1: return connection.send(message, Compress::always);
        case 2: return connection.send(message, Compress::never);
        default: return connection.send(PreparedMessage(message));
    }
}

// What was taken off its frames, and goes out in as many.
void Service::add_stream(const RouteOptions& options) {
    Handlers handlers = common_handlers();
    handlers.message_begin = [this](Connection& connection, Message::Kind kind) {
        connection.data<Guest>().kind = kind;
        require_sent(connection.send_fragment(Message::checked(kind, {}), Fragment::first));
    };
    handlers.message_chunk = [this](Connection& connection, std::span<const std::byte> bytes) {
        Guest& guest = connection.data<Guest>();
        guest.message.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        require_sent(
            connection.send_fragment(Message::checked(guest.kind, bytes), Fragment::middle));
    };
    handlers.message_end = [this](Connection& connection) {
        Guest& guest = connection.data<Guest>();
        take(guest, {guest.kind, std::as_bytes(std::span(guest.message))});
        guest.message.clear();
        act(connection);
        require_sent(connection.send_fragment(Message::checked(guest.kind, {}), Fragment::last));
    };
    server_->ws<Guest>("/stream", handlers, options);
}

void Service::add_coroutine(const RouteOptions& options) {
    serve(*server_, "/coroutine",
          [this](AsyncConnection connection) { return echo(std::move(connection)); },
          {.options = options});
}

Task<> Service::echo(AsyncConnection connection) {
    const Presence presence(coroutine_count_);
    Guest guest;
    if (wants_to_greet()) {
        guest.was_greeted = true;
        require_sent(co_await connection.send(greeting));
    }
    while (const auto message = co_await connection.receive()) {
        take(guest, *message);
        switch (drawn_mischief()) {
            case Mischief::none: break;
            case Mischief::closes: connection.close(mischief_code, "enough"); break;
            case Mischief::terminates: connection.terminate(); break;
            case Mischief::throws: throw std::runtime_error("a handler's own");
            case Mischief::pauses:
                co_await sleep(connection.loop(), std::chrono::milliseconds(20));
                break;
        }
        require_sent(co_await connection.send(*message));
    }
}

// ---- What it does ----------------------------------------------------------

void Service::take(Guest& guest, const Message& message) {
    const std::optional<Note> note = read_note(message);
    if (!note) return record_.blame("what is received is not what was sent");
    if (guest.of.caller == 0) guest.of = note->of;
    record_.require(guest.of == note->of, "a message of another connection");
    record_.require(guest.number == note->number, "a message is not the next one");
    ++guest.number;
    Receipt& receipt = receipts_[guest.of];
    ++receipt.count;
    receipt.was_greeted = guest.was_greeted;
    receipt.size += masked_frame_size(message.size());
}

// What came behind a close frame of its own was not to be received.
void Service::note_close(const Guest& guest, const CloseEvent& event) {
    record_.require(!event.clean || event.code != close_code::abnormal,
                    "a service is told of a clean close, and was cut off");
    const bool has_begun = is_shut_down_ || mischief_left_ < options_.mischief_max;
    if (!event.clean || event.code != close_code::normal || has_begun) return;
    if (guest.of.caller != 0) receipts_[guest.of].was_closed_cleanly = true;
}

void Service::require_sent(SendResult result) {
    record_.require(result != SendResult::dropped, "an answer within the backlog is dropped");
    record_.require(result != SendResult::invalid, "an answer is not UTF-8 any more");
}

Service::Mischief Service::drawn_mischief() {
    if (mischief_left_ == 0 || !world_.choices().once_in(4)) return Mischief::none;
    --mischief_left_;
    return static_cast<Mischief>(world_.choices().between(1, 4));
}

void Service::act(Connection& connection) {
    switch (drawn_mischief()) {
        case Mischief::none: break;
        case Mischief::closes: connection.close(mischief_code, "enough"); break;
        case Mischief::terminates: connection.terminate(); break;
        case Mischief::throws: throw std::runtime_error("a handler's own");
        case Mischief::pauses:
            connection.pause_reading();
            connection.loop().after(20, [handle = connection.handle()] {
                handle.post([](Connection& paused) { paused.resume_reading(); });
            });
            break;
    }
}

}  // namespace edgews::sim::test
