// The broker: destinations, who subscribed to them, and what becomes of messages.
//
// Without I/O, clock and threads: whoever owns it has it called by one thread at a time, tells it
// the time, and asks who has to be attended to:
//
//     broker.send("/topic/news", content, …);
//     while (Outbox* outbox = broker.next_attention()) …   // Its session has something to do.
//
// Order: one sender's messages to one destination reach each subscriber in the order of the
// calls. A queue hands them out in that order; what comes back goes in front.
#pragma once

#include <edgews/stomp_options.hpp>
#include "core/base/string_hash.hpp"
#include "core/stomp/accounts.hpp"
#include "core/stomp/content.hpp"
#include "core/stomp/destination.hpp"
#include "core/stomp/outbox.hpp"
#include "core/stomp/queue.hpp"
#include "core/stomp/topic_carrier.hpp"
#include "core/stomp/topic_table.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp {

// A message and where it goes, of a transaction or alone.
struct Sending {
    Content content{};
    std::string key{};  // The destination, see canonical(); or see Broker::subscription_key().
};

// An ACK or NACK.
struct Settling {
    DeliveryId id{};
    Verdict verdict = Verdict::accepted;
    std::uint64_t first = 0;  // Of a transaction: the first sequence that reserve() took.
};

// What is to be sent to a client: MESSAGE (1.2, MESSAGE).
struct Outgoing {
    Content content{};
    const Subscription* subscription = nullptr;
    DeliveryId id{};
    // Of the subscription, since its last one: messages that were dropped, the first of them before
    // this one.
    std::size_t dropped_count = 0;
    // Topics' never are; queues' and relayed ones say it or its contrary.
    bool is_redelivered = false;
};

class Broker {
  public:
    // Subscriptions are numbered from behind `last_number`. With another one for each broker, a
    // random one, no client's late ACK hits a delivery of the broker that took the place of its
    // own.
    explicit Broker(BrokerOptions options, std::uint64_t last_number = 0);
    Broker(const Broker&) = delete;
    Broker& operator=(const Broker&) = delete;
    // Requires: all sessions have left.
    ~Broker();

    // Carries topics to other nodes, and theirs here. Borrowed. Requires: nobody has subscribed.
    void carry_topics(TopicCarrier& carrier) noexcept { carrier_ = &carrier; }

    // Milliseconds since 1970, for `expires`. At least once a second: drops what has expired, as
    // far as nothing older waits in front of it; that goes when it would be sent. Looks at some
    // hundred queues at most.
    void set_time(std::uint64_t now_ms);
    // There are more of them: set_time() had better be called again soon.
    [[nodiscard]] bool is_sweeping() const noexcept { return to_sweep_ > 0 || has_unused_; }

    // A thread has listened to its clients for so long, all in all: those for whom too much has
    // waited for too long are slow (BrokerOptions::slow_after_ms). At least once a second. True:
    // there are more of them, and it had better be called again soon.
    bool judge(Watch& watch, std::uint64_t listened_ms);

    // The session ends: what it had goes back, in order. May be called twice.
    void leave(Outbox& outbox) noexcept;
    // Ends it from this side: its session finds `fault`.
    void end(Outbox& outbox, Fault fault, std::string_view reason = {});
    // Whether its connection takes messages; at first it is thought not to.
    void set_taking(Outbox& outbox, bool is_taking) noexcept;

    // Files a subscription. `setup.key` is filled in here. Requires: check_subscribe() was content,
    // and the outbox has no live one of that id.
    [[nodiscard]] Fault subscribe(Outbox& outbox, SubscriptionSetup setup);
    void unsubscribe(Subscription& subscription);

    // Under what name a destination that `outbox` subscribes to is filed, which is what is sent to:
    // that of a temporary queue is its own, and that of a user's has the user's name in it.
    // Requires: check_subscribe() was content.
    [[nodiscard]] static std::string subscription_key(const Outbox& outbox,
                                                      std::string_view destination);

    enum class Sent : std::uint8_t {
        done,
        full,                   // And nothing could be done about it: it is refused.
        blocked,                // WhenFull::block: try again when the outbox gets attention.
        too_many_destinations,  // Another queue would be one too many.
        no_memory,              // It would take more than is left for who sends it.
        // Other nodes are to have it, and cannot; of those here see Reach. It is too large, or
        // there is no way to them.
        too_large_to_carry,
        not_carried,
    };
    // To a topic, a queue or a user, by its key. `producer`: who waits if it has to, before this is
    // done or after (Outbox::has_to_wait()); null: nobody can, and it is refused.
    [[nodiscard]] Sent send(std::string_view key, const Content& content, Outbox* producer,
                            Reach reach = Reach::here);
    // The same, because a session wanted it, which does not wait.
    [[nodiscard]] Sent send_for(Outbox& session, std::string_view key, const Content& content);
    // To those who subscribed to a topic by exactly this name or pattern, and to none whose pattern
    // covers it, and to no other node. What came from elsewhere came once for each of these.
    void send_to_exactly(std::string_view key, const Content& content);
    // The same to those of them who want to hear of gaps. How many subscriptions there are.
    std::size_t tell_gap(std::string_view key, const Content& content);
    // Ends all who subscribed to a topic by exactly this name or pattern.
    void end_subscribers(std::string_view key, Fault fault, std::string_view reason);
    // To a relayed subscription. `position`: what the outbox's `settled` is to call it.
    struct Given {
        Content content{};
        std::uint64_t position = 0;
        bool is_redelivered = false;
    };
    void give(Subscription& subscription, Given given);
    // What it had to wait for has come, or will not: it is to try again.
    void let_go_on(Outbox& outbox) noexcept;

    // All of it, or nothing. With Reach::here it is done, whatever other nodes can have of it.
    [[nodiscard]] Sent send_all(std::span<const Sending> sendings, Outbox* producer,
                                Reach reach = Reach::here);

    // What an open transaction takes, until it is given back. False: it may not take that.
    [[nodiscard]] bool take_for_transaction(Outbox& outbox, std::size_t size);
    // Requires: that was just given back.
    void take_again_for_transaction(Outbox& outbox, std::size_t size) noexcept;
    void give_back_of_transaction(Outbox& outbox, std::size_t size) noexcept;

    // Whether it may be settled: delivery_unknown, if not.
    [[nodiscard]] static Fault check(const Outbox& outbox, DeliveryId id) noexcept;
    // Requires: check() was content. Of an automatic subscription: nothing happens.
    void settle(Outbox& outbox, Settling settling);
    // The same in a transaction: reserved first, by its number within the session.
    static void reserve(Outbox& outbox, Settling& settling, std::uint32_t transaction) noexcept;
    void settle_reserved(Outbox& outbox, Settling settling, std::uint32_t transaction);
    static void release(Outbox& outbox, const Settling& settling,
                        std::uint32_t transaction) noexcept;

    // Whose session has something to do: messages are ready, `fault` is set, or it may try again.
    // Each is named once until something new happens. Null: nobody's.
    [[nodiscard]] Outbox* next_attention() noexcept { return attention_.pop_front(); }
    // Appends messages for the outbox's client until they have `size_max` bytes. True: more are
    // ready.
    bool collect(Outbox& outbox, std::size_t size_max, std::vector<Outgoing>& out);
    // A topic's message that was collected and not sent: it is settled, since its client cannot,
    // and what it said was dropped the next one says.
    void withhold(Outbox& outbox, DeliveryId id, std::size_t dropped_count);

    [[nodiscard]] const BrokerOptions& options() const noexcept { return options_; }
    [[nodiscard]] const BrokerCounters& counters() const noexcept { return counters_; }
    [[nodiscard]] const Queue* find_queue(std::string_view key) const noexcept;
    [[nodiscard]] std::size_t queue_count() const noexcept { return queues_.size(); }
    // visit(const Queue&), in the order of their names.
    template <class F>
    void visit_queues(F&& visit) const {
        for (const auto& [name, queue] : queues_by_name_) visit(*queue);
    }
    // The same from behind that name, until it says false.
    template <class F>
    void visit_queues_after(std::string_view name, F&& visit) const {
        auto place = queues_by_name_.upper_bound(name);
        while (place != queues_by_name_.end() && visit(*place->second)) ++place;
    }
    [[nodiscard]] const TopicTable& topics() const noexcept { return topics_; }
    [[nodiscard]] const Accounts& accounts() const noexcept { return accounts_; }

  private:
    [[nodiscard]] Account& account_of(Outbox& outbox);
    [[nodiscard]] Sent send_as(Account* account, std::string_view key, const Content& content,
                               Outbox* producer, Reach reach);
    [[nodiscard]] Sent send_to_topic(std::string_view key, const Content& content, Outbox* producer,
                                     Reach reach);
    [[nodiscard]] Sent send_to_queue(Account* account, std::string_view key, const Content& content,
                                     Outbox* producer);
    [[nodiscard]] Sent send_to_temporary(const Account* account, std::string_view key,
                                         const Content& content);
    [[nodiscard]] Fault check_topic(const Outbox& outbox, std::string_view key) const;
    [[nodiscard]] bool is_carried(std::string_view key) const noexcept {
        return carrier_ != nullptr && carrier_->carries(key);
    }
    [[nodiscard]] Sent check_carrier(const TopicCarrier::Load& load) const;
    void add_load(TopicCarrier::Load& load, std::string_view key, const Content& content) const;
    [[nodiscard]] Subscription& add(Outbox& outbox, SubscriptionSetup setup);
    void remove(Subscription& subscription) noexcept;
    [[nodiscard]] bool publish(std::string_view key, const Content& content,
                               const Outbox* producer);
    void offer(Subscription& subscription, Delivery delivery);
    [[nodiscard]] bool may_wait(Subscription& subscription, std::size_t size);
    [[nodiscard]] std::size_t backlog_size_max(const Outbox& outbox,
                                               bool holds_it_up) const noexcept;
    [[nodiscard]] bool may_hold_up(const Outbox& outbox, std::size_t size) const noexcept;
    void note_waiting(const Subscription& subscription, const Delivery& delivery) noexcept;
    void forget_waiting(const Subscription& subscription, const Delivery& delivery) noexcept;
    // The client lets it wait: it takes nothing, or acknowledges nothing.
    [[nodiscard]] static bool is_held_up(const Outbox& outbox, const Delivery& delivery) noexcept {
        return !delivery.is_covered || !outbox.is_taking;
    }
    // After each change of what waits for it. Nothing comes of little, unless it was more before.
    void weigh(Outbox& outbox) noexcept {
        const bool is_heavy = outbox.backlog_size() > options_.backlog_size_max / 4;
        if (is_heavy || outbox.is_noted) weigh_anew(outbox);
    }
    void weigh_anew(Outbox& outbox) noexcept;
    static void set_over(Outbox& outbox, bool is_over) noexcept;
    void call_slow(Outbox& outbox);
    void yield(Outbox& producer) noexcept;
    void drop_backlog(Outbox& outbox) noexcept;
    void drop_waiting(Subscription& subscription) noexcept;
    [[nodiscard]] Queue* queue_named(std::string_view key) noexcept;
    [[nodiscard]] bool may_make_queues(const Account* account, std::size_t count) const noexcept {
        return accounts_.may_take(account, Common::queues, count);
    }
    [[nodiscard]] bool is_grave(std::string_view key) const noexcept {
        return !key.empty() && key == options_.dead_letter_queue;
    }
    [[nodiscard]] Queue& make_queue(std::string_view key, Account* account);
    void drop_oldest(Queue& queue) noexcept;
    [[nodiscard]] Sent make_room(Queue& queue, Account* account, const Content& content);
    [[nodiscard]] Sent check_room(std::span<const Sending> sendings, const Account* account,
                                  Outbox* producer);
    struct Demand {
        std::size_t count = 0;
        std::size_t size = 0;
    };
    [[nodiscard]] Sent check_room(Queue* queue, const Demand& demand, Outbox* producer) noexcept;
    void block(Outbox& producer, Queue& queue) noexcept;
    void dispatch(Queue& queue);
    void unblock(Queue& queue) noexcept;
    void remove_if_unused(Queue& queue) noexcept;
    void finish(Queue& queue, Delivery delivery, Verdict verdict);
    void bury(const Delivery& delivery);
    void lose_dead_letter() noexcept;
    void leave_topic(Subscription& subscription) noexcept;
    [[nodiscard]] Queue& leave_queue(Subscription& subscription);
    void after_leaving(Queue& queue);
    void after_settling(Subscription& subscription);
    static void note_settled(Subscription& subscription, const Delivery& delivery, Verdict verdict);
    void drop_expired(Queue& queue, std::size_t& left);
    void drop_unused(std::size_t& left);
    void note_use(Queue& queue) noexcept;
    void note_ready(Subscription& subscription) noexcept;
    void attend_to(Outbox& outbox) noexcept;
    void note_expiry(Queue& queue, const Content& content) noexcept;
    [[nodiscard]] bool has_expired(const Content& content) const noexcept {
        return content.expires_ms() != 0 && content.expires_ms() <= now_ms_;
    }

    BrokerOptions options_;
    BrokerCounters counters_;
    std::uint64_t now_ms_ = 0;
    std::uint64_t last_number_;   // Of a subscription.
    std::uint64_t swept_ms_ = 0;  // When a sweep began last,
    std::size_t to_sweep_ = 0;    // and how many queues it has not come to.
    bool has_unused_ = false;     // Some of unused_ are to go.
    Accounts accounts_;
    TopicTable topics_{accounts_};
    TopicCarrier* carrier_ = nullptr;  // Null: topics are of this node alone.
    NameTable<std::unique_ptr<Queue>> queues_;
    std::map<std::string_view, Queue*> queues_by_name_;
    List<Queue, &Queue::expiring> expiring_;  // Those that may hold messages which expire.
    List<Queue, &Queue::unused> unused_;      // By used_ms.
    std::size_t expiring_count_ = 0;
    std::size_t backlogs_size_ = 0;  // Bytes of memory of all that waits for topics' subscribers.
    List<Outbox, &Outbox::attention> attention_;
    List<Outbox, &Outbox::blocked> yielding_;  // Producers that crowded subscribers hold up.
    std::vector<Subscription*> found_;         // Of publish().
};

// What a client is told; `none`: nothing went wrong.
[[nodiscard]] Fault fault_of(Broker::Sent sent) noexcept;

}  // namespace edgews::stomp
