// A STOMP session on a connection, be it WebSocket or TCP: the connection says what came, and this
// says what to send.
#pragma once

#include <edgews/address.hpp>
#include <edgews/loop.hpp>
#include <edgews/stomp_broker.hpp>
#include "core/base/buffer.hpp"
#include "core/stomp/list.hpp"
#include "core/stomp/session.hpp"
#include "net/stomp/verdicts.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgews {

class Admission;
class PathParameters;
class StompLocked;
class StompLoop;
class StompSessionRelay;
struct StompApplication;

class StompSessionLink : public stomp::OutboxOwner {
  public:
    // `admission`: the connection's.
    StompSessionLink(StompLoop& loop, const Admission& admission);
    StompSessionLink(const StompSessionLink&) = delete;
    StompSessionLink& operator=(const StompSessionLink&) = delete;
    // What it had goes back to the broker.
    virtual ~StompSessionLink();

    // From the connection.

    // Bytes came: frames, or parts of them.
    void received(std::span<const std::byte> bytes);
    // The connection takes messages again.
    void drained();

    // From the loop's part.

    [[nodiscard]] StompLoop& stomp_loop() const noexcept { return loop_; }
    // Appends what is ready to `out`. True: there is more.
    [[nodiscard]] bool take(StompLocked& locked, std::vector<stomp::Outgoing>& out);
    // Sends what was taken, and goes on if it had to wait.
    void deliver(std::span<const stomp::Outgoing> messages);
    // Goes on with what had to wait, if it may.
    void try_again();
    // Has `authorise` look at each subscription again. Requires: there is that hook.
    void authorise_again();
    // Any thread.
    void end(StompLocked& locked, stomp::Fault fault, std::string_view reason) noexcept;
    [[nodiscard]] stomp::Session& session() noexcept { return session_; }
    [[nodiscard]] StompClient client() const noexcept;

    stomp::ListLink<StompSessionLink> place_in_loop;
    stomp::ListLink<StompSessionLink> place_among_resting;

    // It has used its share of the turn, and goes on in the next.
    [[nodiscard]] bool is_resting() const noexcept { return is_resting_; }
    // The connection has ended: what came before, and rests, is done.
    void finish_rest();

  protected:
    // The end, of which the broker is told; may be called twice. Who derives from this calls it
    // before its connection is gone.
    void leave() noexcept;
    // From the connection's side: ERROR, and the end.
    void end_here(stomp::Fault fault, std::string_view detail);
    // One frame: `front` and what follows it. `is_text`: it is UTF-8. False: it waits for the peer,
    // and drained() will be called.
    struct Pieces {
        std::string_view front{};
        std::string_view head{};
        std::span<const std::byte> body{};
        bool is_text = true;
    };
    virtual bool send(const Pieces& pieces) = 0;
    // It can: the connection is there, and neither side has begun to close it.
    [[nodiscard]] virtual bool may_send() const = 0;
    // Sends what is there and closes: the session is over, because of `fault`, or none.
    virtual void finish(stomp::Fault fault) = 0;
    // It is we who let its client wait for TLS.
    [[nodiscard]] virtual bool waits_for_handshake() const { return false; }
    // Nothing more is read from the connection until resume().
    virtual void pause() = 0;
    virtual void resume() = 0;

  private:
    friend class StompSessionRelay;  // Its other half, of a relay.
    // The session waits for an upstream broker, or for its backplane, for so long (0: however
    // long), and then go_on() is called, or the broker lets it go on. `is_undone`: the last request
    // is still to be carried out then.
    void await_upstream(bool is_undone, std::uint64_t limit_ms);
    void stop_waiting() noexcept;
    void go_on();
    void process(std::span<const std::byte> input);
    [[nodiscard]] bool answer(const stomp::Request& request);
    [[nodiscard]] bool answer_other(const stomp::Request& request);
    void answer_connect(const stomp::Request& request);
    [[nodiscard]] StompAccess authenticate(const stomp::Frame& connect);
    void note_failed_login();
    void answer_application(const stomp::Request& request);
    [[nodiscard]] const StompApplication* find_application(std::string_view destination,
                                                           PathParameters& parameters) const;
    [[nodiscard]] bool is_for_nobody(const stomp::Request& request) const;
    [[nodiscard]] bool may_reply_to(std::string_view reply_to) const;
    [[nodiscard]] bool is_allowed(const stomp::Request& request);
    [[nodiscard]] bool may_have(const stomp::Outgoing& message);
    void send_message(const stomp::Outgoing& message);
    void withhold(std::span<const stomp::Outgoing> messages) noexcept;
    [[nodiscard]] bool carry_out() noexcept;
    [[nodiscard]] bool subscribe_abroad(const stomp::Request& request);
    void await_connect(std::uint64_t delay_ms);
    void rest();
    void hold(std::span<const std::byte> bytes);
    void cut_off();
    void write_output();
    void finish_if_over();
    void begin_heart_beats() noexcept;
    void beat();
    void check_heard();
    void give_time(std::uint32_t valid_for_ms) noexcept;
    void renew();
    void await_room();
    void refuse_in_time(std::uint64_t delay_ms);
    // What call() throws is the session's end, and its ERROR: hooks and handlers may. What is done
    // to the session and the broker does not, whoever has it done: where it finds no memory it has
    // done a half, and the process ends.
    template <class F>
    void guard(F&& call);
    // Tell on_event, if there is one.
    void report(EventKind kind, std::uint32_t code, std::string_view text) const noexcept;
    void report_end(stomp::Fault fault) const noexcept;
    void cancel(Token& timer) noexcept;

    StompLoop& loop_;
    StompBroker::State& state_;
    stomp::Session session_;
    Address address_;
    Address limited_as_;  // See Admission.
    StompVerdicts verdicts_;
    std::unique_ptr<StompSessionRelay> relay_;  // Null: nothing is relayed.
    Buffer held_;                               // What came behind a request that waits.
    bool is_blocked_ = false;                   // Nothing more is processed until it may go on.
    bool is_undone_ = false;           // Then: the last request is still to be carried out.
    bool is_resting_ = false;          // Blocked, but only for others to have their turn.
    bool waits_for_upstream_ = false;  // Blocked, for an upstream broker, or a backplane.
    bool is_finished_ = false;         // It has left.
    bool was_connected_ = false;
    bool is_slow_ = false;        // The connection takes nothing now.
    bool may_try_again_ = false;  // Of take(), for deliver():
    bool is_cut_off_ = false;     // and whether the connection is about to end.
    bool has_sent_ = false;       // Since the last heart-beat.
    std::uint64_t began_ms_;      // Of Reactor::listened_ms(), as all that peers are judged by.
    std::uint64_t heard_ms_;
    Token connect_timer_ = no_token;
    Token beat_timer_ = no_token;
    Token heard_timer_ = no_token;
    Token valid_timer_ = no_token;
    Token block_timer_ = no_token;
};

}  // namespace edgews
