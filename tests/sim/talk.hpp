// What a caller says to a service and hears back: messages that say whose they are, so that either
// side knows which one comes next, and whether it is what was sent.
#pragma once

#include "scenario.hpp"

#include <edgews/edgews.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim::test {

// Of a caller, its connections counted from 1.
struct AttemptId {
    std::uint32_t caller = 0;
    std::uint32_t attempt = 0;
    friend auto operator<=>(const AttemptId&, const AttemptId&) = default;
};

struct Note {
    AttemptId of{};
    std::uint32_t number = 0;  // From 0 in each attempt.
};

// "caller.attempt.number." and filler that follows from these, text or binary. At least as long as
// that.
[[nodiscard]] std::string make_note(const Note& note, std::size_t size);
[[nodiscard]] Message::Kind kind_of(const Note& note) noexcept;
// Empty: it is none, or has changed on its way.
[[nodiscard]] std::optional<Note> read_note(const Message& message);

// What a service may say first, before it was asked anything.
inline constexpr std::string_view greeting = "welcome";

// Bytes of a client's frame.
[[nodiscard]] std::size_t masked_frame_size(std::size_t payload_size) noexcept;

// What a service has received of each attempt.
struct Receipt {
    std::uint32_t count = 0;
    std::size_t size = 0;  // With frame headers, had each come in one frame.
    bool was_greeted = false;
    bool was_closed_cleanly = false;  // With 1000, which the service does not begin with.
};
using Receipts = std::map<AttemptId, Receipt>;

// Of a message, to be sent at once.
struct Piece {
    std::string bytes{};
    Message::Kind kind = Message::Kind::text;
    std::optional<Fragment> part{};  // Empty: all of it.

    [[nodiscard]] Message message() const noexcept {
        return {kind, std::as_bytes(std::span(bytes))};
    }
};

struct TalkOptions {
    std::uint32_t caller = 0;
    std::uint32_t count_max = 8;
    std::size_t size_max = 20'000;  // Of a message.
    bool may_fragment = false;
};

// One side of it: a number of messages, of which each is answered by itself. What was not answered
// is said again to the next connection.
class Talk {
  public:
    // How one connection went.
    struct Attempt {
        std::uint32_t accepted = 0;     // Messages, whole ones,
        std::size_t accepted_size = 0;  // and bytes of their frames.
        std::uint32_t broken_off = 0;   // Nobody knows of these.
        std::uint32_t answered = 0;
        bool was_opened = false;
        bool was_greeted = false;
        bool is_over = false;
        bool is_closed_by_us = false;  // With 1000.
        std::uint16_t code = 0;
        bool clean = false;
        std::size_t unsent_size = 0;
    };

    Talk(World& world, Record& record, const TalkOptions& options);

    void begin_attempt();
    // What is to be said now, until it is accepted; null: nothing.
    [[nodiscard]] const Piece* next();
    void accepted();
    // The connection ended meanwhile: some of it may have left, and even arrived.
    void broke_off();
    void hear(const Message& message);
    void closed(const CloseEvent& event);

    [[nodiscard]] bool has_more() const noexcept { return said_ < sizes_.size(); }
    [[nodiscard]] std::size_t unanswered() const noexcept { return said_ - answered_; }
    [[nodiscard]] bool is_done() const noexcept { return answered_ == sizes_.size(); }
    [[nodiscard]] Attempt& attempt() noexcept { return attempts_.back(); }
    [[nodiscard]] std::size_t attempt_count() const noexcept { return attempts_.size(); }

    // `is_exact`: frames are what send() accepted, and nothing else was sent. `knows_closes`: those
    // of ours with 1000 are all told in the attempts.
    struct Known {
        bool is_exact = false;
        std::size_t pong_size = 0;  // Of one that may have been on its way, too.
        bool knows_closes = false;
    };
    void judge(const Receipts& receipts, const Known& known);

  private:
    void add_pieces();
    void judge_attempt(const Attempt& attempt, const Receipt& receipt, const Known& known);

    World& world_;
    Record& record_;
    TalkOptions options_;
    std::vector<std::size_t> sizes_{};
    std::size_t said_ = 0;         // Messages that were accepted, in this attempt or before,
    std::size_t answered_ = 0;     // and that were answered.
    std::size_t first_ = 0;        // The first of this attempt.
    std::vector<Piece> pieces_{};  // Of the next message, reversed.
    std::vector<Attempt> attempts_{};
};

}  // namespace edgews::sim::test
