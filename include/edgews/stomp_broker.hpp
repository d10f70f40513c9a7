// A STOMP broker inside a server: over WebSocket, and over TCP.
//
//     edgews::StompBroker broker;
//     edgews::Server server;
//     broker.app("/app/time", [](edgews::StompRequest& request) { request.reply(time_of_day()); });
//     broker.attach(server, "/ws");
//     return server.run({.port = 15674});
//
// One broker serves all loops of a server, or of several: whoever subscribes on one gets what is
// sent on another. It must outlive them: declare it first. Its destinations are those of
// core/stomp/destination.hpp.
#pragma once

#include <edgews/error.hpp>
#include <edgews/function.hpp>
#include <edgews/options.hpp>
#include <edgews/stomp_options.hpp>
#include "core/stomp/broker.hpp"
#include "core/stomp/frame.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgews {

class PathParameters;
class Server;
class StompBroker;

// A SEND to /app/…, for its handler; valid until that returns.
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
    // The pattern's parameter of that name ("*": the rest).
    [[nodiscard]] std::string parameter(std::string_view name) const;
    // The first header of that name; "": there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
    [[nodiscard]] std::span<const std::byte> body() const noexcept { return frame_.body; }
    [[nodiscard]] std::string_view text() const noexcept {
        return {reinterpret_cast<const char*>(frame_.body.data()), frame_.body.size()};
    }
    // To where the request's reply-to says, with its correlation-id, if it has one. False: it says
    // nothing, or that could not be sent to.
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
    std::size_t consumers = 0;
    // Of a queue: messages that wait, and those that consumers have and did not acknowledge.
    std::size_t waiting = 0;
    std::size_t unacknowledged = 0;
    // Messages since it is there.
    std::uint64_t received_total = 0;
    // Of a queue: settled by consumers. Of a topic: copies for its subscribers.
    std::uint64_t consumed_total = 0;
};

struct StompStats {
    std::size_t sessions = 0;
    std::size_t destinations = 0;
    std::size_t memory = 0;  // Bytes, of stomp::BrokerOptions::memory_max.
    stomp::BrokerCounters counters{};
};

class StompBroker {
  public:
    explicit StompBroker(StompOptions options = {}, StompHooks hooks = {});
    StompBroker(const StompBroker&) = delete;
    StompBroker& operator=(const StompBroker&) = delete;
    // Requires: the servers that it was attached to are gone.
    ~StompBroker();

    // What is to be set up before the first server listens.

    // A handler for SENDs to "/app/…", by a pattern of core/http/path_pattern.hpp. A malformed one,
    // one that does not begin with "/app/", and an empty handler throw std::invalid_argument.
    void app(std::string_view pattern, Function<void(StompRequest&)> handler);
    // Serves STOMP on a WebSocket route: subprotocols v12.stomp, v11.stomp, v10.stomp, or none.
    // Of `options`, those about subprotocols, messages' sizes and the backlog are the broker's.
    void attach(Server& server, std::string_view pattern, RouteOptions options = {});
    // The same over TCP, on a port of its own. `options.proxy_protocol` is refused.
    [[nodiscard]] Error listen(Server& server, ListenOptions options);

    // Any thread, but for hooks and handlers of another broker.

    // To a topic, a queue, or a user ("/user/NAME/queue/…"; stomp::user_destination() writes it for
    // any name). `none`: it was sent.
    stomp::Fault send(std::string_view destination, std::span<const std::byte> body,
                      std::span<const stomp::Header> headers = {});
    stomp::Fault send(std::string_view destination, std::string_view text,
                      std::span<const stomp::Header> headers = {}) {
        return send(destination, std::as_bytes(std::span(text)), headers);
    }
    // Ends a session with ERROR, in which `reason` is the body. False: there is none of that id.
    bool end_session(std::string_view session_id, std::string_view reason);
    // Ends all of them, and those that come later: for shutting down in good order.
    void end_all();
    // Has `authorise` asked again about each subscription of each session; those that it refuses
    // end their sessions, soon. What it said of names that patterns cover is forgotten.
    void authorise_again();

    [[nodiscard]] StompStats stats() const;
    // In the order of their names. Gathered some hundred at a time, between which others are
    // served: what comes and goes meanwhile may be there or not.
    [[nodiscard]] std::vector<StompDestination> destinations() const;
    // The first so many behind `after`; "": from the first. As quick as they are few.
    [[nodiscard]] std::vector<StompDestination> destinations(std::string_view after,
                                                             std::size_t count_max) const;

    struct State;  // The engine's: net/stomp/state.hpp.

  private:
    std::unique_ptr<State> state_;
};

}  // namespace edgews
