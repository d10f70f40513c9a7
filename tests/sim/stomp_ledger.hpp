// What was sent to a STOMP broker in a history, who was given it, and what may not be.
//
// Who hears of a message first need not be who was given it first. So of queues nothing is judged
// by that: only what all have heard together, when it is quiet.
#pragma once

#include "scenario.hpp"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim::test {

inline constexpr std::size_t nobody = SIZE_MAX;  // The application, as a sender; no letter.

// A message. Its number is in it: in the header "letter".
struct Letter {
    enum class Fate : std::uint8_t { unknown, landed, never };
    // What has become of one that a queue handed out.
    enum class Hold : std::uint8_t {
        held,
        reserved,  // By a transaction that acknowledges it.
        settled,   // ACK was written,
        sure,      // and it is known to have arrived.
        returned,  // By NACK, UNSUBSCRIBE or an end: somebody else may have it.
        consumed,  // By an automatic subscription.
    };
    std::size_t sender = nobody;
    std::string destination{};
    std::string body{};
    Fate fate = Fate::unknown;
    std::uint64_t out_at = 0;      // When it could take effect; 0: it has not been let out.
    std::vector<Hold> handings{};  // Of a queue: each time that somebody was given it.
    bool was_fresh = false;        // One of these was not said to be a redelivery.
    bool has_come = false;         // To anybody.
    unsigned handled = 0;          // By the application.

    [[nodiscard]] bool is_of_queue() const { return destination.starts_with("/queue/"); }
};

class Ledger {
  public:
    Ledger(World& world, Record& record) noexcept : world_(world), record_(record) {}

    // Goes on by one with each thing that somebody does or hears.
    std::uint64_t tick() noexcept { return ++now_; }
    // Returns its number.
    [[nodiscard]] std::size_t add(Letter letter);
    [[nodiscard]] Letter& at(std::size_t number) { return letters_[number]; }
    [[nodiscard]] std::size_t count() const noexcept { return letters_.size(); }
    // They may take effect from now on, all or none; until then nobody may have them.
    void let_out(const std::vector<std::size_t>& numbers);
    // It is known, for good, whether it did.
    void conclude(std::size_t number, bool has_landed);

    // Somebody has it in the hand. `nobody`: there is no such letter.
    [[nodiscard]] std::size_t receive(std::string_view number, std::string_view body);
    // The same of a queue's. Returns the place of the handing.
    std::size_t hand_out(std::size_t number, Letter::Hold hold, bool is_redelivered);
    // Something of that queue's may have come back since the beginning.
    void disturb(const std::string& queue) { disturbed_.insert(queue); }

    // When nothing happens any more.
    void judge_quiet();
    // When all queues were emptied: each message of a queue went somewhere.
    void judge_queues();
    void require(bool holds, std::string_view what, std::size_t number = nobody);

  private:
    World& world_;
    Record& record_;
    std::uint64_t now_ = 0;
    std::vector<Letter> letters_{};
    std::vector<std::vector<std::size_t>> groups_{};
    std::set<std::string> disturbed_{};
    std::set<std::string> redelivering_{};
};

}  // namespace edgews::sim::test
