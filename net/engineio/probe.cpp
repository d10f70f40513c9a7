#include "net/engineio/probe.hpp"

#include <edgews/connection.hpp>
#include "net/connection/websocket_connection.hpp"
#include "net/engineio/host.hpp"
#include "net/engineio/hosted_session.hpp"

#include <utility>

namespace edgews::engineio {

Probe::Probe(Host& host, Reactor& reactor, Connection& connection, std::string id,
             const Place& session)
    : host_(host),
      reactor_(reactor),
      connection_(&connection),
      id_(std::move(id)),
      session_(session) {}

void Probe::begin(Host& host, Reactor& reactor, Connection& connection, std::string id,
                  const Place& session) {
    std::unique_ptr<Probe> made(new Probe(host, reactor, connection, std::move(id), session));
    Probe& probe = *made.release();  // The loop owns it.
    reactor.add(probe);
    reactor.schedule(probe, host.options().upgrade_timeout_ms);
    connection.data<SocketData>().user = &probe;
}

// Anything else than this, in this order, is no upgrade. Behind UPGRADE it waits, unless the client
// has reset the connection: then it goes with it.
void Probe::received(Message message) {
    if (state_ == State::chosen) return;
    const bool is_text = message.is_text();
    if (is_text && message.text() == "2probe") return answer_probe();
    if (is_text && state_ == State::tried && message.text() == "5") return choose();
    give_up();
}

void Probe::answer_probe() {
    state_ = State::tried;
    engine_of(*connection_).set_closed_by_user(true);
    post_to<Seat>(session_, [own = place()](Seat* seat) {
        if (seat != nullptr) return seat->session().probe_began(own);
        post_to<Probe>(own, [](Probe* probe) {
            if (probe != nullptr) probe->refused();
        });
    });
    static_cast<void>(connection_->send("3probe"));
}

void Probe::choose() {
    state_ = State::chosen;
    engine_of(*connection_).set_closed_by_user(false);
    connection_->pause_reading();
    expected_ = host_.application().expect(id_, session_.reactor->loop(), reactor_.loop());
    post_to<Seat>(session_, [own = place()](Seat* seat) {
        // One that has ended has told, or could not tell yet whom.
        if (seat != nullptr) return seat->session().move_to(own);
        post_to<Probe>(own, [](Probe* probe) {
            if (probe != nullptr) probe->refused();
        });
    });
}

void Probe::arrived(std::unique_ptr<HostedSession> session) {
    Connection* const connection = std::exchange(connection_, nullptr);
    const std::unique_ptr<Expected> expected = std::move(expected_);
    end();
    HostedSession::arrive(std::move(session), reactor_, connection, *expected);
}

void Probe::refused() {
    if (state_ == State::over) return;
    if (connection_ != nullptr) {
        connection_->data<SocketData>().user = nullptr;
        connection_->close(close_code::normal, "the session is over");
        connection_ = nullptr;
    }
    end();
}

void Probe::say_last(std::span<const SharedPacket> packets, Dialect dialect) {
    if (connection_ != nullptr) {
        for (const SharedPacket& packet : packets) {
            static_cast<void>(connection_->send(packet.prepared_for(dialect)));
        }
    }
    refused();
}

// The session goes on as if there had been no WebSocket.
void Probe::give_up() {
    if (connection_ != nullptr) {
        connection_->data<SocketData>().user = nullptr;
        connection_->close(close_code::policy_violation, "no upgrade");
        connection_ = nullptr;
    }
    post_to<Seat>(session_, [own = place()](Seat* seat) {
        if (seat != nullptr) seat->session().probe_ended(own);
    });
    host_.directory().release(id_);  // Whoever is tried next is told of behind that.
    end();
}

// A session that is on its way here has to arrive first.
void Probe::lost() {
    connection_ = nullptr;
    if (state_ != State::chosen) give_up();
}

void Probe::on_timer() {
    if (state_ != State::chosen) give_up();
}

void Probe::end() {
    state_ = State::over;
    expected_.reset();
    reactor_.retire(*this);
}

}  // namespace edgews::engineio
