// Nodes of a backplane, who publishes on each of them, and who is subscribed there.
//
// A gap is told to subscribers in its place, by a topic of its node's own: each knows of which
// node's messages how many it may miss.
#pragma once

#include "scenario.hpp"
#include "stomp_hub.hpp"
#include "topic_visitor.hpp"

#include <edgews/backplane.hpp>
#include <edgews/edgews.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim::test::shared_topics {

// Publishers, beyond the subscribers, who publish, too: each of a node's has the next number.
inline constexpr unsigned timer_publishers = 100;
inline constexpr unsigned thread_publishers = 200;
inline constexpr unsigned last_publishers = 300;  // When all is calm.
inline constexpr unsigned publishers_per_node = 10;

// From before it was published.
struct Publication {
    unsigned topic;
    unsigned publisher;
    std::size_t node;
    int loop;  // On which it was published.
    bool excepts_publisher = false;
    std::uint64_t order = 0;  // Among all that happened.
    bool is_refused = false;  // Other nodes will not get it.
};

// From one subscription to its end.
struct Stay {
    unsigned topic;
    std::size_t node;
    int loop;
    bool is_heard;  // The hub had confirmed that its node hears the topic.
    std::uint64_t begin;
    std::uint64_t end = UINT64_MAX;
    std::vector<std::size_t> heard{};                // Publications, as they came.
    std::map<std::size_t, std::uint64_t> missing{};  // Messages, by their node, that gaps told.
    std::uint64_t unknown_until = 0;  // What was published before may be missing, a gap said.
};

struct Subscriber : TopicVisitor {
    using TopicVisitor::TopicVisitor;

    std::size_t node = 0;
    // The server's.
    bool is_closed = false;
    std::vector<Stay> stays{};

    [[nodiscard]] bool has_left() const noexcept {
        return is_closed || !peer.is_open() || peer.has_heard_end() || peer.is_gone();
    }
};

struct Node {
    std::unique_ptr<Backplane> backplane{};
    std::unique_ptr<Server> server{};
};

struct Hall {
    Hall(World& of_all, Record& to_fill) : world(of_all), record(to_fill), hub(of_all, to_fill) {}

    World& world;
    Record& record;
    StompHub hub;
    BackplaneMode mode = BackplaneMode::local_first;
    bool may_lose = false;  // Messages between nodes.
    std::vector<std::unique_ptr<Node>> nodes{};
    std::vector<std::unique_ptr<Subscriber>> subscribers{};
    std::vector<Publication> publications{};
    std::uint64_t order = 0;
    std::size_t to_publish = 0;  // Bytes.

    [[nodiscard]] Choices& choices() const noexcept { return world.choices(); }
    void require(bool holds, std::string_view what) const {
        if (!holds) blame(what);
    }
    void blame(std::string_view what) const {
        world.kernel().tell("BROKEN: %s", std::string(what).c_str());
        record.blame(what);
    }
};

// A publication to some topic.
void publish(Hall& hall, std::size_t node, unsigned publisher, int loop);
void publish_to(Hall& hall, const Publication& publication);
// For Server::ws().
void add_route(Hall& hall, std::size_t node);
// Tells the subscribers of that node.
void tell_gap(Hall& hall, std::size_t node, const TopicGap& gap);
void invite(Hall& hall, bool may_leave);

void judge(const Hall& hall, const Subscriber& subscriber);
// Of all that come by way of the hub.
void judge_one_order(const Hall& hall);

}  // namespace edgews::sim::test::shared_topics
