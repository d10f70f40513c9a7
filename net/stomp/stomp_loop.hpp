// A StompBroker's part on one loop: it brings the sessions there what is ready for them, at the end
// of a turn, all of it under one lock.
#pragma once

#include <edgews/stomp_broker.hpp>
#include "core/stomp/broker.hpp"
#include "core/stomp/content.hpp"
#include "core/stomp/list.hpp"
#include "net/loop/registered.hpp"
#include "net/stomp/session_link.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace edgews {

class Reactor;
class StompLocked;
class StompUpstream;
struct LoopLink;
struct StompRelayState;

class StompLoop final : public Writer {
  public:
    StompLoop(StompBroker::State& state, Reactor& reactor, std::string pool_name);

    // Another loop may lie where one was.
    [[nodiscard]] bool is_of(const Reactor& reactor) const noexcept;
    [[nodiscard]] StompBroker::State& state() const noexcept { return state_; }
    [[nodiscard]] Reactor& reactor() const noexcept { return reactor_; }
    [[nodiscard]] stomp::ContentPool& contents() noexcept { return contents_; }
    // Of a relay: its shared connection. Null: it is no relay's, or the loop has ended. Any thread
    // that has locked the state; the loop's own needs not.
    [[nodiscard]] StompUpstream* upstream() const noexcept { return upstream_; }
    void start_upstream(StompRelayState& relay);
    void forget_upstream(StompLocked&) noexcept { upstream_ = nullptr; }
    // Any thread. Has the shared connection here make an interest's subscription. `is_moved`: it
    // was another loop's before.
    void subscribe_soon(const std::string& destination, bool is_moved);
    // Any thread. Sends what the application has for the upstream broker: at once, if this is its
    // loop's thread, else soon, and then nobody hears whether it left.
    [[nodiscard]] stomp::Fault send_up(std::string_view destination,
                                       std::span<const std::byte> body,
                                       std::span<const stomp::Header> headers);
    // Guarded by the state's mutex.
    [[nodiscard]] stomp::Watch& watch() noexcept { return watch_; }
    // For whoever writes a frame at the moment.
    [[nodiscard]] std::string& scratch() noexcept { return scratch_; }

    // Any thread. `session` is one of this loop.
    void serve_soon(StompLocked& locked, StompSessionLink& session);
    void forget(StompLocked& locked, StompSessionLink& session) noexcept;
    // Has the session's try_again() called when others had their turn: by a job, of this turn or of
    // the next. Requires: it is one of this loop.
    void try_again_soon(StompSessionLink& session);
    // Any thread. Has each session here look at its subscriptions again, if the loop is not gone.
    void authorise_again_soon();

    void on_turn_end() override { serve(); }

  private:
    // A session, and where its messages end in batch_.
    struct Served {
        StompSessionLink* session;
        std::size_t end;
    };
    void tell_time();
    void serve();
    void take_batch();
    void try_again();
    void authorise_again();

    StompBroker::State& state_;
    Reactor& reactor_;
    std::weak_ptr<LoopLink> link_;  // The broker, and what it has of a loop, may outlive that.
    stomp::ContentPool contents_;
    std::string scratch_;
    bool is_sweeping_ = false;  // tell_time() is to go on.
    // Guarded by the state's mutex.
    StompUpstream* upstream_ = nullptr;  // The reactor owns it.
    stomp::Watch watch_;
    stomp::List<StompSessionLink, &StompSessionLink::place_in_loop> ready_;
    bool is_woken_ = false;
    // Not guarded: of the loop's thread alone.
    stomp::List<StompSessionLink, &StompSessionLink::place_among_resting> resting_;
    std::size_t resting_count_ = 0;
    bool is_going_on_ = false;  // A call of try_again() is on its way.
    // Of serve().
    std::vector<Served> served_;
    std::vector<stomp::Outgoing> batch_;
};

}  // namespace edgews
