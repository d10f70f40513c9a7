// The broker's side of a session: its subscriptions, and what waits to be sent to its client.
//
// All of it is the broker's to change, one thread at a time; a session keeps it, and asks for what
// is ready when its connection can take some.
#pragma once

#include <edgews/stomp_frame.hpp>
#include "core/base/string_hash.hpp"
#include "core/stomp/subscription.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace edgews::stomp {

class Account;
struct Watch;

// Whoever serves a session: the broker's owner derives its own kind from it.
class OutboxOwner {
  protected:
    OutboxOwner() = default;
    ~OutboxOwner() = default;
};

class Outbox {
  public:
    Outbox() = default;
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;
    ~Outbox();

    // Null: there is none.
    [[nodiscard]] Subscription* find(std::string_view id) const noexcept;
    [[nodiscard]] Subscription* find(std::uint64_t number) const noexcept;
    [[nodiscard]] std::size_t subscription_count() const noexcept { return by_number_.size(); }
    template <class F>
    void visit(F&& visit) const {
        for (const auto& [number, subscription] : by_number_) visit(*subscription);
    }
    // Requires: there is one.
    [[nodiscard]] Subscription& any() const noexcept { return *by_number_.begin()->second; }
    // Requires: no live one has its id, and none ever had the number, so that a late ACK cannot hit
    // another subscription.
    Subscription& add(std::uint64_t number, SubscriptionSetup setup);
    // Requires: it is linked nowhere.
    void remove(Subscription& subscription) noexcept;

    // Bytes of topic messages that wait for the connection, and of those that wait for ACKs.
    std::size_t waiting_size = 0;
    std::size_t uncovered_size = 0;
    // Bytes of what an upstream broker gave it, and waits for either: it is asked for no more.
    std::size_t relayed_size = 0;
    // The larger of the two: each has BrokerOptions::backlog_size_max for itself.
    [[nodiscard]] std::size_t backlog_size() const noexcept {
        return std::max(waiting_size, uncovered_size);
    }
    // Of those, the bytes that its client lets wait: it takes nothing, or acknowledges nothing.
    [[nodiscard]] std::size_t held_up_size() const noexcept {
        return std::max(is_taking ? 0 : waiting_size, uncovered_size);
    }
    std::size_t pattern_count = 0;  // Subscriptions that are patterns.
    // Bytes of memory of its subscriptions, and of what is in its open transactions.
    std::size_t subscriptions_size = 0;
    std::size_t transactions_size = 0;
    // What it holds of what all share. Null: it has had nothing yet.
    Account* account = nullptr;
    // Its connection takes messages, as far as its owner knows: what waits is on its way. See
    // Broker::set_taking().
    bool is_taking = false;
    bool is_crowded = false;  // So much waits for it that producers had better wait, too.
    // Too much has waited for too long, and what exceeds BrokerOptions::backlog_size_max is
    // dropped, until no more than half of that waits.
    bool is_slow = false;
    bool is_noted = false;  // One of the last two, or it is in its watch's list.
    List<Subscription, &Subscription::ready> ready;
    // Something went wrong behind the session's back: it is to end with this.
    Fault fault = Fault::none;
    std::string reason{};  // Of closed_by_server.
    // Messages of relayed subscriptions that are done with: their upstream broker is to hear of it.
    struct Settled {
        std::uint64_t subscription = 0;  // Its number.
        std::uint64_t position = 0;      // As it was given.
        Verdict verdict = Verdict::accepted;
    };
    std::vector<Settled> settled{};
    // What had to wait, as a producer, may go on: a SEND that found its queue full may be tried
    // again.
    bool may_try_again = false;

    OutboxOwner* owner = nullptr;  // Null: nobody.
    // Of the thread that serves it. Null: nobody tells the time, and sizes alone make it slow.
    Watch* watch = nullptr;
    std::string session_id{};
    std::string user{};    // Empty: anonymous.
    std::string origin{};  // Who that is taken for: where it comes from.

    // As a producer: nothing more is to be read from it until may_try_again.
    [[nodiscard]] bool has_to_wait() const noexcept { return blocked.is_linked; }

    // In the broker's lists: those for whom there is something to do, and those who have to wait: a
    // queue's blocked ones, or those who yield to crowded subscribers.
    ListLink<Outbox> attention{};
    ListLink<Outbox> blocked{};
    Queue* blocked_on = nullptr;  // Null: it yields, if it has to wait.
    // In its watch's list, since when: of Watch::listened_ms, or not told yet.
    ListLink<Outbox> over{};
    static constexpr std::uint64_t not_told = UINT64_MAX;
    std::uint64_t over_since_ms = not_told;

  private:
    std::unordered_map<std::uint64_t, std::unique_ptr<Subscription>> by_number_;
    // The keys are views of the subscriptions' own ids.
    NameViewTable<Subscription*> by_id_;
};

// The sessions that one thread serves, as far as too much waits for them. A thread that stands
// still lets their clients wait, and not they it: so each has its own time, in which it has
// listened to them (see Broker::judge()).
struct Watch {
    List<Outbox, &Outbox::over> over;  // The longest first.
};

}  // namespace edgews::stomp
