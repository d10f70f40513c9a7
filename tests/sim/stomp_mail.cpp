#include "stomp_mail.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace edgews::sim::test {

using Fate = MailLetter::Fate;

void Mail::require(bool holds, std::string_view what, std::size_t number) {
    if (holds) return;
    const std::string text(what);
    world_.kernel().tell("BROKEN: %s (letter %zd)", text.c_str(), static_cast<ssize_t>(number));
    record_.blame(what);
}

std::size_t Mail::add(MailLetter letter) {
    letters_.push_back(std::move(letter));
    ++record_.messages;
    return letters_.size() - 1;
}

void Mail::let_out(const std::vector<std::size_t>& numbers) {
    for (const std::size_t number : numbers) letters_[number].out_at = tick();
    if (numbers.size() > 1) groups_.push_back(numbers);
}

void Mail::conclude(const std::vector<std::size_t>& numbers, bool have_landed) {
    for (const std::size_t number : numbers) {
        MailLetter& letter = letters_[number];
        const Fate fate = have_landed ? Fate::landed : Fate::never;
        require(letter.fate == Fate::in_doubt || letter.fate == fate,
                "a message landed, and it did not", number);
        require(have_landed || !letter.has_come, "what never was to be came", number);
        letter.fate = fate;
        if (have_landed) letter.landed_at = tick();
    }
}

std::size_t Mail::hear(std::string_view text, std::string_view body, bool may_be_late) {
    std::size_t number = SIZE_MAX;
    std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_known = number < letters_.size();
    require(is_known, "a message that nobody sent");
    if (!is_known) return SIZE_MAX;
    MailLetter& letter = letters_[number];
    require(letter.body == body, "another body than was sent", number);
    require(letter.out_at != 0, "a message came before its transaction's COMMIT", number);
    require(letter.fate != Fate::never, "what never was to be came", number);
    require(may_be_late || letter.gone_at == 0, "a message came again that was acknowledged",
            number);
    letter.has_come = true;
    return number;
}

void Mail::hand_out(std::size_t number, bool is_redelivered) {
    MailLetter& letter = letters_[number];
    require(is_redelivered || !letter.was_fresh, "it comes again, and does not say so", number);
    letter.was_fresh = letter.was_fresh || !is_redelivered;
}

void Mail::check_order(std::size_t number, std::uint64_t& last) {
    const MailLetter& letter = letters_[number];
    require(last < letter.out_at || disturbed_.contains(letter.destination),
            "a sender's messages are out of order", number);
    last = letter.out_at;
}

void Mail::settle(const std::vector<std::size_t>& numbers) {
    for (const std::size_t number : numbers) letters_[number].gone_at = tick();
}

void Mail::judge() {
    for (std::size_t i = 0; i < letters_.size(); ++i) {
        const MailLetter& letter = letters_[i];
        const bool has_to_be =
            letter.is_of_queue() && letter.fate == Fate::landed && letter.out_at > lost_at_;
        const bool is_gone = letter.was_settled || letter.gone_at != 0;
        require(!has_to_be || (letter.has_come && is_gone), "a queue's message is lost", i);
    }
    // Of a transaction whose COMMIT may or may not have arrived.
    for (const std::vector<std::size_t>& group : groups_) {
        const auto came = [this](std::size_t number) { return letters_[number].has_come; };
        const auto is_other = [this](std::size_t number) {
            return !letters_[number].is_of_queue() || letters_[number].out_at <= lost_at_;
        };
        std::vector<std::size_t> numbers = group;
        std::erase_if(numbers, is_other);
        require(std::ranges::all_of(numbers, came) || std::ranges::none_of(numbers, came),
                "a transaction was carried out in part");
    }
}

}  // namespace edgews::sim::test
