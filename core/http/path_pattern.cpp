#include "core/http/path_pattern.hpp"

#include "core/http/url.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace edgews {
namespace {

bool is_name_char(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_name(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_name_char);
}

// Requires: is_percent_encoded(encoded).
bool equals_decoded(std::string_view encoded, std::string_view plain) noexcept {
    if (encoded.find('%') == std::string_view::npos) return encoded == plain;
    while (!encoded.empty()) {
        const DecodedChar c = decode_char(encoded);
        if (plain.empty() || plain.front() != c.value) return false;
        encoded.remove_prefix(c.size);
        plain.remove_prefix(1);
    }
    return plain.empty();
}

}  // namespace

std::string_view describe(PatternFault fault) noexcept {
    switch (fault) {
        case PatternFault::none: return "no fault";
        case PatternFault::slash_missing: return "a path pattern begins with '/'";
        case PatternFault::star_not_last:
            return "'*' stands for the rest of a path, so it is a pattern's last segment, alone";
        case PatternFault::name_malformed:
            return "after ':' stands a parameter's name, of letters, digits and '_'";
        case PatternFault::name_repeated: return "two parameters of a pattern have the same name";
        case PatternFault::too_many_parameters: return "a pattern has at most 16 parameters";
        case PatternFault::query_in_pattern:
            return "'?' and '#' cannot match: a pattern is compared with the path alone";
    }
    assert(false);
    return {};
}

PathPattern::PathPattern(std::string text) : text_(std::move(text)) {
    fault_ = compile();
    if (fault_ != PatternFault::none) segments_.clear();
}

PatternFault PathPattern::compile() {
    if (!text_.starts_with('/')) return PatternFault::slash_missing;
    if (text_.find_first_of("?#") != std::string::npos) return PatternFault::query_in_pattern;
    std::size_t begin = 1;
    while (begin <= text_.size()) {
        const std::size_t end = std::min(text_.find('/', begin), text_.size());
        const PatternFault fault = add_segment(begin, end);
        if (fault != PatternFault::none) return fault;
        begin = end + 1;
    }
    is_plain_ = text_.find_first_of(":*%") == std::string::npos;
    return PatternFault::none;
}

PatternFault PathPattern::add_segment(std::size_t begin, std::size_t end) {
    Segment segment{Kind::text, static_cast<std::uint32_t>(begin),
                    static_cast<std::uint32_t>(end - begin)};
    const std::string_view text = text_of(segment);
    if (text.find('*') != std::string_view::npos) {
        if (text != "*" || end != text_.size()) return PatternFault::star_not_last;
        segment.kind = Kind::rest;
    } else if (text.starts_with(':')) {
        segment = {Kind::parameter, segment.begin + 1, segment.size - 1};
        if (!is_name(text_of(segment))) return PatternFault::name_malformed;
    }
    if (segment.kind != Kind::text) {
        std::size_t count = 1;
        for (const Segment& other : segments_) {
            if (other.kind == Kind::text) continue;
            if (text_of(other) == text_of(segment)) return PatternFault::name_repeated;
            ++count;
        }
        if (count > path_parameter_count_max) return PatternFault::too_many_parameters;
    }
    segments_.push_back(segment);
    return PatternFault::none;
}

bool PathPattern::match(std::string_view path, PathParameters& out) const noexcept {
    out.pattern_ = nullptr;
    out.count_ = 0;
    if (segments_.empty() || path.size() > UINT32_MAX) return false;
    if (is_plain_) {  // A path may be longer by its escapes.
        if (path.size() < text_.size()) return false;
        if (path == text_) {
            out.pattern_ = this;
            return true;
        }
        if (path.find('%') == std::string_view::npos) return false;
    }
    if (!path.starts_with('/') || !is_percent_encoded(path)) return false;
    std::size_t count = 0;
    std::size_t begin = 1;  // Past the path's size: no segment is left.
    for (const Segment& segment : segments_) {
        if (begin > path.size()) return false;
        const bool is_rest = segment.kind == Kind::rest;
        const std::size_t end =
            is_rest ? path.size() : std::min(path.find('/', begin), path.size());
        const std::string_view part = path.substr(begin, end - begin);
        if (segment.kind == Kind::text) {
            if (!equals_decoded(part, text_of(segment))) return false;
        } else {
            if (part.empty() && !is_rest) return false;
            out.values_[count++] = {static_cast<std::uint32_t>(begin),
                                    static_cast<std::uint32_t>(part.size())};
        }
        begin = end + 1;
    }
    if (begin <= path.size()) return false;
    out.pattern_ = this;
    out.path_ = path.data();
    out.count_ = count;
    return true;
}

bool PathPattern::is_more_specific_than(const PathPattern& other) const noexcept {
    return std::lexicographical_compare(
        segments_.begin(), segments_.end(), other.segments_.begin(), other.segments_.end(),
        [](const Segment& a, const Segment& b) { return a.kind < b.kind; });
}

bool PathPattern::is_same_as(const PathPattern& other) const noexcept {
    return std::equal(segments_.begin(), segments_.end(), other.segments_.begin(),
                      other.segments_.end(), [&](const Segment& a, const Segment& b) {
                          if (a.kind != b.kind) return false;
                          return a.kind != Kind::text || text_of(a) == other.text_of(b);
                      });
}

std::optional<std::string_view> PathParameters::raw(std::string_view name) const noexcept {
    if (pattern_ == nullptr) return std::nullopt;
    std::size_t index = 0;
    for (const PathPattern::Segment& segment : pattern_->segments_) {
        if (segment.kind == PathPattern::Kind::text) continue;
        assert(index < count_);  // match() found a value for each.
        const Range& value = values_[index++];
        if (pattern_->text_of(segment) == name) {
            return std::string_view(path_ + value.begin, value.size);
        }
    }
    return std::nullopt;
}

std::optional<std::string> PathParameters::get(std::string_view name) const noexcept {
    const std::optional<std::string_view> encoded = raw(name);
    if (!encoded) return std::nullopt;
    std::string value;
    const bool is_decoded = percent_decode(*encoded, value);
    assert(is_decoded);  // match() looked at every escape.
    static_cast<void>(is_decoded);
    return value;
}

}  // namespace edgews
