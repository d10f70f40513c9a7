#include "core/http/preconditions.hpp"

#include "core/base/ascii.hpp"
#include "core/http/http_date.hpp"

namespace edgews {

namespace {

constexpr std::string_view weak_mark = "W/";

// "W/"xyz"" or ""xyz"", at the start of `text`. Empty: there is none.
std::string_view tag_at_start(std::string_view text) noexcept {
    const std::size_t begin = text.starts_with(weak_mark) ? weak_mark.size() : 0;
    if (begin == text.size() || text[begin] != '"') return {};
    const std::size_t end = text.find('"', begin + 1);
    return end == std::string_view::npos ? std::string_view{} : text.substr(0, end + 1);
}

// Section 8.8.3.2.
bool are_the_same(std::string_view one, std::string_view other, TagComparison how) noexcept {
    if (how == TagComparison::strong) return one == other && !one.starts_with(weak_mark);
    if (one.starts_with(weak_mark)) one.remove_prefix(weak_mark.size());
    if (other.starts_with(weak_mark)) other.remove_prefix(weak_mark.size());
    return one == other;
}

// A header that is a list may be sent in several lines.
bool lists_entity_tag(const HttpHead& head, std::string_view name, std::string_view tag,
                      TagComparison how) noexcept {
    for (std::size_t i = 0; i < head.header_count(); ++i) {
        const HeaderField field = head.header_at(i);
        if (!equals_ignoring_case(field.name, name)) continue;
        if (lists_entity_tag(field.value, tag, how)) return true;
    }
    return false;
}

// Whether there is a date in the header, and it was modified after it. A header that is no date is
// none (sections 13.1.3 and 13.1.4).
std::optional<bool> is_modified_since(const HttpHead& head, std::string_view name,
                                      const Validators& validators, std::int64_t now) noexcept {
    const auto header = head.header(name);
    if (!header || !validators.modified || head.is_repeated(name)) return std::nullopt;
    const auto date = parse_http_date(*header, now);
    if (!date) return std::nullopt;
    return *validators.modified > *date;
}

}  // namespace

bool lists_entity_tag(std::string_view list, std::string_view tag, TagComparison how) noexcept {
    list = trim(list);
    if (list == "*") return true;
    while (!list.empty()) {
        if (list.front() == ',' || list.front() == ' ' || list.front() == '\t') {
            list.remove_prefix(1);
            continue;
        }
        const std::string_view each = tag_at_start(list);
        if (each.empty()) return false;
        if (are_the_same(each, tag, how)) return true;
        list.remove_prefix(each.size());
    }
    return false;
}

Precondition check_preconditions(const HttpHead& head, const Validators& validators,
                                 std::int64_t now) noexcept {
    const std::string_view tag = validators.entity_tag;
    if (head.header("If-Match")) {
        if (!lists_entity_tag(head, "If-Match", tag, TagComparison::strong)) {
            return Precondition::fails;
        }
    } else if (is_modified_since(head, "If-Unmodified-Since", validators, now).value_or(false)) {
        return Precondition::fails;
    }
    if (head.header("If-None-Match")) {
        return lists_entity_tag(head, "If-None-Match", tag, TagComparison::weak)
                   ? Precondition::not_modified
                   : Precondition::holds;
    }
    return is_modified_since(head, "If-Modified-Since", validators, now).value_or(true)
               ? Precondition::holds
               : Precondition::not_modified;
}

bool range_may_be_sent(const HttpHead& head, const Validators& validators,
                       std::int64_t now) noexcept {
    const auto header = head.header("If-Range");
    if (!header) return true;
    if (head.is_repeated("If-Range")) return false;
    if (!tag_at_start(*header).empty()) {
        return are_the_same(*header, validators.entity_tag, TagComparison::strong);
    }
    return validators.is_modified_strong && validators.modified &&
           parse_http_date(*header, now) == validators.modified;
}

}  // namespace edgews
