// The state that all sessions of a StompBroker share, on all loops.
//
// The broker proper (core/stomp/broker.hpp) is for one thread at a time: `mutex` is held while one
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
class StompLoop;

// Bytes that wait in front of a connection: above this, messages are left to the broker.
inline constexpr std::size_t stomp_drain_mark = 64 * 1024;

struct StompApplication {
    PathPattern pattern;
    Function<void(StompRequest&)> handler;
};

struct StompBroker::State {
    State(StompBroker& face, StompOptions stomp_options, StompHooks stomp_hooks);
    ~State();
    [[nodiscard]] static State& of(StompBroker& broker) noexcept { return *broker.state_; }

    StompBroker& broker_face;
    const StompOptions options;
    const StompHooks hooks;
    std::vector<StompApplication> applications{};
    AddressRates failed_logins;

    std::mutex mutex{};  // Guards what follows.
    // Pools first, that they outlive the messages which the broker's queues still have.
    stomp::ContentPool contents;  // Of messages that the application sends.
    std::vector<std::unique_ptr<StompLoop>> loops{};
    stomp::Broker broker;
    NameViewTable<StompSessionLink*> sessions{};  // By their own ids.
    bool is_ending = false;

    // Bytes that may wait in front of a connection: the options', and one message of the broker's.
    [[nodiscard]] std::size_t waiting_size_max() const noexcept;
    // The loop's part; its thread.
    [[nodiscard]] StompLoop& on_loop(Reactor& reactor);
    // Something was done to the broker: whoever it concerns is served, on its own loop. Requires:
    // `mutex` is held.
    void hand_out() noexcept;
    // Requires: `mutex` is held.
    void tell_time();
    // From the application; `session_id`: because that session wanted it, on whose account it is.
    // Empty: nobody's. Any thread; requires: `mutex` is not held.
    [[nodiscard]] stomp::Fault send(std::string_view session_id, std::string_view destination,
                                    std::span<const std::byte> body,
                                    std::span<const stomp::Header> headers) noexcept;
    // Any thread; requires: `mutex` is not held.
    [[nodiscard]] std::string new_session_id();
};

}  // namespace edgews
