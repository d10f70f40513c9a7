// The subscriptions to topics, by name and by pattern.
//
// Names are found in a hash table, and so are patterns. What a name has to look for among those is
// decided by their shapes: which segments are wildcards, how many there are, and whether a rest may
// follow.
//
//     /topic/*/b    shape *·      a pattern of shape *· that matches /topic/a/b has its b, and is
//     /topic/*/c    shape *·      found under the hash of /topic, any, /b
//     /topic/a/#    shape ·#
//
// So a message costs one look for each shape that there is, and no more: there are few, and a limit
// says how few (BrokerOptions::pattern_shape_count_max). Nor does it cost more where patterns are
// many, or long. Subscribing and leaving cost O(1) in the number of subscribers.
#pragma once

#include "core/base/string_hash.hpp"
#include "core/stomp/accounts.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp {

class Subscription;

// The subscribers of one name, or of one pattern.
struct Topic {
    std::vector<Subscription*> subscribers{};
    std::uint64_t sent_total = 0;    // Messages that found subscribers here,
    std::uint64_t copied_total = 0;  // and copies for those.
    Account* account = nullptr;      // Of the subscriber on whose account it is.
};

class TopicTable {
  public:
    // `accounts` is borrowed: topics and shapes are on the accounts of who subscribed first.
    explicit TopicTable(Accounts& accounts) noexcept : accounts_(accounts) {}
    TopicTable(const TopicTable&) = delete;
    TopicTable& operator=(const TopicTable&) = delete;

    // `destination`: a name or a pattern (see destination.hpp), which the subscription keeps.
    void add(std::string_view destination, Subscription& subscription);
    // Requires: it was added by that destination.
    void remove(std::string_view destination, Subscription& subscription) noexcept;
    // Appends all who are to get what is sent to `destination`, each once. How often it had to look
    // among the patterns: at most once for each shape, and twice for each with a rest.
    std::size_t find(std::string_view destination, std::vector<Subscription*>& out);

    // Appends those who subscribed by exactly this name or pattern.
    void find_exactly(std::string_view key, std::vector<Subscription*>& out);

    // It has subscribers.
    [[nodiscard]] bool has(std::string_view destination) const;
    // Some pattern has the shape of this one.
    [[nodiscard]] bool has_shape_of(std::string_view pattern) const noexcept;
    // Bytes of memory of one more name, its subscribers aside.
    [[nodiscard]] static std::size_t size_of(std::string_view destination) noexcept;

    // Names and patterns with subscribers.
    [[nodiscard]] std::size_t count() const noexcept { return topics_.size(); }
    [[nodiscard]] std::size_t shape_count() const noexcept { return shapes_.size(); }
    // visit(name or pattern, topic), for each of them, in the order of their names.
    void visit(const std::function<void(std::string_view, const Topic&)>& visit) const;
    // The same from behind that name, until it says false.
    void visit_after(std::string_view name,
                     const std::function<bool(std::string_view, const Topic&)>& visit) const;

  private:
    // Bit i of `any`: segment i is a wildcard. `count`: without that for the rest.
    struct Shape {
        std::uint32_t any = 0;
        std::uint8_t count = 0;
        bool has_rest = false;

        [[nodiscard]] bool operator==(const Shape&) const noexcept = default;
    };
    struct UsedShape {
        Shape shape;
        std::size_t pattern_count = 0;
        Account* account = nullptr;
    };
    using Entry = std::pair<const HashedName, Topic>;
    struct IdentityHash {
        std::size_t operator()(std::uint64_t hash) const noexcept { return hash; }
    };

    [[nodiscard]] static Shape shape_of(std::string_view pattern) noexcept;
    [[nodiscard]] std::vector<UsedShape>::const_iterator find_shape(Shape shape) const noexcept;
    void look_up(std::uint64_t hash, std::string_view destination, std::vector<Subscription*>& out);
    void move_to(Account* account, Entry& entry) noexcept;
    void enter_pattern(Entry& entry, Account* account);
    void leave_pattern(Entry& entry) noexcept;

    Accounts& accounts_;
    NameTable<Topic> topics_;
    std::map<std::string_view, Entry*> by_name_;  // The keys are the topics'.
    // By the hash of their segments, in which all wildcards are the same.
    std::unordered_multimap<std::uint64_t, Entry*, IdentityHash> patterns_;
    std::vector<UsedShape> shapes_;
};

}  // namespace edgews::stomp
