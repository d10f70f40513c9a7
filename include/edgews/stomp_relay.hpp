// A STOMP broker whose topics and queues are another broker's: RabbitMQ, ActiveMQ, or a StompBroker
// of another process. Many nodes relay to one, and few connections do the work of thousands.
//
//     edgews::StompRelay relay({.upstream = {.brokers = {"stomp://guest:guest@10.0.0.5/%2F"}},
//                               .kind = edgews::stomp::UpstreamKind::rabbitmq});
//     edgews::Server server;
//     relay.attach(server, "/ws");
//     return server.run({.port = 15674});
//
// /topic/… and /queue/… go up, and what of RabbitMQ's alone the prefixes name; /app/…,
// /temp-queue/… and, by default, /user/… stay here, and so do CONNECT, the hooks and heart-beats.
// Each loop has one *shared* connection upstream: for SENDs, and for subscriptions to topics and
// exchanges, of which each is made once for all who have it here. A session
// that acknowledges, subscribes to a queue, says more than that (a selector, x-…), or commits has a
// connection of its *own* upstream from then on, which ends with it, so that what it leaves
// unacknowledged goes to others. A SEND to which the upstream broker might object (numbers in
// headers that it reads, a long head, an exchange that may not be there) goes by that, too, and the
// session waits until it is there.
//
// What a relay promises: a RECEIPT means that the upstream broker has confirmed it; that of a
// DISCONNECT comes after all others; a COMMIT follows what the session sent before. When an
// upstream connection is lost, clients stay; the next broker is tried, subscriptions are made
// again, and whoever may have missed messages is told so (StompRelayHooks::gap, and `gap:true`).
// What a session has on its own connection is lost with that, and so is the session; but if all of
// it is streams of RabbitMQ's (a SUBSCRIBE that says x-queue-type:stream, or x-stream-offset), they
// go on behind the last message of each: nothing is lost, and nothing comes twice.
#pragma once

#include <edgews/function.hpp>
#include <edgews/stomp_broker.hpp>
#include <edgews/stomp_client.hpp>
#include <edgews/stomp_options.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace edgews {

struct StompRelayOptions {
    // How the upstream brokers are reached: a failover list, login and virtual host of the shared
    // connections, heart-beats, TLS. receipt_timeout_ms is the limit for what clients wait for.
    // Frames that clients may say here, those brokers must take, too: bodies above all; and as
    // messages they come back with some headers more, and with escapes (`frame`). Its kept_size_max
    // and kept_ms are those below.
    stomp::ClientOptions upstream{};
    // Bytes of SENDs that wait while there is no connection, and milliseconds for which they do;
    // further ones, and those that waited for too long, are refused.
    std::size_t kept_size_max = 1024 * 1024;
    std::uint32_t kept_ms = 2'000;
    stomp::UpstreamKind kind = stomp::UpstreamKind::edgews;
    // Destinations that begin with one of these go up: topics and queues, and of RabbitMQ
    // "/exchange/…" and "/amq/queue/…". These are not among them by default, since they are other
    // names of what topics and queues are, which hooks have to know: "/exchange/amq.topic/KEY" is
    // "/topic/KEY", and "/amq/queue/NAME" is "/queue/NAME". An exchange that a prefix names whole
    // ("/exchange/prices/") is taken to be there: then SENDs to it, too, share a connection.
    std::vector<std::string> prefixes{"/topic/", "/queue/"};
    // Messages to users ("/user/NAME/queue/…") reach their sessions on all nodes whose relays say
    // this, by topics edgews.user.… upstream: one for each destination of a user's that somebody
    // has subscribed to. Their reply-to cannot be a temporary queue then.
    bool relays_users = false;
    // Milliseconds for which a subscription upstream stays when nobody here has it any more.
    std::uint32_t linger_ms = 10'000;
    // Upstream connections that sessions may have of their own, together.
    std::size_t own_connection_count_max = 1'000;
    // Messages that an own connection may have unacknowledged for each subscription that names no
    // prefetch-count. At least 1.
    std::uint32_t prefetch_count = 100;
};

// The login of a session's own upstream connection.
struct StompUpstreamLogin {
    std::string login{};
    std::string passcode{};
};

// All are optional. They run on the loops, on several at once, and must not block or throw.
struct StompRelayHooks {
    // Without this hook, or where it returns an empty login, own connections have the login of the
    // shared ones. What the client said in CONNECT never goes up.
    Function<StompUpstreamLogin(const StompClient&)> upstream_login{};
    // A shared connection was made, or was lost or could not be made, and why. `address`: the
    // broker's URL, without login and passcode.
    Function<void(bool is_available, std::string_view address, std::string_view reason)> upstream{};
    // A connection was lost and made again: subscribers of this destination, so many, may have
    // missed messages in between. Of a session's own: a stream's, of which no message had come yet,
    // or which has dropped meanwhile what would have come next.
    Function<void(std::string_view destination, std::size_t subscriber_count)> gap{};
};

// A shared connection.
struct StompUpstreamStats {
    std::string address{};  // The broker's URL, without login and passcode.
    bool is_available = false;
    std::size_t subscriptions = 0;      // Made there.
    std::uint64_t connects = 0;         // Since the relay began.
    std::uint64_t failures = 0;         // Tries to connect that failed, and connections lost.
    std::uint64_t resubscribed_ms = 0;  // Milliseconds that it took to make all of them again.
};

struct StompRelayStats {
    std::vector<StompUpstreamStats> upstreams{};
    std::size_t own_connections = 0;
    std::uint64_t sent = 0;      // SENDs that went up.
    std::uint64_t received = 0;  // MESSAGEs that came down.
    std::uint64_t gaps = 0;      // Destinations times losses.
    std::uint64_t refused = 0;   // SENDs that could not go up.
    std::uint64_t in_doubt = 0;  // Receipts that did not come.

    // Prometheus' text exposition format, for a route such as /metrics.
    [[nodiscard]] std::string prometheus() const;
};

class StompRelay final : public StompBroker {
  public:
    // Throws std::invalid_argument for an option that cannot be used.
    explicit StompRelay(StompRelayOptions relay, StompOptions options = {}, StompHooks hooks = {},
                        StompRelayHooks relay_hooks = {});

    // Any thread.
    [[nodiscard]] StompRelayStats relay_stats() const;
};

}  // namespace edgews
