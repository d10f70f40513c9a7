// A session's life, and what it says and hears by its WebSocket. What is about polling, and about
// the way from there to a WebSocket, is in session_polling.cpp.
#include "net/engineio/hosted_session.hpp"

#include <edgews/connection.hpp>
#include "core/engineio/open_packet.hpp"
#include "core/engineio/packet_v3.hpp"
#include "core/kernels/utf8.hpp"
#include "net/connection/websocket_connection.hpp"
#include "net/engineio/host.hpp"

#include <array>
#include <utility>
#include <vector>

namespace edgews::engineio {

namespace {

// So much may wait for the end of the turn, and still leaves at once.
constexpr std::size_t writable_size_max = 16 * 1024;
// Of bytes that a client has to read before it comes to a ping: so many may take a while, and so
// many in a millisecond are not too few. As of WebSockets (net/connection/websocket_timers.cpp).
constexpr std::size_t slow_size_min = 16 * 1024;
constexpr std::size_t slow_rate_per_ms = 16;

std::uint16_t close_code_for(EndReason reason) noexcept {
    switch (reason) {
        case EndReason::packet_malformed:
        case EndReason::ping_timeout: return close_code::policy_violation;
        case EndReason::shutting_down: return close_code::going_away;
        case EndReason::client_closed:
        case EndReason::transport_closed:
        case EndReason::server_closed: break;
    }
    return close_code::normal;
}

// Where a text begins with its type. Base64 is decoded in `copy`.
Packet decode(Message message, Dialect dialect, std::vector<std::byte>& copy) {
    if (!message.is_text()) {
        return is_v3(dialect) ? decode_binary_packet_v3(message.bytes())
                              : Packet::of_binary(message.bytes());
    }
    if (!message.text().starts_with('b')) return decode_plain_packet(message.bytes());
    copy.assign(message.bytes().begin(), message.bytes().end());
    return is_v3(dialect) ? decode_packet_v3(copy) : decode_packet(copy);
}

SendResult send_binary_on(Connection& connection, const Packet& message, Dialect dialect) {
    switch (dialect) {
        case Dialect::v4: break;
        case Dialect::v3: {
            const std::array pieces{std::span(&binary_message_v3, 1), message.data};
            return connection.send(Message::Kind::binary, pieces);
        }
        case Dialect::v3_base64: {
            std::string text;
            append_packet_v3(text, message);
            return connection.send(text);
        }
    }
    return connection.send(Message::checked(Message::Kind::binary, message.data));
}

SendResult send_on(Connection& connection, const Packet& message, Dialect dialect) {
    if (message.is_binary) return send_binary_on(connection, message, dialect);
    const char type = digit_of(message.type);
    const std::array pieces{std::as_bytes(std::span(&type, 1)), message.data};
    return connection.send(Message::Kind::text, pieces);
}

}  // namespace

// ---- The seat ----------------------------------------------------------------------------------

Seat::Seat(std::unique_ptr<HostedSession> session) noexcept : session_(std::move(session)) {}

Seat::~Seat() = default;

std::unique_ptr<HostedSession> Seat::take_session() noexcept {
    return std::move(session_);
}

void Seat::on_timer() {
    session_->on_timer();
}

void Seat::let_go() noexcept {
    if (session_) session_->let_go();
}

// ---- The beginning -----------------------------------------------------------------------------

HostedSession::HostedSession(Host& host, Reactor& reactor, const SessionId& id, Opening opening,
                             Connection* connection, Dialect dialect)
    : host_(host),
      connection_(connection),
      polling_(new Polling{.outbox = Outbox(reactor.pool())}),
      heartbeat_(host.options().heartbeat, 0,
                 is_v3(dialect) ? Heartbeat::Pinger::client : Heartbeat::Pinger::server),
      id_(id),
      dialect_(dialect),
      opening_(std::move(opening)) {}

// One that was on its way when its server ended.
HostedSession::~HostedSession() {
    if (!phase_.is(State::over)) let_go();
}

HostedSession* HostedSession::make(Host& host, Reactor& reactor, const SessionId& id,
                                   Opening opening, Connection* connection, Dialect dialect) {
    std::unique_ptr<HostedSession> made(
        new HostedSession(host, reactor, id, std::move(opening), connection, dialect));
    HostedSession& session = *made;
    session.sit_down(std::move(made), reactor);
    const std::size_t count_max = host.options().session_count_max;
    if (host.directory().add(session.id(), session.place(), connection != nullptr, count_max,
                             dialect)) {
        return &session;
    }
    session.connection_ = nullptr;
    session.end(EndReason::server_closed);
    return nullptr;
}

void HostedSession::sit_down(std::unique_ptr<HostedSession> self, Reactor& reactor) {
    auto seat = std::make_unique<Seat>(std::move(self));
    reactor_ = &reactor;
    seat_ = seat.release();  // The loop owns it.
    reactor.add(*seat_);
    heartbeat_.begin(now_ms());
}

void HostedSession::leave_seat() noexcept {
    reactor_->retire(*std::exchange(seat_, nullptr));
}

std::string HostedSession::open_packet() const {
    const Options& options = host_.options();
    std::string packet;
    append_open_packet(packet,
                       {.session_id = id(),
                        .may_upgrade = connection_ == nullptr && options.transports.websocket,
                        .ping_interval_ms = options.heartbeat.ping_interval_ms,
                        .ping_timeout_ms = options.heartbeat.ping_timeout_ms,
                        .payload_size_max = options.payload_size_max});
    return packet;
}

// What the guest sent while it was made waits in the outbox, behind OPEN.
bool HostedSession::open_websocket() {
    guest_ = host_.application().open(*this);
    if (!guest_) {
        connection_ = nullptr;
        end(EndReason::server_closed);
        return false;
    }
    connection_->data<SocketData>().user = this;
    static_cast<void>(connection_->send(open_packet()));
    polling_->outbox.send_to(*connection_, dialect_);
    polling_.reset();
    if (phase_.is(State::opening)) phase_.enter(Event::accepted_websocket);
    set_timer();
    return true;
}

// ---- Time --------------------------------------------------------------------------------------

void HostedSession::set_timer() {
    const std::uint64_t next_ms = heartbeat_.next_ms();
    if (next_ms == Heartbeat::never) return;
    const std::uint64_t now = now_ms();
    reactor_->schedule(*seat_, next_ms > now ? next_ms - now : 1);
}

void HostedSession::on_timer() {
    if (phase_.is(State::parting)) return end(reason_);
    if (!phase_.may_take()) return;
    switch (heartbeat_.due(now_ms())) {
        case Heartbeat::Due::nothing: break;
        case Heartbeat::Due::end:
            if (!is_still_reading()) return end(EndReason::ping_timeout);
            break;
        case Heartbeat::Due::ping:
            if (polling_) {
                polling_->outbox.add(host_.ping());
                answer_poll();
            } else {
                engine_of(*connection_).mark_taken();
                static_cast<void>(connection_->send(host_.ping().prepared()));
            }
            break;
    }
    set_timer();
}

// The pong is overdue: whether the ping may stand behind what the client still reads. Of an answer
// to a poll nobody says how much has arrived: its size gives it time, once. Clients that ping do
// not wait for us with that.
bool HostedSession::is_still_reading() {
    if (is_v3(dialect_)) return false;
    const std::uint32_t timeout_ms = host_.options().heartbeat.ping_timeout_ms;
    if (!polling_) {
        if (!engine_of(*connection_).is_still_taking(timeout_ms)) return false;
        heartbeat_.excuse(now_ms(), timeout_ms);
        return true;
    }
    const std::size_t unread_size = std::exchange(polling_->unread_size, 0);
    if (unread_size < slow_size_min) return false;
    heartbeat_.excuse(now_ms(), unread_size / slow_rate_per_ms);
    return true;
}

// ---- What it says ------------------------------------------------------------------------------

SendResult HostedSession::send(const Packet& message) {
    if (!phase_.may_send()) return SendResult::closed;
    if (polling_) {
        const SharedPacket packet(message);
        return packet ? wait(packet) : SendResult::invalid;
    }
    if (connection_ == nullptr) return SendResult::closed;
    if (!message.is_binary && !is_utf8(message.text())) return SendResult::invalid;
    return send_on(*connection_, message, dialect_);
}

SendResult HostedSession::send(const SharedPacket& message) {
    if (!phase_.may_send()) return SendResult::closed;
    if (!message) return SendResult::dropped;
    if (polling_) return wait(message);
    if (connection_ == nullptr) return SendResult::closed;
    return is_v3(dialect_) ? connection_->send(message.prepared_for(dialect_))
                           : connection_->send(message.prepared());
}

std::size_t HostedSession::buffered_amount() const noexcept {
    if (polling_) return polling_->outbox.size();
    return connection_ == nullptr ? 0 : connection_->buffered_amount();
}

bool HostedSession::is_writable() const noexcept {
    if (!phase_.may_send()) return false;
    if (polling_) return polling_->is_held && !phase_.is(State::probing);
    return connection_ != nullptr && connection_->is_open() &&
           connection_->buffered_amount() <= writable_size_max;
}

// ---- What it hears -----------------------------------------------------------------------------

void HostedSession::received(Message message) {
    if (!phase_.may_take()) return;
    std::vector<std::byte> copy;
    const Packet packet = decode(message, dialect_, copy);
    if (!is_well(packet)) return end(EndReason::packet_malformed);
    take(packet);
}

// Of the two ends only one pings, and the other answers.
bool HostedSession::is_well(const Packet& packet) const noexcept {
    const PacketType others = is_v3(dialect_) ? PacketType::pong : PacketType::ping;
    return packet.fault == Fault::none && packet.type != others;
}

// What a client may say at any time, and means nothing here, is passed over: NOOP, and an UPGRADE
// or an OPEN too many. Requires: is_well().
void HostedSession::take(const Packet& packet) {
    if (packet.type != PacketType::pong) heartbeat_.heard(now_ms());
    switch (packet.type) {
        case PacketType::message: return guest_->take(packet);
        case PacketType::pong: heartbeat_.pong(now_ms()); return set_timer();
        case PacketType::close: return left();
        case PacketType::ping: return pong();
        case PacketType::open:
        case PacketType::upgrade:
        case PacketType::noop: return;
    }
}

// Without what a ping may say, as npm's server answers.
void HostedSession::pong() {
    if (polling_) {
        static_cast<void>(wait(host_.pong()));
    } else {
        static_cast<void>(connection_->send(host_.pong().prepared()));
    }
}

void HostedSession::lost() {
    connection_ = nullptr;
    end(EndReason::transport_closed);
}

// ---- The end -----------------------------------------------------------------------------------

// The client has said CLOSE. A poll of its may be on its way, on another loop, and is answered as
// one that was here before: with a NOOP, if nothing else waits.
void HostedSession::left() {
    if (!polling_ || polling_->is_held) return end(EndReason::client_closed);
    reason_ = EndReason::client_closed;
    phase_.enter(Event::closed);
    if (polling_->outbox.is_empty()) polling_->outbox.add(host_.noop());
    part(poll_on_its_way_ms);
}

void HostedSession::close(EndReason reason) {
    if (!phase_.allows(Event::closed)) return;
    phase_.enter(Event::closed);
    reason_ = reason;
    settle_soon();
}

void HostedSession::settle_soon() {
    if (is_settling_) return;
    is_settling_ = true;
    post_to<Seat>(place(), [](Seat* seat) {
        if (seat != nullptr) seat->session().settle();
    });
}

void HostedSession::settle() {
    is_settling_ = false;
    if (phase_.is(State::closing)) {
        finish_closing();
    } else if (polling_) {
        answer_poll();
    }
}

// The client fetches what waits, and then the CLOSE, now or when it polls next.
void HostedSession::finish_closing() {
    if (!polling_) return end(reason_);
    answer_poll();
    if (polling_->is_held) return end(reason_);
    part(host_.options().heartbeat.ping_timeout_ms);
}

// A client that changes to a WebSocket may not poll any more: then it is told there, see part_by().
void HostedSession::part(std::uint32_t time_ms) {
    if (reason_ == EndReason::client_closed) dismiss_probe();
    phase_.enter(Event::parted);
    reactor_->schedule(*seat_, time_ms);
    tell_guest(reason_);
}

// A client that changes to a WebSocket may have stopped to poll. If that closed before it has read
// the answer to its last poll, it would wait until its heartbeat fails.
void HostedSession::shut_down() {
    if (!polling_ || !polling_->probe) return end(EndReason::shutting_down);
    if (phase_.allows(Event::closed)) {
        reason_ = EndReason::shutting_down;
        phase_.enter(Event::closed);
    }
    if (phase_.is(State::closing)) finish_closing();
}

void HostedSession::end(EndReason reason) {
    if (phase_.is(State::over)) return;
    if (phase_.is(State::closing)) reason = reason_;
    const bool was_accepted = guest_ != nullptr;
    phase_.enter(Event::ended);
    host_.directory().remove(id());
    if (polling_) {
        if (was_accepted && reason != EndReason::client_closed) polling_->outbox.add(host_.close());
        if (polling_->is_held && polling_->outbox.is_empty()) polling_->outbox.add(host_.noop());
        answer_poll();
        dismiss_probe();
    }
    if (Connection* const connection = std::exchange(connection_, nullptr)) {
        connection->data<SocketData>().user = nullptr;
        connection->close(close_code_for(reason), describe(reason));
    }
    leave_seat();
    tell_guest(reason);
}

void HostedSession::tell_guest(EndReason reason) {
    const std::unique_ptr<Guest> guest = std::move(guest_);
    if (guest) guest->ended(reason);
}

// Others may be gone, or their loops. What is on its way is not seated.
void HostedSession::let_go() noexcept {
    if (phase_.is(State::over)) return;
    const EndReason reason = phase_.is(State::closing) ? reason_ : EndReason::shutting_down;
    phase_.enter(Event::ended);
    host_.directory().remove(id());
    connection_ = nullptr;
    tell_guest(reason);
}

}  // namespace edgews::engineio
