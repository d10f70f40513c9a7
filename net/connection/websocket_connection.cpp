#include "net/connection/websocket_connection.hpp"

#include "core/websocket/output_queue.hpp"
#include "net/connection/extras.hpp"
#include "net/connection/shared.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace edgews {

namespace {

constexpr std::uint8_t pong_count_max = 32;  // A turn; of further pings only the newest counts.
constexpr std::size_t cautious_size = 32 * 1024;
constexpr std::size_t transport_space_min = 64 * 1024;

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
    auto* connection = new (place) WebSocketConnection(route);
    if (user_data.construct == nullptr) return std::unique_ptr<WebSocketConnection>(connection);
    try {
        user_data.construct(connection->data_place());
    } catch (...) {
        connection->route_ = nullptr;  // There is no user data to destroy.
        delete connection;
        throw;
    }
    return std::unique_ptr<WebSocketConnection>(connection);
}

WebSocketConnection::WebSocketConnection(RouteOnLoop& route) noexcept
    : Stream(route.shared->streams), route_(&route), reader_(route.setup) {}

WebSocketConnection::~WebSocketConnection() {
    extras_.reset();  // The user data may hold what the codec is made of.
    if (route_ != nullptr && route_data().destroy != nullptr) route_data().destroy(data_place());
}

// ---- From the socket -------------------------------------------------------

void WebSocketConnection::start(Stream& predecessor, Admission admission,
                                std::span<std::byte> input,
                                const Function<void(Connection&)>& prepare) {
    const bool is_more = !take_over(predecessor);
    admission_ = std::move(admission);
    is_reported_ = false;
    opened_ms_ = static_cast<std::uint32_t>(reactor().now_ms());
    last_heard_ms_ = now();
    shared().counters.add(Counter::websockets_opened);
    shared().counters.add(Counter::websockets_open);
    set_timer();
    if (is_more) read_later();

    begin_share();
    begin_dispatch();
    if (prepare) guard([&] { prepare(*this); });
    if (handlers().open && is_open()) guard([&] { handlers().open(*this); });
    dispatch(input);
    end_dispatch();
    if (holds_input()) read_later();
}

void WebSocketConnection::on_readable() {
    if (is_paused_) return;
    last_heard_ms_ = now();
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
    shared().counters.add(Counter::bytes_received, received.size);
    shared().share.spend(received.size);

    const bool is_direct = bytes.data() != reactor().receive_space().data();
    begin_dispatch();
    if (is_direct) {
        has_long_messages_ = reader_.message_size() > Reactor::receive_space_size;
        reader_.direct_received(received.size);
        dispatch({});
    } else {
        has_long_messages_ = false;
        dispatch(bytes);
    }
    end_dispatch();
    return may_bring_more() || holds_input();
}

void WebSocketConnection::begin_share() noexcept {
    shared().share.begin(shared().topics.delivery_count());
}

// Whether the next event may be handed over.
Reading WebSocketConnection::reading() const noexcept {
    if (!Stream::is_open() || is_given_up()) return Reading::over;
    if (is_paused_) return Reading::wait;
    return shared().is_share_used_up() ? Reading::later : Reading::go_on;
}

// And whether more may be received: events of what came before come first, and bytes of a transport
// may mean many more than they are.
Reading WebSocketConnection::reading(int receive_count) const noexcept {
    const Reading next = reading();
    const bool is_enough = holds_input() || (receive_count > 0 && transport() != nullptr);
    return next == Reading::go_on && is_enough ? Reading::later : next;
}

bool WebSocketConnection::holds_input() const noexcept {
    return extras_ && extras_->held_input;
}

// Behind a message that did not fit there is likely to be another one: of that, only the beginning
// comes here, and the rest goes where it is assembled. What is compressed becomes up to a thousand
// times as much, before others get their turn.
std::span<std::byte> WebSocketConnection::shared_space() const noexcept {
    const std::span<std::byte> space = reactor().receive_space();
    const bool is_deflating = extras_ && extras_->deflating;
    if (!has_long_messages_ && !is_deflating) return space;
    return space.first(transport() == nullptr ? cautious_size : transport_space_min);
}

// A transport needs some room.
std::span<std::byte> WebSocketConnection::direct_space() noexcept {
    const std::span<std::byte> space = reader_.direct_space();
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
    shared().pong_count = 0;
    while (reading() == Reading::go_on) {
        const Event event = reader_.next(input);
        if (!event) break;
        shared().share.spend(Share::event_cost);
        guard([&] { handle(event); });
        // The memory of an assembled message would go back with the next event.
        if (OutputQueue::is_worth_borrowing(event.payload) && output_has_borrowed() &&
            !contains(batch, event.payload)) {
            output().adopt(reader_.take_payload());
        }
    }
    if (owes_events(input)) hold(input);
    note_message_progress();
    if (holds_pong() && !is_blocked()) send_held_pong();
}

// Reading was paused in the midst of a batch, or others have their turn: the reader, or what
// restores, may owe a part of a message, too.
bool WebSocketConnection::owes_events(std::span<const std::byte> input) const noexcept {
    const Reading next = reading();
    if (next != Reading::wait && next != Reading::later) return false;
    return !input.empty() || reader_.is_inside_message() || holds_rest();
}

void WebSocketConnection::hold(std::span<const std::byte> input) {
    Buffer& held = extras().held_input;
    if (held && contains(held.bytes(), input)) {  // Once more.
        extras_->held_begin = static_cast<std::size_t>(input.data() - held.bytes().data());
    } else if (held = reactor().pool().try_take(input.size()); held) {
        held.append(input);
        extras_->held_begin = 0;
    } else if (Stream::is_open() && !is_given_up()) {
        handle_fault(Fault::no_memory);
    }
}

void WebSocketConnection::dispatch_held() {
    const std::size_t begin = std::exchange(extras_->held_begin, Extras::nothing_held);
    begin_dispatch();
    if (holds_rest()) go_on_with_rest();
    dispatch(extras_->held_input.bytes().subspan(begin));
    if (output_has_borrowed()) {
        finish_dispatch();  // The memory may be about to go.
    } else {
        end_dispatch();
    }
    if (extras_->held_begin == Extras::nothing_held) extras_->held_input.reset();
}

void WebSocketConnection::resume_reading() {
    if (!is_paused_) return;
    is_paused_ = false;
    last_heard_ms_ = now();
    read_later();
}

void WebSocketConnection::handle(const Event& event) {
    switch (event.kind) {
        case Event::Kind::none: return;
        case Event::Kind::message:
        case Event::Kind::begin:
        case Event::Kind::chunk:
        case Event::Kind::end: return handle_message(event);
        case Event::Kind::ping: return handle_ping(event.payload);
        case Event::Kind::pong:
            if (handlers().pong && closing_.may_send()) handlers().pong(*this, event.payload);
            return;
        case Event::Kind::close: return handle_close(event);
        case Event::Kind::fault: return handle_fault(event.fault);
    }
}

// Once we have begun to close, what was on its way is of no interest any more.
void WebSocketConnection::handle_message(const Event& event) {
    // One ends: the next one, which may have begun in the same input, has its own time.
    if (event.kind == Event::Kind::message || event.kind == Event::Kind::end) {
        is_inside_message_ = false;
    }
    if (!closing_.may_send()) return;
    if (event.is_compressed) return handle_compressed(event);
    const Message::Kind kind =
        event.opcode == Opcode::text ? Message::Kind::text : Message::Kind::binary;
    const bool is_lent = OutputQueue::is_worth_borrowing(event.payload);
    if (is_lent) shared().borrowable = {this, event.payload};
    if (event.kind == Event::Kind::message) {
        shared().counters.add(Counter::messages_received);
        if (handlers().message) handlers().message(*this, Message::checked(kind, event.payload));
    } else if (event.kind == Event::Kind::begin) {
        if (handlers().message_begin) handlers().message_begin(*this, kind);
    } else if (event.kind == Event::Kind::chunk) {
        if (handlers().message_chunk) handlers().message_chunk(*this, event.payload);
    } else {
        shared().counters.add(Counter::messages_received);
        if (handlers().message_end) handlers().message_end(*this);
    }
    if (is_lent) shared().borrowable = {};
}

// Each ping is answered; but a peer that sends them faster than it reads, or by the
// hundred, gets an answer to the newest (RFC 6455, section 5.5.3).
void WebSocketConnection::handle_ping(std::span<const std::byte> payload) {
    if (!closing_.may_send()) return;
    if (is_blocked() || shared().pong_count == pong_count_max) {
        extras().held_pong = reactor().pool().take(control_payload_size_max);
        extras_->held_pong.append(payload);
    } else {
        ++shared().pong_count;
        send_control(Opcode::pong, payload);
    }
    if (handlers().ping) handlers().ping(*this, payload);
}

void WebSocketConnection::send_held_pong() {
    const Buffer payload = std::move(extras_->held_pong);
    if (closing_.may_send()) send_control(Opcode::pong, payload.bytes());
}

// The answer repeats the peer's code (section 5.5.1); then the server closes first (7.1.1). Half a
// close would be without a timer, and wait for ever: without memory, the process ends.
void WebSocketConnection::handle_close(const Event& event) noexcept {
    const auto* text = reinterpret_cast<const char*>(event.payload.data());
    const std::string_view reason(text, event.payload.size());
    closing_.close_received(event.close_code);
    if (is_client()) return await_end(reason);
    if (closing_.may_send_close()) send_close_frame(event.close_code, {});
    end({.code = event.close_code, .reason = reason, .clean = true});
    if (Stream::is_open()) finish(Farewell::close, options().close_timeout_ms);
}

// A client's end is that of TCP (section 7.1.4), for which it waits as long as for a close frame:
// where it has sent one first, both share the time. What comes until then, its reader discards.
void WebSocketConnection::await_end(std::string_view reason) noexcept {
    extras().close_reason = reason;
    count_unsent(output_size());  // The peer will not look at it.
    if (!closing_.may_send_close()) return;
    send_close_frame(closing_.code(), {});
    since_ms_ = now();
    set_timer();
}

// Fails the connection (section 7.1.7): the peer is told why, and not listened to any more.
void WebSocketConnection::handle_fault(Fault fault) noexcept {
    shared().counters.add(Counter::protocol_faults);
    shared().topics.deliver();  // Which may close it, with a reason of its own.
    count_unsent(output_size());
    if (closing_.may_send_close()) send_close_frame(close_code_for(fault), describe(fault));
    if (handlers().error) guard([&] { handlers().error(*this, describe(fault)); });
    end({});
    if (Stream::is_open()) finish(Farewell::linger, options().close_timeout_ms);
}

// A handler threw: the connection's end, not the loop's.
void WebSocketConnection::fail(std::string_view what) noexcept {
    shared().borrowable = {};
    shared().counters.add(Counter::handler_failures);
    if (is_reported_) return;
    if (is_broken()) break_off();
    begin_closing(close_code::internal_error, "internal error");
    if (!handlers().error) return;
    try {
        handlers().error(*this, what);
    } catch (...) {  // It has been counted, and the connection is closing already.
        shared().counters.add(Counter::handler_failures);
    }
}

// The end of TCP: of a server's connection without a close frame of the peer, of a client's behind
// it. Input that the peer may still send is of no use.
void WebSocketConnection::on_lost() {
    if (!is_reported_ && !closing_.is_done()) count_unsent(output_size());
    const std::string reason = extras_ ? std::move(extras_->close_reason) : std::string();
    end({.code = closing_.code(), .reason = reason, .clean = closing_.is_done()});
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
    Extras& own = extras();
    own.unsent_size += waiting - std::min(waiting, own.close_frame_size);
}

// What the peer said before it went is heard, by whoever paused, too: it cannot wait.
void WebSocketConnection::on_reset() {
    is_paused_ = false;
    on_readable();
}

// The last that the application hears.
void WebSocketConnection::end(CloseEvent event) {
    if (is_reported_) return;
    is_reported_ = true;
    if (extras_) event.unsent_size = extras_->unsent_size;
    shared().topics.unsubscribe_all(*this);
    shared().counters.subtract(Counter::websockets_open);
    if (handlers().close) guard([&] { handlers().close(*this, event); });
}

// ---- The rest --------------------------------------------------------------

std::string_view WebSocketConnection::subprotocol() const noexcept {
    return extras_ ? std::string_view(extras_->subprotocol) : std::string_view();
}

void WebSocketConnection::set_subprotocol(std::string_view name) {
    if (!name.empty()) extras().subprotocol = name;
}

Extras& WebSocketConnection::extras() {
    if (!extras_) extras_ = std::make_unique<Extras>();
    return *extras_;
}

bool WebSocketConnection::holds_pong() const noexcept {
    return extras_ && extras_->held_pong;
}

const RouteOptions& WebSocketConnection::options() const noexcept {
    return route_->route->options;
}

const Handlers& WebSocketConnection::handlers() const noexcept {
    return route_->route->handlers;
}

bool WebSocketConnection::is_client() const noexcept {
    return route_->setup.role == Role::client;
}

const UserData& WebSocketConnection::route_data() const noexcept {
    return route_->route->user_data;
}

Shared& WebSocketConnection::shared() const noexcept {
    return *route_->shared;
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
