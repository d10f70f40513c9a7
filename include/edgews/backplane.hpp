// Topics across machines: what is published on one node of several reaches the subscribers on all.
//
//     edgews::Backplane backplane({.upstreams = {"stomp://hub:61613"}, .prefixes = {"news/"}});
//     edgews::Server server;
//     server.backplane(backplane);
//
// Nodes meet at an upstream: a STOMP broker, which may be this library's own
// (programs/stomp_broker), RabbitMQ or ActiveMQ; or Redis, from version 6 on. To that each node has
// one connection, and subscribes there to what somebody here is subscribed to, once. It promises:
//
// - Messages of one thread to one topic are delivered in their order, on every node.
// - None is delivered twice. One may be lost, when a connection to the upstream is, or when the
//   upstream drops it; then the hook `gap` says how many are missing, of which node, in front of
//   those that follow, or after a heart-beat if none does.
//
// Topics without one of the prefixes stay on their machine, and cost nothing more.
//
// These are the topics of routes; and those of a StompBroker that has the backplane, too
// (StompBroker::backplane()). Where one of each has the same name they are two topics.
#pragma once

#include <edgews/client_options.hpp>
#include <edgews/event.hpp>
#include <edgews/function.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace edgews {

class Connection;
class BackplaneNode;  // The engine's: net/backplane/node.hpp.
class Server;

enum class BackplaneMode : std::uint8_t {
    // Subscribers on the publisher's node get a message at once. Messages of several nodes may have
    // another order on each node.
    local_first,
    // They get it when it comes back, as all others do: one order for all, as far as the upstream
    // has one. Without the upstream nobody gets anything.
    through,
};

// The last messages of routes' topics, kept for subscribers who were away.
//
// With a STOMP upstream each node keeps what it has heard. With Redis the upstream keeps them, and
// numbers them for all: a subscriber goes on at any node, from any node's place. Then subscribers
// of all nodes get such a topic's messages in one order, the publisher's own when they come back,
// as with BackplaneMode::through; and a node that was away reads what it has missed of topics of
// which it has had a message, so there is a gap only where that is not there any more.
//
// What Redis keeps is as safe as it is there. When it begins again without what it had, or another
// takes its place, places that it does not know are not recovered, and subscribers who stayed are
// told by a gap where they are; but of what it has forgotten nobody can say who has missed it. When
// it has no room (OOM), may not write (MISCONF) or the user may not (NOPERM), a message is lost
// like any other: counted in `unsent`, and told by a gap.
struct TopicHistory {
    // The beginning of the topics' names. They must be carried.
    std::string prefix{};
    // Messages of one topic, their bytes, and milliseconds for which each is kept. The bytes are
    // those of a frame here, of what goes to it in Redis: some 30 more than the payload. Redis
    // keeps a topic's place, some 200 bytes, for a day longer than its messages.
    std::size_t message_count_max = 1'000;
    std::size_t size_max = 1024 * 1024;
    std::uint32_t ttl_ms = 60'000;
};

// A place in a topic, behind the message of that offset. An offset is of one epoch: with Redis as
// long as it has the topic's place, else in which the node that it is of has heard the topic
// without a pause.
struct TopicPosition {
    std::uint64_t epoch = 0;
    std::uint64_t offset = 0;
};

struct TopicRecovery {
    // All that was missed follows. False: some of it is not there any more, or the place is none of
    // this history's, and nothing of it follows.
    bool is_recovered = false;
    // In front of the next message. Epoch 0: it is not known, for Redis has not answered in
    // queue_ms. Each one is an offset on, those that the connection itself
    // publishes and does not get, too.
    TopicPosition position{};
};

struct BackplaneOptions {
    // URLs of the upstream, at least one: "stomp://login:passcode@host:61613/virtual-host",
    // "stomps://…", "ws://host:15674/ws", "wss://…" (edgews/stomp_client.hpp); or
    // "redis://user:password@host:6379", "rediss://…", "redis+unix://…"
    // (core/redis/redis_url.hpp). They lead to one upstream, and are tried in turn.
    std::vector<std::string> upstreams{};
    // The beginnings of the topics that are carried: of routes, but for topics that begin with the
    // byte 1; and of the broker's destinations "/topic/…". "": all topics.
    std::vector<std::string> prefixes{};
    BackplaneMode mode = BackplaneMode::local_first;
    // What the upstream's names begin with, so that several applications may share one: at most 40
    // letters, digits, '-' and '_'. All nodes of an application have the same.
    std::string application = "edgews";
    // Of Redis: SPUBLISH and SSUBSCRIBE, since 7.0. In a cluster all of an application's messages
    // then go through the one node that has its slot, and not to all nodes.
    bool is_sharded = false;

    // Milliseconds for which a topic is still heard after its last subscriber has gone, for the
    // next one.
    std::uint32_t linger_ms = 10'000;
    // Milliseconds between a node's words about how far it is in the topics that it publishes to,
    // and between its connection's heart-beats. Not 0.
    std::uint32_t heartbeat_ms = 5'000;
    // The histories; of a topic the first that fits. All nodes have the same. A topic with one is
    // delivered in one order on all loops of a node; one that the node keeps is heard for ttl_ms
    // after its last subscriber.
    std::vector<TopicHistory> histories{};
    // Bytes of messages that wait while the upstream is away or does not keep up, and milliseconds
    // for which they do. Beyond either, publish() returns `refused`.
    std::size_t queue_size_max = 1024 * 1024;
    std::uint32_t queue_ms = 2'000;
    // Bytes of a message. The upstream must take some more; this library's broker takes 1 MiB.
    std::size_t message_size_max = 1023 * 1024;
    // Bytes on their way to the upstream. Beyond that it does not keep up.
    std::size_t backlog_size_max = 4 * 1024 * 1024;

    // The way to the upstream, as of stomp::ClientOptions.
    ClientOptions connection{};
    ReconnectOptions reconnect{
        .enabled = true, .delay_ms = 50, .delay_max_ms = 10'000, .stable_ms = 1'000};

    // Is told when the upstream is lost, and when it is found, on the server's first loop: see
    // edgews/event.hpp. Empty: nobody is told.
    EventHook on_event{};
};

// Messages to a topic that did not come, and will not be delivered any more.
struct TopicGap {
    std::string_view topic{};
    // The node that published them, by its number. Empty: it is not known whether any are missing;
    // the upstream was away when the topic got its first subscriber here.
    std::string_view node{};
    // Of its messages to the topic, counted from 1.
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    // Of a history that Redis keeps, with an empty `node`: the place in front of the next message.
    // Subscribers who count are to go on from there; their own place is not valid any more. Epoch
    // 0: it does not change, or is not known.
    TopicPosition position{};

    [[nodiscard]] std::uint64_t count() const noexcept {
        return node.empty() ? 0 : last - first + 1;
    }
};

// All are optional, and run on the server's first loop. They must not block.
struct BackplaneHooks {
    Function<void(const TopicGap&)> gap{};
    // The upstream can be used, or no longer. `address`: its URL, without login and passcode.
    // `reason`: why it cannot be.
    Function<void(bool is_available, std::string_view address, std::string_view reason)> upstream{};
};

enum class BackplaneCounter : std::uint8_t {
    is_available,  // 1: the upstream can be used.
    connects,
    disconnects,
    subscriptions,  // now, at the upstream
    unconfirmed,    // of them, now
    published,      // messages that went to the upstream
    received,       // messages of others that came from it
    echoes,         // our own that came back
    duplicates,     // dropped: they came before, or too late
    malformed,      // dropped: they are no messages of a node's
    gaps,
    missing,  // messages, of all gaps
    waiting,  // messages that wait for the upstream, now
    unsent,   // messages that waited too long, did not fit, or were refused by Redis
    refused,  // messages that publish() refused
    asks,     // questions of others how far this node is
    marks,    // answers, and what was said without being asked
};
inline constexpr std::size_t backplane_counter_count =
    static_cast<std::size_t>(BackplaneCounter::marks) + 1;

// "edgews_backplane_subscriptions", the name of the metric; of counters with "_total".
[[nodiscard]] const char* metric_name(BackplaneCounter counter) noexcept;

struct BackplaneStats {
    std::array<std::uint64_t, backplane_counter_count> values{};

    [[nodiscard]] std::uint64_t operator[](BackplaneCounter counter) const noexcept {
        return values[static_cast<std::size_t>(counter)];
    }
    // Prometheus' text exposition format.
    [[nodiscard]] std::string prometheus() const;
};

class Backplane {
  public:
    // Throws std::invalid_argument for an option that cannot be used.
    explicit Backplane(BackplaneOptions options, BackplaneHooks hooks = {});
    Backplane(const Backplane&) = delete;
    Backplane& operator=(const Backplane&) = delete;
    // Requires: its server is gone.
    ~Backplane();

    // Any thread. Hears the topic from now on, as for a subscriber, and calls `done`, once, on the
    // server's first loop: true when the upstream has confirmed that, and nothing is missed that is
    // published from then on; false when it is away, or refuses, or does not answer in queue_ms.
    // Whoever is to be told "subscribed" is told it then, and subscribes within linger_ms. The
    // topic is carried; of others `done` hears true. An empty function throws
    // std::invalid_argument.
    void prepare(std::string_view topic, Function<void(bool is_heard)> done);
    // Subscribes the connection to a topic with a history, at the place where it was: some time
    // later `done` is called on its loop, and what it sends is followed by all that was missed, and
    // that by all that comes. Of a topic without one nothing is recovered. Requires: the connection
    // is not subscribed, and this is its loop. An empty function throws std::invalid_argument.
    void subscribe(Connection& connection, std::string_view topic, TopicPosition from,
                   Function<void(Connection&, const TopicRecovery&)> done);
    // Any thread. This node's number, as TopicGap::node has it.
    [[nodiscard]] std::string_view node() const noexcept;
    [[nodiscard]] BackplaneStats stats() const noexcept;

  private:
    friend class Server;
    friend class StompBroker;
    std::unique_ptr<BackplaneNode> node_;
};

}  // namespace edgews
