#include "stomp_ledger.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace edgews::sim::test {

using Fate = Letter::Fate;
using Hold = Letter::Hold;

void Ledger::require(bool holds, std::string_view what, std::size_t number) {
    if (holds) return;
    const std::string text(what);
    world_.kernel().tell("BROKEN: %s (letter %zd)", text.c_str(), static_cast<ssize_t>(number));
    record_.blame(what);
}

std::size_t Ledger::add(Letter letter) {
    letters_.push_back(std::move(letter));
    ++record_.messages;
    return letters_.size() - 1;
}

void Ledger::let_out(const std::vector<std::size_t>& numbers) {
    for (const std::size_t number : numbers) letters_[number].out_at = tick();
    groups_.push_back(numbers);
}

void Ledger::conclude(std::size_t number, bool has_landed) {
    Letter& letter = letters_[number];
    const Fate fate = has_landed ? Fate::landed : Fate::never;
    require(letter.fate == Fate::unknown || letter.fate == fate, "a receipt, and a refusal",
            number);
    const bool has_come = letter.has_come || letter.handled > 0;
    require(has_landed || !has_come, "what never was to be came", number);
    letter.fate = fate;
}

std::size_t Ledger::receive(std::string_view text, std::string_view body) {
    std::size_t number = nobody;
    std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_known = number < letters_.size();
    require(is_known, "a message that nobody sent");
    if (!is_known) return nobody;
    Letter& letter = letters_[number];
    require(letter.body == body, "another body than was sent", number);
    require(letter.out_at != 0, "a message came before its transaction's COMMIT", number);
    require(letter.fate != Fate::never, "what never was to be came", number);
    letter.has_come = true;
    return number;
}

std::size_t Ledger::hand_out(std::size_t number, Hold hold, bool is_redelivered) {
    Letter& letter = letters_[number];
    require(is_redelivered || !letter.was_fresh, "it comes again, and does not say so", number);
    if (is_redelivered) redelivering_.insert(letter.destination);
    letter.was_fresh = letter.was_fresh || !is_redelivered;
    letter.handings.push_back(hold);
    return letter.handings.size() - 1;
}

void Ledger::judge_quiet() {
    for (const std::string& queue : redelivering_) {
        require(disturbed_.contains(queue), "a queue that nobody gave anything back redelivers");
    }
    for (std::size_t i = 0; i < letters_.size(); ++i) {
        const Letter& letter = letters_[i];
        const auto owners = std::ranges::count_if(letter.handings, [](Hold hold) {
            return hold != Hold::returned && hold != Hold::settled;
        });
        require(owners <= 1, "a message went to two consumers", i);
        if (letter.destination != "/app/echo") continue;
        require(letter.handled <= 1, "a handler was given a message twice", i);
        const bool has_to_be = letter.fate == Fate::landed;
        require(!has_to_be || letter.handled == 1, "a handler was not given a message", i);
    }
}

void Ledger::judge_queues() {
    for (std::size_t i = 0; i < letters_.size(); ++i) {
        const bool has_to_be = letters_[i].is_of_queue() && letters_[i].fate == Fate::landed;
        const bool is_gone = std::ranges::any_of(letters_[i].handings, [](Hold hold) {
            return hold == Hold::settled || hold == Hold::sure || hold == Hold::consumed;
        });
        require(!has_to_be || is_gone, "a queue's message is lost", i);
    }
    // Of a transaction whose COMMIT may or may not have arrived.
    for (const std::vector<std::size_t>& group : groups_) {
        const auto came = [this](std::size_t number) { return letters_[number].has_come; };
        const auto is_other = [this](std::size_t number) {
            return !letters_[number].is_of_queue();
        };
        std::vector<std::size_t> numbers = group;
        std::erase_if(numbers, is_other);
        require(std::ranges::all_of(numbers, came) || std::ranges::none_of(numbers, came),
                "a transaction was carried out in part");
    }
}

}  // namespace edgews::sim::test
