// A STOMP broker inside a server: over WebSocket, and over TCP.
//
//     edgews::StompBroker broker;
//     edgews::Server server;
//     broker.app("/app/time", [](edgews::StompRequest& request) { request.reply(time_of_day()); });
//     broker.attach(server, "/ws");
//     return server.run({.port = 15674});
//
// One broker serves all loops of a server, or of several servers: a subscriber on one loop gets the
// messages that are sent on another. It must outlive its servers, so declare it first. Its
// destinations are those of edgews/stomp_frame.hpp.
#pragma once

#include <edgews/error.hpp>
#include <edgews/function.hpp>
#include <edgews/options.hpp>
#include <edgews/stomp_frame.hpp>
#include <edgews/stomp_options.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgews {

class Backplane;
class PathParameters;
class Server;
class StompBroker;

namespace stomp {
class TopicCarrier;  // The engine's: core/stomp/topic_carrier.hpp.
}

// A SEND to /app/…, as its handler sees it. It is valid until the handler returns.
class StompRequest {
  public:
    StompRequest(StompBroker& broker, const StompClient& client, const stomp::Frame& frame,
                 std::string_view destination, const PathParameters& parameters,
                 std::string_view reply_to) noexcept
        : broker_(broker),
          client_(client),
          frame_(frame),
          destination_(destination),
          parameters_(parameters),
          reply_to_(reply_to) {}

    [[nodiscard]] StompBroker& broker() const noexcept { return broker_; }
    [[nodiscard]] const StompClient& client() const noexcept { return client_; }
    [[nodiscard]] std::string_view destination() const noexcept { return destination_; }
    // The pattern's parameter of that name. "*" names the rest of the destination.
    [[nodiscard]] std::string parameter(std::string_view name) const;
    // The value of the first header of that name. "": there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
    [[nodiscard]] std::span<const std::byte> body() const noexcept { return frame_.body; }
    [[nodiscard]] std::string_view text() const noexcept {
        return {reinterpret_cast<const char*>(frame_.body.data()), frame_.body.size()};
    }
    // Sends a message to the destination that the request's reply-to names, with the request's
    // correlation-id if it has one. False: the request has no reply-to, or nothing can be sent
    // there.
    bool reply(std::string_view body, std::string_view content_type = "text/plain") const;

  private:
    StompBroker& broker_;
    const StompClient& client_;
    const stomp::Frame& frame_;
    std::string_view destination_;
    const PathParameters& parameters_;
    std::string_view reply_to_;
};

// A destination, or a pattern of them, that has subscribers or messages.
struct StompDestination {
    std::string name{};
    bool is_queue = false;
    // Subscriptions.
    std::size_t consumers = 0;
    // Messages of a queue that wait for a consumer.
    std::size_t waiting = 0;
    // Messages of a queue that consumers have and did not acknowledge yet.
    std::size_t unacknowledged = 0;
    // Messages that were sent to it since it exists.
    std::uint64_t received_total = 0;
    // For a queue: messages that consumers settled. For a topic: copies made for its subscribers.
    std::uint64_t consumed_total = 0;
};

struct StompStats {
    std::size_t sessions = 0;
    std::size_t destinations = 0;
    std::size_t memory = 0;  // Bytes that count for stomp::BrokerOptions::memory_max.
    stomp::BrokerCounters counters{};
};

class StompBroker {
  public:
    explicit StompBroker(StompOptions options = {}, StompHooks hooks = {});
    StompBroker(const StompBroker&) = delete;
    StompBroker& operator=(const StompBroker&) = delete;
    // Requires: the servers that it was attached to are gone.
    virtual ~StompBroker();

    // These four set the broker up, before the first server listens.

    // Adds a handler for SENDs to destinations that the pattern matches
    // (core/http/path_pattern.hpp). A malformed pattern, one that does not begin with "/app/", and
    // an empty handler throw std::invalid_argument.
    void app(std::string_view pattern, Function<void(StompRequest&)> handler);
    // Serves STOMP on a WebSocket route, with the subprotocols v12.stomp, v11.stomp, v10.stomp, or
    // none. The broker sets the options about subprotocols, messages' sizes and the backlog itself.
    void attach(Server& server, std::string_view pattern, RouteOptions options = {});
    // The same over TCP, on a port of its own. `options.proxy_protocol` is refused.
    [[nodiscard]] Error listen(Server& server, ListenOptions options);
    // Carries topics to other nodes, and theirs here: what is sent to a "/topic/…" that begins with
    // one of the backplane's prefixes reaches the subscribers of all brokers that meet there
    // (docs/backbones.md). It comes before attach() and listen(), of which the first gives the
    // backplane to that server, as Server::backplane() does, unless one of the broker's servers has
    // it already. The backplane is for one broker, and must outlive it. A second call throws
    // std::logic_error, and so does one for a StompRelay, and one that comes too late.
    //
    // The RECEIPT of a SUBSCRIBE to such a topic comes when nothing is missed from then on, whoever
    // sends it; or, where the backplane's upstream is away, as soon as that is known: then messages
    // may be missed until it is back. A subscription whose SUBSCRIBE said `gap:true` gets a MESSAGE
    // with `gap:true` and without a body in the place of messages that did not come, and with
    // `missing:N`, if it is known how many. A pattern that might cover such a topic is refused.
    void backplane(Backplane& backplane);

    // Any thread, but for hooks and handlers of another broker.

    // Sends a message to a topic, a queue, or a user ("/user/NAME/queue/…";
    // stomp::user_destination() writes that for any name). `none`: it was sent.
    // `upstream_unavailable` and `upstream_refused`, of a topic that a backplane carries: other
    // nodes will not get it; with BackplaneMode::local_first the subscribers here did.
    stomp::Fault send(std::string_view destination, std::span<const std::byte> body,
                      std::span<const stomp::Header> headers = {});
    stomp::Fault send(std::string_view destination, std::string_view text,
                      std::span<const stomp::Header> headers = {}) {
        return send(destination, std::as_bytes(std::span(text)), headers);
    }
    // Ends a session with an ERROR frame whose body is `reason`. False: there is no session of that
    // id.
    bool end_session(std::string_view session_id, std::string_view reason);
    // Ends all sessions, and those that come later. It is for a shutdown in good order.
    void end_all();
    // Asks the hook `authorise` again about each subscription of each session. A subscription that
    // it refuses ends its session, soon. Its answers about names that patterns cover are forgotten.
    void authorise_again();

    [[nodiscard]] StompStats stats() const;
    // All destinations, in the order of their names. They are gathered some hundred at a time, and
    // others are served in between: one that comes or goes meanwhile may be among them or not.
    [[nodiscard]] std::vector<StompDestination> destinations() const;
    // At most count_max destinations, the first whose names follow `after`. "": from the first. It
    // takes as long as they are many.
    [[nodiscard]] std::vector<StompDestination> destinations(std::string_view after,
                                                             std::size_t count_max) const;

    struct State;  // The engine's: net/stomp/broker_state.hpp.

  private:
    void carry_topics(stomp::TopicCarrier& node, Function<void(Server&)> give);

    std::unique_ptr<State> state_;
};

}  // namespace edgews
