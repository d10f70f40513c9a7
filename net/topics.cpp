#include <edgews/net/topics.hpp>

#include <edgews/net/connection.hpp>

#include <algorithm>

namespace edgews {

Topics::Topics() = default;
Topics::~Topics() = default;

bool Topics::subscribe(Connection& connection, std::string_view name) {
    if (!connection.subscriptions_) connection.subscriptions_ = std::make_unique<Subscriptions>();
    auto& entries = connection.subscriptions_->entries;
    auto found = topics_.find(name);
    if (found == topics_.end()) {
        auto topic = std::make_unique<Topic>();
        topic->name = name;
        const std::string_view key = topic->name;
        found = topics_.emplace(key, std::move(topic)).first;
    }
    Topic& topic = *found->second;
    const auto is_it = [&](const Subscriptions::Entry& entry) { return entry.topic == &topic; };
    if (std::any_of(entries.begin(), entries.end(), is_it)) return false;
    entries.push_back({&topic, topic.subscribers.size()});
    topic.subscribers.push_back({&connection, entries.size() - 1});
    return true;
}

bool Topics::unsubscribe(Connection& connection, std::string_view name) {
    if (!connection.subscriptions_) return false;
    const auto& entries = connection.subscriptions_->entries;
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const auto& entry) { return entry.topic->name == name; });
    if (found == entries.end()) return false;
    remove(connection, static_cast<std::size_t>(found - entries.begin()));
    return true;
}

void Topics::unsubscribe_all(Connection& connection) noexcept {
    if (!connection.subscriptions_) return;
    auto& entries = connection.subscriptions_->entries;
    while (!entries.empty()) remove(connection, entries.size() - 1);
    connection.subscriptions_.reset();
}

// In both lists the last takes the freed place, and its partner learns of it.
void Topics::remove(Connection& connection, std::size_t index) noexcept {
    auto& entries = connection.subscriptions_->entries;
    const Subscriptions::Entry removed = entries[index];
    auto& subscribers = removed.topic->subscribers;

    subscribers[removed.index] = subscribers.back();
    const Topic::Subscriber& moved = subscribers[removed.index];
    moved.connection->subscriptions_->entries[moved.index].index = removed.index;
    subscribers.pop_back();

    entries[index] = entries.back();
    entries.pop_back();
    if (index < entries.size()) {
        entries[index].topic->subscribers[entries[index].index].index = index;
    }
    if (subscribers.empty()) topics_.erase(topics_.find(removed.topic->name));
}

void Topics::publish(std::string_view name, const PreparedMessage& message,
                     const Connection* except) {
    const auto found = topics_.find(name);
    if (found == topics_.end()) return;
    for (const Topic::Subscriber& subscriber : found->second->subscribers) {
        if (subscriber.connection != except) subscriber.connection->send(message);
    }
}

}  // namespace edgews
