// The envelopes in which the nodes of a backplane wrap what they say to each other:
//
//     | version 1 | kind 1 | node 8 | run 4 | age 4 | sequence 8 | name size 2, name | rest |
//
// Numbers are big-endian. The name is there where the kind byte's highest bit is set, and the rest
// is a message's payload, or the topics that are asked about.
//
// Each node counts its messages to each topic: that is the sequence, from 1. A node that has
// forgotten how far it was in a topic begins a new run of it, with a higher number and the sequence
// 1. So whoever hears a topic knows of each message that it has missed, once it hears a later one;
// and of the first that it hears of a run it knows by the run's age whether that began later than
// its hearing, and all of it should have come. Ages need no clocks that agree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace edgews::backplane {

// A node, from its start to its end: a random number.
using NodeId = std::uint64_t;

// 16 hexadecimal digits.
[[nodiscard]] std::string to_string(NodeId node);

// What can be wrong with an envelope: one enumerator for each rule.
enum class EnvelopeFault : std::uint8_t {
    none,
    cut,              // It ends within its head or its name.
    version_unknown,  // By a node of another version of this library, or by no node.
    kind_unknown,
    sequence_zero,
    payload_unexpected,  // A mark has none.
    topics_malformed,    // The topics of an `ask` do not fill what follows its head.
};

// One sentence, fit for a log.
[[nodiscard]] std::string_view describe(EnvelopeFault fault) noexcept;

struct Envelope {
    enum class Kind : std::uint8_t {
        text,    // A message.
        binary,  // A message.
        mark,    // No message: the sequence is that of the last one.
        ask,     // Whoever publishes to these topics is to mark how far it is.
    };

    EnvelopeFault fault = EnvelopeFault::none;  // With a fault, all else is as it stands here.
    Kind kind = Kind::text;
    NodeId node = 0;
    std::uint32_t run = 0;
    // Milliseconds since the run's first message; the largest number stands for all that are
    // larger.
    std::uint32_t age_ms = 0;
    std::uint64_t sequence = 0;  // Not 0; of an `ask` any number.
    std::string_view name{};     // The topic, where the channel's name does not say it whole.
    std::span<const std::byte> payload{};

    [[nodiscard]] bool is_message() const noexcept {
        return kind == Kind::text || kind == Kind::binary;
    }
};

// Bytes of an envelope beside its payload, with no name.
inline constexpr std::size_t envelope_head_size = 26;
// Bytes of a topic's name.
inline constexpr std::size_t topic_size_max = UINT16_MAX;

// Requires: the name has no more bytes than that.
void append_envelope(std::string& out, const Envelope& envelope);
// It has waited for so long. Requires: append_envelope() has written it, and nothing else.
void add_age(std::string& envelope, std::uint64_t milliseconds) noexcept;
// The views are of `bytes`.
[[nodiscard]] Envelope parse_envelope(std::span<const std::byte> bytes) noexcept;

// The topics of an `ask`: its payload. Requires: as above.
void append_topic(std::string& payload, std::string_view topic);

class TopicReader {
  public:
    explicit TopicReader(std::span<const std::byte> payload) noexcept : rest_(payload) {}
    // Nothing: that was the last, or what follows is none.
    [[nodiscard]] std::optional<std::string_view> next() noexcept;
    [[nodiscard]] bool is_at_end() const noexcept { return rest_.empty(); }

  private:
    std::span<const std::byte> rest_;
};

}  // namespace edgews::backplane
