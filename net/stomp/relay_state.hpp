// What the sessions of a relay share, beside a broker's state: what of their requests goes up, and
// who subscribed to what up there.
//
// A destination that somebody here has subscribed to is an interest: one subscription of one shared
// connection, which lives on the interest's home loop. It is there before the first RECEIPT of a
// SUBSCRIBE goes out, and some seconds longer than the last subscriber.
#pragma once

#include <edgews/stomp_relay.hpp>
#include "core/base/string_hash.hpp"
#include "core/stomp/refused_names.hpp"
#include "core/stomp/relay_rules.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edgews {

class StompLocked;
class StompLoop;

// Who wants a subscription: a session, and its user, or where it comes from.
struct StompAsker {
    std::string session_id{};
    std::string user{};
};

struct StompInterest {
    HashedName destination;
    std::string asked_by{};  // The user of the first.
    StompLoop* home = nullptr;
    bool is_confirmed = false;           // Upstream has it, as far as is known.
    std::vector<std::string> waiting{};  // Ids of sessions that wait for that.
    std::uint64_t unused_since_ms = 0;   // 0: it is used.
};

struct StompRelayState {
    StompRelayState(StompRelayOptions relay_options, StompRelayHooks relay_hooks);

    const StompRelayOptions options;
    const StompRelayHooks hooks;
    const stomp::RelayRules rules;

    std::atomic<std::size_t> own_connections{0};
    std::atomic<std::uint64_t> sent{0};
    std::atomic<std::uint64_t> received{0};
    std::atomic<std::uint64_t> gaps{0};
    std::atomic<std::uint64_t> refused{0};
    std::atomic<std::uint64_t> in_doubt{0};

    // Guarded by the mutex of the broker's state. The keys are views of the interests' own names.
    NameViewTable<std::unique_ptr<StompInterest>> interests{};
    stomp::RefusedNames refused_names{};  // Of shared subscriptions, as interests' names.

    // Whether a subscription may be the shared connection's: others have it, or its user was
    // refused few lately. Who asks for ever new names that are refused does it by a connection of
    // its own.
    [[nodiscard]] bool may_share(StompLocked& locked, std::string_view destination,
                                 const StompAsker& asker, std::uint64_t now_ms);
    // Has a session told when that destination is subscribed to upstream. False: it is, or it was
    // refused lately, or there is no loop to do it.
    struct Awaited {
        bool has_to_wait = false;
        bool is_there = false;
        std::optional<std::string> refusal{};
    };
    [[nodiscard]] Awaited await(StompLocked& locked, std::string_view destination,
                                const StompAsker& asker, std::uint64_t now_ms);
    // Whether a SEND has nothing in it that the upstream broker might object to. Its ERROR is the
    // end of a connection, which must not be a shared one.
    [[nodiscard]] bool is_harmless(const stomp::Frame& send) const noexcept;
    // That loop ends: its interests become others', or nobody's.
    void leave(StompLocked& locked, const StompLoop& home);

  private:
    // Null: there is no loop that could.
    [[nodiscard]] static StompLoop* home_for(StompLocked& locked, std::uint64_t hash);
};

// What a key of the broker's is called upstream: as stomp::to_upstream(), and a user's destination
// is a topic of its own.
[[nodiscard]] std::optional<std::string_view> upstream_name(stomp::UpstreamKind kind,
                                                            std::string_view key,
                                                            std::string& storage);
// Whether a SUBSCRIBE or SEND names, beside its destination, a queue or an exchange that nobody was
// asked about: RabbitMQ consumes from the one, and sends to the other what is refused or expires.
[[nodiscard]] bool names_elsewhere(stomp::UpstreamKind kind, const stomp::Frame& frame) noexcept;
// Whether a SUBSCRIBE has nothing in it that makes it a subscription of its own upstream.
[[nodiscard]] bool is_sharable(const stomp::Frame& subscribe) noexcept;

}  // namespace edgews
