// Who is subscribed to which topic, by name and by pattern.
//
// Names are found in a hash table, patterns in a tree of segments that is walked once for a
// message, if there are any. Subscribing and leaving cost O(1) in the number of subscribers.
#pragma once

#include <edgews/core/string_hash.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace edgews::stomp {

class Subscription;

// The subscribers of one name, or of one pattern.
struct Topic {
    std::vector<Subscription*> subscribers{};
    std::uint64_t sent_total = 0;    // Messages that found subscribers here,
    std::uint64_t copied_total = 0;  // and copies for those.
};

class TopicTable {
  public:
    TopicTable();
    ~TopicTable();

    // `destination`: a name or a pattern (see destination.hpp), which the subscription keeps.
    void add(std::string_view destination, Subscription& subscription);
    // Requires: it was added by that destination.
    void remove(std::string_view destination, Subscription& subscription) noexcept;
    // Appends all who are to get what is sent to `destination`, each once.
    void find(std::string_view destination, std::vector<Subscription*>& out);

    // It has subscribers.
    [[nodiscard]] bool has(std::string_view destination) const;

    // Names and patterns with subscribers.
    [[nodiscard]] std::size_t count() const noexcept { return names_.size() + pattern_count_; }
    // visit(name or pattern, topic), for each of them, in no order.
    void visit(const std::function<void(std::string_view, const Topic&)>& visit) const;

  private:
    struct Node;
    [[nodiscard]] Node& node_of(std::string_view pattern);
    static void visit_below(const Node& node,
                            const std::function<void(std::string_view, const Topic&)>& visit);
    static void find_below(Node& node, std::string_view rest, std::vector<Subscription*>& out);
    bool remove_below(Node& node, std::string_view rest, Subscription& subscription) noexcept;
    static void add_to(Topic& topic, Subscription& subscription);
    static void remove_from(Topic& topic, Subscription& subscription) noexcept;

    NameTable<Topic> names_;
    std::unique_ptr<Node> patterns_;  // The root.
    std::size_t pattern_count_ = 0;   // Nodes with subscribers.
};

}  // namespace edgews::stomp
