#include "net/stomp/websocket_session.hpp"

#include "net/stomp/broker_state.hpp"
#include "net/stomp/stomp_loop.hpp"

#include <array>
#include <utility>

namespace edgews {

namespace {

// "v12.stomp".
std::string subprotocol_of(stomp::Version version) {
    std::string name = "v";
    for (const char c : stomp::to_string(version)) {
        if (c != '.') name += c;
    }
    return name + ".stomp";
}

StompOnWebSocket& session_of(Connection& connection) {
    return *connection.data<StompOnConnection>().session;
}

}  // namespace

StompOnWebSocket::StompOnWebSocket(StompLoop& loop, WebSocketConnection& connection)
    : StompSessionLink(loop, connection.admission()), connection_(connection) {
    for (const auto version : {stomp::Version::v1_0, stomp::Version::v1_1, stomp::Version::v1_2}) {
        if (connection.subprotocol() == subprotocol_of(version)) session().prefer(version);
    }
}

StompOnWebSocket::~StompOnWebSocket() {
    leave();
}

bool StompOnWebSocket::send(const Pieces& pieces) {
    const std::array payload{std::as_bytes(std::span(pieces.front)),
                             std::as_bytes(std::span(pieces.head)), pieces.body};
    const auto kind = pieces.is_text ? kind_ : Message::Kind::binary;
    static_cast<void>(connection_.send(kind, payload));
    const auto is_over_mark = [&] { return connection_.buffered_amount() > stomp_drain_mark; };
    return !is_over_mark() || connection_.push_out() || !is_over_mark();
}

void StompOnWebSocket::finish(stomp::Fault fault) {
    if (fault == stomp::Fault::none) {
        connection_.close();
    } else {
        connection_.close(stomp::close_code_for(fault), stomp::describe(fault));
    }
}

// Hooks throw no further than the session. What would come up here finds no memory, in the midst of
// something: the process ends.
Handlers stomp_handlers(StompBroker::State& state) {
    return {
        .open =
            [&state](Connection& connection) noexcept {
                connection.data<StompOnConnection>().session = std::make_unique<StompOnWebSocket>(
                    state.on_loop(engine_of(connection).reactor()), engine_of(connection));
            },
        // In parts: each is a sign of life, and the frames' reader keeps what it needs.
        .message_begin = [](Connection& connection,
                            Message::Kind kind) noexcept { session_of(connection).set_kind(kind); },
        .message_chunk =
            [](Connection& connection, std::span<const std::byte> bytes) noexcept {
                session_of(connection).received(bytes);
            },
        .drain = [](Connection& connection) noexcept { session_of(connection).drained(); },
        .close =
            [](Connection& connection, CloseEvent) noexcept {
                session_of(connection).finish_rest();
                connection.data<StompOnConnection>().session.reset();
            }};
}

RouteOptions stomp_route_options(const StompBroker::State& state, RouteOptions options) {
    options.subprotocols = {"v12.stomp", "v11.stomp", "v10.stomp"};
    // Frames have limits of their own, messages need none.
    options.message_size_max = SIZE_MAX;
    options.message_timeout_ms = 0;
    options.drain_mark = stomp_drain_mark;
    options.backlog_size_max = state.waiting_size_max();
    options.overflow_after_ms = 0;
    options.overflow = Overflow::close;
    return options;
}

}  // namespace edgews
