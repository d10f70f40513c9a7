#include "net/connection/topics.hpp"

#include "net/connection/topics_abroad.hpp"
#include "net/connection/websocket_connection.hpp"

namespace edgews {

namespace {

// Small frames up to so many bytes are copied together once, then to each subscriber.
constexpr std::size_t joined_size_max = 16 * 1024;
constexpr std::size_t waiting_size_max = 256 * 1024;

}  // namespace

Topics::Topics(Reactor& reactor) : reactor_(reactor) {}
Topics::~Topics() = default;

Topic* Topics::find(const HashedView& name) const noexcept {
    const auto found = topics_.find(name);
    return found == topics_.end() ? nullptr : found->second.get();
}

Topic& Topics::make(const HashedView& name) {
    auto topic = std::make_unique<Topic>();
    topic->name = HashedName(name);
    const HashedView key = topic->name;
    if (abroad_ != nullptr) abroad_->interest_begins(key.text());
    return *topics_.emplace(key, std::move(topic)).first->second;
}

bool Topics::subscribe(WebSocketConnection& connection, std::string_view text) {
    deliver();
    const RouteOptions& options = connection.options();
    if (connection.is_reported_ || text.size() > options.topic_name_size_max) return false;
    const HashedView name(text);
    Topic* topic = find(name);
    Subscriptions& subscriptions = connection.parts().subscriptions;
    if (topic != nullptr && subscriptions.find(*topic) != Subscriptions::none) return false;
    if (subscriptions.size() >= options.topic_count_max) return false;
    if (topic == nullptr) topic = &make(name);
    topic->subscribers.push_back({&connection, subscriptions.size()});
    subscriptions.add({topic, topic->subscribers.size() - 1});
    return true;
}

bool Topics::unsubscribe(WebSocketConnection& connection, std::string_view name) {
    if (connection.some_parts() == nullptr) return false;
    deliver();
    const Topic* const topic = find(HashedView(name));
    if (topic == nullptr) return false;
    const std::size_t place = connection.some_parts()->subscriptions.find(*topic);
    if (place == Subscriptions::none) return false;
    remove(connection, place);
    return true;
}

bool Topics::is_subscribed(const WebSocketConnection& connection,
                           std::string_view name) const noexcept {
    if (connection.some_parts() == nullptr) return false;
    const Topic* const topic = find(HashedView(name));
    return topic != nullptr &&
           connection.some_parts()->subscriptions.find(*topic) != Subscriptions::none;
}

void Topics::unsubscribe_all(WebSocketConnection& connection) noexcept {
    if (connection.some_parts() == nullptr) return;
    deliver();
    const Subscriptions& subscriptions = connection.some_parts()->subscriptions;
    while (subscriptions.size() > 0) remove(connection, subscriptions.size() - 1);
}

// In both lists the last takes the freed place, and its partner learns of it.
void Topics::remove(WebSocketConnection& connection, std::size_t place) noexcept {
    Subscriptions& subscriptions = connection.some_parts()->subscriptions;
    const Subscription removed = subscriptions[place];
    auto& subscribers = removed.topic->subscribers;

    subscribers[removed.index] = subscribers.back();
    const Topic::Subscriber& moved = subscribers[removed.index];
    moved.connection->some_parts()->subscriptions[moved.place].index = removed.index;
    subscribers.pop_back();

    subscriptions.remove(place);
    if (place < subscriptions.size()) {
        const Subscription& last = subscriptions[place];
        last.topic->subscribers[last.index].place = place;
    }
    if (!subscribers.empty()) return;
    if (abroad_ != nullptr) abroad_->interest_ends(removed.topic->name.text());
    topics_.erase(topics_.find(removed.topic->name));
}

void Topics::publish(std::string_view name, const PreparedMessage& message,
                     const WebSocketConnection* except) {
    Topic* const topic = find(HashedView(name));
    if (topic == nullptr || !message) return;
    if (waiting_.empty()) reactor_.write_first(*this);
    waiting_.push_back({topic, message, except});
    waiting_size_ += message.frame().size();
    delivery_count_ += topic->subscribers.size();
    if (waiting_size_ > waiting_size_max) deliver();
}

void Topics::deliver() {
    if (!waiting_.empty()) deliver_all(When::queue);
}

void Topics::on_turn_end() {
    deliver_all(When::send);
}

// Run by run of messages for the same topic: who is subscribed to several gets all in their order.
void Topics::deliver_all(When when) {
    delivered_.swap(waiting_);
    waiting_size_ = 0;
    std::span<const Published> rest = delivered_;
    while (!rest.empty()) {
        std::size_t count = 1;
        while (count < rest.size() && rest[count].topic == rest[0].topic) ++count;
        // More is to come for those who are subscribed to both: they are written to afterwards.
        if (count < rest.size()) when = When::queue;
        deliver(rest.first(count), when);
        rest = rest.subspan(count);
    }
    delivered_.clear();
}

void Topics::deliver(std::span<const Published> run, When when) {
    const std::span<const std::byte> frames = join(run);
    for (const Topic::Subscriber& subscriber : run[0].topic->subscribers) {
        WebSocketConnection& connection = *subscriber.connection;
        if (run.size() == 1 && run[0].except == &connection) continue;
        const bool may_leave = when == When::send && !frames.empty();
        if (may_leave && connection.send_at_once(run, frames)) continue;
        if (when == When::send) connection.begin_dispatch();
        queue(connection, run, frames);
        if (when == When::send) connection.finish_dispatch();
    }
}

void Topics::queue(WebSocketConnection& connection, std::span<const Published> run,
                   std::span<const std::byte> frames) {
    if (run.size() > 1 && !frames.empty() && connection.send_frames(frames, run.size())) return;
    for (const Published& published : run) {
        if (published.except != &connection) (void)connection.send(published.message);
    }
}

// The frames of `run` in one piece; empty where they do not go together.
std::span<const std::byte> Topics::join(std::span<const Published> run) {
    if (run.size() == 1) return run[0].message.frame();
    std::size_t size = 0;
    for (const Published& published : run) {
        const std::size_t frame_size = published.message.frame().size();
        size += frame_size;
        const bool is_shared = frame_size >= OutputQueue::borrow_size_min;  // Rather than copied.
        if (is_shared || published.except != nullptr || size > joined_size_max) return {};
    }
    joined_.clear();
    for (const Published& published : run) {
        const std::span<const std::byte> frame = published.message.frame();
        joined_.insert(joined_.end(), frame.begin(), frame.end());
    }
    return joined_;
}

}  // namespace edgews
