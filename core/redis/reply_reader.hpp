// From bytes to the replies of a Redis server, however they are cut (RESP2 and RESP3).
//
// Pull-style and without I/O, like MessageReader:
//
//     std::span<const std::byte> input = received;
//     while (const Reply reply = reader.next(input)) …   // Advances `input`.
//
// A reply that lies whole in the input is shown where it lies. Of an incomplete one the bytes are
// kept in a Buffer on loan, which grows with what arrived, never with what a length claims, and so
// do its nodes; reading goes on where it stopped. An idle reader has nothing on loan.
//
// What this reader makes of points that the specification leaves open:
// - A length may have leading zeros, and no sign but that of -1.
// - A value that belongs to no other may have attributes; they are left out wherever they stand.
// - A double that 64 bits do not hold is a fault: servers say "inf".
#pragma once

#include "core/base/buffer.hpp"
#include "core/redis/fault.hpp"
#include "core/redis/value.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace edgews::redis {

// Of one reply, with its attributes.
struct ReplyLimits {
    std::uint32_t size_max = 16 * 1024 * 1024;    // Bytes, with types, lengths and line ends.
    std::uint32_t element_count_max = 64 * 1024;  // Elements of all its aggregates together.
    std::uint32_t depth_max = 16;                 // Aggregates inside each other.
};

struct Reply {
    enum class Kind : std::uint8_t {
        none,   // Nothing more in this input.
        whole,  // `value`
        fault,  // The server broke a rule: `fault`. The reader stays failed and discards all input.
    };

    Kind kind = Kind::none;
    Fault fault = Fault::none;
    Value value{};

    explicit operator bool() const noexcept { return kind != Kind::none; }
};

class ReplyReader {
  public:
    // Both are borrowed.
    ReplyReader(const ReplyLimits& limits, BufferPool& pool) noexcept
        : limits_(&limits), pool_(&pool) {}

    // The next reply, from the front of `input`, of which it takes what it used. Valid until the
    // next call, as long as the input's memory. None: all was used, and more is needed.
    [[nodiscard]] Reply next(std::span<const std::byte>& input) noexcept;

    // A part of a reply has arrived.
    [[nodiscard]] bool is_inside_reply() const noexcept;

  private:
    using Kind = Value::Kind;
    // What the next byte of the reply is, or what next() has to do before it looks.
    enum class Step : std::uint8_t {
        line,        // Of the line that a value begins with.
        text,        // Of a text whose length is known, or of the CR LF behind it.
        delivered,   // The last reply is shown: what it borrows goes back first.
        discarding,  // After a fault. Never left.
    };
    struct Type;
    struct Line;
    struct Progress;

    [[nodiscard]] Progress read(std::span<const std::byte> bytes) noexcept;
    [[nodiscard]] Line find_line(std::span<const std::byte> bytes) noexcept;
    [[nodiscard]] Progress begin_value(Type type, std::string_view line) noexcept;
    [[nodiscard]] Progress end_text(std::span<const std::byte> bytes) noexcept;
    [[nodiscard]] Progress begin_text(Type type, std::uint64_t size) noexcept;
    [[nodiscard]] Progress begin_aggregate(Kind kind, std::uint64_t count) noexcept;
    [[nodiscard]] Progress add_whole(Value::Node node) noexcept;
    [[nodiscard]] bool end_value() noexcept;

    [[nodiscard]] std::span<Value::Node> nodes() const noexcept;
    void add(Value::Node node) noexcept;
    [[nodiscard]] std::size_t wanted_size(std::span<const std::byte> input) const noexcept;
    void hold(std::span<const std::byte> piece) noexcept;
    void forget_reply() noexcept;

    const ReplyLimits* limits_;
    BufferPool* pool_;
    Buffer held_;   // All of the reply that came before this input.
    Buffer nodes_;  // Of the values so far.
    // Bytes from the reply's first: to the value that comes next, to what was not yet searched for
    // the end of its line, and to the end of the text that comes, with its CR LF.
    std::uint32_t value_begin_ = 0;
    std::uint32_t searched_ = 0;
    std::uint32_t text_end_ = 0;
    std::uint32_t open_ = no_node;     // The innermost aggregate that is not complete.
    std::uint32_t depth_ = 0;          // Aggregates that are not complete.
    std::uint32_t element_count_ = 0;  // Of all aggregates so far, as they claim.
    bool is_verbatim_ = false;         // The text.
    Step step_ = Step::line;

    static constexpr std::uint32_t no_node = UINT32_MAX;
};

}  // namespace edgews::redis
