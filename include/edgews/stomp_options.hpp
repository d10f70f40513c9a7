// The options of a STOMP broker, and its hooks, by which the application has a say.
#pragma once

#include <edgews/address.hpp>
#include <edgews/event.hpp>
#include <edgews/function.hpp>
#include <edgews/stomp_frame.hpp>
#include <edgews/version.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace edgews {

namespace stomp {

// Limits of one frame.
struct FrameLimits {
    std::size_t header_count_max = 100;
    std::size_t header_size_max = 16 * 1024;  // Bytes of a header line, without its end.
    std::size_t head_size_max = 64 * 1024;    // Bytes of a frame before its body.
    std::size_t body_size_max = 1024 * 1024;  // Bytes.
};

// The heart-beats that one side of a session can send and wants (1.2, Heart-beating). Milliseconds;
// 0: none.
struct HeartBeat {
    std::uint32_t can_send_ms = 0;  // It sends something at least so often.
    std::uint32_t wants_ms = 0;     // It would like to hear something so often.

    // "4000,8000". Nothing: it is malformed. More than 32 bits hold counts as their largest.
    [[nodiscard]] static std::optional<HeartBeat> parse(std::string_view value) noexcept;
};

// When the RECEIPT comes of a frame in a transaction.
enum class ReceiptInTransaction : std::uint8_t {
    // With its effect (1.2, RECEIPT: the frame "has been processed"): behind COMMIT, or ABORT.
    at_commit,
    // At once: it will be part of the COMMIT, or has been refused. For clients that wait for it
    // before they commit, as Perl's Net::Stomp does.
    at_once,
};

// The options of a session: its frames, heart-beats and transactions.
struct SessionOptions {
    FrameLimits frame{};
    // Of the first frame, CONNECT: from somebody who may be anyone.
    FrameLimits connecting{.body_size_max = 1024};
    // The heart-beats of the server. It sends and hears as often as a client asks, but no more
    // often than this.
    HeartBeat heart_beat{.can_send_ms = 1'000, .wants_ms = 1'000};
    std::string server = "edgews/" + std::string(library_version);  // The header of CONNECTED.
    std::size_t transaction_count_max = 16;                         // Open at a time.
    std::size_t transaction_frame_count_max = 10'000;               // In one of them,
    std::size_t transaction_size_max = 4 * 1024 * 1024;             // and their bytes.
    ReceiptInTransaction receipt_in_transaction = ReceiptInTransaction::at_commit;
};

// The ways to deal with a SEND to a full queue.
enum class WhenFull : std::uint8_t {
    refuse,       // ERROR queue_full.
    drop_oldest,  // The oldest that no consumer has makes room.
    block,        // The producer waits: no RECEIPT, and nothing more is read from it.
};

// Limits of one queue.
struct QueueLimits {
    std::size_t message_count_max = 100'000;  // With those that consumers have. At least 1.
    std::size_t size_max = 64 * 1024 * 1024;  // Bytes of memory, the same.
    WhenFull when_full = WhenFull::refuse;
};

// The ways to deal with a subscriber of topics that is slow: BrokerOptions::backlog_size_max says
// when it is.
enum class WhenSlow : std::uint8_t {
    disconnect,  // ERROR too_slow, and the session ends.
    // The oldest of the subscription makes room. The message behind the gap has the header
    // `dropped:N`: so many of the subscription were dropped since the last that came.
    drop_oldest,
    drop_newest,  // No more comes until there is room. The same header.
    // Producers wait for it, beginning when half of backlog_size_max waits, and until a quarter
    // does: nothing more is read from them. Each waits for slow_after_ms at most, and then the
    // session of the subscriber ends, as above. Nobody waits for himself, and the application's
    // send() does not wait: what that sends may fill backlog_size_cap.
    block,
};

// The options of destinations, and the limits of all sessions together.
struct BrokerOptions {
    QueueLimits queue{};
    // A message that was delivered so often and not acknowledged goes to `dead_letter_queue`;
    // 0: never.
    std::uint32_t delivery_count_max = 10;
    // Where those go, and those that were refused by NACK with requeue:false: a queue that is there
    // whatever destination_count_max and memory_max say, and in which none is delivered too often.
    // It drops its oldest when it is full. Empty: they are dropped. Either is counted as
    // dead_letters_lost.
    std::string dead_letter_queue = "/queue/dead-letters";
    // Bytes of topic messages that may wait for one session whose connection takes none, and of
    // those that wait for its ACKs; one message always may. A burst is not slowness: a session is
    // slow when more has waited for it for `slow_after_ms` without a break, or at once when more
    // than one of the two sizes below would wait. Then it is held to this size, as `when_slow`
    // says, until half of that is free. Where a connection takes what it is given, and only its
    // loop has not come to it, producers wait as with WhenSlow::block, and time does not count.
    std::size_t backlog_size_max = 1024 * 1024;
    // Milliseconds, to which up to two seconds come in which nobody looks. What a client's link
    // does not carry in so long is too large a burst for it. 0: at once.
    std::uint64_t slow_after_ms = 5'000;
    // Bytes, as above, that may wait for one session in a burst. At least backlog_size_max.
    std::size_t backlog_size_cap = 32 * 1024 * 1024;
    // Bytes of memory that may wait for all sessions before there is no time for bursts: messages
    // (once, however many they wait for), and 64 bytes for each that one waits for. At most half of
    // memory_max, so that slow subscribers end before others are refused.
    std::size_t backlogs_size_max = 512 * 1024 * 1024;
    WhenSlow when_slow = WhenSlow::disconnect;
    // Messages that a subscription may have unsettled. It may say less by prefetch-count.
    std::uint32_t prefetch_count = 10'000;  // At least 1.
    // Bytes of memory of all that the broker keeps: messages in queues, in open transactions, and
    // those of topics that wait for subscribers (once, however many), subscriptions, topics and
    // queues. Above it a SEND, BEGIN or SUBSCRIBE that needs more is refused. What connections
    // have on the way is theirs: see output_size_max and backlogs.
    std::size_t memory_max = 1024 * 1024 * 1024;
    // Of that, bytes of memory of all queues' messages together.
    std::size_t queues_size_max = 1024 * 1024 * 1024;
    std::size_t destination_count_max = 100'000;  // Queues and topics, each.
    // Patterns differ in where they have wildcards, and a message looks once for each way that any
    // pattern has. At most this many, of all sessions; see topic_table.hpp.
    std::size_t pattern_shape_count_max = 128;
    // Of memory, destinations and shapes no session and no user gets so much that nothing is left
    // for the next: a lone session a third, a lone user half; see accounts.hpp. Sessions without a
    // user are one user for each address that they come from (of IPv6, for each /64). Without:
    // whoever comes first may take all.
    bool has_shares = true;
    std::size_t subscription_count_max = 25'000;            // Of one session,
    std::size_t pattern_count_max = 1'000;                  // and those of them that are patterns.
    std::size_t subscriptions_size_max = 16 * 1024 * 1024;  // Bytes of memory that they take.
    // Milliseconds after which a queue goes, and what is in it has expired: when nobody has
    // consumed from it and nothing was sent to it for so long. 0: never. Without messages and
    // consumers, and without this, a queue goes at once.
    std::uint64_t unused_queue_timeout_ms = 0;
};

// The brokers that a relay knows how to speak to: they name destinations in different ways.
enum class UpstreamKind : std::uint8_t { edgews, rabbitmq, activemq };

// Since the broker began. In copies.
struct BrokerCounters {
    std::uint64_t received = 0;   // Messages that were sent to a destination.
    std::uint64_t delivered = 0;  // Copies that went to clients.
    std::uint64_t dropped = 0;    // For want of room, by policy.
    std::uint64_t expired = 0;
    std::uint64_t dead_lettered = 0;
    // Of `dropped`: for want of room in the dead-letter queue, or because there is none.
    std::uint64_t dead_letters_lost = 0;
    std::uint64_t redelivered = 0;
    std::uint64_t withheld = 0;  // Copies that somebody's pattern covered, and it may not have.
};

}  // namespace stomp

struct StompOptions {
    stomp::BrokerOptions broker{};
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
    // What operators want to know of sessions, and of a relay's upstream connections, is told to
    // this: see edgews/event.hpp. Of what is below them (TLS, HTTP) the server's own hook is told.
    // Empty: nobody is told.
    EventHook on_event{};
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
