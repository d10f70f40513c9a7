// A subscription: what waits for it, and what it was given and has not acknowledged.
//
//     queue or topic ──give()──▶ waiting ──take()──▶ unsettled ──ACK, NACK──▶ gone, or back
//
// With ack mode auto a message is consumed when it is taken, which is when it is sent.
#pragma once

#include <edgews/stomp_frame.hpp>
#include "core/base/ring.hpp"
#include "core/stomp/delivery.hpp"
#include "core/stomp/list.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace edgews::stomp {

class Outbox;
class Queue;

struct SubscriptionSetup {
    std::string id;           // The client's; without one (1.0): LF and the destination.
    std::string destination;  // As it said it.
    std::string key{};        // As the broker files it: see Broker::subscribe().
    std::string front{};      // What its MESSAGE frames begin with.
    AckMode ack_mode = AckMode::automatic;
    std::uint32_t prefetch_count = 0;  // Messages that may be unsettled. At least 1.
    bool has_id = true;                // The client gave it one.
    bool is_pattern = false;           // Filled in with the key,
    bool brings_others = false;        // and this: see destination.hpp.
    bool is_for_replies = false;       // A reply-to named it, and no SUBSCRIBE.
    // Its messages are given to it by name, from an upstream broker, which hears how they are
    // settled (Outbox::settled): it is in no topic and no queue.
    bool is_relayed = false;
    bool wants_gaps = false;  // It is told when messages may have been missed.
};

class Subscription {
  public:
    // `outbox` is borrowed. `number`: unique within the broker's life.
    Subscription(Outbox& outbox, std::uint64_t number, SubscriptionSetup setup) noexcept;

    [[nodiscard]] Outbox& outbox() const noexcept { return outbox_; }
    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
    [[nodiscard]] const SubscriptionSetup& setup() const noexcept { return setup_; }
    // Bytes of memory, without messages.
    [[nodiscard]] static std::size_t size_of(const SubscriptionSetup& setup) noexcept;
    [[nodiscard]] bool is_acknowledged() const noexcept {
        return setup_.ack_mode != AckMode::automatic;
    }

    // From a queue or a topic.

    // A queue may give it one more: it has credit, and little waits for its client.
    [[nodiscard]] bool is_willing() const noexcept;
    void give(Delivery delivery) { waiting_.push_back(std::move(delivery)); }
    // What it was given and never sent, the oldest first. Requires: some waits.
    [[nodiscard]] Delivery take_back() noexcept;
    // The same, and its client is told that it was dropped: with the next message.
    [[nodiscard]] Delivery drop_oldest() noexcept;
    // It would have been given one more: its client is told that behind those that wait.
    void drop_newest() noexcept;
    // What a message would have told, which was not sent after all.
    void tell_again(std::size_t dropped_count) noexcept;

    // To the client.

    [[nodiscard]] std::size_t waiting_count() const noexcept { return waiting_.size(); }
    // Requires: some waits.
    [[nodiscard]] const Delivery& next() const noexcept { return waiting_[0]; }
    // It could be sent one message more than it has, before it acknowledges any.
    [[nodiscard]] bool covers_one_more() const noexcept {
        return !is_acknowledged() || waiting_.size() + unsettled_count_ < prefetch();
    }
    // Something waits, and its credit allows it.
    [[nodiscard]] bool has_ready() const noexcept {
        return !waiting_.is_empty() && (!is_acknowledged() || unsettled_count_ < prefetch());
    }
    // The next message: with its sequence, under which it is unsettled from now on, if this
    // subscription acknowledges. Requires: has_ready().
    struct Taken {
        Delivery delivery;
        std::uint64_t sequence;
        std::size_t dropped_count;  // Messages that were dropped, the first of them before it.
    };
    [[nodiscard]] Taken take() noexcept;

    // From the client: ACK and NACK.

    // Sent, and not settled yet.
    [[nodiscard]] std::size_t unsettled_count() const noexcept { return unsettled_count_; }
    // It was delivered, is not settled, and no transaction has a say in it.
    [[nodiscard]] bool is_open(std::uint64_t sequence) const noexcept;
    // Settles it, and in mode client all that were before it and are open: each(Delivery), in
    // order. Requires: is_open().
    template <class F>
    void settle(std::uint64_t sequence, F&& each);
    // The same for what a transaction reserved: nobody else can settle it until then.
    // `transaction`: not 0. The first that was reserved, for the others.
    std::uint64_t reserve(std::uint64_t sequence, std::uint32_t transaction) noexcept;
    struct Range {
        std::uint64_t first;
        std::uint64_t last;
    };
    template <class F>
    void settle_reserved(Range range, std::uint32_t transaction, F&& each);
    void release(Range range, std::uint32_t transaction) noexcept;
    // each(const Delivery&), in order, of what it has reserved.
    template <class F>
    void visit_reserved(Range range, std::uint32_t transaction, F&& each) const;
    // The end: all that is unsettled.
    template <class F>
    void settle_all(F&& each);

    // The broker's notes.
    Queue* queue = nullptr;          // Null: of a topic.
    std::size_t place_in_topic = 0;  // Among its subscribers.
    ListLink<Subscription> willing;  // In its queue's list of those who may be given more.
    ListLink<Subscription> ready;    // In its outbox's list of those who have something.

  private:
    struct Unsettled {
        Delivery delivery{};
        std::uint64_t sequence = 0;
        std::uint32_t transaction = 0;  // That reserved it; 0: it is open.
        bool is_settled = true;
    };
    // What may wait for a slow client, in messages: the rest is better off in its queue, where
    // others can have it.
    static constexpr std::size_t window = 128;

    [[nodiscard]] std::size_t prefetch() const noexcept { return setup_.prefetch_count; }
    // The place of a delivery among the unsettled. Their number: it is not there.
    [[nodiscard]] std::size_t place_of(std::uint64_t sequence) const noexcept;
    // The first place that has this sequence, or a later one.
    [[nodiscard]] std::size_t place_from(std::uint64_t sequence) const noexcept;
    // The first that an ACK of this is about.
    [[nodiscard]] std::uint64_t first_meant(std::uint64_t sequence) const noexcept {
        return setup_.ack_mode == AckMode::client ? all_taken_to_ + 1 : sequence;
    }
    template <class F>
    void settle_one(Unsettled& entry, F&& each);
    void forget_settled() noexcept;

    Outbox& outbox_;
    std::uint64_t number_;
    SubscriptionSetup setup_;
    Ring<Delivery> waiting_;
    // Messages that were dropped and not told of yet, and those that wait in front of the first.
    std::size_t dropped_count_ = 0;
    std::size_t dropped_behind_ = 0;
    // By sequence. Among them are settled ones, not at the front: nearly as many as the others, or
    // few.
    Ring<Unsettled> unsettled_;
    std::size_t unsettled_count_ = 0;  // Without the settled ones.
    std::uint64_t last_sequence_ = 0;
    // In mode client: up to here all is settled or reserved, so that no ACK looks at it again.
    std::uint64_t all_taken_to_ = 0;
};

template <class F>
void Subscription::settle_one(Unsettled& entry, F&& each) {
    entry.is_settled = true;
    --unsettled_count_;
    each(std::move(entry.delivery));
}

template <class F>
void Subscription::settle(std::uint64_t sequence, F&& each) {
    settle_reserved({.first = first_meant(sequence), .last = sequence}, 0, each);
    if (setup_.ack_mode == AckMode::client) all_taken_to_ = sequence;
}

template <class F>
void Subscription::settle_reserved(Range range, std::uint32_t transaction, F&& each) {
    for (std::size_t place = place_from(range.first); place < unsettled_.size(); ++place) {
        Unsettled& entry = unsettled_[place];
        if (entry.sequence > range.last) break;
        if (!entry.is_settled && entry.transaction == transaction) settle_one(entry, each);
    }
    forget_settled();
}

template <class F>
void Subscription::visit_reserved(Range range, std::uint32_t transaction, F&& each) const {
    for (std::size_t place = place_from(range.first); place < unsettled_.size(); ++place) {
        const Unsettled& entry = unsettled_[place];
        if (entry.sequence > range.last) break;
        if (!entry.is_settled && entry.transaction == transaction) each(entry.delivery);
    }
}

template <class F>
void Subscription::settle_all(F&& each) {
    for (std::size_t i = 0; i < unsettled_.size(); ++i) {
        if (!unsettled_[i].is_settled) settle_one(unsettled_[i], each);
    }
    forget_settled();
}

}  // namespace edgews::stomp
