#include <edgews/core/stomp/destination.hpp>

#include <edgews/core/http_token.hpp>

#include <algorithm>
#include <array>

namespace edgews::stomp {
namespace {

struct Prefix {
    std::string_view text;
    DestinationKind kind;
};
constexpr std::array<Prefix, 5> prefixes{{
    {"/topic/", DestinationKind::topic},
    {"/queue/", DestinationKind::queue},
    {"/app/", DestinationKind::application},
    {"/user/", DestinationKind::user},
    {"/temp-queue/", DestinationKind::temp_queue},
}};

// "/queue/NAME" or "/topic/NAME".
bool is_shared_name(std::string_view rest) noexcept {
    const DestinationKind kind = kind_of(rest);
    return kind == DestinationKind::queue || kind == DestinationKind::topic;
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
    SegmentReader segments(destination);
    while (segments.has_more()) {
        const std::string_view segment = segments.next();
        if (is_any_segment(segment) || is_any_rest(segment)) return true;
    }
    return false;
}

Fault check_send(std::string_view destination) noexcept {
    if (destination.size() > destination_size_max) return Fault::destination_too_long;
    switch (kind_of(destination)) {
        case DestinationKind::unknown: return Fault::destination_invalid;
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

Fault check_subscribe(std::string_view destination) noexcept {
    if (destination.size() > destination_size_max) return Fault::destination_too_long;
    switch (kind_of(destination)) {
        case DestinationKind::unknown: return Fault::destination_invalid;
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
