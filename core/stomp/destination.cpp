#include "core/stomp/destination.hpp"

#include "core/base/ascii.hpp"
#include "core/http/url.hpp"
#include "core/kernels/utf8.hpp"

#include <algorithm>
#include <array>

namespace edgews::stomp {
namespace {

constexpr std::string_view exchange_prefix = "/exchange/";

struct Prefix {
    std::string_view text;
    DestinationKind kind;
};
constexpr std::array<Prefix, 7> prefixes{{
    {"/topic/", DestinationKind::topic},
    {"/queue/", DestinationKind::queue},
    {"/app/", DestinationKind::application},
    {"/user/", DestinationKind::user},
    {"/temp-queue/", DestinationKind::temp_queue},
    {exchange_prefix, DestinationKind::exchange},
    {"/amq/queue/", DestinationKind::amq_queue},
}};

// "/queue/NAME" or "/topic/NAME".
bool is_shared_name(std::string_view rest) noexcept {
    const DestinationKind kind = kind_of(rest);
    return kind == DestinationKind::queue || kind == DestinationKind::topic;
}

// What has a meaning where it stands alone.
bool is_structure(char c) noexcept {
    return c == '/' || c == '%' || c == '*' || c == '#' || is_control_char(c);
}

// A segment, decoded so far, as canonical() spells it.
void append_segment(std::string& out, std::string_view segment) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    const bool is_text = is_utf8(segment);
    for (const char c : segment) {
        const auto byte = static_cast<unsigned char>(c);
        if (!is_structure(c) && (is_text || byte < 0x80)) {
            out += c;
        } else {
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 15];
        }
    }
}

// False: an escape is malformed, or stands for NUL.
bool append_canonical(std::string& out, std::string_view segments) {
    std::string decoded;
    for (;;) {
        const std::size_t end = std::min(segments.find('/'), segments.size());
        decoded.clear();
        if (!percent_decode(segments.substr(0, end), decoded)) return false;
        append_segment(out, decoded);
        if (end == segments.size()) return true;
        out += '/';
        segments.remove_prefix(end + 1);
    }
}

// The part of a destination that is percent-encoded.
std::string_view encoded_part(std::string_view destination) noexcept {
    constexpr std::string_view application = "/app/";
    if (destination.starts_with(application)) return destination.substr(application.size());
    return parse_user_destination(destination).user;
}

}  // namespace

DestinationKind kind_of(std::string_view destination) noexcept {
    if (std::any_of(destination.begin(), destination.end(), is_control_char)) {
        return DestinationKind::unknown;
    }
    for (const Prefix& prefix : prefixes) {
        if (destination.starts_with(prefix.text) && destination.size() > prefix.text.size()) {
            return prefix.kind;
        }
    }
    return DestinationKind::unknown;
}

bool is_pattern(std::string_view destination) noexcept {
    if (destination.find_first_of("*#") == std::string_view::npos) return false;
    const DestinationKind kind = kind_of(destination);
    if (kind == DestinationKind::exchange || kind == DestinationKind::amq_queue) return false;
    SegmentReader segments(destination);
    while (segments.has_more()) {
        const std::string_view segment = segments.next();
        if (is_any_segment(segment) || is_any_rest(segment)) return true;
    }
    return false;
}

bool brings_others(std::string_view destination) noexcept {
    return destination.starts_with(exchange_prefix) || is_pattern(destination);
}

Fault check_send(std::string_view destination, bool is_relayed) noexcept {
    if (destination.size() > destination_size_max) return Fault::destination_too_long;
    switch (kind_of(destination)) {
        case DestinationKind::unknown: return Fault::destination_invalid;
        case DestinationKind::exchange:
        case DestinationKind::amq_queue:
            return is_relayed ? Fault::none : Fault::destination_invalid;
        case DestinationKind::user:
            if (parse_user_destination(destination).user.empty()) {
                return Fault::destination_not_for_send;
            }
            break;
        case DestinationKind::topic:
        case DestinationKind::queue:
        case DestinationKind::temp_queue:
        case DestinationKind::application: break;
    }
    return is_pattern(destination) ? Fault::destination_not_for_send : Fault::none;
}

Fault check_subscribe(std::string_view destination, bool is_relayed) noexcept {
    if (destination.size() > destination_size_max) return Fault::destination_too_long;
    switch (kind_of(destination)) {
        case DestinationKind::unknown: return Fault::destination_invalid;
        case DestinationKind::exchange:
        case DestinationKind::amq_queue:
            return is_relayed ? Fault::none : Fault::destination_invalid;
        case DestinationKind::application: return Fault::destination_not_for_subscribe;
        case DestinationKind::user:
            // What others have is theirs: only /user/queue/… and /user/topic/….
            if (!is_shared_name(destination.substr(std::string_view("/user").size()))) {
                return Fault::destination_not_for_subscribe;
            }
            [[fallthrough]];
        case DestinationKind::queue:
        case DestinationKind::temp_queue:
            return is_pattern(destination) ? Fault::destination_not_for_subscribe : Fault::none;
        case DestinationKind::topic: break;
    }
    if (!is_pattern(destination)) return Fault::none;
    SegmentReader segments(destination);
    std::size_t count = 0;
    while (segments.has_more()) {
        if (is_any_rest(segments.next()) && segments.has_more()) return Fault::wildcard_not_last;
        ++count;
    }
    return count > pattern_segment_count_max ? Fault::destination_too_long : Fault::none;
}

CanonicalDestination canonical(std::string_view destination, std::string& storage) {
    const std::string_view part = encoded_part(destination);
    if (part.find_first_of("%*#") == std::string_view::npos && is_utf8(part)) {
        return {.text = destination};
    }
    const auto begin = static_cast<std::size_t>(part.data() - destination.data());
    storage.assign(destination.substr(0, begin));
    if (!append_canonical(storage, part)) return {.fault = Fault::destination_escape_malformed};
    storage += destination.substr(begin + part.size());
    return {.text = storage};
}

std::string user_destination(std::string_view user, std::string_view rest) {
    std::string out = "/user/";
    append_segment(out, user);
    out += rest;
    return out;
}

bool Destination::covers(std::string_view name) const noexcept {
    if (stomp::is_pattern(name)) return false;  // Nothing is sent to it.
    SegmentReader pattern(text_);
    SegmentReader segments(name);
    while (pattern.has_more()) {
        const std::string_view wanted = pattern.next();
        const std::string_view segment = segments.next();
        if (is_any_rest(wanted)) return segment.empty() || segment.front() == wanted.front();
        if (segment.empty()) return false;
        const bool fits =
            is_any_segment(wanted) ? segment.front() == wanted.front() : segment == wanted;
        if (!fits) return false;
    }
    return !segments.has_more();
}

bool may_cover(std::string_view pattern, std::string_view beginning) noexcept {
    SegmentReader patterns(pattern);
    SegmentReader begun(beginning);
    while (begun.has_more()) {
        const std::string_view wanted = patterns.next();
        const std::string_view segment = begun.next();
        if (wanted.empty()) return false;
        const bool has_separator = wanted.front() == segment.front();
        if (is_any_rest(wanted)) return has_separator;
        // The last one may go on.
        const bool fits = is_any_segment(wanted) ? has_separator
                          : begun.has_more()     ? wanted == segment
                                                 : wanted.starts_with(segment);
        if (!fits) return false;
    }
    return true;
}

UserDestination parse_user_destination(std::string_view destination) noexcept {
    constexpr std::string_view prefix = "/user/";
    if (!destination.starts_with(prefix)) return {};
    const std::string_view rest = destination.substr(prefix.size());
    const std::size_t slash = rest.find('/');
    if (slash == 0 || slash == std::string_view::npos) return {};
    if (!is_shared_name(rest.substr(slash))) return {};
    return {.user = rest.substr(0, slash), .rest = rest.substr(slash)};
}

std::string_view SegmentReader::next() noexcept {
    if (rest_.empty()) return {};
    const std::size_t end = std::min(rest_.find_first_of("/.", 1), rest_.size());
    const std::string_view segment = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return segment;
}

bool is_any_segment(std::string_view segment) noexcept {
    return segment == "/*" || segment == ".*";
}

bool is_any_rest(std::string_view segment) noexcept {
    return segment == "/#" || segment == ".#" || segment == "/**" || segment == ".**";
}

}  // namespace edgews::stomp
