// A client's requests: as its owner sees them, and as they are carried out once they were checked.
#pragma once

#include <edgews/stomp_frame.hpp>
#include "core/stomp/broker.hpp"
#include "core/stomp/subscription.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace edgews::stomp {

struct Request {
    enum class Kind : std::uint8_t {
        connect,      // Answer with accept() or refuse().
        send,         // To a topic, a queue, a user; or anything in a transaction.
        application,  // SEND to /app/…: hand it to its handler, then answered().
        subscribe,
        unsubscribe,
        ack,
        nack,
        begin,
        commit,
        abort,
        disconnect,
    };
    Kind kind = Kind::connect;
    // Valid until the session is called again. Null: it was blocked.
    const Frame* frame = nullptr;
    // Of send, application and subscribe, in its one spelling (canonical(), destination.hpp), as
    // `frame` has it, too.
    std::string_view destination{};
    bool is_of_commit = false;  // An application's: it was a send before, in a transaction.
    // A send or a subscribe of what belongs to an upstream broker. The send is to be answered with
    // sent_up(), unless it is of a transaction, and the subscribe with carry_out().
    bool is_relayed = false;
};

// Each has all that it takes: the frame may be gone by then.
struct ToSend {
    Sending sending{};
    std::string reply_queue{};  // The temporary queue that reply-to names. Empty: none.
    std::optional<std::string> transaction{};
};
// Of a transaction: to the application, as it came.
struct ToSendToApplication {
    std::string transaction{};
};
// The same to an upstream broker.
struct ToSendUp {
    std::string transaction{};
};
struct ToSubscribe {
    SubscriptionSetup setup{};
};
struct ToUnsubscribe {
    std::string id{};
};
struct ToSettle {
    Settling settling{};
    std::optional<std::string> transaction{};
};
struct ToBegin {
    std::string transaction{};
};
struct ToCommit {
    std::string transaction{};
};
struct ToAbort {
    std::string transaction{};
};
struct ToDisconnect {};

// None: it is not carried out by the session, but answered by its owner.
using Checked = std::variant<std::monostate, ToSend, ToSendToApplication, ToSendUp, ToSubscribe,
                             ToUnsubscribe, ToSettle, ToBegin, ToCommit, ToAbort, ToDisconnect>;

// What became of a request.
enum class Outcome : std::uint8_t {
    done,     // Carried out, or refused: the session is over then.
    blocked,  // It has to wait for room in a queue.
};

}  // namespace edgews::stomp
