#include "net/backplane/inbox.hpp"

#include "core/stomp/carried_message.hpp"

#include <cassert>
#include <utility>

namespace edgews {

namespace {

// Of a batch's memory, so much may stay for the next.
constexpr std::size_t kept_item_count_max = 4'096;
constexpr std::size_t kept_topics_size_max = 256 * 1024;

}  // namespace

void Inbox::Batch::clear() noexcept {
    items.clear();
    topics.clear();
    message_size = 0;
    if (items.capacity() > kept_item_count_max) items.shrink_to_fit();
    if (topics.capacity() > kept_topics_size_max) topics.shrink_to_fit();
}

void Inbox::open(Function<void()> wake) {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
    state_ = State::open;
    if (!batch_.items.empty()) wake_();
}

void Inbox::close() noexcept {
    Batch dropped;  // Its callables may be anyone's: they are destroyed outside of the lock.
    const std::lock_guard lock(mutex_);
    state_ = State::closed;
    std::swap(dropped, batch_);
}

bool Inbox::add(Item item, std::string_view topic, std::size_t message_size_max) {
    const bool is_brokers = static_cast<bool>(item.content);
    const std::size_t size =
        is_brokers ? stomp::carried_size(item.content) : item.message.payload_size();
    const std::lock_guard lock(mutex_);
    if (state_ == State::closed) return true;
    assert(!is_brokers || state_ == State::open);
    if (size > 0 && batch_.message_size + size > message_size_max) return false;
    item.topic_size = topic.size();
    batch_.message_size += size;
    batch_.topics += topic;
    batch_.items.push_back(std::move(item));
    if (batch_.items.size() == 1 && state_ == State::open) wake_();
    return true;
}

bool Inbox::has_room(std::size_t message_size, std::size_t message_size_max) const {
    const std::lock_guard lock(mutex_);
    if (state_ != State::open) return false;
    return batch_.message_size == 0 || batch_.message_size + message_size <= message_size_max;
}

void Inbox::take(Batch& batch) noexcept {
    assert(batch.items.empty());
    const std::lock_guard lock(mutex_);
    std::swap(batch, batch_);
}

}  // namespace edgews
