// A connection for coroutines: a client's, or one of a server's route (edgews/coroutine.hpp).
//
//     while (const auto message = co_await ws.receive()) co_await ws.send(*message);
//
// Nothing is taken from the heap for a message. While nobody waits for messages, they are not read:
// one message at most is kept, and the peer is held back.
#pragma once

#include <edgews/client.hpp>
#include <edgews/connection.hpp>
#include <edgews/message.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews {

// A piece of a message, for those larger than memory.
struct MessagePart {
    Message::Kind kind = Message::Kind::text;
    // They may be empty, and text may be cut inside a character. They are valid until the next
    // receive.
    std::span<const std::byte> bytes{};
    bool is_first = false;
    bool is_last = false;
};

// The way in which a connection for coroutines receives. It is fixed when the connection is made.
enum class Delivery : std::uint8_t {
    messages,  // receive()
    parts,     // receive_part()
};

// A coroutine that waits for something. It is a part of the coroutine, and when it is destroyed it
// waits no more.
class Waiter {
  public:
    Waiter() = default;
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter() {
        if (place_ != nullptr) *place_ = nullptr;
    }
    // Requires: nobody waits at `place`.
    void wait(Waiter*& place, std::coroutine_handle<> coroutine) noexcept;
    // Lets the coroutine that waits at `place` go on, if there is one.
    static void resume(Waiter*& place);

  private:
    Waiter** place_ = nullptr;  // Null: it does not wait.
    std::coroutine_handle<> coroutine_{};
};

// The state of a connection that its coroutines and its handlers share. It lives as long as either.
class AsyncState final : public std::enable_shared_from_this<AsyncState> {
  public:
    AsyncState();
    ~AsyncState();

    // A route's or client's handlers call these. Those of parts are called with Delivery::parts.
    void opened(Connection& connection);
    void message(Message message);
    void part_begins(Message::Kind kind) noexcept;
    void part(std::span<const std::byte> bytes);
    void part_ends();
    void drained();
    void failed(const ClientError& error) { error_ = error; }
    void closed(const CloseEvent& event);

    // The next part; null: it has not come yet, or will not.
    [[nodiscard]] const MessagePart* take();
    [[nodiscard]] bool is_over() const noexcept { return is_over_; }
    // Null: not open, or not any more.
    [[nodiscard]] Connection* connection() const noexcept { return connection_; }
    // Requires: it was opened, or is a client's.
    [[nodiscard]] Loop& loop() const noexcept { return client ? client->loop() : *loop_; }
    [[nodiscard]] const ClientError& error() const noexcept { return error_; }
    [[nodiscard]] const CloseEvent& close_event() const noexcept { return close_event_; }

    // The user data of a route that has some, made by its default constructor.
    template <class T>
    void make_data() {
        data_ = std::make_shared<T>();
        data_type_ = UserData::type_of<T>();
    }
    // Null: there are none of that type.
    [[nodiscard]] void* find_data(const void* type) const noexcept {
        return type == data_type_ ? data_.get() : nullptr;
    }

    Waiter* opener = nullptr;
    Waiter* receiver = nullptr;
    Waiter* sender = nullptr;
    std::unique_ptr<Client> client{};  // Null: a server's.

  private:
    struct Received;  // Messages, or parts of them, that were copied.
    void receive(const MessagePart& part);
    void go_on(Waiter*& place);

    Connection* connection_ = nullptr;
    Loop* loop_ = nullptr;
    const std::unique_ptr<Received> received_;
    MessagePart next_{};  // What is known of the next part.
    bool is_over_ = false;
    ClientError error_{};
    std::string reason_{};
    CloseEvent close_event_{};
    std::shared_ptr<void> data_{};
    const void* data_type_ = nullptr;
};

// The handlers of a route whose connections have an AsyncState: `find(connection)` returns it.
template <class Find>
[[nodiscard]] Handlers async_handlers(Delivery delivery, Find find) {
    Handlers handlers;
    if (delivery == Delivery::messages) {
        handlers.message = [find](Connection& c, Message m) { find(c).message(m); };
    } else {
        handlers.message_begin = [find](Connection& c, Message::Kind kind) {
            find(c).part_begins(kind);
        };
        handlers.message_chunk = [find](Connection& c, std::span<const std::byte> bytes) {
            find(c).part(bytes);
        };
        handlers.message_end = [find](Connection& c) { find(c).part_ends(); };
    }
    handlers.drain = [find](Connection& c) { find(c).drained(); };
    handlers.close = [find](Connection& c, const CloseEvent& event) { find(c).closed(event); };
    return handlers;
}

// It is movable. The last one to go closes a client's connection. It belongs to the loop's thread,
// and must outlive whatever is awaited of it.
class AsyncConnection {
  public:
    class Opened;
    class Receiving;
    class Receive;
    class ReceivePart;
    class Send;

    explicit AsyncConnection(std::shared_ptr<AsyncState> state) noexcept
        : state_(std::move(state)) {}

    // True: messages can be sent.
    [[nodiscard]] explicit operator bool() const noexcept {
        return state_->connection() != nullptr && state_->connection()->is_open();
    }
    // co_await waits until a client's connection is open, or has failed. connect() has done so.
    [[nodiscard]] Opened opened() const noexcept;
    // co_await gives a std::optional<Message>: the next message, which is valid until the next
    // receive. Empty: the connection has ended, and close_event() says how. Requires:
    // Delivery::messages; one coroutine at a time.
    //
    // gcc 12.2 compiles a co_await that is all of a condition wrongly, `while (co_await …)`, where
    // the coroutine declares no variable: it hangs or crashes. Give what it returns a name, as
    // above.
    [[nodiscard]] Receive receive() const noexcept;
    // The same with std::optional<MessagePart>. Requires: Delivery::parts.
    [[nodiscard]] ReceivePart receive_part() const noexcept;
    // co_await gives a SendResult. It waits until there is room in the backlog, so `dropped` comes
    // only between fragments of a message. `message` must live until then. One coroutine at a time.
    //
    // gcc 12 destroys twice what a `?:` makes within a co_await, whatever is called there: give a
    // string that depends on a condition a name first.
    [[nodiscard]] Send send(Message message) const noexcept;
    // As Connection's. After the end they do nothing, and close() returns false.
    bool close(std::uint16_t code = close_code::normal, std::string_view reason = {}) const;
    void terminate() const;

    // The error by which a client's connection could not be opened, or failed.
    [[nodiscard]] const ClientError& error() const noexcept { return state_->error(); }
    // The end. Requires: the connection has ended.
    [[nodiscard]] const CloseEvent& close_event() const noexcept { return state_->close_event(); }
    [[nodiscard]] Loop& loop() const noexcept { return state_->loop(); }
    // The connection, for functions that this class does not have. Null before it is open and after
    // it has ended.
    [[nodiscard]] Connection* connection() const noexcept { return state_->connection(); }
    // The user data of a route by serve<T>(). They exist as long as one of these is held, also
    // after the connection has ended. Throws std::logic_error if there is no T.
    template <class T>
    [[nodiscard]] T& data() const {
        void* const found = state_->find_data(UserData::type_of<T>());
        if (found == nullptr) UserData::throw_other_type();
        return *static_cast<T*>(found);
    }
    // The client. Null: it is a server's connection.
    [[nodiscard]] Client* client() const noexcept { return state_->client.get(); }

  private:
    std::shared_ptr<AsyncState> state_;
};

// Waits until a client's connection is open, or has failed.
class AsyncConnection::Opened {
  public:
    explicit Opened(AsyncState& state) noexcept : state_(state) {}
    [[nodiscard]] bool await_ready() const noexcept {
        return state_.connection() != nullptr || state_.is_over();
    }
    void await_suspend(std::coroutine_handle<> coroutine) noexcept {
        waiter_.wait(state_.opener, coroutine);
    }
    void await_resume() const noexcept {}

  private:
    AsyncState& state_;
    Waiter waiter_{};
};

// The parts that both ways to receive have in common.
class AsyncConnection::Receiving {
  public:
    explicit Receiving(AsyncState& state) noexcept : state_(state) {}
    [[nodiscard]] bool await_ready() {
        part_ = state_.take();
        return part_ != nullptr || state_.is_over();
    }
    void await_suspend(std::coroutine_handle<> coroutine) noexcept {
        waiter_.wait(state_.receiver, coroutine);
    }

  protected:
    // Null: the end.
    [[nodiscard]] const MessagePart* part() { return part_ == nullptr ? state_.take() : part_; }

  private:
    AsyncState& state_;
    const MessagePart* part_ = nullptr;
    Waiter waiter_{};
};

class AsyncConnection::Receive : public Receiving {
  public:
    using Receiving::Receiving;
    [[nodiscard]] std::optional<Message> await_resume() {
        const MessagePart* const whole = part();
        if (whole == nullptr) return std::nullopt;
        return Message::checked(whole->kind, whole->bytes);
    }
};

class AsyncConnection::ReceivePart : public Receiving {
  public:
    using Receiving::Receiving;
    [[nodiscard]] std::optional<MessagePart> await_resume() {
        const MessagePart* const next = part();
        return next == nullptr ? std::nullopt : std::optional(*next);
    }
};

class AsyncConnection::Send {
  public:
    Send(AsyncState& state, Message message) noexcept : state_(state), message_(message) {}
    [[nodiscard]] bool await_ready() {
        result_ = try_to_send();
        if (result_ != SendResult::dropped) return true;
        // Not for want of room: nothing that drains would help.
        const Connection& connection = *state_.connection();
        is_refused_ = connection.is_sending_fragments() || connection.buffered_amount() == 0;
        return is_refused_;
    }
    void await_suspend(std::coroutine_handle<> coroutine) noexcept {
        waiter_.wait(state_.sender, coroutine);
    }
    // Nothing waits any more, and so anything may be sent.
    SendResult await_resume() {
        return result_ == SendResult::dropped && !is_refused_ ? try_to_send() : result_;
    }

  private:
    [[nodiscard]] SendResult try_to_send() const {
        Connection* const connection = state_.connection();
        return connection == nullptr ? SendResult::closed : connection->send(message_);
    }

    AsyncState& state_;
    Message message_;
    SendResult result_ = SendResult::dropped;
    bool is_refused_ = false;
    Waiter waiter_{};
};

inline AsyncConnection::Opened AsyncConnection::opened() const noexcept {
    return Opened(*state_);
}

inline AsyncConnection::Receive AsyncConnection::receive() const noexcept {
    return Receive(*state_);
}

inline AsyncConnection::ReceivePart AsyncConnection::receive_part() const noexcept {
    return ReceivePart(*state_);
}

inline AsyncConnection::Send AsyncConnection::send(Message message) const noexcept {
    return {*state_, message};
}

}  // namespace edgews
