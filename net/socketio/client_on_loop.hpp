// A client: one session of Engine.IO, and its sockets, of which it has one in each namespace that
// it is connected to.
//
// Whoever ends what, what the client sees, and what the handlers hear:
//
//     a packet that breaks a rule     the session ends               parse_error
//     an attachment that comes late   the same
//     a handler throws                the session ends               handler_error
//     DISCONNECT                      nothing; the session stays     client_disconnect, at once
//     Socket::disconnect()            DISCONNECT; the session stays  server_disconnect, at the end
//     the same with `close`           DISCONNECTs, and the end       of the turn
//     the session ends by itself      -                              its reason
//     its client comes back           the session ends               transport_close
//
// When the server has disconnected a socket, its client may have sent more before it heard of that.
// So what comes for namespaces that a client is not in ends its session only if it has never been
// sent away from one.
#pragma once

#include <edgews/socketio.hpp>
#include "core/socketio/departure.hpp"
#include "core/socketio/packet_assembler.hpp"
#include "net/engineio/application.hpp"
#include "net/loop/alarm.hpp"
#include "net/socketio/socket_on_loop.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace edgews::sio {

class Gathering;
class HubOnLoop;
class PacketEncoder;
class PendingConnect;
struct Spoken;

class ClientOnLoop final : public engineio::Guest {
  public:
    ClientOnLoop(HubOnLoop& loop, engineio::Session& session);
    ~ClientOnLoop() override;
    // Requires: it is on a loop.
    [[nodiscard]] HubOnLoop& loop() const noexcept { return *loop_; }
    [[nodiscard]] engineio::Session& session() const noexcept { return session_; }
    // Protocol 4 of Socket.IO, over Engine.IO 3.
    [[nodiscard]] bool speaks_4() const noexcept { return speaks_4_; }
    // It may come back when it was lost: protocol 4 has no words for that.
    [[nodiscard]] bool has_recovery() const noexcept;
    // It has opened: one that speaks protocol 4 is connected to "/".
    void begin();

    // As engineio::Guest has them.

    void take(const engineio::Packet& message) override;
    void ended(engineio::EndReason reason) override;
    void leaving() override;
    void arrived(engineio::Expected& expected) override;

    // For its sockets.

    SendResult send(const PacketEncoder& packet);
    void send(SocketOnLoop& socket, const Spoken& spoken);
    // Sends a call, of which `reply` hears.
    SendResult call(SocketOnLoop& socket, std::uint64_t id, const PacketEncoder& packet,
                    std::uint32_t timeout_ms, Function<void(const Reply&)> reply);
    // The server ends it, and all of them and the session.
    void disconnect(SocketOnLoop& socket);
    void disconnect_all();
    // Tells the handlers of one that has ended, and deletes it. Requires: no handler runs.
    void finish(SocketOnLoop& socket) { finish(socket, nullptr); }
    // A deferred decision has been made.
    void decided(PendingConnect& pending);
    // Its client has come back with another session.
    void be_overtaken() { fail(Reason::transport_close); }

  private:
    // Whom a reply is for, and when it is too late: milliseconds of Loop::now_ms().
    struct Awaited {
        SocketOnLoop* socket;
        std::uint64_t due_ms;
        Function<void(const Reply&)> handler{};  // Empty: it is
        std::shared_ptr<Gathering> gathering{};  // this one's.
    };
    // What it takes along to another loop.
    struct Moving {
        HubOnLoop& from;
        Departure departure{};
        UnfinishedPacket packet{};
        std::vector<SocketOnLoop::Moving> sockets{};  // As they follow each other.
    };
    // Most clients, most of the time, have nothing of it.
    struct Unsettled {
        std::vector<std::unique_ptr<PendingConnect>> connects{};
        std::unordered_map<std::uint64_t, Awaited> replies{};  // By the ids of their calls.
        std::optional<Alarm> alarm{};      // Nothing: there is no time to be kept.
        std::uint64_t connect_due_ms = 0;  // To a first namespace. 0: it was.
        std::uint64_t reply_due_ms = 0;    // Of a first reply, or sooner. 0: of none.
        // Of the next attachment of a packet, which may have come since; of listened_ms(). 0: of
        // none.
        std::uint64_t attachment_due_ms = 0;
        std::unique_ptr<Moving> moving{};  // Null: it is on a loop.
    };

    // Calls a handler. One that throws ends the session.
    template <class F>
    void guard(const F& call) noexcept {
        try {
            call();
        } catch (...) {
            fail(Reason::handler_error);
            report_failure();
        }
    }
    void handle(const Assembled& packet);
    void connect(const Packet& packet);
    void connect_4(const Packet& packet);
    void go_on(PendingConnect& pending);
    // `auth`: empty for none. `returning`: null for one that is new. The result lives.
    SocketOnLoop& enter(const NamespaceState& state, std::string_view name, std::string auth,
                        std::unique_ptr<AbsentSocket> returning);
    void admit(const NamespaceState& state, std::string_view name, std::string auth);
    void tell_connected(SocketOnLoop& socket);
    // Whether that is all for now: it has come back, or waits for that.
    [[nodiscard]] bool recover(PendingConnect& pending);
    void wait_for_end(PendingConnect& pending, HubOnLoop* there);
    void readmit(PendingConnect& pending, std::unique_ptr<AbsentSocket> returning,
                 const std::vector<std::shared_ptr<const Spoken>>& missed);
    [[nodiscard]] std::size_t missed_size_max() const noexcept;
    [[nodiscard]] bool may_return(Reason reason) const noexcept;
    void refuse(std::string_view namespace_name, std::string_view message,
                std::string_view data = {});
    void dispatch(SocketOnLoop& socket, const Assembled& packet);
    void take_reply(SocketOnLoop& socket, const Assembled& packet);
    void fail(Reason reason);
    // Tell Options::on_event, if there is one: of the exception that is being handled, and of the
    // session's end.
    void report_failure() const noexcept;
    void report_end(Reason reason) const noexcept;

    [[nodiscard]] SocketOnLoop* find(std::string_view namespace_name) const noexcept;
    [[nodiscard]] bool is_connecting(std::string_view namespace_name) const noexcept;
    [[nodiscard]] std::size_t namespace_count() const noexcept;
    void finish_ended();
    // `absent`: null, or as what it may come back.
    void finish(SocketOnLoop& socket, std::unique_ptr<AbsentSocket> absent);
    [[nodiscard]] std::unique_ptr<SocketOnLoop> remove(SocketOnLoop& socket) noexcept;
    void remove(PendingConnect& pending) noexcept;
    [[nodiscard]] Unsettled& unsettled();
    void forget_settled() noexcept;
    void take_text(std::string_view text);
    void take_binary(std::span<const std::byte> bytes);
    void take_msgpack(const engineio::Packet& message);
    void enter_loop(HubOnLoop& loop, Moving& moving);
    [[nodiscard]] bool await(std::uint64_t id, Awaited awaited);
    void miss(const Awaited& awaited);
    void miss_replies_of(const SocketOnLoop& socket);
    void await_attachment();
    void set_alarm();
    void look_at_clock();

    HubOnLoop* loop_;  // Null: it moves.
    engineio::Session& session_;
    std::unique_ptr<PacketAssembler> assembler_;  // Null: it has sent no attachments yet.
    std::unique_ptr<SocketOnLoop> first_socket_;
    std::unique_ptr<Unsettled> unsettled_;  // Null: nothing is.
    const bool speaks_4_;
    const bool speaks_msgpack_;
    bool is_closing_ = false;         // What comes now does not count.
    bool was_disconnected_ = false;   // From a namespace, by the server.
    std::optional<Reason> reason_{};  // Of what we ended.
};

// One for every session, the idle ones too.
static_assert(sizeof(ClientOnLoop) <= 56);

}  // namespace edgews::sio
