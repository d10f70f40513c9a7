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

#include <edgews/core/stomp/content.hpp>
#include <edgews/core/stomp/destination.hpp>
#include <edgews/core/stomp/fault.hpp>
#include <edgews/core/stomp/outbox.hpp>
#include <edgews/core/stomp/queue.hpp>
#include <edgews/core/stomp/topic_table.hpp>
#include <edgews/core/string_hash.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp {

// What becomes of a topic's message when too much waits for a subscriber already.
enum class WhenSlow : std::uint8_t {
    disconnect,   // ERROR too_slow, and the session ends.
    drop_oldest,  // Of this subscription.
    drop_newest,
};

struct BrokerOptions {
    QueueLimits queue{};
    // A message that was delivered so often and not acknowledged goes to `dead_letter_queue`;
    // 0: never.
    std::uint32_t delivery_count_max = 10;
    // Where those go, and those that were refused by NACK with requeue:false. It drops its oldest
    // when it is full. Empty: they are dropped.
    std::string dead_letter_queue = "/queue/dead-letters";
    // Bytes of topic messages that may wait for one session whose connection takes none, and of
    // those that wait for its ACKs; one message always may. As long as it takes some, it is not
    // slow: producers wait for it when half as much waits, and eight times as much is the end of
    // that, too.
    std::size_t backlog_size_max = 1024 * 1024;
    WhenSlow when_slow = WhenSlow::disconnect;
    // Messages that a subscription may have unsettled. It may say less by prefetch-count.
    std::uint32_t prefetch_count = 10'000;  // At least 1.
    // Bytes of memory of all queues' messages together.
    std::size_t queues_size_max = 1024 * 1024 * 1024;
    std::size_t destination_count_max = 100'000;  // Queues and topics, each.
    std::size_t subscription_count_max = 20'000;  // Of one session,
    std::size_t pattern_count_max = 1'000;        // and those of them that are patterns.
};

// Since the broker began. In copies.
struct BrokerCounters {
    std::uint64_t received = 0;   // Messages that were sent to a destination.
    std::uint64_t delivered = 0;  // Copies that went to clients.
    std::uint64_t dropped = 0;    // For want of room, by policy.
    std::uint64_t expired = 0;
    std::uint64_t dead_lettered = 0;
    std::uint64_t redelivered = 0;
    std::uint64_t withheld = 0;  // Copies that somebody's pattern covered, and it may not have.
};

// What a client says about a delivery.
enum class Verdict : std::uint8_t { accepted, requeue, dead_letter };

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
    bool is_redelivered = false;  // Topics' never are; queues' say it or its contrary.
};

class Broker {
  public:
    // Subscriptions are numbered from behind `last_number`. With another one for each broker, a
    // random one, no client's late ACK hits a delivery of the broker that took the place of its
    // own.
    explicit Broker(BrokerOptions options, std::uint64_t last_number = 0)
        : options_(std::move(options)), last_number_(last_number) {}
    Broker(const Broker&) = delete;
    Broker& operator=(const Broker&) = delete;
    // Requires: all sessions have left.
    ~Broker();

    // Milliseconds since 1970, for `expires`. At least once a second: drops what has expired, as
    // far as nothing older waits in front of it; that goes when it would be sent.
    void set_time(std::uint64_t now_ms);

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
    };
    // To a topic, a queue or a user, by its key. `producer`: who waits if it has to, before this is
    // done or after (Outbox::has_to_wait()); null: nobody can, and it is refused.
    [[nodiscard]] Sent send(std::string_view key, const Content& content, Outbox* producer);
    // All of it, or nothing.
    [[nodiscard]] Sent send_all(std::span<const Sending> sendings, Outbox* producer);

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
    // A topic's message that was collected and not sent: it is settled, since its client cannot.
    void withhold(Outbox& outbox, DeliveryId id);

    [[nodiscard]] const BrokerOptions& options() const noexcept { return options_; }
    [[nodiscard]] const BrokerCounters& counters() const noexcept { return counters_; }
    [[nodiscard]] const Queue* find_queue(std::string_view key) const noexcept;
    // visit(const Queue&), in no order.
    template <class F>
    void visit_queues(F&& visit) const {
        for (const auto& [name, queue] : queues_) visit(*queue);
    }
    [[nodiscard]] const TopicTable& topics() const noexcept { return topics_; }

  private:
    [[nodiscard]] Sent send_to_queue(std::string_view key, const Content& content,
                                     Outbox* producer);
    [[nodiscard]] Sent send_to_temporary(std::string_view key, const Content& content);
    [[nodiscard]] bool publish(std::string_view key, const Content& content);
    void offer(Subscription& subscription, const Content& content);
    [[nodiscard]] bool may_wait(Subscription& subscription, std::size_t size);
    void note_waiting(Outbox& outbox, const Delivery& delivery) noexcept;
    void forget_waiting(Outbox& outbox, const Delivery& delivery) noexcept;
    void look_for_crowd(Outbox& outbox) noexcept;
    void yield(Outbox& producer) noexcept;
    [[nodiscard]] Queue* queue_of(std::string_view key);
    [[nodiscard]] bool has_room(const Queue& queue, std::size_t count,
                                std::size_t size) const noexcept;
    [[nodiscard]] bool make_room(Queue& queue, std::size_t size);
    [[nodiscard]] Sent check_room(std::span<const Sending> sendings, Outbox* producer);
    void block(Outbox& producer, Queue& queue) noexcept;
    void dispatch(Queue& queue);
    void unblock(Queue& queue) noexcept;
    void remove_if_unused(Queue& queue) noexcept;
    void finish(Queue& queue, Delivery delivery, Verdict verdict);
    void bury(const Content& content);
    void leave_topic(Subscription& subscription) noexcept;
    [[nodiscard]] Queue& leave_queue(Subscription& subscription);
    void after_leaving(Queue& queue);
    void after_settling(Subscription& subscription);
    void drop_expired();
    void note_ready(Subscription& subscription) noexcept;
    void attend_to(Outbox& outbox) noexcept;
    void note_expiry(const Content& content) noexcept {
        has_expiring_ = has_expiring_ || content.expires_ms() != 0;
    }
    [[nodiscard]] bool has_expired(const Content& content) const noexcept {
        return content.expires_ms() != 0 && content.expires_ms() <= now_ms_;
    }

    BrokerOptions options_;
    BrokerCounters counters_;
    std::uint64_t now_ms_ = 0;
    std::uint64_t last_number_;   // Of a subscription.
    std::uint64_t swept_ms_ = 0;  // When drop_expired() ran last.
    bool has_expiring_ = false;   // A queue may hold a message that expires.
    TopicTable topics_;
    std::size_t queues_size_ = 0;  // Bytes of their messages.
    NameTable<std::unique_ptr<Queue>> queues_;
    List<Outbox, &Outbox::attention> attention_;
    List<Outbox, &Outbox::blocked> yielding_;  // Producers that crowded subscribers hold up.
    std::vector<Subscription*> found_;         // Of publish().
};

// What a client is told; `none`: nothing went wrong.
[[nodiscard]] Fault fault_of(Broker::Sent sent) noexcept;

}  // namespace edgews::stomp
