// What a STOMP broker can be told, and the hooks by which the application has a say.
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
    // Destinations, queues, limits: core/stomp/broker.hpp.
    stomp::BrokerOptions broker{};
    // Frames, heart-beats, transactions: core/stomp/session.hpp.
    stomp::SessionOptions session{};
    // Milliseconds for CONNECT, from the connection's opening. Not 0.
    std::uint32_t connect_timeout_ms = 10'000;
    // Milliseconds that a SEND or COMMIT may wait for room in a queue, with WhenFull::block; then
    // it is refused. A producer may wait for itself: for ACKs that it sent behind. Not 0.
    std::uint32_t block_timeout_ms = 30'000;
    // CONNECTs of one address that `authenticate` may refuse in a minute, or all at once after a
    // minute without; then, until there is room for one more, further CONNECTs from there are
    // refused without asking it. Of IPv6, an address is its network
    // (ServerOptions::ipv6_prefix_length). Who shares an address shares this: raise it where one
    // misguided program would keep others out, and have proxies name their clients. Connections of
    // trusted proxies that name nobody, and over Unix sockets, are not counted. 0: no limit.
    std::uint32_t failed_logins_per_minute_max = 10;
    // Bytes of frames that may wait in front of a connection that is not read. Messages wait in the
    // broker, under its limits; these are RECEIPTs, for the most part. More: the connection ends.
    std::size_t output_size_max = 1024 * 1024;
    // A pattern covers names that nobody knows when it is subscribed to. So StompHooks::authorise
    // is asked about each name, as of a SUBSCRIBE to it, before the first message to it would go to
    // a session whose pattern covers it. Messages to names that it refuses are left out, silently.
    // What it said holds for the session until authorise_again() or a renewal, as far as there is
    // room for it (net/stomp/verdicts.hpp). False: what it said of the pattern is all.
    bool authorise_deliveries = true;
};

// A session, as hooks and handlers see it: valid until they return.
struct StompClient {
    std::string_view session_id{};  // As CONNECTED said it.
    std::string_view user{};        // As authenticate said it; empty: anonymous.
    stomp::Version version = stomp::Version::v1_2;
    const Address* address = nullptr;  // As Connection::remote_address() has it.
};

// The answer to CONNECT.
struct StompAccess {
    bool is_granted = true;
    // Whose messages "/user/queue/…" are. Two sessions of one user both get them.
    std::string user{};
    // Why not, for the ERROR.
    std::string reason{};
    // Milliseconds until `renew` is asked; 0: never.
    std::uint32_t valid_for_ms = 0;
};

enum class StompAction : std::uint8_t { send, subscribe };

// Thrown by a hook or a handler: ends the session with ERROR, whose body is this text. Of any other
// exception the client learns only that the application failed.
class StompRefusal : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// All are optional, run on the loops, several at once, and must not block. One that throws ends its
// session with ERROR.
struct StompHooks {
    // CONNECT, of which `login`, `passcode` and `host` are headers. Without it everyone is let in,
    // and nobody has a name: `login` alone proves nothing.
    Function<StompAccess(const StompClient&, const stomp::Frame& connect)> authenticate{};
    // Whether the session may stay when the time that it was given is over. Without it, it may not.
    Function<StompAccess(const StompClient&)> renew{};
    // Before each SEND and SUBSCRIBE. False: ERROR access_refused, and the session ends.
    // The destination has one spelling, whatever the client wrote (stomp::canonical()), and is
    // acted on as it is shown: "/app/%61dmin" is "/app/admin" here. A subscription may be to a
    // pattern, which says so (is_pattern()) and which names it stands for (covers(name)); see
    // StompOptions::authorise_deliveries. A hook may take the text alone, as std::string_view.
    // Who may subscribe to BrokerOptions::dead_letter_queue sees what comes there of all queues.
    Function<bool(const StompClient&, StompAction, stomp::Destination)> authorise{};
    // Each SEND that was authorised, before it happens. False: as above. Its destination is spelled
    // in the same way.
    Function<bool(const StompClient&, const stomp::Frame& send)> message{};
    Function<void(const StompClient&)> connected{};
    // `fault`: none after DISCONNECT, or when the connection just ended.
    Function<void(const StompClient&, stomp::Fault fault)> disconnected{};
    // A hook or a handler threw something else than a StompRefusal, and this is what it said.
    Function<void(const StompClient&, std::string_view what)> error{};
};

}  // namespace edgews
