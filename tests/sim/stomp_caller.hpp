// An application with a STOMP client: it does what chance has it do, and holds what it is told
// against the mail.
#pragma once

#include "stomp_mail.hpp"

#include <edgews/loop.hpp>
#include <edgews/stomp_client.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace edgews::sim::test {

// Where all callers of a history are.
struct StompScene {
    World& world;
    Record& record;
    Mail mail;
    std::vector<std::string> brokers{};
    bool is_watchful = false;  // Who falls mute is found out by heart-beats.
};

class StompCaller {
  public:
    // Wild ones end, throw, pause and go whenever they like.
    StompCaller(StompScene& scene, Loop& loop, std::size_t index, bool is_wild);
    StompCaller(const StompCaller&) = delete;
    StompCaller& operator=(const StompCaller&) = delete;

    // On the thread that made the world, and so are all below.
    void begin();
    // It has an end, in order or not.
    void leave();
    // Its client goes, before its loop does. Requires, for here: that has stopped.
    void go() { client_.reset(); }
    void go_there() {
        loop_.post([this] { go(); });
    }
    // When nothing happens any more, and the broker is there. `may_fail`: it may not have reached
    // it.
    void judge_quiet(bool may_fail);
    // It reads nothing on purpose, or what it did is under way: it is not to be judged before.
    [[nodiscard]] std::uint64_t rests_until_ns() const noexcept { return rests_until_ns_; }
    [[nodiscard]] bool is_idle() const { return !client_ || client_->is_closed(); }

  private:
    // A frame that asked for a receipt.
    struct Asked {
        std::function<void(const stomp::Receipt&)> note;
        bool is_void = false;  // It was not taken.
        bool is_told = false;
        bool is_of_transaction = false;  // It comes with COMMIT.
    };
    struct Held {
        stomp::Unacknowledged message;
        std::size_t letter;
        stomp::SubscriptionNumber subscription;
        bool is_reserved = false;  // By the transaction.
    };
    struct Subscription {
        std::string destination{};
        stomp::AckMode mode = stomp::AckMode::automatic;
        bool was_told = false;           // On this connection, whether it is confirmed.
        std::uint64_t confirmed_at = 0;  // 0: it is not.
        // By sender, and its connection: when the last that was not redelivered was let out.
        std::map<std::pair<std::size_t, std::size_t>, std::uint64_t> last_out_at{};
        std::set<std::size_t> received{};
    };
    struct Transaction {
        stomp::TransactionNumber number = 0;  // 0: none is open.
        std::vector<std::size_t> letters{};
        std::vector<std::size_t> settled{};
    };

    void connect();
    [[nodiscard]] stomp::ClientOptions options();
    [[nodiscard]] stomp::ClientHandlers handlers();
    void enter(std::string_view what);
    void on_connected();
    void on_disconnected(const stomp::Disconnected& event);
    void on_retry(stomp::Retry& retry);
    void on_message(const stomp::Message& message);

    void step_later();
    void step();
    void send();
    void send_letter(const std::string& destination);
    void subscribe();
    void unsubscribe();
    void settle();
    void settle(std::size_t index, bool is_nack);
    void begin_or_end();
    void let_go();
    void rest_for(std::uint32_t time_ms);
    void pause();
    // A wild one's, wherever it is: in a handler it may throw.
    void act(bool may_throw = true);
    [[nodiscard]] stomp::Completion ask(std::function<void(const stomp::Receipt&)> note);
    // What came of a call with the last that was asked.
    void note(SendResult result, bool had_receipt);
    [[nodiscard]] bool chance(std::uint32_t count) { return scene_.world.choices().once_in(count); }
    [[nodiscard]] std::size_t next_connection() const;
    void require(bool holds, std::string_view what) { mail_.require(holds, what); }

    StompScene& scene_;
    Mail& mail_;
    Loop& loop_;
    std::size_t index_;
    bool is_wild_;
    std::size_t letter_size_max_;
    std::uint32_t steps_left_;
    std::unique_ptr<stomp::Client> client_{};
    std::vector<Asked> asked_{};
    std::map<stomp::SubscriptionNumber, Subscription> subscriptions_{};
    std::vector<Held> held_{};
    Transaction transaction_{};
    std::vector<std::size_t> unasked_{};  // Letters of this connection without a receipt.
    std::size_t connection_ = 0;          // Counted from 1, when `connected` is told.
    bool was_told_connected_ = false;     // And its end was not.
    bool is_inside_ = false;              // A function of the client's.
    bool has_lost_ = false;               // On this connection.
    bool is_leaving_ = false;
    bool may_connect_again_ = true;
    std::uint32_t nack_count_ = 0;
    std::uint64_t rests_until_ns_ = 0;
};

}  // namespace edgews::sim::test
