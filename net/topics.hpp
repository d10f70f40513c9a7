// Topics on one loop: who subscribed to what, and delivery to them.
//
// A topic exists while it has subscribers. Both sides know their places in each
// other's lists, so subscribing and leaving are O(1) whatever their length.
#pragma once

#include <edgews/core/prepared_message.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace edgews {

class Connection;
struct Topic;

// A connection's topics, allocated with its first.
struct Subscriptions {
    struct Entry {
        Topic* topic;
        std::size_t index;  // In the topic's subscribers.
    };
    std::vector<Entry> entries;
};

struct Topic {
    struct Subscriber {
        Connection* connection;
        std::size_t index;  // In the connection's subscriptions.
    };
    std::string name;
    std::vector<Subscriber> subscribers;
};

class Topics {
  public:
    Topics();
    ~Topics();

    // False: it was so already.
    bool subscribe(Connection& connection, std::string_view name);
    bool unsubscribe(Connection& connection, std::string_view name);
    void unsubscribe_all(Connection& connection) noexcept;
    // To all subscribers but `except`, which may be null. Calls no handler.
    void publish(std::string_view name, const PreparedMessage& message, const Connection* except);

    [[nodiscard]] std::size_t count() const noexcept { return topics_.size(); }

  private:
    void remove(Connection& connection, std::size_t index) noexcept;

    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view name) const noexcept {
            return std::hash<std::string_view>{}(name);
        }
    };
    // The keys are views of the topics' own names.
    std::unordered_map<std::string_view, std::unique_ptr<Topic>, Hash, std::equal_to<>> topics_;
};

}  // namespace edgews
