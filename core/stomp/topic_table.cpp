#include "core/stomp/topic_table.hpp"

#include "core/stomp/destination.hpp"
#include "core/stomp/outbox.hpp"
#include "core/stomp/subscription.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <utility>

namespace edgews::stomp {
namespace {

// Bytes that the tables' nodes take, beside the name: of the heap's own, too.
constexpr std::size_t node_size = 320;

// A segment's part in the hash of a name, which is the sum of these: to put a wildcard in the place
// of one is a subtraction and an addition. Which names meet only the key of StringHash could tell.
std::uint64_t part_of(std::uint64_t segment, std::size_t index) noexcept {
    std::uint64_t part = segment + (index + 1) * 0x9E37'79B9'7F4A'7C15U;
    part = (part ^ (part >> 30U)) * 0xBF58'476D'1CE4'E5B9U;
    part = (part ^ (part >> 27U)) * 0x94D0'49BB'1331'11EBU;
    return part ^ (part >> 31U);
}

std::uint64_t hash_of(std::string_view segment) noexcept {
    return StringHash{}(segment);
}

// What a wildcard stands for says its separator alone.
std::uint64_t hash_of_any(char separator) noexcept {
    return hash_of(separator == '/' ? "/*" : ".*");
}

std::uint64_t hash_of_rest(char separator) noexcept {
    return hash_of(separator == '/' ? "/#" : ".#");
}

std::uint64_t hash_of_pattern(std::string_view pattern) noexcept {
    std::uint64_t hash = 0;
    SegmentReader segments(pattern);
    for (std::size_t index = 0; segments.has_more(); ++index) {
        const std::string_view segment = segments.next();
        if (is_any_segment(segment)) {
            hash += part_of(hash_of_any(segment.front()), index);
        } else if (is_any_rest(segment)) {
            hash += part_of(hash_of_rest(segment.front()), index);
        } else {
            hash += part_of(hash_of(segment), index);
        }
    }
    return hash;
}

bool matches(std::string_view pattern, std::string_view name) noexcept {
    SegmentReader patterns(pattern);
    SegmentReader names(name);
    while (patterns.has_more()) {
        const std::string_view segment = patterns.next();
        const std::string_view other = names.next();
        const bool is_there = !other.empty();
        if (is_any_rest(segment)) return !is_there || segment.front() == other.front();
        if (!is_there) return false;
        const bool is_same =
            is_any_segment(segment) ? segment.front() == other.front() : segment == other;
        if (!is_same) return false;
    }
    return !names.has_more();
}

// A name's segments, as far as patterns have any.
struct NameSegments {
    explicit NameSegments(std::string_view name) noexcept {
        const std::uint64_t any_after_slash = hash_of_any('/');
        const std::uint64_t any_after_dot = hash_of_any('.');
        SegmentReader segments(name);
        sums[0] = 0;
        while (segments.has_more() && count <= pattern_segment_count_max) {
            const std::string_view segment = segments.next();
            const char separator = segment.front();
            const std::uint64_t part = part_of(hash_of(segment), count);
            const std::uint64_t any = separator == '/' ? any_after_slash : any_after_dot;
            separators[count] = separator;
            differences[count] = part_of(any, count) - part;
            sums[count + 1] = sums[count] + part;
            ++count;
        }
    }
    // Of the first `size` segments, with wildcards in the places of those whose bits are set.
    [[nodiscard]] std::uint64_t hash(std::size_t size, std::uint32_t any) const noexcept {
        std::uint64_t hash = sums[size];
        for (; any != 0; any &= any - 1) {
            hash += differences[static_cast<std::size_t>(std::countr_zero(any))];
        }
        return hash;
    }

    static constexpr std::size_t count_max = pattern_segment_count_max + 1;
    std::array<char, count_max> separators;
    std::array<std::uint64_t, count_max> differences;  // What a wildcard in its place changes.
    std::array<std::uint64_t, count_max + 1> sums;     // Of the segments before.
    std::size_t count = 0;  // One more than patterns may have: that, or more.
};

void append_subscribers(Topic& topic, std::vector<Subscription*>& out) {
    ++topic.sent_total;
    topic.copied_total += topic.subscribers.size();
    out.insert(out.end(), topic.subscribers.begin(), topic.subscribers.end());
}

}  // namespace

void TopicTable::add(std::string_view destination, Subscription& subscription) {
    Account* const account = subscription.outbox().account;
    const HashedView name(destination);
    auto found = topics_.find(name);
    if (found == topics_.end()) {
        found = topics_.try_emplace(HashedName(name)).first;
        by_name_.emplace(found->first, &*found);
        found->second.account = account;
        accounts_.take(account, Common::topics, 1);
        accounts_.take(account, Common::memory, size_of(destination));
        if (is_pattern(destination)) enter_pattern(*found, account);
    }
    Topic& topic = found->second;
    subscription.place_in_topic = topic.subscribers.size();
    topic.subscribers.push_back(&subscription);
}

void TopicTable::remove(std::string_view destination, Subscription& subscription) noexcept {
    const auto found = topics_.find(destination);
    assert(found != topics_.end());
    Topic& topic = found->second;
    const std::size_t place = subscription.place_in_topic;
    assert(topic.subscribers[place] == &subscription);
    topic.subscribers[place] = topic.subscribers.back();
    topic.subscribers[place]->place_in_topic = place;
    topic.subscribers.pop_back();

    if (!topic.subscribers.empty()) {
        // Whoever stays has it on his account from here on.
        Account* const heir = topic.subscribers.front()->outbox().account;
        if (subscription.outbox().account == topic.account) move_to(heir, *found);
        return;
    }
    move_to(nullptr, *found);
    accounts_.give_back(nullptr, Common::topics, 1);
    accounts_.give_back(nullptr, Common::memory, size_of(destination));
    if (is_pattern(destination)) leave_pattern(*found);
    by_name_.erase(found->first);
    topics_.erase(found);
}

void TopicTable::move_to(Account* account, Entry& entry) noexcept {
    auto& [name, topic] = entry;
    Account* const before = std::exchange(topic.account, account);
    for (const auto& [what, amount] :
         {std::pair{Common::topics, std::size_t{1}}, {Common::memory, size_of(name)}}) {
        accounts_.give_back(before, what, amount);
        accounts_.take(account, what, amount);
    }
}

std::size_t TopicTable::find(std::string_view destination, std::vector<Subscription*>& out) {
    const auto found = topics_.find(destination);
    if (found != topics_.end()) append_subscribers(found->second, out);
    if (shapes_.empty()) return 0;

    const NameSegments name(destination);
    std::size_t look_count = 0;
    for (const auto& [shape, pattern_count, account] : shapes_) {
        if (shape.has_rest ? shape.count > name.count : shape.count != name.count) continue;
        const std::uint64_t hash = name.hash(shape.count, shape.any);
        if (!shape.has_rest) {
            ++look_count;
            look_up(hash, destination, out);
            continue;
        }
        // Where nothing is left, either separator might begin it.
        for (const char separator : {'/', '.'}) {
            if (shape.count < name.count && name.separators[shape.count] != separator) continue;
            ++look_count;
            const std::uint64_t rest = part_of(hash_of_rest(separator), shape.count);
            look_up(hash + rest, destination, out);
        }
    }
    return look_count;
}

void TopicTable::find_exactly(std::string_view key, std::vector<Subscription*>& out) {
    const auto found = topics_.find(key);
    if (found != topics_.end()) append_subscribers(found->second, out);
}

void TopicTable::look_up(std::uint64_t hash, std::string_view destination,
                         std::vector<Subscription*>& out) {
    const auto [begin, end] = patterns_.equal_range(hash);
    for (auto place = begin; place != end; ++place) {
        auto& [pattern, topic] = *place->second;
        if (matches(pattern, destination)) append_subscribers(topic, out);
    }
}

bool TopicTable::has(std::string_view destination) const {
    return topics_.find(destination) != topics_.end();
}

bool TopicTable::has_shape_of(std::string_view pattern) const noexcept {
    return find_shape(shape_of(pattern)) != shapes_.end();
}

std::size_t TopicTable::size_of(std::string_view destination) noexcept {
    return destination.size() + node_size;
}

void TopicTable::visit(const std::function<void(std::string_view, const Topic&)>& visit) const {
    for (const auto& [name, entry] : by_name_) visit(name, entry->second);
}

void TopicTable::visit_after(
    std::string_view name, const std::function<bool(std::string_view, const Topic&)>& visit) const {
    auto place = by_name_.upper_bound(name);
    while (place != by_name_.end() && visit(place->first, place->second->second)) ++place;
}

TopicTable::Shape TopicTable::shape_of(std::string_view pattern) noexcept {
    Shape shape;
    SegmentReader segments(pattern);
    while (segments.has_more()) {
        const std::string_view segment = segments.next();
        if (is_any_rest(segment)) {
            shape.has_rest = true;
            break;
        }
        assert(shape.count < pattern_segment_count_max);
        if (is_any_segment(segment)) shape.any |= std::uint32_t{1} << shape.count;
        ++shape.count;
    }
    return shape;
}

std::vector<TopicTable::UsedShape>::const_iterator TopicTable::find_shape(
    Shape shape) const noexcept {
    return std::find_if(shapes_.begin(), shapes_.end(),
                        [&](const UsedShape& used) { return used.shape == shape; });
}

void TopicTable::enter_pattern(Entry& entry, Account* account) {
    const Shape shape = shape_of(entry.first);
    std::size_t index = static_cast<std::size_t>(find_shape(shape) - shapes_.begin());
    if (index == shapes_.size()) {
        shapes_.push_back({.shape = shape, .account = account});
        accounts_.take(account, Common::shapes, 1);
    }
    ++shapes_[index].pattern_count;
    patterns_.emplace(hash_of_pattern(entry.first), &entry);
}

void TopicTable::leave_pattern(Entry& entry) noexcept {
    const auto [begin, end] = patterns_.equal_range(hash_of_pattern(entry.first));
    const auto found =
        std::find_if(begin, end, [&](const auto& known) { return known.second == &entry; });
    assert(found != end);
    patterns_.erase(found);
    const auto index =
        static_cast<std::size_t>(find_shape(shape_of(entry.first)) - shapes_.begin());
    UsedShape& used = shapes_[index];
    if (--used.pattern_count > 0) return;
    accounts_.give_back(used.account, Common::shapes, 1);
    used = shapes_.back();
    shapes_.pop_back();
}

}  // namespace edgews::stomp
