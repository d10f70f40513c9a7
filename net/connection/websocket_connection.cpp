#include "net/connection/websocket_connection.hpp"

#include "core/websocket/output_queue.hpp"
#include "net/connection/connections_on_loop.hpp"

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

namespace edgews {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint8_t pong_count_max = 32;  // A dispatch; of further pings only the newest counts.

constexpr std::size_t cautious_size = 32 * 1024;
constexpr std::size_t transport_space_min = 64 * 1024;
// So much of a share costs what the clock says of a step of restoring, in nanoseconds; of a smaller
// one, to look at the clock would cost more.
constexpr std::size_t timed_size_min = 128;
constexpr std::size_t untimed_byte_cost = 256;

constexpr std::size_t user_data_offset =
    (sizeof(WebSocketConnection) + __STDCPP_DEFAULT_NEW_ALIGNMENT__ - 1) /
    __STDCPP_DEFAULT_NEW_ALIGNMENT__ * __STDCPP_DEFAULT_NEW_ALIGNMENT__;

// An idle connection costs 240 bytes: this, 16 of its slot, and 8 of the allocator.
static_assert(sizeof(WebSocketConnection) <= 216);

}  // namespace

std::unique_ptr<WebSocketConnection> WebSocketConnection::create(RouteOnLoop& route) {
    const UserData& user_data = route.route->user_data;
    void* place = ::operator new(user_data.size == 0 ? sizeof(WebSocketConnection)
                                                     : user_data_offset + user_data.size);
    std::unique_ptr<WebSocketConnection> connection(new (place) WebSocketConnection(route));
    if (user_data.construct != nullptr) user_data.construct(connection->data_place());
    connection->has_user_data_ = user_data.destroy != nullptr;
    return connection;
}

WebSocketConnection::WebSocketConnection(RouteOnLoop& route) noexcept
    : Stream(route.connections->streams), session_(route, now()) {}

WebSocketConnection::~WebSocketConnection() {
    session_.drop_parts();  // The user data may hold what the codec is made of.
    if (has_user_data_) route_data().destroy(data_place());
}

// ---- From the socket -------------------------------------------------------

void WebSocketConnection::start(Stream& predecessor, Admission admission,
                                std::span<std::byte> input,
                                const Function<void(Connection&)>& prepare) {
    const bool is_more = !take_over(predecessor);
    admission_ = std::move(admission);
    is_reported_ = false;
    opened_ms_ = static_cast<std::uint32_t>(reactor().now_ms());
    session_.heard(now());
    connections().counters.add(Counter::websockets_opened);
    connections().counters.add(Counter::websockets_open);
    set_timer();
    if (is_more) read_later();

    begin_share();
    begin_dispatch();
    if (prepare) guard([&] { prepare(*this); });
    if (handlers().open && is_open()) {
        guard([&] { timed("open", [&] { handlers().open(*this); }); });
    }
    dispatch(input);
    end_dispatch();
    if (holds_input()) read_later();
}

void WebSocketConnection::on_readable() {
    if (is_paused_) return;
    session_.heard(now());
    unanswered_size_ = 0;
    begin_share();
    if (holds_input()) dispatch_held();
    pull(*this);
}

bool WebSocketConnection::take(const Received& received, std::span<std::byte> bytes) {
    if (received.end == Received::End::would_block) return false;
    if (received.end != Received::End::open) {
        on_lost();
        return false;
    }
    connections().counters.add(Counter::bytes_received, received.size);
    connections().share.spend(received.size);

    const bool is_direct = bytes.data() != reactor().receive_space().data();
    begin_dispatch();
    if (is_direct) {
        has_long_messages_ = session_.reader().message_size() > Reactor::receive_space_size;
        session_.direct_received(received.size);
        dispatch({});
    } else {
        has_long_messages_ = false;
        dispatch(bytes);
    }
    end_dispatch();
    return may_bring_more() || holds_input();
}

void WebSocketConnection::begin_share() noexcept {
    connections().share.begin(connections().topics.delivery_count());
}

// Whether the next event may be handed over.
Reading WebSocketConnection::reading() const noexcept {
    if (!Stream::is_open() || is_given_up()) return Reading::over;
    if (is_paused_) return Reading::wait;
    return connections().is_share_used_up() ? Reading::later : Reading::go_on;
}

// And whether more may be received: events of what came before come first, and bytes of a transport
// may mean many more than they are.
Reading WebSocketConnection::reading(int receive_count) const noexcept {
    const Reading next = reading();
    const bool is_enough = holds_input() || (receive_count > 0 && transport() != nullptr);
    return next == Reading::go_on && is_enough ? Reading::later : next;
}

bool WebSocketConnection::holds_input() const noexcept {
    return some_parts() != nullptr && some_parts()->held.bytes;
}

// Behind a message that did not fit there is likely to be another one: of that, only the beginning
// comes here, and the rest goes where it is assembled. What is compressed becomes up to a thousand
// times as much, before others get their turn.
std::span<std::byte> WebSocketConnection::shared_space() const noexcept {
    const std::span<std::byte> space = reactor().receive_space();
    if (!has_long_messages_ && session_.compression() == nullptr) return space;
    return space.first(transport() == nullptr ? cautious_size : transport_space_min);
}

// A transport needs some room.
std::span<std::byte> WebSocketConnection::direct_space() noexcept {
    const std::span<std::byte> space = session_.direct_space();
    const bool is_enough = transport() == nullptr || space.size() >= transport_space_min;
    return is_enough ? space : std::span<std::byte>();
}

std::span<std::byte> WebSocketConnection::space() noexcept {
    const std::span<std::byte> direct = direct_space();
    return direct.empty() ? shared_space() : direct;
}

// Hands over what `input` holds, as much as the connection's share of the turn allows. What
// handlers send meanwhile is gathered.
void WebSocketConnection::dispatch(std::span<std::byte> input) {
    const std::span<const std::byte> batch = input;
    connections().pong_count = 0;
    while (reading() == Reading::go_on) {
        const Event event = session_.is_restoring() ? restore_step(input) : session_.read(input);
        if (!event) break;
        if (event.kind == Event::Kind::restoring) continue;  // It is paid for.
        connections().share.spend(Share::event_cost);
        guard(
            [&] { route().events.slow_handler_ms() == 0 ? handle(event) : handle_in_time(event); });
        // The memory of an assembled message would go back with the next event.
        if (OutputQueue::is_worth_borrowing(event.payload) && output_has_borrowed() &&
            !contains(batch, event.payload)) {
            output().adopt(session_.take_payload());
        }
    }
    session_.release_payload();
    if (owes_events(input)) hold(input);
    if (session_.note_progress(now()) && Stream::is_open()) set_timer();
    if (session_.holds_ping() && !is_blocked()) answer_held_ping();
}

// A step of restoring costs a share what it brings and the time that it takes.
Event WebSocketConnection::restore_step(std::span<std::byte>& input) {
    const std::uint64_t size_before = session_.restored_size();
    const std::size_t size = session_.next_slice_size();
    const bool is_timed = size >= timed_size_min;
    const Clock::time_point begin = is_timed ? Clock::now() : Clock::time_point();
    const Event event = session_.read(input);
    const std::size_t cost = is_timed ? static_cast<std::size_t>((Clock::now() - begin).count())
                                      : size * untimed_byte_cost;
    connections().share.spend(session_.restored_size() - size_before + cost);
    return event;
}

// Reading was paused in the midst of a batch, or others have their turn: the session may owe a part
// of a message, too.
bool WebSocketConnection::owes_events(std::span<const std::byte> input) const noexcept {
    const Reading next = reading();
    if (next != Reading::wait && next != Reading::later) return false;
    return !input.empty() || session_.reader().is_inside_message() || session_.is_restoring();
}

void WebSocketConnection::hold(std::span<const std::byte> input) {
    HeldInput& held = parts().held;
    bool is_kept = !session_.is_restoring() || session_.keep_restoring();
    if (held.bytes && contains(held.bytes.bytes(), input)) {  // Once more.
        // Where it is not kept, whoever dispatches it lets it go: it may be borrowed.
        if (is_kept)
            held.begin = static_cast<std::size_t>(input.data() - held.bytes.bytes().data());
    } else if (is_kept) {
        held.bytes = reactor().pool().try_take(input.size());
        is_kept = static_cast<bool>(held.bytes);
        if (is_kept) {
            held.bytes.append(input);
            held.begin = 0;
        }
    }
    if (!is_kept && Stream::is_open() && !is_given_up()) handle_fault(Fault::no_memory);
}

void WebSocketConnection::dispatch_held() {
    HeldInput& held = parts().held;
    const std::size_t begin = std::exchange(held.begin, HeldInput::nothing);
    begin_dispatch();
    dispatch(held.bytes.bytes().subspan(begin));
    if (output_has_borrowed()) {
        finish_dispatch();  // The memory may be about to go.
    } else {
        end_dispatch();
    }
    if (held.begin == HeldInput::nothing) held.bytes.reset();
}

void WebSocketConnection::resume_reading() {
    if (!is_paused_) return;
    is_paused_ = false;
    session_.heard(now());
    read_later();
}

void WebSocketConnection::handle_in_time(const Event& event) {
    const auto handle_as = [&](const char* handler) { timed(handler, [&] { handle(event); }); };
    switch (event.kind) {
        case Event::Kind::message: return handle_as("message");
        case Event::Kind::begin: return handle_as("message_begin");
        case Event::Kind::chunk: return handle_as("message_chunk");
        case Event::Kind::end: return handle_as("message_end");
        case Event::Kind::ping: return handle_as("ping");
        case Event::Kind::pong: return handle_as("pong");
        case Event::Kind::close:  // Its handler's time is taken where that is called.
        case Event::Kind::fault:
        case Event::Kind::none:
        case Event::Kind::restoring: return handle(event);
    }
}

void WebSocketConnection::handle(const Event& event) {
    switch (event.kind) {
        case Event::Kind::none: return;
        case Event::Kind::message:
        case Event::Kind::begin:
        case Event::Kind::chunk:
        case Event::Kind::end: return handle_message(event);
        case Event::Kind::ping:
            if (!session_.may_send()) return;
            answer(event);
            if (handlers().ping) handlers().ping(*this, event.payload);
            return;
        case Event::Kind::pong:
            if (handlers().pong && session_.may_send()) handlers().pong(*this, event.payload);
            return;
        case Event::Kind::close: return handle_close(event);
        case Event::Kind::fault: return handle_fault(event.fault);
        case Event::Kind::restoring: return;
    }
}

// Once we have begun to close, what was on its way is of no interest any more.
void WebSocketConnection::handle_message(const Event& event) {
    if (!session_.may_send()) return;
    const Message::Kind kind = event.message_kind();
    const bool is_lent = OutputQueue::is_worth_borrowing(event.payload);
    if (is_lent) connections().borrowable = {this, event.payload};
    if (event.kind == Event::Kind::message) {
        connections().counters.add(Counter::messages_received);
        if (handlers().message) handlers().message(*this, Message::checked(kind, event.payload));
    } else if (event.kind == Event::Kind::begin) {
        if (handlers().message_begin) handlers().message_begin(*this, kind);
    } else if (event.kind == Event::Kind::chunk) {
        if (handlers().message_chunk) handlers().message_chunk(*this, event.payload);
    } else {
        connections().counters.add(Counter::messages_received);
        if (handlers().message_end) handlers().message_end(*this);
    }
    if (is_lent) connections().borrowable = {};
}

// The answer to a close goes first; then the server closes first (section 7.1.1). A client's end is
// that of TCP (7.1.4), for which it waits as long as for a close frame: where it has sent one
// first, both share the time. What comes until then, its session discards. Half a close would be
// without a timer, and wait for ever: without memory, the process ends.
void WebSocketConnection::handle_close(const Event& event) noexcept {
    const auto* text = reinterpret_cast<const char*>(event.payload.data());
    const std::string_view reason(text, event.payload.size());
    if (is_client()) {
        parts().goodbye.close_reason = reason;
        answer(event);
        return set_timer();
    }
    answer(event);
    end({.code = event.close_code, .reason = reason, .clean = true});
    if (Stream::is_open()) finish(Farewell::close, options().close_timeout_ms);
}

// Fails the connection (section 7.1.7): the peer is told why, and not listened to any more.
void WebSocketConnection::handle_fault(Fault fault) noexcept {
    connections().counters.add(Counter::protocol_faults);
    connections().topics.deliver();  // Which may close it, with a reason of its own.
    answer({.kind = Event::Kind::fault, .fault = fault});
    if (handlers().error) guard([&] { handlers().error(*this, describe(fault)); });
    end({});
    if (Stream::is_open()) finish(Farewell::linger, options().close_timeout_ms);
    report_fault(fault);
}

void WebSocketConnection::answer(const Event& event) {
    const std::size_t size_before = output_size();
    WebSocketSession::Output to = session_output();
    to.holds_pongs = is_blocked() || connections().pong_count == pong_count_max;
    session_.answer(event, to);
    if (event.kind != Event::Kind::ping) {
        count_answer(size_before);
    } else if (!to.holds_pongs) {
        ++connections().pong_count;
    }
    request_flush();
}

// Of a client: what waits will not be looked at, but for the close frame, which was not the
// application's.
void WebSocketConnection::count_answer(std::size_t size_before) {
    if (!is_client()) return;
    ClientGoodbye& goodbye = parts().goodbye;
    if (output_size() > size_before) goodbye.close_frame_size = output_size() - size_before;
    count_unsent(output_size());
}

// A handler threw: the connection's end, not the loop's.
void WebSocketConnection::fail(std::string_view what) noexcept {
    connections().borrowable = {};
    connections().counters.add(Counter::handler_failures);
    if (is_reported_) return report(EventKind::handler_failed, 0, what);
    if (is_broken()) break_off();
    begin_closing(close_code::internal_error, "internal error");
    report(EventKind::handler_failed, close_code::internal_error, what);
    if (!handlers().error) return;
    try {
        handlers().error(*this, what);
    } catch (...) {  // It has been told, and the connection is closing already.
        connections().counters.add(Counter::handler_failures);
        report(EventKind::handler_failed, close_code::internal_error, text_of_exception());
    }
}

// What is too much for the server's memory is no fault of the peer's.
void WebSocketConnection::report_fault(Fault fault) const noexcept {
    const bool is_limit = fault == Fault::no_memory && !is_client();
    report(is_limit ? EventKind::limit_reached : EventKind::protocol_error, close_code_for(fault),
           is_limit ? option_of(AdmissionLimit::memory) : describe(fault));
}

void WebSocketConnection::report(EventKind kind, std::uint32_t code,
                                 std::string_view text) const noexcept {
    const EventTeller& events = route().events;
    if (!events) return;
    events.tell({.kind = kind,
                 .code = code,
                 .address = remote_address(),
                 .route = pattern(),
                 .text = text});
}

void WebSocketConnection::report_slow(std::uint32_t code) {
    const EventTeller& events = route().events;
    if (!events || std::exchange(parts().is_known_as_slow, true)) return;
    events.tell_later({.kind = EventKind::consumer_slow,
                       .code = code,
                       .address = remote_address(),
                       .route = pattern(),
                       .text = "RouteOptions::backlog_size_max"});
}

template <class F>
void WebSocketConnection::timed(const char* name, F&& call) {
    const HandlerTimer timer(route().events, [&](std::uint32_t time_ms) {
        report(EventKind::handler_slow, time_ms, name);
    });
    call();
}

// The end of TCP: of a server's connection without a close frame of the peer, of a client's behind
// it. Input that the peer may still send is of no use.
void WebSocketConnection::on_lost() {
    const Closing& closing = session_.closing();
    const bool is_news = !is_reported_ && has_failed_transport();
    if (!is_reported_ && !closing.is_done()) count_unsent(output_size());
    ConnectionParts* const own = some_parts();
    const std::string reason =
        own == nullptr ? std::string() : std::move(own->goodbye.close_reason);
    end({.code = closing.code(), .reason = reason, .clean = closing.is_done()});
    if (is_news) report(EventKind::tls_failed, 0, transport()->failure());
    if (is_closed()) return;
    // Whoever sent a goodbye of TLS waits for ours.
    const bool owes_goodbye = is_client() && transport() != nullptr && !has_failed_transport();
    if (is_broken() || (output_size() == 0 && !owes_goodbye)) return Stream::close();
    finish(Farewell::close, options().close_timeout_ms);
}

// Of a client: what waits will not be looked at. Our close frame, its end, was not the
// application's.
void WebSocketConnection::count_unsent(std::size_t waiting) {
    if (!is_client()) return;
    ClientGoodbye& goodbye = parts().goodbye;
    goodbye.unsent_size += waiting - std::min(waiting, goodbye.close_frame_size);
}

// What the peer said before it went is heard, by whoever paused, too: it cannot wait.
void WebSocketConnection::on_reset() {
    is_paused_ = false;
    on_readable();
}

void WebSocketConnection::end_grace() {
    if (!is_client()) break_off();
}

// The last that the application hears.
void WebSocketConnection::end(CloseEvent event) {
    if (is_reported_) return;
    is_reported_ = true;
    if (some_parts() != nullptr) event.unsent_size = some_parts()->goodbye.unsent_size;
    connections().topics.unsubscribe_all(*this);
    connections().counters.subtract(Counter::websockets_open);
    if (handlers().close) guard([&] { timed("close", [&] { handlers().close(*this, event); }); });
}

// ---- The rest --------------------------------------------------------------

std::string_view WebSocketConnection::subprotocol() const noexcept {
    return some_parts() == nullptr ? std::string_view() : some_parts()->subprotocol;
}

void WebSocketConnection::set_subprotocol(std::string_view name) {
    if (!name.empty()) parts().subprotocol = name;
}

std::string_view WebSocketConnection::pattern() const noexcept {
    return is_client() ? std::string_view() : route().route->pattern.text();
}

const RouteOnLoop& WebSocketConnection::route() const noexcept {
    return static_cast<const RouteOnLoop&>(session_.setup());
}

const RouteOptions& WebSocketConnection::options() const noexcept {
    return route().route->options;
}

const Handlers& WebSocketConnection::handlers() const noexcept {
    return route().route->handlers;
}

const UserData& WebSocketConnection::route_data() const noexcept {
    return route().route->user_data;
}

ConnectionsOnLoop& WebSocketConnection::connections() const noexcept {
    return *route().connections;
}

void* WebSocketConnection::data_place() noexcept {
    return reinterpret_cast<std::byte*>(this) + user_data_offset;
}

void* WebSocketConnection::find_data(const void* type) noexcept {
    const UserData& own = route_data();
    if (own.type == type) return data_place();
    return own.find_inner == nullptr ? nullptr : own.find_inner(data_place(), type);
}

}  // namespace edgews
