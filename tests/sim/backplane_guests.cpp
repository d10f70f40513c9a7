// Publishers and subscribers of the nodes.
#include "backplane.hpp"
#include "frames.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace edgews::sim::test::shared_topics {

namespace {

struct Seat {
    Subscriber* subscriber = nullptr;
};

std::string gaps_of(unsigned topic) {
    return "gaps of " + name_of(topic);
}

// ---- Publishing ------------------------------------------------------------

// Its number among all publications, a colon, and some words.
std::string announce(Hall& hall, const Publication& publication) {
    static constexpr std::array<std::size_t, 6> sizes{10, 0, 100, 300, 5'000, 20'000};
    const std::size_t size = std::min(hall.choices().one_of(sizes), hall.to_publish);
    hall.to_publish -= size;
    std::string text = std::to_string(hall.publications.size()) + ':' + std::string(words(0, size));
    hall.world.kernel().tell("publisher %u of node %zu: %s to topic %u%s", publication.publisher,
                             publication.node, text.substr(0, 20).c_str(), publication.topic,
                             publication.excepts_publisher ? ", not to itself" : "");
    hall.publications.push_back(publication);
    hall.publications.back().order = ++hall.order;
    return text;
}

void publish_from(Hall& hall, Connection& connection, const Subscriber& from) {
    const int loop = loop_of(*hall.nodes[from.node]->server, connection);
    for (std::uint32_t i = hall.choices().once_in(3) ? 6 : 1; i > 0; --i) {
        if (hall.choices().once_in(2)) {
            publish(hall, from.node, from.number, loop);
            continue;
        }
        const unsigned topic = hall.choices().below(topic_count);
        const std::size_t number = hall.publications.size();
        const std::string text = announce(hall, {.topic = topic,
                                                 .publisher = from.number,
                                                 .node = from.node,
                                                 .loop = loop,
                                                 .excepts_publisher = true});
        const PublishResult result = connection.publish(name_of(topic), text);
        hall.publications[number].is_refused = result == PublishResult::refused;
    }
}

// ---- The server ------------------------------------------------------------

void subscribe(Hall& hall, Connection& connection, unsigned topic, bool is_heard) {
    Subscriber& subscriber = *connection.data<Seat>().subscriber;
    if (connection.is_subscribed(name_of(topic))) return;
    connection.subscribe(gaps_of(topic));
    connection.subscribe(name_of(topic));
    subscriber.stays.push_back({.topic = topic,
                                .node = subscriber.node,
                                .loop = loop_of(*hall.nodes[subscriber.node]->server, connection),
                                .is_heard = is_heard,
                                .begin = ++hall.order});
    (void)connection.send("+" + std::to_string(topic));
}

void unsubscribe(Hall& hall, Connection& connection, unsigned topic) {
    Subscriber& subscriber = *connection.data<Seat>().subscriber;
    if (!connection.unsubscribe(name_of(topic))) return;
    connection.unsubscribe(gaps_of(topic));
    const auto is_stay = [&](const Stay& stay) {
        return stay.topic == topic && stay.end == UINT64_MAX;
    };
    const auto stay = std::ranges::find_if(subscriber.stays, is_stay);
    if (stay == subscriber.stays.end()) return hall.blame("it left, and was not there");
    stay->end = ++hall.order;
    (void)connection.send("-" + std::to_string(topic));
}

void obey(Hall& hall, std::size_t node, Connection& connection, std::string_view command) {
    hall.world.kernel().tell("node %zu obeys %u: %s", node,
                             connection.data<Seat>().subscriber->number,
                             std::string(command).c_str());
    const Subscriber& subscriber = *connection.data<Seat>().subscriber;
    const unsigned topic = static_cast<unsigned>(command[1] - '0') % topic_count;
    if (command[0] == '-') return unsubscribe(hall, connection, topic);
    if (command[0] == '!') return publish_from(hall, connection, subscriber);
    hall.nodes[node]->backplane->prepare(
        name_of(topic), [&hall, topic, handle = connection.handle()](bool is_heard) {
            handle.post([&hall, topic, is_heard](Connection& prepared) {
                subscribe(hall, prepared, topic, is_heard);
            });
        });
}

// ---- The subscribers -------------------------------------------------------

std::size_t number_at(std::string_view text) {
    std::size_t number = SIZE_MAX;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

// "?topic node count", or "?topic - order".
void hear_gap(Hall& hall, Subscriber& subscriber, std::string_view text) {
    const std::size_t place = subscriber.place[static_cast<std::size_t>(text[1] - '0')];
    if (place == 0) return hall.blame("a gap, without a subscription");
    Stay& stay = subscriber.stays[place - 1];
    const std::size_t number = number_at(text.substr(5));
    if (text[3] == '-') {
        stay.unknown_until = number;
    } else {
        stay.missing[static_cast<std::size_t>(text[3] - '0')] += number;
    }
}

// Of a topic it gets messages between the two answers, and never else.
void hear(Hall& hall, Subscriber& subscriber, std::string_view text) {
    ++hall.record.messages;
    hall.world.kernel().tell("subscriber %u of node %zu hears %s", subscriber.number,
                             subscriber.node, std::string(text.substr(0, 20)).c_str());
    if (subscriber.note_place(text)) return;
    if (text[0] == '?') return hear_gap(hall, subscriber, text);
    const std::size_t number = number_at(text);
    if (number >= hall.publications.size()) return hall.blame("what nobody published");
    const Publication& publication = hall.publications[number];
    const std::size_t place = subscriber.place[publication.topic];
    if (place == 0) return hall.blame("a message of a topic, without a subscription");
    const bool is_own = publication.publisher == subscriber.number;
    hall.require(!publication.excepts_publisher || !is_own, "all but one are all");
    subscriber.stays[place - 1].heard.push_back(number);
}

}  // namespace

void publish_to(Hall& hall, const Publication& publication) {
    const std::size_t number = hall.publications.size();
    const std::string text = announce(hall, publication);
    Server& server = *hall.nodes[publication.node]->server;
    const std::string topic = name_of(publication.topic);
    const PublishResult result = hall.choices().once_in(2)
                                     ? server.publish(topic, PreparedMessage(Message(text)))
                                     : server.publish(topic, text);
    hall.publications[number].is_refused = result == PublishResult::refused;
}

void publish(Hall& hall, std::size_t node, unsigned publisher, int loop) {
    const unsigned topic = hall.choices().below(topic_count);
    publish_to(hall, {.topic = topic, .publisher = publisher, .node = node, .loop = loop});
}

void tell_gap(Hall& hall, std::size_t node, const TopicGap& gap) {
    const auto topic = static_cast<unsigned>(gap.topic.back() - '0');
    hall.require(topic < topic_count && gap.topic == name_of(topic), "another's gap");
    std::string text = "?" + std::to_string(topic) + " - " + std::to_string(hall.order);
    if (!gap.node.empty()) {
        const auto is_it = [&](const auto& one) { return one->backplane->node() == gap.node; };
        const auto from = std::ranges::find_if(hall.nodes, is_it);
        if (from == hall.nodes.end()) return hall.blame("a gap of no node's");
        text = "?" + std::to_string(topic) + " " + std::to_string(from - hall.nodes.begin()) + " " +
               std::to_string(gap.count());
    }
    hall.nodes[node]->server->publish(gaps_of(topic), text);
}

void add_route(Hall& hall, std::size_t node) {
    Handlers handlers;
    handlers.upgrade = [&hall](const Request& request, Upgrade& upgrade) {
        const std::size_t number = std::stoul(request.parameter("number").value_or("0"));
        upgrade.data<Seat>().subscriber = hall.subscribers[number].get();
    };
    handlers.message = [&hall, node](Connection& connection, Message message) {
        obey(hall, node, connection, message.text());
    };
    handlers.close = [](Connection& connection, const CloseEvent&) {
        connection.data<Seat>().subscriber->is_closed = true;
    };
    // Nothing is dropped.
    hall.nodes[node]->server->ws<Seat>("/:number", handlers, {.backlog_size_max = 1 << 26});
}

void invite(Hall& hall, bool may_leave) {
    World& world = hall.world;
    const auto number = static_cast<unsigned>(hall.subscribers.size());
    const WebSocketPeerOptions options{.path = "/" + std::to_string(number),
                                       .pace = Pace::drawn(hall.choices())};
    hall.subscribers.push_back(std::make_unique<Subscriber>(world, options));
    Subscriber& subscriber = *hall.subscribers.back();
    subscriber.number = number;
    subscriber.node = hall.choices().below(static_cast<std::uint32_t>(hall.nodes.size()));
    subscriber.may_leave = may_leave && hall.choices().once_in(3);
    subscriber.steps_left = hall.choices().between(2, 14);
    hall.to_publish = std::min(hall.to_publish, worthwhile_size(world, options.pace, 100'000));
    subscriber.peer.message = [&](WebSocketPeer&, std::string_view text, bool) {
        hear(hall, subscriber, text);
    };
    ++hall.record.connections;
    const std::uint16_t port = hall.nodes[subscriber.node]->server->port();
    world.after(world.kernel().drawn_ns(2'000'000), [&subscriber, port] {
        subscriber.peer.connect(port);
        subscriber.go_on({.usual_ns = 2'000'000, .rare_ns = 50'000'000});
    });
}

}  // namespace edgews::sim::test::shared_topics
