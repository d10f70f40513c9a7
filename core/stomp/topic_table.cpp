#include <edgews/core/stomp/topic_table.hpp>

#include <edgews/core/stomp/destination.hpp>
#include <edgews/core/stomp/subscription.hpp>

#include <cassert>

namespace edgews::stomp {
namespace {

void append_subscribers(Topic& topic, std::vector<Subscription*>& out) {
    ++topic.sent_total;
    topic.copied_total += topic.subscribers.size();
    out.insert(out.end(), topic.subscribers.begin(), topic.subscribers.end());
}

}  // namespace

// A segment of patterns, and what may follow it. A wildcard is a child like any other: its text
// ("/*", ".#") is no name's, for names with wildcards are not sent to.
struct TopicTable::Node {
    NameTable<std::unique_ptr<Node>> children;
    Topic topic;

    [[nodiscard]] Node* child(std::string_view segment) {
        const auto found = children.find(segment);
        return found == children.end() ? nullptr : found->second.get();
    }
    [[nodiscard]] bool is_unused() const noexcept {
        return children.empty() && topic.subscribers.empty();
    }
};

TopicTable::TopicTable() : patterns_(std::make_unique<Node>()) {}

TopicTable::~TopicTable() = default;

void TopicTable::add(std::string_view destination, Subscription& subscription) {
    if (is_pattern(destination)) {
        Node& node = node_of(destination);
        if (node.topic.subscribers.empty()) ++pattern_count_;
        return add_to(node.topic, subscription);
    }
    const HashedView name(destination);
    const auto found = names_.find(name);
    add_to(found != names_.end() ? found->second : names_[HashedName(name)], subscription);
}

void TopicTable::remove(std::string_view destination, Subscription& subscription) noexcept {
    if (is_pattern(destination)) {
        if (remove_below(*patterns_, destination, subscription)) --pattern_count_;
        return;
    }
    const auto found = names_.find(destination);
    assert(found != names_.end());
    remove_from(found->second, subscription);
    if (found->second.subscribers.empty()) names_.erase(found);
}

void TopicTable::find(std::string_view destination, std::vector<Subscription*>& out) {
    const auto found = names_.find(destination);
    if (found != names_.end()) append_subscribers(found->second, out);
    if (pattern_count_ > 0) find_below(*patterns_, destination, out);
}

bool TopicTable::has(std::string_view destination) const {
    if (!is_pattern(destination)) return names_.find(destination) != names_.end();
    Node* node = patterns_.get();
    SegmentReader segments(destination);
    while (node != nullptr && segments.has_more()) node = node->child(segments.next());
    return node != nullptr && !node->topic.subscribers.empty();
}

void TopicTable::visit(const std::function<void(std::string_view, const Topic&)>& visit) const {
    for (const auto& [name, topic] : names_) visit(name, topic);
    visit_below(*patterns_, visit);
}

TopicTable::Node& TopicTable::node_of(std::string_view pattern) {
    Node* node = patterns_.get();
    SegmentReader segments(pattern);
    while (segments.has_more()) {
        const HashedView segment(segments.next());
        const auto found = node->children.find(segment);
        std::unique_ptr<Node>& child =
            found != node->children.end() ? found->second : node->children[HashedName(segment)];
        if (!child) child = std::make_unique<Node>();
        node = child.get();
    }
    return *node;
}

// As deep as a name has segments, and three ways at each: the segment itself, any, the rest.
void TopicTable::find_below(Node& node, std::string_view rest, std::vector<Subscription*>& out) {
    const auto append = [&out](Node* found) {
        if (found != nullptr) append_subscribers(found->topic, out);
    };
    SegmentReader segments(rest);
    const std::string_view segment = segments.next();
    const auto append_rest = [&](char separator) {
        append(node.child(std::string_view(separator == '/' ? "/#" : ".#")));
        append(node.child(std::string_view(separator == '/' ? "/**" : ".**")));
    };
    if (segment.empty()) {
        append(&node);
        append_rest('/');
        append_rest('.');
        return;
    }
    append_rest(segment.front());
    const std::string_view below = rest.substr(segment.size());
    if (Node* const child = node.child(segment)) find_below(*child, below, out);
    const std::string_view any = segment.front() == '/' ? "/*" : ".*";
    if (Node* const child = node.child(any)) find_below(*child, below, out);
}

void TopicTable::visit_below(const Node& node,
                             const std::function<void(std::string_view, const Topic&)>& visit) {
    if (!node.topic.subscribers.empty()) {
        visit(node.topic.subscribers.front()->setup().key, node.topic);
    }
    for (const auto& [segment, child] : node.children) visit_below(*child, visit);
}

// Whether that was the pattern's last subscriber. Nodes that lead nowhere go, too.
bool TopicTable::remove_below(Node& node, std::string_view rest,
                              Subscription& subscription) noexcept {
    if (rest.empty()) {
        remove_from(node.topic, subscription);
        return node.topic.subscribers.empty();
    }
    SegmentReader segments(rest);
    const std::string_view segment = segments.next();
    const auto found = node.children.find(segment);
    assert(found != node.children.end());
    const bool was_last = remove_below(*found->second, rest.substr(segment.size()), subscription);
    if (found->second->is_unused()) node.children.erase(found);
    return was_last;
}

void TopicTable::add_to(Topic& topic, Subscription& subscription) {
    subscription.place_in_topic = topic.subscribers.size();
    topic.subscribers.push_back(&subscription);
}

void TopicTable::remove_from(Topic& topic, Subscription& subscription) noexcept {
    const std::size_t place = subscription.place_in_topic;
    assert(topic.subscribers[place] == &subscription);
    topic.subscribers[place] = topic.subscribers.back();
    topic.subscribers[place]->place_in_topic = place;
    topic.subscribers.pop_back();
}

}  // namespace edgews::stomp
