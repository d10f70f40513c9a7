// A client's session with a Redis server, without I/O: commands out, messages and replies in.
//
//     begin() ──HELLO 3──▶ greeting ──▶ ready              the server speaks RESP3
//                             └──AUTH or PING──▶ ready     it is older than 6.0, or has no HELLO
//     … ──▶ over                                           refused, or any fault
//
// Its owner has a transport and a clock:
//
//     session.begin({.user = …, .password = …});
//     socket.write(session.output());                  // And again after whatever is called.
//     while (const Event event = session.next(input)) …
//
// Commands may be written without waiting for the answers to earlier ones. A server answers in
// order, so each command has a number, by which its answer names it; the numbers of the answers
// ascend. A connection that is lost loses those that were not answered: a new one needs a new
// session.
//
// In RESP3 messages arrive beside answers, and one connection is enough. In RESP2 they look like
// answers, and a connection that has subscribed takes nothing but subscriptions and PING: then
// may_publish_here() says no, and the owner opens another connection for all else.
//
// SUNSUBSCRIBE needs care. When a cluster's slot goes to another node, its channels are
// unsubscribed by the server, in the very words that confirm SUNSUBSCRIBE; that may be on its way
// then, and is answered with an error. Whoever took the first for the answer would take all later
// answers for those of other commands. So a PUNSUBSCRIBE follows each SUNSUBSCRIBE, of a pattern
// that the session has not: its confirmation ends the answer to both. Users who may run the one
// must be allowed the other.
#pragma once

#include "core/base/buffer.hpp"
#include "core/base/ring.hpp"
#include "core/redis/command_error.hpp"
#include "core/redis/fault.hpp"
#include "core/redis/reply_reader.hpp"
#include "core/redis/value.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace edgews::redis {

struct Login {
    std::string_view user{};      // Empty: the default one.
    std::string_view password{};  // Empty: the server asks for none.
    std::uint32_t database = 0;   // Of keys; channels belong to none.
};

// How far messages go in a cluster. Without one it makes no difference.
enum class Scope : std::uint8_t {
    cluster,  // To all nodes: SUBSCRIBE and PUBLISH.
    shard,    // To those of the channel's slot: SSUBSCRIBE and SPUBLISH, since Redis 7.0.
};

struct Event {
    enum class Kind : std::uint8_t {
        none,          // Nothing more in this input.
        ready,         // Logged in. Once.
        refused,       // Not logged in: `error`, and `value` has its text. It is over.
        message,       // `channel`, `payload`, `scope`
        subscribed,    // `channel`, `scope`, `number`: what is published from now on will come.
        unsubscribed,  // `channel`, `scope`, `number`. 0: the server did, for the slot has left it.
        reply,         // `number`, `value`. An error has an `error`, too.
        pong,          // The answer to a ping().
        fault,         // The server broke a rule: `fault`. It is over.
    };

    Kind kind = Kind::none;
    Scope scope = Scope::cluster;
    Fault fault = Fault::none;
    CommandError error = CommandError::none;
    std::uint64_t number = 0;
    std::string_view channel{};
    std::string_view payload{};
    Value value{};

    explicit operator bool() const noexcept { return kind != Kind::none; }
};

class Session {
  public:
    // Both are borrowed.
    Session(const ReplyLimits& limits, BufferPool& pool) noexcept : reader_(limits, pool) {}

    // Writes the greeting. First of all, and once.
    void begin(const Login& login) noexcept;

    // The next event of `input`, from which it takes what it used. None: all was used, or the
    // session is over. Its views are valid until the next call, as long as the input's memory.
    [[nodiscard]] Event next(std::span<const std::byte>& input) noexcept;

    // The commands. Each returns its number, the first 1. Require: is_ready().

    // All of the channels are subscribed to, one event each, or none is: a reply with an error.
    // Requires: at least one channel; of Scope::shard all of one slot.
    std::uint64_t subscribe(std::span<const std::string_view> channels, Scope scope) noexcept;
    // The same, backwards. A channel that is not subscribed to is confirmed like any other.
    std::uint64_t unsubscribe(std::span<const std::string_view> channels, Scope scope) noexcept;
    // The reply is the number of subscribers that the server knows of. The payload may come in
    // pieces. Requires: may_publish_here().
    std::uint64_t publish(std::string_view channel, std::string_view payload, Scope scope) noexcept;
    std::uint64_t publish(std::string_view channel, std::span<const std::string_view> payload,
                          Scope scope) noexcept;
    // Any other. Requires: may_publish_here(); it has one reply, and leaves the connection as it
    // is: none of HELLO, AUTH, RESET, QUIT, MONITOR, CLIENT REPLY, SUBSCRIBE and its kin.
    std::uint64_t command(std::span<const std::string_view> arguments) noexcept;
    // Asks whether the server is there. It has no number.
    void ping() noexcept;

    // Bytes to be sent: the owner takes them out.
    [[nodiscard]] std::string& output() noexcept { return output_; }

    [[nodiscard]] bool is_ready() const noexcept { return state_ == State::ready; }
    [[nodiscard]] bool is_over() const noexcept { return state_ == State::over; }
    // Whether this connection takes commands other than those of subscriptions.
    [[nodiscard]] bool may_publish_here() const noexcept {
        return is_ready() && (is_resp3_ || !has_subscribed_);
    }
    // Commands and pings that are not answered.
    [[nodiscard]] std::size_t pending_count() const noexcept { return pending_.size(); }

  private:
    enum class State : std::uint8_t { created, greeting, logging_in, selecting, ready, over };
    void enter(State state) noexcept { state_ = state; }

    // A command whose answer has not come.
    struct Pending {
        enum class Kind : std::uint8_t { command, ping, subscribe, unsubscribe };
        Kind kind = Kind::command;
        Scope scope = Scope::cluster;
        bool is_refused = false;               // SUNSUBSCRIBE: only the end of its answer is left.
        std::uint32_t confirmation_count = 0;  // That are still to come.
        std::uint64_t number = 0;
    };
    [[nodiscard]] bool waits_for(Pending::Kind kind, Scope scope) noexcept;
    std::uint64_t await(Pending pending) noexcept;
    std::uint64_t change(Pending::Kind kind, std::string_view name,
                         std::span<const std::string_view> channels, Scope scope) noexcept;

    [[nodiscard]] Event on_value(const Value& value) noexcept;
    [[nodiscard]] Event on_login(const Value& value) noexcept;
    [[nodiscard]] Event on_greeting(const Value& value) noexcept;
    [[nodiscard]] Event select() noexcept;
    [[nodiscard]] bool is_push(const Value& value) noexcept;
    [[nodiscard]] Event on_push(const Value& push) noexcept;
    [[nodiscard]] Event on_other_push(std::string_view name) noexcept;
    [[nodiscard]] Event on_subscribed(Event event) noexcept;
    [[nodiscard]] Event on_unsubscribed(Event event) noexcept;
    [[nodiscard]] Event confirm(Event event) noexcept;
    [[nodiscard]] Event on_reply(const Value& value) noexcept;
    [[nodiscard]] Event on_change_refused(const Value& value) noexcept;
    [[nodiscard]] Event refuse(const Value& value) noexcept;
    [[nodiscard]] Event fail(Fault fault) noexcept;

    ReplyReader reader_;
    std::string output_;
    Ring<Pending> pending_;
    std::uint64_t last_number_ = 0;
    std::string user_;      // Until the server has answered the greeting,
    std::string password_;  // and this, too.
    std::uint32_t database_ = 0;
    State state_ = State::created;
    bool is_resp3_ = false;
    bool has_subscribed_ = false;  // Or has tried to.
};

}  // namespace edgews::redis
