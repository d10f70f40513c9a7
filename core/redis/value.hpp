// A reply of a Redis server, and what it is made of (RESP2 and RESP3): a view of its reader's
// memory.
//
// There is no tree. The nodes of a reply stand one behind another, each aggregate before all that
// it holds, and each knows how many they are:
//
//     *3  +a  *2  :1  :2  _          array 6 | string 1 | array 3 | integer 1 | integer 1 | null 1
//
// so that the next element is found by an addition. Texts stay in the bytes that arrived.
//
// Kinds tell what a value means, not how it travelled: simple, bulk and verbatim strings are
// strings, simple and bulk errors are errors, and all three nulls are null. Attributes are not
// shown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace edgews::redis {

class Value {
  public:
    enum class Kind : std::uint8_t {
        null,
        string,
        error,
        integer,
        double_number,
        boolean,
        big_number,
        array,
        set,
        map,
        push,
        attribute,  // Of a node only, until it is complete and left out.
    };

    // What a reader writes.
    struct Node {
        std::uint32_t begin = 0;       // Of the text: bytes from the reply's first.
        std::uint32_t size = 0;        // Of the text; of an aggregate the number of its elements.
        std::uint32_t node_count = 1;  // This one, and all that it holds.
        Kind kind = Kind::null;
    };

    // A null.
    Value() noexcept = default;
    // Both are borrowed: the first of the value's nodes, and the reply's first byte.
    Value(const Node* node, const std::byte* bytes) noexcept : node_(node), bytes_(bytes) {}

    [[nodiscard]] Kind kind() const noexcept { return node_ == nullptr ? Kind::null : node_->kind; }
    [[nodiscard]] bool is_null() const noexcept { return kind() == Kind::null; }
    [[nodiscard]] bool is_string() const noexcept { return kind() == Kind::string; }
    [[nodiscard]] bool is_error() const noexcept { return kind() == Kind::error; }
    [[nodiscard]] bool is_aggregate() const noexcept { return kind() >= Kind::array; }

    // As it was sent; of a verbatim string what follows its format. Empty: a null or an aggregate.
    [[nodiscard]] std::string_view text() const noexcept;
    // Requires: an integer; a double; a boolean.
    [[nodiscard]] std::int64_t integer() const noexcept;
    [[nodiscard]] double number() const noexcept;
    [[nodiscard]] bool is_true() const noexcept;

    // Elements of an aggregate, of others 0. A map has two for each pair: key, value, key, value.
    [[nodiscard]] std::uint32_t element_count() const noexcept {
        return is_aggregate() ? node_->size : 0;
    }

    // Over the elements; over none where it is no aggregate.
    class Iterator {
      public:
        Iterator(const Node* node, const std::byte* bytes) noexcept : node_(node), bytes_(bytes) {}
        [[nodiscard]] Value operator*() const noexcept { return {node_, bytes_}; }
        Iterator& operator++() noexcept {
            node_ += node_->node_count;
            return *this;
        }
        friend bool operator==(const Iterator& a, const Iterator& b) noexcept {
            return a.node_ == b.node_;
        }

      private:
        const Node* node_;
        const std::byte* bytes_;
    };
    [[nodiscard]] Iterator begin() const noexcept {
        return {node_ == nullptr ? nullptr : node_ + 1, bytes_};
    }
    [[nodiscard]] Iterator end() const noexcept {
        return {node_ == nullptr ? nullptr : node_ + node_->node_count, bytes_};
    }

  private:
    const Node* node_ = nullptr;
    const std::byte* bytes_ = nullptr;
};

// What an integer and a double say: a sign or none, and digits; a double may be "inf" or "nan",
// too. Nothing: it is none, or 64 bits do not hold it.
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text) noexcept;
[[nodiscard]] std::optional<double> parse_double(std::string_view text) noexcept;

// They lie in memory on loan, sixteen in the smallest block.
static_assert(sizeof(Value::Node) == 16);

}  // namespace edgews::redis
