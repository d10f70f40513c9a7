// A queue: each message goes to one consumer, in the order of arrival, and stays the queue's until
// it is settled.
//
//     push ──▶ fresh ──dispatch──▶ a willing consumer ──settled──▶ gone
//                ▲  returned ◀──────────┘ nacked, or its consumer left
//
// What comes back goes in front, in its old place. Consumers that have credit take turns.
#pragma once

#include <edgews/stomp_options.hpp>
#include "core/base/ring.hpp"
#include "core/stomp/accounts.hpp"
#include "core/stomp/delivery.hpp"
#include "core/stomp/list.hpp"
#include "core/stomp/outbox.hpp"
#include "core/stomp/subscription.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace edgews::stomp {

class Queue {
  public:
    // `accounts` is borrowed, and kept up to date: each message is on that of who sent it.
    // `account`: on whose the queue itself is; null: nobody's.
    Queue(std::string name, Accounts& accounts, Account* account) noexcept;
    ~Queue();
    Queue(const Queue&) = delete;
    Queue& operator=(const Queue&) = delete;

    // Bytes of memory of one more queue, and of one more message in it.
    [[nodiscard]] static std::size_t size_of(std::string_view name) noexcept;
    [[nodiscard]] static std::size_t size_of(const Content& content) noexcept {
        return content.size() + place_size;
    }

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] Account* account() const noexcept { return account_; }
    // Messages that are the queue's, those that consumers have included; and their bytes.
    [[nodiscard]] std::size_t count() const noexcept { return count_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    // Those that no consumer has.
    [[nodiscard]] std::size_t waiting_count() const noexcept {
        return fresh_.size() + returned_.size();
    }
    [[nodiscard]] std::size_t consumer_count() const noexcept { return consumer_count_; }
    // `more_count` messages of `more_size` bytes together.
    [[nodiscard]] bool has_room(const QueueLimits& limits, std::size_t more_count,
                                std::size_t more_size) const noexcept {
        return fits(count_, size_, limits, more_count, more_size);
    }
    // The same, if none waited.
    [[nodiscard]] bool could_have_room(const QueueLimits& limits, std::size_t more_count,
                                       std::size_t more_size) const noexcept {
        return fits(count_ - waiting_count(), size_ - waiting_size_, limits, more_count, more_size);
    }
    // The same of a queue that holds nothing.
    [[nodiscard]] static bool would_have_room(const QueueLimits& limits, std::size_t more_count,
                                              std::size_t more_size) noexcept {
        return fits(0, 0, limits, more_count, more_size);
    }
    // Nobody would miss it.
    [[nodiscard]] bool is_unused() const noexcept {
        return count_ == 0 && consumer_count_ == 0 && blocked.is_empty();
    }

    // `account`: whose memory it is; null: nobody's.
    void push(Content content, Account* account);
    // Comes back from a consumer that does not have it any more.
    void give_back(Delivery delivery);
    // It is gone: consumed, dropped or moved.
    void settled(const Delivery& delivery) noexcept;
    // The oldest that no consumer has. Requires: there is one.
    [[nodiscard]] const Delivery& oldest() const noexcept;
    // Takes the oldest that no consumer has, which is then settled. Requires: there is one.
    Delivery take_oldest() noexcept;
    // The same, if it has expired; empty: it has not.
    [[nodiscard]] Delivery take_expired(std::uint64_t now_ms) noexcept;

    void add(Subscription& consumer) noexcept;
    void remove(Subscription& consumer) noexcept;
    // It may have become willing.
    void reconsider(Subscription& consumer) noexcept;
    // The next consumer that is given the oldest message: it has it now. Null: there is no message,
    // or nobody who takes it.
    [[nodiscard]] Subscription* dispatch_one();

    // Producers that wait for room.
    List<Outbox, &Outbox::blocked> blocked;
    // The broker's notes: in its list of those with messages that expire, and of those that nobody
    // consumes, since when nothing was sent to it.
    ListLink<Queue> expiring;
    ListLink<Queue> unused;
    std::uint64_t used_ms = 0;
    std::uint64_t pushed_total = 0;
    std::uint64_t consumed_total = 0;

  private:
    // Of a message in its queue and with a consumer.
    static constexpr std::size_t place_size = 96;

    // One message always fits where none is.
    [[nodiscard]] static bool fits(std::size_t count, std::size_t size, const QueueLimits& limits,
                                   std::size_t more_count, std::size_t more_size) noexcept {
        const bool is_alone = count == 0 && more_count <= 1;
        return count + more_count <= limits.message_count_max &&
               (is_alone || size + more_size <= limits.size_max);
    }
    Delivery pop_oldest() noexcept;

    std::string name_;
    Accounts& accounts_;
    Account* account_;
    Ring<Delivery> fresh_;
    std::map<std::uint64_t, Delivery> returned_;  // By position: all are older than the fresh.
    List<Subscription, &Subscription::willing> willing_;
    std::uint64_t last_position_ = 0;
    std::size_t count_ = 0;
    std::size_t size_ = 0;
    std::size_t waiting_size_ = 0;
    std::size_t consumer_count_ = 0;
};

}  // namespace edgews::stomp
