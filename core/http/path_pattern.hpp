// Patterns of request paths: "/chat/:room/*".
//
// A pattern is '/' and segments between slashes:
//
//     text     that text, compared with the decoded segment, in its case;
//     :name    one non-empty segment, a parameter of that name;
//     *        only as the last: the rest of the path, slashes included, possibly empty.
//
// A path's segments are told apart before they are decoded, so that "%2F" stays
// inside its segment (RFC 3986, section 2.2). A slash more or less matters: "/a"
// does not match "/a/", nor does "/a/*" match "/a". Dot segments mean nothing
// special: whoever makes a file name of a rest must look for ".." in it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edgews {

inline constexpr std::size_t path_parameter_count_max = 16;

enum class PatternFault : std::uint8_t {
    none,
    slash_missing,        // Does not begin with '/'.
    star_not_last,        // "*" before the end, or beside other text in its segment.
    name_malformed,       // ":" without a name of letters, digits and '_'.
    name_repeated,        // Two parameters of one name.
    too_many_parameters,  // More than 16.
    query_in_pattern,     // '?' or '#': a pattern is matched with the path alone.
};

// One sentence about the mistake, for the application's developer.
[[nodiscard]] std::string_view describe(PatternFault fault) noexcept;

class PathPattern;

// What a path's parameters are, after a match. Views of the path and of the
// pattern: valid as long as both.
class PathParameters {
  public:
    // The decoded value; the name of the rest is "*". Empty optional: the pattern has no such
    // parameter.
    [[nodiscard]] std::optional<std::string> get(std::string_view name) const noexcept;
    // The same as it stands in the path, percent-encoded.
    [[nodiscard]] std::optional<std::string_view> raw(std::string_view name) const noexcept;

    [[nodiscard]] std::size_t count() const noexcept { return count_; }

    // The path of the match now lies in `path`. Requires: the same bytes.
    void rebase(std::string_view path) noexcept { path_ = path.data(); }

  private:
    friend class PathPattern;
    struct Range {  // Of the path.
        std::uint32_t begin;
        std::uint32_t size;
    };

    const PathPattern* pattern_ = nullptr;
    const char* path_ = nullptr;
    std::size_t count_ = 0;
    std::array<Range, path_parameter_count_max> values_{};
};

class PathPattern {
  public:
    // Compiles `text`. With a fault() it matches nothing.
    explicit PathPattern(std::string text);

    [[nodiscard]] PatternFault fault() const noexcept { return fault_; }
    [[nodiscard]] std::string_view text() const noexcept { return text_; }

    // Whether `path` (percent-encoded, without a query) matches; then `out` has its parameters,
    // else none. Never allocates. A path with a bad escape matches nothing.
    [[nodiscard]] bool match(std::string_view path, PathParameters& out) const noexcept;

    // The order in which a router tries patterns: where two that match the same
    // path first differ, text comes before a parameter, and that before a rest.
    [[nodiscard]] bool is_more_specific_than(const PathPattern& other) const noexcept;
    // Whether both match the same paths: a router would never reach the second.
    [[nodiscard]] bool is_same_as(const PathPattern& other) const noexcept;

  private:
    friend class PathParameters;
    enum class Kind : std::uint8_t { text, parameter, rest };
    struct Segment {
        Kind kind;
        std::uint32_t begin;  // Of the text or the name, in text_.
        std::uint32_t size;
    };

    [[nodiscard]] PatternFault compile();
    [[nodiscard]] PatternFault add_segment(std::size_t begin, std::size_t end);
    [[nodiscard]] std::string_view text_of(const Segment& segment) const noexcept {
        return std::string_view(text_).substr(segment.begin, segment.size);
    }

    std::string text_;
    std::vector<Segment> segments_;
    bool is_plain_ = false;  // It has no parameter, and no '%'.
    PatternFault fault_ = PatternFault::none;
};

}  // namespace edgews
