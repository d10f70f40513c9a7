// A session of a Host. It lies on its loop's Seat, and leaves that when it moves to another loop.
//
// What its client and its guest can do to it in which phase is in core/engineio/session_phase.hpp.
// A guest is only told of the end (and goes) where none of its functions runs: Session::close() has
// settle() called in a job of its own.
#pragma once

#include "core/engineio/dialect.hpp"
#include "core/engineio/heartbeat.hpp"
#include "core/engineio/payload_v3.hpp"
#include "core/engineio/session_id.hpp"
#include "core/engineio/session_phase.hpp"
#include "net/engineio/application.hpp"
#include "net/engineio/opening.hpp"
#include "net/engineio/outbox.hpp"
#include "net/engineio/reply.hpp"
#include "net/engineio/socket_user.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace edgews::engineio {

class Host;
class HostedSession;

// A session's token and its time on a loop, which owns it.
class Seat final : public Timer {
  public:
    explicit Seat(std::unique_ptr<HostedSession> session) noexcept;
    ~Seat() override;
    // Requires: it was not taken.
    [[nodiscard]] HostedSession& session() const noexcept { return *session_; }
    [[nodiscard]] std::unique_ptr<HostedSession> take_session() noexcept;

    void on_timer() override;
    void let_go() noexcept override;

  private:
    std::unique_ptr<HostedSession> session_;
};

class HostedSession final : public Session, public SocketUser {
  public:
    // A session of that connection; null: of one that polls. Null: there are too many.
    [[nodiscard]] static HostedSession* make(Host& host, Reactor& reactor, const SessionId& id,
                                             Opening opening, Connection* connection,
                                             Dialect dialect);
    ~HostedSession();
    [[nodiscard]] const Host& host() const noexcept { return host_; }

    // It begins. False: the application refuses it, and there is no such session.
    [[nodiscard]] bool open_polling(Response& response);
    [[nodiscard]] bool open_websocket();

    // The client's requests, and the end of one that was kept.
    void poll(const Reply& reply, std::uint64_t number);
    void post(const Reply& reply, std::span<std::byte> body, PayloadForm form);
    void poll_gone(std::uint64_t number);
    // The client has two of them at once.
    void post_overlapped(const Reply& reply);

    // A WebSocket is tried, or not any more, or is what the session goes on with. `probe`: the
    // place of its Probe, which is told when that is refused.
    void probe_began(const Place& probe);
    void probe_ended(const Place& probe);
    void move_to(const Place& probe);
    // It has come. `connection`: null, if that has gone meanwhile.
    static void arrive(std::unique_ptr<HostedSession> session, Reactor& reactor,
                       Connection* connection, Expected& expected);

    void on_timer();
    // Ends now. Requires: none of the guest's functions runs.
    void end(EndReason reason);
    // The server shuts down.
    void shut_down();
    // Its loop ends: nobody can be told but the guest.
    void let_go() noexcept;

    // As Session and SocketUser have them.

    SendResult send(const Packet& message) override;
    SendResult send(const SharedPacket& message) override;
    [[nodiscard]] std::size_t buffered_amount() const noexcept override;
    [[nodiscard]] bool is_writable() const noexcept override;
    void close(EndReason reason) override;
    [[nodiscard]] std::string_view id() const noexcept override { return id_.text(); }
    [[nodiscard]] bool is_websocket() const noexcept override { return !polling_; }
    [[nodiscard]] Dialect dialect() const noexcept override { return dialect_; }
    [[nodiscard]] Loop& loop() const noexcept override { return reactor_->loop(); }
    [[nodiscard]] const Address& remote_address() const noexcept override {
        return opening_.client();
    }
    [[nodiscard]] std::string_view query() const noexcept override { return opening_.query(); }
    [[nodiscard]] std::optional<std::string_view> header(
        std::string_view name) const noexcept override {
        return opening_.header(name);
    }
    void received(Message message) override;
    void lost() override;

  private:
    // So long a poll may be on its way of a client that polls at once, or not any more.
    static constexpr std::uint32_t poll_on_its_way_ms = 1'000;
    using State = SessionPhase::State;
    using Event = SessionPhase::Event;
    // Of a client that polls, and of one whose session is not open yet.
    struct Polling {
        Outbox outbox;
        DeferredResponse held{};  // The answer to its GET, where is_held.
        std::uint64_t held_number = 0;
        bool is_held = false;
        bool is_taking = false;        // A payload, behind which the poll is answered.
        std::size_t unread_size = 0;   // Of the last answer, until the client polls again.
        std::optional<Place> probe{};  // Of the WebSocket that is tried.
    };

    HostedSession(Host& host, Reactor& reactor, const SessionId& id, Opening opening,
                  Connection* connection, Dialect dialect);
    void sit_down(std::unique_ptr<HostedSession> self, Reactor& reactor);
    [[nodiscard]] Place place() const noexcept { return {reactor_, seat_->token()}; }
    [[nodiscard]] std::uint64_t now_ms() const noexcept { return reactor_->listened_ms(); }
    void set_timer();
    [[nodiscard]] bool is_still_reading();
    [[nodiscard]] std::string open_packet() const;

    void take(const Packet& packet);
    void pong();
    template <class Reader>
    [[nodiscard]] bool take_payload(Reader reader);
    [[nodiscard]] bool is_well(const Packet& packet) const noexcept;
    SendResult wait(const SharedPacket& packet);
    void settle_soon();
    void settle();
    void finish_closing();
    void left();
    void part(std::uint32_t time_ms);
    void part_by(const Place& probe);
    [[nodiscard]] Payload next_payload();
    void answer_poll();
    void answer_parting(const Reply& reply);
    void answer_poll_with(const SharedPacket& packet);
    void dismiss_probe();
    void tell_guest(EndReason reason);
    void leave_seat() noexcept;

    Host& host_;
    Reactor* reactor_ = nullptr;
    Seat* seat_ = nullptr;  // Null: it moves.
    std::unique_ptr<Guest> guest_;
    Connection* connection_ = nullptr;  // Null: it polls, or has ended.
    std::unique_ptr<Polling> polling_;  // Null: it has a WebSocket.
    Heartbeat heartbeat_;
    SessionId id_;
    SessionPhase phase_{};
    EndReason reason_ = EndReason::server_closed;  // Of close().
    bool is_settling_ = false;                     // settle() will be called.
    const Dialect dialect_;
    Opening opening_;
};

// One for every session, the idle ones too.
static_assert(sizeof(HostedSession) <= 144);

}  // namespace edgews::engineio
