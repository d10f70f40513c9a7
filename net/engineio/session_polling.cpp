// A session whose client polls (protocol 4, HTTP long-polling), and its way to a WebSocket
// (Upgrade): what waits goes there in front of all that is sent from then on.
#include <edgews/connection.hpp>
#include "core/engineio/payload.hpp"
#include "net/engineio/host.hpp"
#include "net/engineio/hosted_session.hpp"
#include "net/engineio/probe.hpp"

#include <cassert>
#include <utility>

namespace edgews::engineio {

namespace {

// For answers to POST it is that of npm's server: some browsers would offer text/plain to be saved.
constexpr std::string_view posted_type = "text/html";

template <class Reader>
bool says_close(Reader reader) {
    while (const std::optional<Packet> packet = reader.next()) {
        if (packet->type == PacketType::close) return true;
    }
    return false;
}

}  // namespace

bool HostedSession::open_polling(Response& response) {
    guest_ = host_.application().open(*this);
    if (!guest_) {
        end(EndReason::server_closed);
        return false;
    }
    response = payload_response(
        polling_->outbox.take_payload(host_.options().payload_size_max, dialect_, open_packet()));
    if (phase_.is(State::opening)) phase_.enter(Event::accepted_polling);
    set_timer();
    return true;
}

// ---- The client's requests ---------------------------------------------------------------------

void HostedSession::poll(const Reply& reply, std::uint64_t number) {
    if (!polling_ || !phase_.may_poll()) return reply.give(refusal_response(Refusal::request_bad));
    if (polling_->is_held) {  // One at a time.
        reply.give(refusal_response(Refusal::request_bad));
        return end(EndReason::packet_malformed);
    }
    polling_->unread_size = 0;
    if (phase_.is(State::parting)) return answer_parting(reply);
    if (polling_->outbox.is_empty() && !phase_.is(State::probing)) {
        polling_->held = reply.keep(place(), number);
        polling_->held_number = number;
        polling_->is_held = true;
        return;
    }
    if (polling_->outbox.is_empty()) polling_->outbox.add(host_.noop());
    reply.give(payload_response(next_payload()));
}

// CLOSE has an answer of its own: npm's client takes it for the end in front of what comes with it,
// and so does not know that it was sent away.
void HostedSession::answer_parting(const Reply& reply) {
    const bool was_told = polling_->outbox.is_empty();
    if (was_told) polling_->outbox.add(host_.close());
    reply.give(payload_response(next_payload()));
    const bool has_all = was_told || reason_ == EndReason::client_closed;
    if (has_all && polling_->outbox.is_empty()) end(reason_);
}

// To leave a poll is to leave the session: what was on its way may be lost, and nobody would know.
void HostedSession::poll_gone(std::uint64_t number) {
    if (!polling_ || !polling_->is_held || polling_->held_number != number) return;
    end(EndReason::transport_closed);
}

void HostedSession::post(const Reply& reply, std::span<std::byte> body, PayloadForm form) {
    host_.directory().end_post(id());
    if (!polling_ || !phase_.may_poll()) return reply.give(refusal_response(Refusal::request_bad));
    const PayloadLimits limits{.size_max = host_.options().payload_size_max};
    const auto read = [&](auto function) {
        return is_v3(dialect_) ? function(PayloadReaderV3(body, form, limits))
                               : function(PayloadReader(body, limits));
    };
    if (phase_.may_take()) {
        const bool was_well = read([this](auto reader) { return take_payload(std::move(reader)); });
        return reply.give(was_well ? make_response(posted_type, "ok")
                                   : refusal_response(Refusal::request_bad));
    }
    reply.give(make_response(posted_type, "ok"));
    // It does not poll any more.
    if (read([](auto reader) { return says_close(std::move(reader)); })) end(reason_);
}

void HostedSession::post_overlapped(const Reply& reply) {
    reply.give(refusal_response(Refusal::request_bad));
    end(EndReason::packet_malformed);
}

// False: it broke a rule. What was in front of that counts.
template <class Reader>
bool HostedSession::take_payload(Reader reader) {
    bool was_well = true;
    polling_->is_taking = true;
    while (phase_.may_take()) {
        const std::optional<Packet> packet = reader.next();
        if (!packet) break;
        was_well = is_well(*packet);
        if (!was_well) {
            end(EndReason::packet_malformed);
            break;
        }
        take(*packet);
    }
    polling_->is_taking = false;
    if (phase_.may_take()) answer_poll();
    return was_well;
}

// ---- What waits --------------------------------------------------------------------------------

SendResult HostedSession::wait(const SharedPacket& packet) {
    if (!is_v3(dialect_) && !packet.fits_payload()) return SendResult::invalid;
    const std::size_t waiting = polling_->outbox.size(), cost = Outbox::cost_of(packet);
    const std::size_t limit = host_.options().backlog_size_max;
    const bool is_within = waiting == 0 || (cost <= limit && waiting <= limit - cost);
    if (!is_within || !reactor_->pool().may_hold(waiting, cost)) {
        close(EndReason::packet_malformed);
        return SendResult::closed;
    }
    polling_->outbox.add(packet);
    if (!polling_->is_held) return SendResult::queued;
    if (!polling_->is_taking) settle_soon();
    return SendResult::sent;
}

Payload HostedSession::next_payload() {
    Payload payload = polling_->outbox.take_payload(host_.options().payload_size_max, dialect_);
    polling_->unread_size = payload.body.size();
    return payload;
}

// With as much of what waits as one payload holds, if there is anything and anyone.
void HostedSession::answer_poll() {
    if (!polling_->is_held || polling_->outbox.is_empty()) return;
    polling_->is_held = false;
    static_cast<void>(std::exchange(polling_->held, {}).send(payload_response(next_payload())));
}

// With that, if nothing else waits.
void HostedSession::answer_poll_with(const SharedPacket& packet) {
    if (!polling_->is_held) return;
    if (polling_->outbox.is_empty()) polling_->outbox.add(packet);
    answer_poll();
}

// ---- To a WebSocket ----------------------------------------------------------------------------

void HostedSession::probe_began(const Place& probe) {
    if (phase_.is(State::probing) && polling_->probe == probe) return;
    if (!phase_.allows(Event::probe_began)) {
        post_to<Probe>(probe, [](Probe* each) {
            if (each != nullptr) each->refused();
        });
        return;
    }
    phase_.enter(Event::probe_began);
    polling_->probe = probe;
    heartbeat_.hold();
    answer_poll_with(host_.noop());
}

void HostedSession::probe_ended(const Place& probe) {
    if (!polling_ || polling_->probe != probe) return;
    if (phase_.is(State::parting)) reactor_->schedule(*seat_, poll_on_its_way_ms);
    if (!phase_.is(State::probing)) return;
    polling_->probe.reset();
    phase_.enter(Event::probe_ended);
    heartbeat_.release(now_ms());
    set_timer();
}

void HostedSession::dismiss_probe() {
    if (!polling_->probe) return;
    post_to<Probe>(*polling_->probe, [](Probe* each) {
        if (each != nullptr) each->refused();
    });
    polling_->probe.reset();
}

// The session was closed while its client changed to the WebSocket. What waits goes there, the
// CLOSE behind it included, for the client does not poll any more.
void HostedSession::part_by(const Place& probe) {
    polling_->probe.reset();
    polling_->outbox.add(host_.close());
    post_to<Probe>(probe, [rest = polling_->outbox.take_all(), dialect = dialect_](Probe* each) {
        if (each != nullptr) each->say_last(rest, dialect);
    });
    end(reason_);
}

// A client that polls all the same gets a NOOP: what waits goes by the WebSocket.
void HostedSession::move_to(const Place& probe) {
    if (!polling_ || polling_->probe != probe) return;  // It was told.
    if (host_.is_shutting_down()) shut_down();  // The WebSocket's loop has heard of it before ours.
    if (phase_.is(State::probing)) guest_->leaving();
    if (phase_.is(State::closing)) finish_closing();  // The guest may have closed it just now.
    if (phase_.is(State::parting)) return part_by(probe);
    if (!phase_.is(State::probing)) return;
    host_.directory().leave_polling(id());
    if (polling_->is_held) {
        polling_->is_held = false;
        Outbox noop(reactor_->pool());
        noop.add(host_.noop());
        static_cast<void>(std::exchange(polling_->held, {})
                              .send(payload_response(noop.take_payload(0, dialect_))));
    }
    phase_.enter(Event::left);
    polling_->outbox.leave_loop();
    std::unique_ptr<HostedSession> self = seat_->take_session();
    leave_seat();
    is_settling_ = false;  // It would have been for the poll.
    post_to<Probe>(probe, [session = std::move(self)](Probe* each) mutable {
        each->arrived(std::move(session));  // Which waits for it.
    });
}

void HostedSession::arrive(std::unique_ptr<HostedSession> session, Reactor& reactor,
                           Connection* connection, Expected& expected) {
    HostedSession& self = *session;
    self.sit_down(std::move(session), reactor);
    self.host_.directory().moved(self.id(), self.place());
    self.phase_.enter(Event::arrived);
    self.connection_ = connection;
    if (connection != nullptr) {
        connection->data<SocketData>().user = &self;
        self.polling_->outbox.send_to(*connection, self.dialect_);
    }
    self.polling_.reset();
    self.set_timer();
    self.guest_->arrived(expected);
    if (connection == nullptr) return self.end(EndReason::transport_closed);
    connection->resume_reading();
}

}  // namespace edgews::engineio
