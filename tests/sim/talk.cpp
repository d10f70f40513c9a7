#include "talk.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace edgews::sim::test {

namespace {

enum class Filler : std::uint8_t { letters, phrase, bytes };

std::uint32_t seed_of(const Note& note) noexcept {
    std::uint32_t seed = note.of.caller * 2'654'435'761U + note.of.attempt * 40'503U + note.number;
    seed ^= seed >> 15;
    seed *= 2'246'822'519U;
    return seed ^ seed >> 13;
}

Filler filler_of(const Note& note) noexcept {
    return static_cast<Filler>(seed_of(note) % 3);
}

void fill(std::string& text, std::size_t size, const Note& note) {
    constexpr std::string_view phrase = "the same words again, ";
    const Filler filler = filler_of(note);
    std::uint32_t state = seed_of(note) | 1;
    while (text.size() < size) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        switch (filler) {
            case Filler::letters: text += static_cast<char>('a' + state % 26); break;
            case Filler::phrase:
                text += phrase[(seed_of(note) + text.size()) % phrase.size()];
                break;
            case Filler::bytes: text += static_cast<char>(state); break;
        }
    }
}

// Takes "123." off the front; false: it does not begin so.
bool take_number(std::string_view& text, std::uint32_t& number) noexcept {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const auto size = static_cast<std::size_t>(end - text.data());
    if (error != std::errc() || size == text.size() || *end != '.') return false;
    text.remove_prefix(size + 1);
    return true;
}

}  // namespace

std::string make_note(const Note& note, std::size_t size) {
    std::string text = std::to_string(note.of.caller) + "." + std::to_string(note.of.attempt) +
                       "." + std::to_string(note.number) + ".";
    fill(text, size, note);
    return text;
}

Message::Kind kind_of(const Note& note) noexcept {
    return filler_of(note) == Filler::bytes ? Message::Kind::binary : Message::Kind::text;
}

std::optional<Note> read_note(const Message& message) {
    std::string_view text = message.text();
    Note note;
    if (!take_number(text, note.of.caller) || !take_number(text, note.of.attempt) ||
        !take_number(text, note.number)) {
        return std::nullopt;
    }
    const bool is_same =
        message.kind() == kind_of(note) && message.text() == make_note(note, message.size());
    return is_same ? std::optional(note) : std::nullopt;
}

std::size_t masked_frame_size(std::size_t payload_size) noexcept {
    const std::size_t length_size = payload_size < 126 ? 0 : payload_size < 65'536 ? 2 : 8;
    return 2 + length_size + 4 + payload_size;
}

// ---- Talk ------------------------------------------------------------------

Talk::Talk(World& world, Record& record, const TalkOptions& options)
    : world_(world), record_(record), options_(options) {
    static constexpr std::array<std::uint32_t, 8> sizes{10,    125,   126,    1'000,
                                                        4'095, 9'000, 70'000, 300'000};
    Choices& choices = world.choices();
    std::size_t left = worthwhile_size(world, {}, 400'000);
    const std::uint32_t count = choices.between(1, options.count_max);
    for (std::uint32_t i = 0; i < count; ++i) {
        sizes_.push_back(std::min({std::size_t{choices.one_of(sizes)}, options.size_max, left}));
        left -= sizes_.back();
    }
}

void Talk::begin_attempt() {
    attempts_.emplace_back();
    said_ = first_ = answered_;
    pieces_.clear();
}

const Piece* Talk::next() {
    if (pieces_.empty() && has_more()) add_pieces();
    return pieces_.empty() ? nullptr : &pieces_.back();
}

void Talk::add_pieces() {
    Choices& choices = world_.choices();
    const Note note{.of = {options_.caller, static_cast<std::uint32_t>(attempts_.size())},
                    .number = static_cast<std::uint32_t>(said_ - first_)};
    const std::string text = make_note(note, sizes_[said_]);
    if (!options_.may_fragment || !choices.once_in(4)) {
        pieces_.push_back({.bytes = text, .kind = kind_of(note)});
        return;
    }
    const std::size_t cut = choices.below(static_cast<std::uint32_t>(text.size()) + 1);
    pieces_.push_back({.bytes = text.substr(cut), .kind = kind_of(note), .part = Fragment::last});
    pieces_.push_back(
        {.bytes = text.substr(0, cut), .kind = kind_of(note), .part = Fragment::first});
}

void Talk::accepted() {
    attempt().accepted_size += masked_frame_size(pieces_.back().bytes.size());
    pieces_.pop_back();
    if (!pieces_.empty()) return;
    ++attempt().accepted;
    ++said_;
}

void Talk::broke_off() {
    attempt().accepted_size += masked_frame_size(pieces_.back().bytes.size());
    ++attempt().broken_off;
}

void Talk::hear(const Message& message) {
    ++record_.messages;
    if (message.text() == greeting) {
        record_.require(!attempt().was_greeted && attempt().answered == 0, "a greeting comes late");
        attempt().was_greeted = true;
        return;
    }
    const std::optional<Note> note = read_note(message);
    if (!note) return record_.blame("an answer is not what was sent");
    const AttemptId own{options_.caller, static_cast<std::uint32_t>(attempts_.size())};
    record_.require(note->of == own, "an answer is another connection's");
    record_.require(note->number == attempt().answered, "an answer is not the next one");
    record_.require(unanswered() > 0, "an answer to what was not said");
    ++attempt().answered;
    if (unanswered() > 0) ++answered_;
}

void Talk::closed(const CloseEvent& event) {
    Attempt& own = attempt();
    record_.require(!own.is_over, "a connection ends twice");
    own.is_over = true;
    record_.require(!event.clean || event.code != close_code::abnormal,
                    "an end that was cut off is told as a clean one");
    own.code = event.code;
    own.clean = event.clean;
    own.unsent_size = event.unsent_size;
}

void Talk::judge(const Receipts& receipts, const Known& known) {
    for (std::uint32_t i = 0; i < attempts_.size(); ++i) {
        const auto found = receipts.find({options_.caller, i + 1});
        judge_attempt(attempts_[i], found == receipts.end() ? Receipt() : found->second, known);
    }
}

void Talk::judge_attempt(const Attempt& attempt, const Receipt& receipt, const Known& known) {
    record_.require(receipt.count <= attempt.accepted + attempt.broken_off,
                    "more was received than was accepted");
    record_.require(attempt.answered <= receipt.count, "more was answered than was received");
    record_.require(attempt.was_greeted == receipt.was_greeted || attempt.answered == 0,
                    "what a server says first is lost");
    if (receipt.was_closed_cleanly) {
        record_.require(attempt.is_closed_by_us || !known.knows_closes,
                        "a service is told of a clean close that nobody began");
        record_.require(receipt.count >= attempt.accepted,
                        "a service is told of a clean close, and has not all that was said before");
    }
    if (!attempt.is_over) return;
    record_.require(!attempt.clean || attempt.code != close_code::normal ||
                        attempt.is_closed_by_us || !known.knows_closes,
                    "a clean close that nobody began");
    if (attempt.unsent_size > 0 && known.is_exact) {
        const std::size_t left_size = attempt.accepted_size + known.pong_size;
        record_.require(receipt.size + attempt.unsent_size <= left_size,
                        "what is said to be unsent was received");
    }
    // Both closed, and we first: what was sent before comes before the close frame.
    if (!attempt.clean || !attempt.is_closed_by_us || attempt.code != close_code::normal) return;
    record_.require(receipt.count == attempt.accepted,
                    "a clean close, and something that was accepted is not received");
    record_.require(attempt.unsent_size == 0, "a clean close of ours left something unsent");
}

}  // namespace edgews::sim::test
