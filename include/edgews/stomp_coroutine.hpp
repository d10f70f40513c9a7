// A STOMP client for coroutines: what it is told by handlers, awaited.
//
//     edgews::Task<> trade(edgews::stomp::Client& client) {
//         edgews::stomp::Subscriber orders(client, "/queue/orders", {.ack = AckMode::client});
//         while (const auto order = co_await orders.receive()) {
//             const auto answer = co_await edgews::stomp::confirmed(client, "/topic/done",
//             order->text); if (answer) client.ack(order->token);
//         }
//     }
//
// The client is an ordinary one (edgews/stomp_client.hpp), which may have handlers beside. It must
// outlive what is made of it here.
#pragma once

#include <edgews/coroutine.hpp>
#include <edgews/stomp_client.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews::stomp {

// A Receipt that is kept.
struct Answer {
    Receipt::Outcome outcome = Receipt::Outcome::unsent;
    std::string reason{};

    explicit operator bool() const noexcept { return outcome == Receipt::Outcome::confirmed; }
};

// Sends, and asks for a receipt: co_await gives the Answer. `unsent`: it could not be sent at all.
class [[nodiscard]] Confirmed {
  public:
    Confirmed(Client& client, std::string_view destination, std::string_view text,
              SendOptions options);

    [[nodiscard]] bool await_ready() const noexcept { return state_->is_done; }
    void await_suspend(std::coroutine_handle<> coroutine) noexcept {
        waiter_.wait(state_->waiting, coroutine);
    }
    Answer await_resume() const { return std::move(state_->answer); }

  private:
    // The completion may outlive the coroutine.
    struct State {
        Answer answer{};
        bool is_done = false;
        Waiter* waiting = nullptr;
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();
    Waiter waiter_{};
};

inline Confirmed confirmed(Client& client, std::string_view destination, std::string_view text,
                           SendOptions options = {}) {
    return {client, destination, text, std::move(options)};
}

// A message that is kept.
struct KeptMessage {
    std::string destination{};
    std::vector<ClientHeader> headers{};
    std::string text{};      // The body, whatever it is.
    Unacknowledged token{};  // For Client::ack() and nack().

    // The value of the first header of that name. "": there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
};

struct SubscriberOptions {
    AckMode ack = AckMode::automatic;
    std::span<const Header> headers{};  // Borrowed for the call.
    // Bytes of messages that may wait for the coroutine. Beyond it nothing more is read from the
    // broker, for no subscription of the client, until half of them were received. One message may
    // always wait.
    std::size_t waiting_size_max = 1024 * 1024;
};

// A subscription that a coroutine receives from. It unsubscribes when it is destroyed. One
// coroutine at a time may wait for it.
class Subscriber {
  public:
    Subscriber(Client& client, std::string_view destination, SubscriberOptions options = {});
    Subscriber(const Subscriber&) = delete;
    Subscriber& operator=(const Subscriber&) = delete;
    ~Subscriber();

    // co_await gives the next message. Nothing: the broker has refused the subscription.
    class [[nodiscard]] Receive {
      public:
        explicit Receive(Subscriber& from) noexcept : from_(from) {}
        [[nodiscard]] bool await_ready() const noexcept {
            return !from_.messages_.empty() || from_.is_refused_;
        }
        void await_suspend(std::coroutine_handle<> coroutine) noexcept {
            waiter_.wait(from_.receiver_, coroutine);
        }
        std::optional<KeptMessage> await_resume() { return from_.take(); }

      private:
        Subscriber& from_;
        Waiter waiter_{};
    };
    Receive receive() noexcept { return Receive(*this); }
    // co_await gives whether the broker has confirmed it: from then on nothing is missed, but for
    // what is sent while a connection is lost.
    class [[nodiscard]] Confirm {
      public:
        explicit Confirm(Subscriber& of) noexcept : of_(of) {}
        [[nodiscard]] bool await_ready() const noexcept {
            return of_.is_confirmed_ || of_.is_refused_;
        }
        void await_suspend(std::coroutine_handle<> coroutine) noexcept {
            waiter_.wait(of_.confirmer_, coroutine);
        }
        [[nodiscard]] bool await_resume() const noexcept { return of_.is_confirmed_; }

      private:
        Subscriber& of_;
        Waiter waiter_{};
    };
    Confirm confirmed() noexcept { return Confirm(*this); }

  private:
    void keep(const Message& message);
    [[nodiscard]] std::optional<KeptMessage> take();

    Client& client_;
    const std::size_t waiting_size_max_;
    std::deque<KeptMessage> messages_{};
    std::size_t waiting_size_ = 0;
    bool is_holding_ = false;  // Nothing is read from the broker.
    bool is_confirmed_ = false;
    bool is_refused_ = false;
    Waiter* receiver_ = nullptr;
    Waiter* confirmer_ = nullptr;
    SubscriptionNumber number_;
};

}  // namespace edgews::stomp
