#include <edgews/core/stomp/queue.hpp>

#include <cassert>

namespace edgews::stomp {

void Queue::push(Content content) {
    ++count_;
    ++pushed_total;
    size_ += content.size();
    total_size_ += content.size();
    waiting_size_ += content.size();
    fresh_.push_back({.content = std::move(content), .position = ++last_position_, .attempts = 0});
}

void Queue::give_back(Delivery delivery) {
    const std::uint64_t position = delivery.position;
    waiting_size_ += delivery.content.size();
    returned_.emplace(position, std::move(delivery));
}

void Queue::settled(const Content& content) noexcept {
    assert(count_ > 0);
    --count_;
    size_ -= content.size();
    total_size_ -= content.size();
}

Delivery Queue::take_oldest() noexcept {
    Delivery delivery = pop_oldest();
    settled(delivery.content);
    return delivery;
}

Delivery Queue::take_expired(std::uint64_t now_ms) noexcept {
    if (waiting_count() == 0) return {};
    const std::uint64_t expires_ms = oldest().expires_ms();
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

const Content& Queue::oldest() noexcept {
    return returned_.empty() ? fresh_.front().content : returned_.begin()->second.content;
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
