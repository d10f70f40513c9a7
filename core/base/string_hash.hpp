// Hash tables whose keys are texts, most of them a peer's: topics, queues, ids.
//
// A peer that knew the hash could choose names that collide, and each look at them would cost as
// many steps as it sent. So the hash is SipHash-1-3 with a random key of the process. It is kept
// beside the name: a table that grows, or that passes others in a bucket, does not hash again, and
// who looks a name up several times hashes it once.
//
//     NameTable<Queue> queues;
//     const HashedView name(text);              // Hashed here.
//     const auto found = queues.find(name);     // Not here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>

namespace edgews {

// The same for the same text as long as the process lives, another in the next. Any thread.
[[nodiscard]] std::size_t hash_of(std::string_view text) noexcept;

// A text and its hash; the text is borrowed.
class HashedView {
  public:
    HashedView() noexcept : HashedView(std::string_view{}) {}
    explicit HashedView(std::string_view text) noexcept : text_(text), hash_(hash_of(text)) {}
    // Requires: it is this text's.
    HashedView(std::string_view text, std::size_t hash) noexcept : text_(text), hash_(hash) {}

    [[nodiscard]] std::string_view text() const noexcept { return text_; }
    [[nodiscard]] std::size_t hash() const noexcept { return hash_; }

  private:
    std::string_view text_;
    std::size_t hash_;
};

// The same with a text of its own.
class HashedName {
  public:
    HashedName() noexcept : hash_(hash_of({})) {}
    explicit HashedName(const HashedView& name) : text_(name.text()), hash_(name.hash()) {}

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] std::size_t hash() const noexcept { return hash_; }
    // NOLINTBEGIN(google-explicit-constructor): it is one, and costs nothing.
    operator HashedView() const noexcept { return {text_, hash_}; }
    operator std::string_view() const noexcept { return text_; }
    // NOLINTEND(google-explicit-constructor)

  private:
    std::string text_;
    std::size_t hash_;
};

// A table's hash. Of a text without its hash it makes one.
struct StringHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return hash_of(text); }
    std::size_t operator()(const HashedView& name) const noexcept { return name.hash(); }
    std::size_t operator()(const HashedName& name) const noexcept { return name.hash(); }
};

// Its comparison. Where both hashes are known, texts are looked at only if these are equal.
struct HashedEqual {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const noexcept {
        if constexpr (is_hashed<A> && is_hashed<B>) {
            if (a.hash() != b.hash()) return false;
        }
        return text_of(a) == text_of(b);
    }

  private:
    template <class T>
    static constexpr bool is_hashed =
        std::is_same_v<T, HashedView> || std::is_same_v<T, HashedName>;
    static std::string_view text_of(std::string_view text) noexcept { return text; }
    static std::string_view text_of(const HashedView& name) noexcept { return name.text(); }
    static std::string_view text_of(const HashedName& name) noexcept { return name.text(); }
};

// By names of its own, and by names that lie elsewhere.
template <class Value>
using NameTable = std::unordered_map<HashedName, Value, StringHash, HashedEqual>;
template <class Value>
using NameViewTable = std::unordered_map<HashedView, Value, StringHash, HashedEqual>;

}  // namespace edgews
