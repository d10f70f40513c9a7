// Topics on one loop: who subscribed to what, and delivery to them.
//
// A topic exists while it has subscribers. Both sides know their places in each
// other's lists, and a connection finds each of its topics (net/connection/subscriptions.hpp), so
// subscribing and leaving are O(1) whatever their length.
//
// What is published waits for the end of the turn. Then each subscriber is visited once
// and gets all of it in one write: to visit a thousand of them for every message would
// cost more than to send. It goes out earlier only where someone could see the
// difference: when a subscription changes, or something else is sent to a subscriber.
#pragma once

#include <edgews/prepared_message.hpp>
#include "core/base/string_hash.hpp"
#include "net/loop/registered.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace edgews {

class Reactor;
class TopicsAbroad;
class WebSocketConnection;

struct Topic {
    struct Subscriber {
        WebSocketConnection* connection;
        std::size_t place;  // In the connection's subscriptions.
    };
    HashedName name;
    std::vector<Subscriber> subscribers;
};

// A message on its way to a topic's subscribers.
struct Published {
    Topic* topic;
    PreparedMessage message;
    const WebSocketConnection* except;  // Who does not get it; null: all do.
};

class Topics final : public Writer {
  public:
    // `reactor` is borrowed.
    explicit Topics(Reactor& reactor);
    ~Topics();
    // Tells `abroad` which topics have subscribers here; null: nobody. Requires: none has.
    void carry(TopicsAbroad* abroad) noexcept { abroad_ = abroad; }
    [[nodiscard]] Reactor& reactor() const noexcept { return reactor_; }

    // False: it was so already, or it may not be (Connection::subscribe()).
    bool subscribe(WebSocketConnection& connection, std::string_view name);
    bool unsubscribe(WebSocketConnection& connection, std::string_view name);
    [[nodiscard]] bool is_subscribed(const WebSocketConnection& connection,
                                     std::string_view name) const noexcept;
    void unsubscribe_all(WebSocketConnection& connection) noexcept;
    // To all subscribers but `except`, which may be null. Requires: in a turn of the loop. Much
    // does not wait for its end.
    void publish(std::string_view name, const PreparedMessage& message,
                 const WebSocketConnection* except);
    // Whether something waits to be delivered, and its delivery now: to the subscribers' queues.
    // Calls no handler.
    [[nodiscard]] bool has_waiting() const noexcept { return !waiting_.empty(); }
    void deliver();

    [[nodiscard]] std::size_t count() const noexcept { return topics_.size(); }
    // Messages times subscribers, of all that was published so far: what that costs.
    [[nodiscard]] std::uint64_t delivery_count() const noexcept { return delivery_count_; }

    // Delivers, and sends.
    void on_turn_end() override;

  private:
    enum class When : std::uint8_t { queue, send };
    void deliver_all(When when);
    void deliver(std::span<const Published> run, When when);
    static void queue(WebSocketConnection& connection, std::span<const Published> run,
                      std::span<const std::byte> frames);
    [[nodiscard]] std::span<const std::byte> join(std::span<const Published> run);
    // Null: nobody is subscribed.
    [[nodiscard]] Topic* find(const HashedView& name) const noexcept;
    [[nodiscard]] Topic& make(const HashedView& name);
    void remove(WebSocketConnection& connection, std::size_t place) noexcept;

    // The keys are views of the topics' own names.
    NameViewTable<std::unique_ptr<Topic>> topics_;
    Reactor& reactor_;
    TopicsAbroad* abroad_ = nullptr;
    std::vector<Published> waiting_;
    std::size_t waiting_size_ = 0;  // Bytes, with frame headers.
    std::uint64_t delivery_count_ = 0;
    std::vector<Published> delivered_;  // Of deliver_all().
    std::vector<std::byte> joined_;     // Of join().
};

}  // namespace edgews
