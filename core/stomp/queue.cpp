#include "core/stomp/queue.hpp"

#include <cassert>

namespace edgews::stomp {

namespace {

// Bytes of a queue beside its name and messages, the tables' nodes and the heap's own included.
constexpr std::size_t node_size = sizeof(Queue) + 256;

}  // namespace

Queue::Queue(std::string name, Accounts& accounts, Account* account) noexcept
    : name_(std::move(name)), accounts_(accounts), account_(account) {
    accounts_.take(account_, Common::queues, 1);
    accounts_.take(account_, Common::memory, size_of(name_));
}

Queue::~Queue() {
    while (waiting_count() > 0) static_cast<void>(take_oldest());
    accounts_.give_back(account_, Common::queues, 1);
    accounts_.give_back(account_, Common::memory, size_of(name_));
}

std::size_t Queue::size_of(std::string_view name) noexcept {
    return 2 * name.size() + node_size;
}

void Queue::push(Content content, Account* account) {
    ++count_;
    ++pushed_total;
    size_ += content.size();
    waiting_size_ += content.size();
    accounts_.take(account, Common::memory, size_of(content));
    accounts_.take(nullptr, Common::queued, content.size());
    fresh_.push_back({.content = std::move(content),
                      .position = ++last_position_,
                      .account = account,
                      .attempts = 0});
}

void Queue::give_back(Delivery delivery) {
    const std::uint64_t position = delivery.position;
    waiting_size_ += delivery.content.size();
    returned_.emplace(position, std::move(delivery));
}

void Queue::settled(const Delivery& delivery) noexcept {
    assert(count_ > 0);
    --count_;
    size_ -= delivery.content.size();
    accounts_.give_back(nullptr, Common::queued, delivery.content.size());
    accounts_.give_back(delivery.account, Common::memory, size_of(delivery.content));
}

Delivery Queue::take_oldest() noexcept {
    Delivery delivery = pop_oldest();
    settled(delivery);
    return delivery;
}

Delivery Queue::take_expired(std::uint64_t now_ms) noexcept {
    if (waiting_count() == 0) return {};
    const std::uint64_t expires_ms = oldest().content.expires_ms();
    return expires_ms != 0 && expires_ms <= now_ms ? take_oldest() : Delivery{};
}

void Queue::add(Subscription& consumer) noexcept {
    consumer.queue = this;
    ++consumer_count_;
    reconsider(consumer);
}

void Queue::remove(Subscription& consumer) noexcept {
    willing_.remove(consumer);
    consumer.queue = nullptr;
    --consumer_count_;
}

void Queue::reconsider(Subscription& consumer) noexcept {
    if (!consumer.willing.is_linked && consumer.is_willing()) willing_.push_back(consumer);
}

Subscription* Queue::dispatch_one() {
    if (waiting_count() == 0) return nullptr;
    Subscription* const consumer = willing_.pop_front();
    if (consumer == nullptr) return nullptr;
    consumer->give(pop_oldest());
    reconsider(*consumer);  // Behind the others.
    return consumer;
}

const Delivery& Queue::oldest() const noexcept {
    return returned_.empty() ? fresh_[0] : returned_.begin()->second;
}

Delivery Queue::pop_oldest() noexcept {
    Delivery delivery;
    if (returned_.empty()) {
        delivery = fresh_.pop_front();
    } else {
        delivery = std::move(returned_.begin()->second);
        returned_.erase(returned_.begin());
    }
    waiting_size_ -= delivery.content.size();
    return delivery;
}

}  // namespace edgews::stomp
