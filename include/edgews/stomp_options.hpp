// The options of a STOMP broker, and its hooks, by which the application has a say.
#pragma once

#include <edgews/address.hpp>
#include <edgews/function.hpp>
#include "core/stomp/broker.hpp"
#include "core/stomp/destination.hpp"
#include "core/stomp/frame.hpp"
#include "core/stomp/session.hpp"

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace edgews {

struct StompOptions {
    // Options of destinations and queues, and limits: core/stomp/broker.hpp.
    stomp::BrokerOptions broker{};
    // Options of frames, heart-beats and transactions: core/stomp/session.hpp.
    stomp::SessionOptions session{};
    // Milliseconds from the connection's opening in which CONNECT has to come. Not 0.
    std::uint32_t connect_timeout_ms = 10'000;
    // Milliseconds that a SEND or COMMIT may wait for room in a queue, with WhenFull::block. Then
    // it is refused. A producer can wait for itself: for ACKs that it sent behind the SEND. Not 0.
    std::uint32_t block_timeout_ms = 30'000;
    // CONNECTs from one address that `authenticate` may refuse in a minute, or all at once after a
    // minute without. Then further CONNECTs from there are refused without asking it, until there
    // is room for one more. An IPv6 address counts as its network
    // (ServerOptions::ipv6_prefix_length). Clients that share an address share this limit: raise it
    // where one misguided program would keep others out, and have proxies name their clients.
    // Connections of trusted proxies that name nobody, and connections over Unix sockets, are not
    // counted. 0: no limit.
    std::uint32_t failed_logins_per_minute_max = 10;
    // Bytes of frames that may wait for a client that does not read; more end the connection. They
    // are RECEIPTs for the most part: messages wait in the broker, under its limits.
    std::size_t output_size_max = 1024 * 1024;
    // A pattern covers names that nobody knows when it is subscribed to. So StompHooks::authorise
    // is asked about each name, as about a SUBSCRIBE to it, before the first message to that name
    // would go to a session whose pattern covers it. Messages to names that it refuses are left
    // out, silently. Its answer holds for the session until authorise_again() or a renewal, as far
    // as there is room to remember it (net/stomp/verdicts.hpp). False: it is asked about the
    // pattern only.
    bool authorise_deliveries = true;
};

// A session as hooks and handlers see it. It is valid until they return.
struct StompClient {
    std::string_view session_id{};  // The one that CONNECTED told the client.
    std::string_view user{};        // The one that `authenticate` returned. Empty: anonymous.
    stomp::Version version = stomp::Version::v1_2;
    const Address* address = nullptr;  // As Connection::remote_address().
};

// The answer to CONNECT.
struct StompAccess {
    bool is_granted = true;
    // The name of the user. Messages to "/user/NAME/queue/…" go to all sessions of that name.
    std::string user{};
    // The reason of a refusal, for the ERROR frame.
    std::string reason{};
    // Milliseconds until `renew` is asked. 0: never.
    std::uint32_t valid_for_ms = 0;
};

enum class StompAction : std::uint8_t { send, subscribe };

// A hook or a handler throws this to end the session with an ERROR frame whose body is this text.
// Of any other exception the client learns only that the application failed.
class StompRefusal : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// All hooks are optional. They run on the loops, on several at once, and must not block. A hook
// that throws ends its session with an ERROR frame.
struct StompHooks {
    // Answers a CONNECT, of which `login`, `passcode` and `host` are headers. Without this hook
    // everybody is let in, and nobody has a name: `login` alone proves nothing.
    Function<StompAccess(const StompClient&, const stomp::Frame& connect)> authenticate{};
    // Decides whether the session may stay when the time that it was given is over. Without this
    // hook it may not.
    Function<StompAccess(const StompClient&)> renew{};
    // Decides about each SEND and SUBSCRIBE before it happens. False: ERROR access_refused, and the
    // session ends. The destination has one spelling, whatever the client wrote
    // (stomp::canonical()), and is acted on as it is shown: "/app/%61dmin" is "/app/admin" here. A
    // subscription may be to a pattern, which says so (is_pattern()) and which names it stands for
    // (covers(name)); see StompOptions::authorise_deliveries. A hook may take the text alone, as
    // std::string_view. A user who may subscribe to BrokerOptions::dead_letter_queue sees the dead
    // letters of all queues.
    Function<bool(const StompClient&, StompAction, stomp::Destination)> authorise{};
    // Decides about each SEND that was authorised, by its content. False: as above. Its destination
    // is spelled in the same way.
    Function<bool(const StompClient&, const stomp::Frame& send)> message{};
    Function<void(const StompClient&)> connected{};
    // The session has ended. `fault` is `none` after DISCONNECT, or when the connection just ended.
    Function<void(const StompClient&, stomp::Fault fault)> disconnected{};
    // A hook or a handler threw something that is no StompRefusal. `what` is its text.
    Function<void(const StompClient&, std::string_view what)> error{};
};

}  // namespace edgews
