// A client of a relay, or of its hub: it does what chance has it do, and holds what it hears
// against the mail.
//
// A receipt is of its own frame and tells nothing of those before it: what goes up by a shared
// connection is confirmed later than what is done here. But for what the session waits: whatever is
// confirmed behind a SUBSCRIBE is behind its confirmation, too.
#pragma once

#include "stomp_actor.hpp"
#include "stomp_mail.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace edgews::sim::test {

// The world of the relays, as their guests know it.
struct RelayHouse {
    World& world;
    Record& record;
    Mail mail;
    // What a guest that does nothing wrong may be told nevertheless.
    bool may_break = false;      // Connections to the hub.
    bool may_be_late = false;    // What the hub says: the time limits are short.
    bool may_be_slow = false;    // Backlogs of the relays are small,
    bool is_hub_narrow = false;  // or the hub's are.
    bool may_be_cut = false;     // The system may refuse a connection.
    bool has_few_owns = false;   // Connections of guests' own to the hub.
    bool is_shutting_down = false;
    bool is_careful = false;  // So it will be while guests are there: who takes acknowledges.
    // The last time that a node told a gap: by the node's place and the destination.
    std::map<std::pair<std::size_t, std::string>, std::uint64_t> gap_told_at{};
};

inline constexpr std::size_t at_hub = SIZE_MAX;  // In place of a node's.

class RelayGuest final : public StompActor {
  public:
    struct Setting {
        std::size_t index = 0;
        std::size_t node = at_hub;
        StompConduct conduct = StompConduct::stays;
        bool is_over_websocket = false;
        Pace pace{};
        std::uint32_t step_count = 0;
        std::size_t letter_size_max = 0;
        std::size_t prefetch = 10'000;  // That the relay grants whoever says nothing.
    };
    RelayGuest(RelayHouse& house, const Setting& setting);

    // Takes all from a queue.
    void sweep(const std::string& queue) { subscribe_to({.destination = queue}); }

    // It is there, reads what comes, and nothing ended it.
    [[nodiscard]] bool is_well() const noexcept { return is_connected_ && !is_over_ && !is_mute_; }
    // Whether it would take one more message of that queue.
    [[nodiscard]] bool wants_more_of(const std::string& queue) const;
    // When nothing happens any more, and the hub is there.
    void judge_quiet();
    void judge_stream() { require(peer_.fault().empty(), peer_.fault()); }

  private:
    struct Held {
        std::size_t letter;
        std::string ack;
        bool is_reserved = false;  // By the transaction.
    };
    struct Subscription {
        std::string id{};
        std::string destination{};
        std::string mode = "auto";
        std::size_t prefetch = 0;  // 0: it says nothing.
        bool wants_gaps = false;
        std::uint32_t frame = 0;
        std::uint64_t granted_at = 0;               // By the mail's time; 0: it is not known to be.
        std::uint64_t gap_at = 0;                   // When it last heard of one.
        bool is_leaving = false;                    // UNSUBSCRIBE was written,
        bool is_ended = false;                      // and has its receipt.
        std::map<std::string, std::size_t> last{};  // The letter, by sender and destination.
        std::set<std::size_t> received{};           // Of a topic.
        std::vector<Held> held{};
    };
    struct Transaction {
        std::string name{};  // Empty: none is open.
        std::vector<std::size_t> letters{};
        std::vector<std::size_t> settled{};
    };
    // A frame that asked for a receipt.
    struct Asked {
        std::uint32_t frame = 0;
        bool is_commit = false;
        bool is_end = false;  // DISCONNECT.
        std::function<void(bool has_happened)> note{};
    };

    // Acting: relay_guest.cpp.
    void connect() override;
    void disconnect() override;
    void act() override;
    void err() override;
    void send_some();
    void send_letter(const std::string& destination, std::size_t size);
    void subscribe();
    void subscribe_to(Subscription subscription);
    void unsubscribe();
    void begin_or_end();
    void settle_some();
    void settle(Subscription& subscription, std::size_t index, bool is_nack);
    void write(StompFrame frame);
    // `asked.note` is called only if a receipt was asked for.
    void ask(StompFrame frame, Asked asked);
    void maybe_ask(StompFrame frame, Asked asked) {
        chance(3) ? write(std::move(frame)) : ask(std::move(frame), std::move(asked));
    }
    void let_go() override;
    void end() override;
    [[nodiscard]] bool awaits_any_receipt() const override { return !asked_.empty(); }

    // Hearing: relay_guest_ears.cpp.
    void hear(const StompFrame& frame) override;
    void hear_message(const StompFrame& frame);
    void hear_gap(Subscription& subscription, const StompFrame& frame);
    void hear_letter(Subscription& subscription, std::size_t number, const StompFrame& frame);
    void check_order(Subscription& subscription, std::size_t number);
    void hear_receipt(const std::string& id);
    void hear_error(const StompFrame& frame);
    void hear_end() override;
    [[nodiscard]] bool is_excused(const std::string& message) const;
    [[nodiscard]] bool may_be_slow() const noexcept {
        return setting_.node == at_hub ? house_.is_hub_narrow : house_.may_be_slow;
    }
    void judge_topic(const Subscription& subscription);
    void require(bool holds, std::string_view what, std::size_t letter = SIZE_MAX);

    RelayHouse& house_;
    Mail& mail_;
    Setting setting_;
    std::map<std::string, Subscription> subscriptions_{};
    Transaction transaction_{};
    std::map<std::string, Asked> asked_{};  // By the receipt's id.
    bool has_erred_ = false;
    bool has_heard_gone_ = false;  // A message that somebody had acknowledged for good.
};

}  // namespace edgews::sim::test
