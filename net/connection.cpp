#include <edgews/net/connection.hpp>

#include <edgews/core/utf8.hpp>
#include <edgews/net/extras.hpp>
#include <edgews/net/output_queue.hpp>
#include <edgews/net/shard.hpp>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

namespace edgews {

namespace {

constexpr std::uint8_t pong_count_max = 32;  // A turn; of further pings only the newest counts.
constexpr std::size_t write_through_size_min = 64 * 1024;
constexpr std::size_t cautious_size = 32 * 1024;
constexpr std::size_t transport_space_min = 64 * 1024;
// Received in one turn, and restored from it, before others get theirs.
constexpr std::size_t turn_size_max = 4 * Loop::receive_space_size;

constexpr std::size_t user_data_offset =
    (sizeof(Connection) + __STDCPP_DEFAULT_NEW_ALIGNMENT__ - 1) / __STDCPP_DEFAULT_NEW_ALIGNMENT__ *
    __STDCPP_DEFAULT_NEW_ALIGNMENT__;

// An idle connection costs 240 bytes: this, 16 of its slot, and 8 of the allocator.
static_assert(sizeof(Connection) <= 216);

bool is_valid_utf8(std::string_view text) noexcept {
    Utf8Validator validator;
    return validator.feed(std::as_bytes(std::span(text))) && validator.is_complete();
}

bool is_worth_borrowing(std::span<const std::byte> payload) noexcept {
    return payload.size() >= OutputQueue::borrow_size_min;
}

bool contains(std::span<const std::byte> outer, std::span<const std::byte> inner) noexcept {
    return inner.data() >= outer.data() &&
           inner.data() + inner.size() <= outer.data() + outer.size();
}

}  // namespace

std::unique_ptr<Connection> Connection::create(RouteOnLoop& route) {
    const UserData& user_data = route.route->user_data;
    void* place = ::operator new(user_data.size == 0 ? sizeof(Connection)
                                                     : user_data_offset + user_data.size);
    auto* connection = new (place) Connection(route);
    if (user_data.construct == nullptr) return std::unique_ptr<Connection>(connection);
    try {
        user_data.construct(connection->data_place());
    } catch (...) {
        connection->route_ = nullptr;  // There is no user data to destroy.
        delete connection;
        throw;
    }
    return std::unique_ptr<Connection>(connection);
}

Connection::Connection(RouteOnLoop& route) noexcept
    : Stream(route.shard->loop()), route_(&route), reader_(route.setup) {}

Connection::~Connection() {
    if (route_ != nullptr && route_data().destroy != nullptr) route_data().destroy(data_place());
}

// ---- From the socket -------------------------------------------------------

void Connection::start(Stream& predecessor, Admission admission, std::span<std::byte> input,
                       const Function<void(Connection&)>& prepare) {
    const bool is_more = !take_over(predecessor);
    admission_ = std::move(admission);
    is_reported_ = false;
    opened_ms_ = last_heard_ms_ = now();
    shard().counters().add(Counter::websockets_opened);
    shard().counters().add(Counter::websockets_open);
    set_timer();
    if (is_more) read_later();

    begin_dispatch();
    if (prepare) guard([&] { prepare(*this); });
    if (handlers().open && is_open()) guard([&] { handlers().open(*this); });
    dispatch(input);
    end_dispatch();
}

void Connection::on_readable() {
    last_heard_ms_ = now();
    for (std::size_t size = 0; size < turn_size_max;) {
        const std::span<std::byte> direct = direct_space();
        const std::span<std::byte> space = direct.empty() ? shared_space() : direct;
        const Received received = receive(space);
        if (received.end == Received::End::would_block) return;
        if (received.end != Received::End::open) return on_lost();
        shard().counters().add(Counter::bytes_received, received.size);
        size += received.size;

        begin_dispatch();
        if (direct.empty()) {
            has_long_messages_ = false;
            dispatch(space.first(received.size));
        } else {
            has_long_messages_ = reader_.message_size() > Loop::receive_space_size;
            reader_.direct_received(received.size);
            dispatch({});
        }
        end_dispatch();
        size += std::exchange(shard().restored_size, 0);
        if (!Stream::is_open() || is_broken()) return;
        if (is_drained() && !has_ended()) return;
        if (transport() != nullptr) break;  // Whose bytes may be many more than what they mean.
    }
    read_later();
}

// Behind a message that did not fit there is likely to be another one: of that, only the beginning
// comes here, and the rest goes where it is assembled. What is compressed becomes up to a thousand
// times as much, before others get their turn.
std::span<std::byte> Connection::shared_space() const noexcept {
    const std::span<std::byte> space = loop().receive_space();
    const bool is_deflating = extras_ && extras_->deflating;
    if (!has_long_messages_ && !is_deflating) return space;
    return space.first(transport() == nullptr ? cautious_size : transport_space_min);
}

// A transport needs some room.
std::span<std::byte> Connection::direct_space() noexcept {
    const std::span<std::byte> space = reader_.direct_space();
    const bool is_enough = transport() == nullptr || space.size() >= transport_space_min;
    return is_enough ? space : std::span<std::byte>();
}

// Hands over all that `input` holds. What handlers send meanwhile is gathered.
void Connection::dispatch(std::span<std::byte> input) {
    const std::span<const std::byte> batch = input;
    pong_count_ = 0;
    while (Stream::is_open() && !is_broken()) {
        const Event event = reader_.next(input);
        if (!event) break;
        guard([&] { handle(event); });
        // The memory of an assembled message would go back with the next event.
        if (is_worth_borrowing(event.payload) && output_has_borrowed() &&
            !contains(batch, event.payload)) {
            output().adopt(reader_.take_payload());
        }
    }
    note_message_progress();
    if (holds_pong() && !is_blocked()) send_held_pong();
}

void Connection::handle(const Event& event) {
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
void Connection::handle_message(const Event& event) {
    // One ends: the next one, which may have begun in the same input, has its own time.
    if (event.kind == Event::Kind::message || event.kind == Event::Kind::end) {
        is_inside_message_ = false;
    }
    if (!closing_.may_send()) return;
    if (event.is_compressed) return handle_compressed(event);
    const Message::Kind kind =
        event.opcode == Opcode::text ? Message::Kind::text : Message::Kind::binary;
    const bool is_lent = is_worth_borrowing(event.payload);
    if (is_lent) shard().borrowable = {this, event.payload};
    if (event.kind == Event::Kind::message) {
        shard().counters().add(Counter::messages_received);
        if (handlers().message) handlers().message(*this, Message(kind, event.payload));
    } else if (event.kind == Event::Kind::begin) {
        if (handlers().message_begin) handlers().message_begin(*this, kind);
    } else if (event.kind == Event::Kind::chunk) {
        if (handlers().message_chunk) handlers().message_chunk(*this, event.payload);
    } else {
        shard().counters().add(Counter::messages_received);
        if (handlers().message_end) handlers().message_end(*this);
    }
    if (is_lent) shard().borrowable = {};
}

// Each ping is answered; but a peer that sends them faster than it reads, or by the
// hundred, gets an answer to the newest (RFC 6455, section 5.5.3).
void Connection::handle_ping(std::span<const std::byte> payload) {
    if (!closing_.may_send()) return;
    if (is_blocked() || pong_count_ == pong_count_max) {
        extras().held_pong = loop().pool().take(control_payload_size_max);
        extras_->held_pong.append(payload);
    } else {
        ++pong_count_;
        send_control(Opcode::pong, payload);
    }
    if (handlers().ping) handlers().ping(*this, payload);
}

void Connection::send_held_pong() {
    const Buffer payload = std::move(extras_->held_pong);
    if (closing_.may_send()) send_control(Opcode::pong, payload.bytes());
}

// The answer repeats the peer's code (section 5.5.1); then the server closes first (7.1.1).
void Connection::handle_close(const Event& event) {
    closing_.close_received(event.close_code);
    if (closing_.may_send_close()) send_close_frame(event.close_code, {});
    const auto* reason = reinterpret_cast<const char*>(event.payload.data());
    end({.code = event.close_code, .reason = {reason, event.payload.size()}, .clean = true});
    if (Stream::is_open()) finish(Farewell::close, options().close_timeout_ms);
}

// Fails the connection (section 7.1.7): the peer is told why, and not listened to any more.
void Connection::handle_fault(Fault fault) {
    shard().counters().add(Counter::protocol_faults);
    if (closing_.may_send_close()) send_close_frame(close_code_for(fault), describe(fault));
    if (handlers().error) guard([&] { handlers().error(*this, describe(fault)); });
    end({});
    if (Stream::is_open()) finish(Farewell::linger, options().close_timeout_ms);
}

// A handler threw: the connection's end, not the loop's.
void Connection::fail(std::string_view what) noexcept {
    shard().borrowable = {};
    shard().counters().add(Counter::handler_failures);
    if (is_reported_) return;
    close(close_code::internal_error, "internal error");
    if (!handlers().error) return;
    try {
        handlers().error(*this, what);
    } catch (...) {  // It has been counted, and the connection is closing already.
        shard().counters().add(Counter::handler_failures);
    }
}

// Without a close frame of the peer. Input that it may still send is of no use.
void Connection::on_lost() {
    end({});
    if (is_closed()) return;
    if (is_broken() || output_size() == 0) return Stream::close();
    finish(Farewell::close, options().close_timeout_ms);
}

// The last that the application hears.
void Connection::end(CloseEvent event) {
    if (is_reported_) return;
    is_reported_ = true;
    shard().topics().unsubscribe_all(*this);
    shard().counters().subtract(Counter::websockets_open);
    if (handlers().close) guard([&] { handlers().close(*this, event); });
}

// ---- To the socket ---------------------------------------------------------

// Anything goes while nothing waits: a limit below one message would refuse them all.
bool Connection::has_room_for(std::size_t size) const noexcept {
    const std::size_t waiting = output_size(), limit = options().backlog_size_max;
    return waiting == 0 || (size <= limit && waiting <= limit - size);
}

inline void Connection::catch_up() {
    if (extras_ && shard().topics().has_waiting()) shard().topics().deliver();
}

SendResult Connection::accepted() {
    request_flush();
    if (!is_blocked()) return SendResult::sent;
    on_blocked();
    return SendResult::queued;
}

// A copy for each caller: with the header known, half of it goes.
[[gnu::always_inline]] inline SendResult Connection::send_data(const FrameHeader& header,
                                                               std::span<const std::byte> payload) {
    const std::size_t size = frame_header_size_max + payload.size();
    if (!has_room_for(size) && !make_room_for(size)) return overflow();
    if (header.fin) shard().counters().add(Counter::messages_sent);
    if (is_worth_borrowing(payload)) return send_large(header, payload);
    output().append_frame(header, payload);
    return accepted();
}

SendResult Connection::send(Message message) {
    return send(message, Compress::by_size);
}

SendResult Connection::send(Message message, Compress how) {
    if (!is_open()) return SendResult::closed;
    catch_up();
    if (is_sending_fragments_) return SendResult::dropped;
    if (extras_ && compresses(message.size(), how)) {
        if (const auto result = send_compressed(message)) return *result;
    }
    const Opcode opcode = message.is_text() ? Opcode::text : Opcode::binary;
    return send_data({.opcode = opcode, .payload_size = message.size()}, message.bytes());
}

SendResult Connection::send(const PreparedMessage& message) {
    if (!is_open()) return SendResult::closed;
    catch_up();
    if (is_sending_fragments_ || !message) return SendResult::dropped;
    if (extras_ && compresses(message.payload_size(), Compress::by_size)) {
        return send_prepared_compressed(message);
    }
    return send_prepared(message);
}

SendResult Connection::send_prepared(const PreparedMessage& message) {
    const std::size_t size = message.frame().size();
    if (!has_room_for(size) && !make_room_for(size)) return overflow();
    output().append(message);
    shard().counters().add(Counter::messages_sent);
    return accepted();
}

SendResult Connection::send_fragment(Message piece, Fragment which) {
    if (!is_open()) return SendResult::closed;
    catch_up();
    if (is_sending_fragments_ == (which == Fragment::first)) return SendResult::dropped;
    const Opcode kind = piece.is_text() ? Opcode::text : Opcode::binary;
    const SendResult result =
        send_data({.fin = which == Fragment::last,
                   .opcode = which == Fragment::first ? kind : Opcode::continuation,
                   .payload_size = piece.size()},
                  piece.bytes());
    // A message with a hole cannot be told to the peer: the pieces stay what they were.
    if (result != SendResult::dropped) is_sending_fragments_ = which != Fragment::last;
    return result;
}

SendResult Connection::ping(std::span<const std::byte> payload) {
    return send_application_control(Opcode::ping, payload);
}

SendResult Connection::pong(std::span<const std::byte> payload) {
    return send_application_control(Opcode::pong, payload);
}

SendResult Connection::send_application_control(Opcode opcode, std::span<const std::byte> payload) {
    if (!is_open()) return SendResult::closed;
    if (payload.size() > control_payload_size_max) return SendResult::dropped;
    catch_up();
    const std::size_t size = frame_header_size_max + payload.size();
    if (!has_room_for(size) && !make_room_for(size)) return overflow();
    send_control(opcode, payload);
    return accepted();
}

bool Connection::close(std::uint16_t code, std::string_view reason) {
    if (!is_open() || !may_close_with(code, reason)) return false;
    send_close_frame(code, reason);
    since_ms_ = now();
    set_timer();
    return true;
}

bool Connection::may_close_with(std::uint16_t code, std::string_view reason) noexcept {
    if (code == close_code::no_status) return reason.empty();
    return close_code::may_be_on_the_wire(code) && reason.size() <= control_payload_size_max - 2 &&
           is_valid_utf8(reason);
}

void Connection::terminate() {
    break_off();
}

SendResult Connection::send_large(const FrameHeader& header, std::span<const std::byte> payload) {
    const Shard::Borrowable& lent = shard().borrowable;
    const bool is_lent = lent.connection == this && contains(lent.bytes, payload);
    // Too large to copy just to wait for others: it leaves at once, with all before it.
    const bool is_urgent = !is_lent && payload.size() >= write_through_size_min && !is_blocked();
    if (is_lent || is_urgent) {
        output().borrow_frame(header, payload);
    } else {
        output().append_frame(header, payload);
    }
    if (is_urgent) flush();
    return accepted();
}

void Connection::send_control(Opcode opcode, std::span<const std::byte> payload) {
    output().append_frame({.opcode = opcode, .payload_size = payload.size()}, payload);
    request_flush();
}

void Connection::send_close_frame(std::uint16_t code, std::string_view reason) {
    std::array<std::byte, control_payload_size_max> payload;
    payload[0] = static_cast<std::byte>(code >> 8);
    payload[1] = static_cast<std::byte>(code & 0xFF);
    const auto bytes = std::as_bytes(std::span(reason));
    std::copy(bytes.begin(), bytes.end(), payload.begin() + 2);
    const std::size_t size = code == close_code::no_status ? 0 : 2 + reason.size();
    catch_up();
    send_control(Opcode::close, std::span(payload).first(size));
    closing_.close_sent();
}

// What waits may only be this turn's: the socket is asked before anything is refused.
bool Connection::make_room_for(std::size_t size) {
    flush();
    return has_room_for(size);
}

SendResult Connection::overflow() {
    shard().counters().add(Counter::messages_dropped);
    switch (options().overflow) {
        case Overflow::drop: break;
        case Overflow::close:
            close(options().overflow_close_code, "too slow");
            return SendResult::closed;
        case Overflow::tell:
            // Not from within send(): its caller may be walking over connections.
            if (extras().dropped_count++ == 0) {
                handle().post([](Connection& connection) { connection.tell_overflow(); });
            }
            break;
    }
    return SendResult::dropped;
}

void Connection::tell_overflow() {
    const std::size_t count = std::exchange(extras_->dropped_count, 0);
    if (handlers().overflow) handlers().overflow(*this, count);
}

void Connection::on_blocked() {
    is_over_mark_ |= output_size() > options().drain_mark;
}

void Connection::on_writable() {
    last_heard_ms_ = now();  // It acknowledged bytes: an answer to our ping may be behind them.
    if (holds_pong() && !is_blocked()) {
        send_held_pong();
        request_flush();
    }
    if (!is_over_mark_ || output_size() > options().drain_mark || !is_open()) return;
    is_over_mark_ = false;
    if (handlers().drain) guard([&] { handlers().drain(*this); });
}

void Connection::count_sent(std::size_t size) noexcept {
    shard().counters().add(Counter::bytes_sent, size);
}

// ---- The rest --------------------------------------------------------------

std::string_view Connection::subprotocol() const noexcept {
    return extras_ ? std::string_view(extras_->subprotocol) : std::string_view();
}

void Connection::set_subprotocol(std::string_view name) {
    if (!name.empty()) extras().subprotocol = name;
}

Extras& Connection::extras() {
    if (!extras_) extras_ = std::make_unique<Extras>();
    return *extras_;
}

bool Connection::holds_pong() const noexcept {
    return extras_ && extras_->held_pong;
}

const RouteOptions& Connection::options() const noexcept {
    return route_->route->options;
}

const Handlers& Connection::handlers() const noexcept {
    return route_->route->handlers;
}

const UserData& Connection::route_data() const noexcept {
    return route_->route->user_data;
}

Shard& Connection::shard() const noexcept {
    return *route_->shard;
}

void* Connection::data_place() noexcept {
    return reinterpret_cast<std::byte*>(this) + user_data_offset;
}

}  // namespace edgews
