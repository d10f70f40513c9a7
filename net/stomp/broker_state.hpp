// The state that all sessions of a StompBroker share, on all loops.
//
// The broker proper (core/stomp/broker.hpp) is for one thread at a time: lock() is held while one
// request is carried out, or while what is ready for a loop's sessions is taken from it; never
// while frames are parsed, written or sent, and never while the application is called.
//
// A mutex, where the rest of the engine has none: a COMMIT over several queues happens as a whole,
// and a RECEIPT means that no later SEND of anyone is missed. Both need one order of all requests,
// and the work under the lock is some hundred nanoseconds for each message and receiver.
#pragma once

#include <edgews/stomp_broker.hpp>
#include <edgews/stomp_options.hpp>
#include "core/base/string_hash.hpp"
#include "core/http/path_pattern.hpp"
#include "core/stomp/broker.hpp"
#include "core/stomp/content.hpp"
#include "net/connection/address_rates.hpp"
#include "net/stomp/relay_state.hpp"
#include "net/stomp/session_link.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgews {

class Reactor;
class StompLocked;
class StompLoop;
class StompTopicsFromAbroad;

// Bytes that wait in front of a connection: above this, messages are left to the broker.
inline constexpr std::size_t stomp_drain_mark = 64 * 1024;

struct StompApplication {
    PathPattern pattern;
    Function<void(StompRequest&)> handler;
};

struct StompBroker::State {
    State(StompBroker& face, StompOptions stomp_options, StompHooks stomp_hooks);
    ~State();
    [[nodiscard]] static State& of(const StompBroker& broker) noexcept { return *broker.state_; }

    StompBroker& broker_face;
    const StompOptions options;
    const StompHooks hooks;
    std::vector<StompApplication> applications{};
    AddressRates failed_logins;
    // Null: nothing is relayed.
    std::unique_ptr<StompRelayState> relay{};
    // Both null: topics are of this node alone. Never changed once there are sessions.
    stomp::TopicCarrier* carrier = nullptr;
    std::unique_ptr<StompTopicsFromAbroad> from_abroad{};

    // Bytes that may wait in front of a connection: the options', and one message of the broker's.
    [[nodiscard]] std::size_t waiting_size_max() const noexcept;
    // The loop's part; its thread.
    [[nodiscard]] StompLoop& on_loop(Reactor& reactor);
    // As StompBroker::backplane(). `give`: gives the node's backplane to a server, if none has it.
    void carry_topics(stomp::TopicCarrier& node, Function<void(Server&)> give);
    // A server is to serve the broker, and does not listen yet.
    void begin_on(Server& server);
    // Any thread; requires: it has not locked it already. The session need not be there any more.
    void let_go_on(std::string_view session_id);
    // Any thread; requires: it has not locked it already.
    [[nodiscard]] StompLocked lock();
    // For sessions to hold, which touch it only under the lock.
    [[nodiscard]] stomp::Broker& broker_of_sessions() noexcept { return broker_; }
    // From the application; `session_id`: because that session wanted it, on whose account it is.
    // Empty: nobody's. Any thread; requires: it has not locked it.
    [[nodiscard]] stomp::Fault send(std::string_view session_id, std::string_view destination,
                                    std::span<const std::byte> body,
                                    std::span<const stomp::Header> headers) noexcept;
    // Any thread.
    [[nodiscard]] std::string new_session_id();

  private:
    void start_upstreams(Server& server);
    [[nodiscard]] stomp::Fault send_up(std::string_view destination,
                                       std::span<const std::byte> body,
                                       std::span<const stomp::Header> headers);

    // Of whoever sets the broker up.
    Function<void(Server&)> give_backplane_{};
    bool has_begun_ = false;

    friend class StompLocked;
    std::mutex mutex_{};  // Guards what follows.
    // Pools first, that they outlive the messages which the broker's queues still have.
    stomp::ContentPool contents_;  // Of messages that the application sends.
    std::vector<std::unique_ptr<StompLoop>> loops_{};
    stomp::Broker broker_;
    NameViewTable<StompSessionLink*> sessions_{};  // By their own ids.
    bool is_ending_ = false;
};

// A StompBroker's state while its mutex is held: nobody else touches what is reached through this.
// Whoever is given one knows that the mutex is held, and must not keep it.
class StompLocked {
  public:
    StompLocked(const StompLocked&) = delete;
    StompLocked& operator=(const StompLocked&) = delete;

    [[nodiscard]] stomp::Broker& broker() const noexcept { return state_.broker_; }
    [[nodiscard]] stomp::ContentPool& contents() const noexcept { return state_.contents_; }
    [[nodiscard]] std::vector<std::unique_ptr<StompLoop>>& loops() const noexcept {
        return state_.loops_;
    }
    [[nodiscard]] NameViewTable<StompSessionLink*>& sessions() const noexcept {
        return state_.sessions_;
    }
    [[nodiscard]] bool is_ending() const noexcept { return state_.is_ending_; }
    // Sessions that come from now on are ended at once.
    void begin_ending() noexcept { state_.is_ending_ = true; }
    // Something was done to the broker: whoever it concerns is served, on its own loop.
    void hand_out() noexcept;
    void tell_time();

  private:
    friend struct StompBroker::State;  // Its lock() alone makes one.
    explicit StompLocked(StompBroker::State& state) : lock_(state.mutex_), state_(state) {}

    std::lock_guard<std::mutex> lock_;
    StompBroker::State& state_;
};

}  // namespace edgews
