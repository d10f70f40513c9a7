// What STOMP clients of the engine's sent in a history, what they were told of it, and who has
// heard it.
#pragma once

#include "scenario.hpp"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim::test {

// A message. Its number is in it: in the header "letter", and in its body.
struct MailLetter {
    enum class Fate : std::uint8_t {
        in_doubt,
        landed,  // The broker has it, or had it.
        never,   // It did not leave, or was refused.
    };
    std::size_t sender = 0;
    std::size_t connection = 0;  // Of the sender's, on which it leaves.
    std::string destination{};
    std::string body{};
    Fate fate = Fate::in_doubt;
    std::uint64_t out_at = 0;     // When it was sent, or its COMMIT; 0: it has not been let out.
    std::uint64_t landed_at = 0;  // When that was known; 0: it is not.
    std::uint64_t gone_at = 0;    // When it was known that the broker has let it go; 0: it is not.
    bool has_come = false;        // To anybody.
    bool was_settled = false;     // Somebody has sent ACK for it.
    bool was_fresh = false;       // It came from a queue, and was not said to be a redelivery.

    [[nodiscard]] bool is_of_queue() const { return destination.starts_with("/queue/"); }
};

class Mail {
  public:
    Mail(World& world, Record& record) noexcept : world_(world), record_(record) {}

    // Goes on by one with each thing that somebody does or hears.
    std::uint64_t tick() noexcept { return ++now_; }
    // Returns its number.
    [[nodiscard]] std::size_t add(MailLetter letter);
    [[nodiscard]] MailLetter& at(std::size_t number) { return letters_[number]; }
    [[nodiscard]] std::size_t count() const noexcept { return letters_.size(); }
    // They may come from now on, all or none.
    void let_out(const std::vector<std::size_t>& numbers);
    // It is known, for good, whether they landed.
    void conclude(const std::vector<std::size_t>& numbers, bool have_landed);
    // Somebody hears one. Its number; SIZE_MAX: there is no such letter. `may_be_late`: somebody
    // else may have been given it since, and have acknowledged it.
    [[nodiscard]] std::size_t hear(std::string_view number, std::string_view body,
                                   bool may_be_late = false);
    // The same of a queue's that may be redelivered: but then it says so.
    void hand_out(std::size_t number, bool is_redelivered);
    // The broker is gone, and its queues with it.
    void lose_queues() { lost_at_ = tick(); }
    // Something of that queue's may come back, in front of what others have had since.
    void disturb(const std::string& queue) { disturbed_.insert(queue); }
    [[nodiscard]] bool is_disturbed(const std::string& queue) const {
        return disturbed_.contains(queue);
    }
    // One was heard that was not redelivered, and before it, of its sender's, the one that was let
    // out at `last`, which is set to this one's time.
    void check_order(std::size_t number, std::uint64_t& last);
    // The broker has confirmed an ACK for them.
    void settle(const std::vector<std::size_t>& numbers);

    // When all queues were emptied.
    void judge();
    void require(bool holds, std::string_view what, std::size_t number = SIZE_MAX);

  private:
    World& world_;
    Record& record_;
    std::uint64_t now_ = 0;
    std::uint64_t lost_at_ = 0;  // When the broker was last gone; 0: it was not.
    std::vector<MailLetter> letters_{};
    std::vector<std::vector<std::size_t>> groups_{};
    std::set<std::string> disturbed_{};
};

}  // namespace edgews::sim::test
