// A client of a STOMP broker: it does what chance has it do, and holds what it hears against the
// ledger.
#pragma once

#include "stomp_actor.hpp"
#include "stomp_ledger.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace edgews::sim::test {

// The broker's world, as its guests know it.
struct StompHouse {
    World& world;
    Record& record;
    Ledger ledger;
    // What a guest that does nothing wrong may be told nevertheless.
    bool may_be_full = false;  // Queues are small.
    bool may_be_slow = false;  // Backlogs are.
    bool may_be_cut = false;   // The system may refuse a connection.
    bool is_careful = false;   // Connections will be cut: who takes from a queue acknowledges.
    bool is_shutting_down = false;
    bool has_receipts_at_once = false;  // Of what is in a transaction.
};

class StompGuest final : public StompActor {
  public:
    struct Setting {
        std::size_t index = 0;
        StompConduct conduct = StompConduct::stays;
        bool is_over_websocket = false;
        Pace pace{};
        std::string version = "1.2";
        std::uint32_t step_count = 0;
        std::size_t letter_size_max = 0;
        std::uint32_t beats_every_ms = 0;  // So it is agreed, both ways; 0: it is not.
        bool keeps_beating = true;
    };
    StompGuest(StompHouse& house, const Setting& setting);

    // Takes all from a queue.
    void sweep(const std::string& queue) { subscribe_to({.destination = queue}); }
    // The application ends it, and it has to put up with that. Returns its session.
    const std::string& expect_end();

    // It is there, reads what comes, and nothing ended it.
    [[nodiscard]] bool is_well() const noexcept {
        return is_connected_ && !is_over_ && !is_mute_ && !may_be_ended_;
    }
    // By ERROR, or by the close frame of a server that goes.
    [[nodiscard]] bool was_told_of_the_end() const noexcept {
        return !error_.empty() || (peer_.websocket() && peer_.websocket()->close_code() == 1001);
    }
    // What each sent to a queue came in the order of the sending.
    [[nodiscard]] bool has_order() const noexcept { return has_order_; }
    // Whether it would take one more message of that queue.
    [[nodiscard]] bool wants_more_of(const std::string& queue);
    // When nothing happens any more. `may_wait`: for room in a queue, or for subscribers.
    void judge_quiet(bool may_wait);
    void judge_stream() { require(peer_.fault().empty(), peer_.fault()); }
    // Of its heart-beats, long after they were agreed on, on a calm network.
    void judge_beats();

  private:
    struct Handed {
        std::size_t letter;
        std::size_t place;
        std::string ack;
    };
    struct Subscription {
        std::string id{};
        std::string destination{};
        std::string mode = "auto";
        std::size_t prefetch = 10'000;
        std::uint64_t granted_at = 0;  // By the ledger's time; 0: it is not known to be.
        bool is_leaving = false;       // UNSUBSCRIBE was written,
        bool is_ended = false;         // and has its receipt.
        std::map<std::string, std::uint64_t> last_out_at{};  // By sender and destination.
        std::set<std::size_t> received{};                    // Of a topic.
        std::vector<Handed> handed{};                        // Of a queue, with acknowledgement.
    };
    struct Transaction {
        std::string name{};  // Empty: none is open.
        std::vector<std::size_t> letters{};
        std::vector<Handed> reserved{};
        std::vector<std::string> receipts{};
    };
    // What a frame brings about: known when a receipt of it, or of a later one, comes.
    struct Effect {
        std::uint32_t frame;
        std::function<void(bool has_happened)> note;
    };

    // Acting: stomp_guest.cpp.
    void connect() override;
    void disconnect() override;
    void act() override;
    void err() override;
    void beat();
    void send_some(const std::string& destination);
    void say_last() override { flood(); }
    void flood();
    void send_letter(const std::string& destination, std::size_t size);
    void subscribe();
    void subscribe_to(Subscription subscription);
    void unsubscribe();
    void begin_or_end();
    void settle_some();
    void settle(Subscription& subscription, std::size_t index, bool is_nack);
    std::uint32_t write(StompFrame frame, bool wants_receipt, bool is_inside = false);
    void perform(StompFrame frame, std::function<void(bool has_happened)> note);
    void mark(const std::vector<Handed>& all, Letter::Hold hold);
    // What it had there may be somebody else's.
    void let_go(Subscription& subscription);
    void let_go() override;
    void end() override;
    [[nodiscard]] bool awaits_any_receipt() const override { return !receipts_.empty(); }

    // Hearing: stomp_guest_ears.cpp.
    void hear(const StompFrame& frame) override;
    void hear_message(const StompFrame& frame);
    void hear_of_queue(Subscription& subscription, std::size_t number, const StompFrame& frame);
    void hear_receipt(const std::string& id);
    void hear_error(const StompFrame& frame);
    void hear_end() override;
    void confirm(std::uint32_t frame);
    [[nodiscard]] bool is_excused(const std::string& message) const;
    [[nodiscard]] std::size_t unsettled_count(const Subscription& subscription);
    void judge_topics();
    void require(bool holds, std::string_view what);

    StompHouse& house_;
    Ledger& ledger_;
    Setting setting_;
    std::string session_id_{};
    std::map<std::string, Subscription> subscriptions_{};
    Transaction transaction_{};
    std::deque<Effect> effects_{};
    std::deque<std::pair<std::uint32_t, std::string>> receipts_{};  // Frames', and what they say.
    std::uint32_t wrong_frame_ = 0;                                 // 0: none was written.
    bool may_be_ended_ = false;
    bool has_order_ = true;
};

}  // namespace edgews::sim::test
