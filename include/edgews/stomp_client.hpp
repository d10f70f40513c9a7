// A STOMP client: of RabbitMQ, ActiveMQ, this library's broker, and others (1.2, 1.1 and 1.0), over
// TCP, TLS and WebSocket.
//
//     edgews::Loop loop;
//     edgews::stomp::Client client(loop, {.brokers = {"stomp://guest:guest@localhost:61613"}});
//     client.subscribe("/topic/news", [](edgews::stomp::Client&, const edgews::stomp::Message& m) {
//         print(m.text());
//     });
//     client.send("/topic/news", "hello");
//     loop.run();
//
// It connects again by itself, to the next of its brokers, and makes its subscriptions again. What
// is lost on the way is told: a receipt that did not come by its completion, what did not leave by
// the disconnected handler; and what others sent to a topic meanwhile has passed unseen, which
// SubscribeOptions::confirmed marks the end of.
#pragma once

#include <edgews/client_options.hpp>
#include <edgews/function.hpp>
#include <edgews/message.hpp>
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

class Loop;

namespace stomp {

class Client;
class ClientState;

struct ClientOptions {
    // URLs of brokers, at least one: "stomp://login:passcode@host:61613/virtual-host", "stomps://…"
    // (TLS), "ws://host:15674/ws", "wss://…". Each connection is to the next of them, and the first
    // to a random one.
    std::vector<std::string> brokers{};
    // The headers of CONNECT. Empty: those of the URL.
    std::string login{};
    std::string passcode{};
    // The virtual host (1.1, CONNECT). Empty: that of the URL, or else its host's name. RabbitMQ
    // has "/".
    std::string host{};
    // Further headers of CONNECT. "client-id" is one of ActiveMQ's.
    std::vector<ClientHeader> headers{};
    // The heart-beats that the client can send and wants (1.2, Heart-beating). A broker that is
    // silent for 1.75 times as long as was agreed is lost; ActiveMQ, whose heart-beats take up to
    // twice as long, for 2.5 times.
    HeartBeat heart_beat{.can_send_ms = 10'000, .wants_ms = 10'000};
    // Limits of a frame that the broker sends. They are wider than those of what may be sent to a
    // broker (SessionOptions::frame): a message has further headers, and escapes take room.
    FrameLimits frame{.header_count_max = 1'000,
                      .header_size_max = 64 * 1024,
                      .head_size_max = 1024 * 1024,
                      .body_size_max = 16 * 1024 * 1024};

    // Milliseconds in which a receipt has to come. 0: no limit.
    std::uint32_t receipt_timeout_ms = 30'000;
    // Milliseconds in which the broker has to answer DISCONNECT. The time begins anew as long as it
    // takes bytes that wait in front of that. Not 0.
    std::uint32_t disconnect_timeout_ms = 5'000;
    // Bytes of frames that may wait for a broker that does not read. It is a hard limit, but one
    // frame may always wait. Beyond it send(), ack() and nack() return `dropped`.
    std::size_t backlog_size_max = 16 * 1024 * 1024;
    // Bytes of SENDs that are kept while there is no connection, and milliseconds for which they
    // are: then they leave in order, in front of what follows. Beyond the first, send() returns
    // `closed`, and those that were kept too long are lost. 0 bytes: none are kept.
    std::size_t kept_size_max = 0;
    std::uint32_t kept_ms = 2'000;

    // The way to the broker: look-up of names, time-outs of each step (handshake_timeout_ms is that
    // of CONNECTED, too), keep-alive, `tls`, `unix_path`; for WebSockets all of it but the
    // subprotocols and the limits of messages.
    edgews::ClientOptions connection{};
    // How it connects again: after any loss and any failure. Authentication that fails may be one
    // broker's, or pass; a reconnect handler that knows better says stop.
    ReconnectOptions reconnect{
        .enabled = true, .delay_ms = 50, .delay_max_ms = 10'000, .stable_ms = 1'000};
};

// Name a subscription and a transaction of a client. They are not used twice. 0: none.
using SubscriptionNumber = std::uint64_t;
using TransactionNumber = std::uint64_t;

// A message, as its handler sees it: views that are valid until the handler returns.
class Message {
  public:
    Message(const Frame& frame, SubscriptionNumber subscription, std::uint64_t connection,
            std::string_view ack) noexcept
        : frame_(frame), subscription_(subscription), connection_(connection), ack_(ack) {}

    [[nodiscard]] const Frame& frame() const noexcept { return frame_; }
    // As the broker spells it, which may be otherwise than it was subscribed to.
    [[nodiscard]] std::string_view destination() const noexcept { return header("destination"); }
    // The value of the first header of that name. "": there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept {
        return frame_.find(name).value_or("");
    }
    [[nodiscard]] std::span<const std::byte> body() const noexcept { return frame_.body; }
    [[nodiscard]] std::string_view text() const noexcept {
        return {reinterpret_cast<const char*>(frame_.body.data()), frame_.body.size()};
    }
    // 0: of none that subscribe() made: a reply to a temporary queue.
    [[nodiscard]] SubscriptionNumber subscription() const noexcept { return subscription_; }
    // The number of its connection, and what acknowledges it there. "": nothing does.
    [[nodiscard]] std::uint64_t connection() const noexcept { return connection_; }
    [[nodiscard]] std::string_view ack() const noexcept { return ack_; }

  private:
    const Frame& frame_;
    SubscriptionNumber subscription_;
    std::uint64_t connection_;
    std::string_view ack_;
};

// A message to be acknowledged later: what is to be kept of it for that.
struct Unacknowledged {
    Unacknowledged() = default;
    // NOLINTNEXTLINE(google-explicit-constructor): Client::ack() takes either.
    Unacknowledged(const Message& message)
        : connection(message.connection()),
          ack(message.ack()),
          subscription(message.header("subscription")) {}

    // It cannot be acknowledged after that connection has ended: the broker gives it to somebody
    // else.
    std::uint64_t connection = 0;
    std::string ack{};
    std::string subscription{};
};

// What became of a frame that asked for a receipt.
struct Receipt {
    enum class Outcome : std::uint8_t {
        confirmed,  // The broker has it (1.2, RECEIPT).
        refused,    // By an ERROR that names it.
        lost,       // In doubt: the connection ended before.
        late,       // In doubt: ClientOptions::receipt_timeout_ms has passed.
        unsent,     // It never left: there was no connection, or it was kept too long, or the
                    // version of the next connection cannot say its destination.
    };
    Outcome outcome = Outcome::confirmed;
    // Of `refused`: the ERROR's message. Valid until the completion returns.
    std::string_view reason{};

    explicit operator bool() const noexcept { return outcome == Outcome::confirmed; }
};

// Called once, on the client's loop, never from within the function that it was given to; not after
// the client was destroyed.
using Completion = Function<void(const Receipt&)>;

struct SendOptions {
    // Borrowed for the call. Those that the version cannot say are left out, and so are
    // destination, id, message-id, transaction, receipt and content-length.
    std::span<const Header> headers{};
    TransactionNumber transaction = 0;
    // A receipt is asked for when there is one.
    Completion receipt{};
};

struct SubscribeOptions {
    AckMode ack = AckMode::automatic;
    // As SendOptions'. They are copied.
    std::span<const Header> headers{};
    // Called when the broker has confirmed it: what is sent from now on is not missed. It comes
    // again after each reconnection; false: the broker refused it, or did not answer in time.
    Function<void(Client&, SubscriptionNumber, bool is_confirmed)> confirmed{};
};

using MessageHandler = Function<void(Client&, const Message&)>;

// The end of a connection.
struct Disconnected {
    // After Client::disconnect(), and the broker has answered.
    bool is_orderly = false;
    // Bytes of frames that did not leave.
    std::size_t unsent_size = 0;
};

// The next try to connect. The reconnect handler may change delay_ms and stop.
struct Retry {
    unsigned count = 1;          // Since a connection was stable.
    std::uint32_t delay_ms = 0;  // Milliseconds until it begins.
    bool stop = false;
    std::string_view broker{};  // Where it leads: the URL, without login and passcode.
};

// All are optional, and run on the client's loop. A handler may destroy the client. One that throws
// ends the connection, as an error; the client connects again.
struct ClientHandlers {
    // Each time. The subscriptions were made again, in front of what is sent from here on.
    Function<void(Client&)> connected{};
    // A message of no subscription: a reply to a temporary queue.
    MessageHandler message{};
    // Nothing waits for the broker any more, after send(), ack() or nack() returned `dropped`.
    Function<void(Client&)> drain{};
    // A broker could not be reached, sent ERROR, broke a rule, or was lost. The text of ERROR's
    // message header is in ClientError::error.message, its body in ClientError::body.
    Function<void(Client&, const ClientError&)> error{};
    // A connection has ended that was connected. It follows `error` and the completions.
    Function<void(Client&, const Disconnected&)> disconnected{};
    Function<void(Client&, Retry&)> reconnect{};
};

// All functions must be called on its loop's thread.
class Client {
  public:
    // Begins to connect. The handlers are told later whatever happens. `loop` must outlive the
    // client. Throws std::invalid_argument for an option that cannot be used.
    Client(Loop& loop, ClientOptions options, ClientHandlers handlers = {});
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    // Nothing is called any more. What was sent still leaves, and DISCONNECT behind it.
    ~Client();

    // Subscribes now, or when it is connected, and after each reconnection. The handler must not be
    // empty. 0: the version of the connection cannot say the destination.
    SubscriptionNumber subscribe(std::string_view destination, MessageHandler handler,
                                 const SubscribeOptions& options = {});
    // Its handler is not called any more. `headers`: of UNSUBSCRIBE; durable subscriptions need
    // some. Without a connection it is not said, and its receipt is `unsent`. False: there is no
    // such subscription.
    bool unsubscribe(SubscriptionNumber subscription, Completion receipt = {},
                     std::span<const Header> headers = {});
    // The headers with which it is made again after a reconnection. False: as above.
    bool set_headers(SubscriptionNumber subscription, std::span<const Header> headers);

    // `sent` or `queued`: it is on its way, or is kept for the next connection
    // (ClientOptions::kept_size_max). `dropped`: too much waits. `closed`: there is no connection,
    // or its transaction has ended with one. `invalid`: the version cannot say the destination. Of
    // the last three the completion is destroyed, and not called.
    SendResult send(std::string_view destination, std::span<const std::byte> body,
                    SendOptions options = {});
    SendResult send(std::string_view destination, std::string_view text, SendOptions options = {}) {
        return send(destination, std::as_bytes(std::span(text)), std::move(options));
    }
    // ACK and NACK. `dropped`: too much waits. `closed`: its connection has ended, or its
    // transaction has. `invalid`: it needs none, or the version has no NACK.
    SendResult ack(const Unacknowledged& message, SendOptions options = {});
    SendResult nack(const Unacknowledged& message, SendOptions options = {});

    // Begins a transaction. It ends with its connection. 0: there is no connection.
    TransactionNumber begin();
    SendResult commit(TransactionNumber transaction, Completion receipt = {});
    SendResult abort(TransactionNumber transaction, Completion receipt = {});

    // Sends DISCONNECT behind all that was sent, and ends when the broker has answered. The client
    // does not connect again. A client without a connection ends at once.
    void disconnect();
    // Ends the connection at once. The client does not connect again.
    void terminate();
    // Connects once more, now. Requires: is_closed().
    void connect();

    [[nodiscard]] bool is_connected() const noexcept;
    // It neither has a connection nor tries to make one.
    [[nodiscard]] bool is_closed() const noexcept;
    // Nothing more is read from the broker until resume_reading(), not of the next connection
    // either, but for the answer to CONNECT. It is not judged by its silence meanwhile, and what
    // has become of it is not told. disconnect() resumes reading, too.
    void pause_reading();
    void resume_reading();
    // Bytes of frames that the system has not taken yet.
    [[nodiscard]] std::size_t buffered_amount() const noexcept;
    // The version that was agreed on. Requires: is_connected().
    [[nodiscard]] Version version() const noexcept;
    // The URL of the broker, the present or the last one, without login and passcode.
    [[nodiscard]] std::string_view broker() const noexcept;
    // The address of the broker. Family `none`: there is no connection.
    [[nodiscard]] const Address& remote_address() const noexcept;
    [[nodiscard]] Loop& loop() const noexcept;

  private:
    std::shared_ptr<ClientState> state_;
};

}  // namespace stomp
}  // namespace edgews
