#include "core/stomp/upstream_name.hpp"

#include "core/http/url.hpp"
#include "core/stomp/destination.hpp"

#include <algorithm>

namespace edgews::stomp {
namespace {

constexpr std::size_t rabbitmq_name_size_max = 255;
constexpr std::string_view exchange_prefix = "/exchange/";
constexpr std::string_view queue_prefix = "/amq/queue/";

bool is_wild(std::string_view segment) noexcept {
    return is_any_segment(segment) || is_any_rest(segment);
}

// Writes the segments behind the prefix, which is the first: each has the '/' or '.' that begins
// it, and the one behind the prefix has the prefix's own. False: a wildcard is where there are no
// words, which lie between dots.
template <class Append>
bool rewrite(std::string_view destination, std::string& name, Append&& append) {
    SegmentReader segments(destination);
    name = segments.next();
    for (bool is_first = true; segments.has_more(); is_first = false) {
        const std::string_view segment = segments.next();
        if (is_wild(segment) && segment.front() == '/' && !is_first) return false;
        append(segment, is_first);
    }
    return true;
}

// A name or a key in RabbitMQ's own spelling. It is not empty: "/exchange/a/" would be another
// spelling of "/exchange/a". "%2f" is no escape there, and might become one.
bool is_part(std::string_view part) noexcept {
    constexpr std::string_view escape = "%2F";
    std::size_t size = part.size();
    for (std::size_t at = part.find(escape); at != std::string_view::npos;
         at = part.find(escape, at + escape.size())) {
        size -= escape.size() - 1;
    }
    const bool is_single = part.find('/') == std::string_view::npos;
    const bool is_plain = part.find("%2f") == std::string_view::npos;
    return !part.empty() && size <= rabbitmq_name_size_max && is_single && is_plain;
}

// Behind "/exchange/".
bool is_exchange(std::string_view rest) noexcept {
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos) return is_part(rest);
    return is_part(rest.substr(0, slash)) && is_part(rest.substr(slash + 1));
}

// RabbitMQ reads "%2F" as '/', and no other escape. Its names have a length of one octet: a longer
// one would be the end of the connection.
bool to_rabbitmq(std::string_view destination, std::string& name) {
    name = destination;
    if (destination.starts_with(exchange_prefix)) {
        return is_exchange(destination.substr(exchange_prefix.size()));
    }
    if (destination.starts_with(queue_prefix)) {
        return is_part(destination.substr(queue_prefix.size()));
    }
    const std::size_t prefix_size = SegmentReader(destination).next().size() + 1;
    if (destination.size() - prefix_size > rabbitmq_name_size_max) return false;
    for (const std::string_view escape : {"%2F", "%2f"}) {
        if (destination.find(escape) != std::string_view::npos) return false;
    }
    return rewrite(destination, name, [&](std::string_view segment, bool is_first) {
        const bool is_slash = segment.front() == '/' && !is_first;
        name += is_slash ? std::string_view("%2F") : segment.substr(0, 1);
        name += is_any_rest(segment) ? std::string_view("#") : segment.substr(1);
    });
}

// Of what RabbitMQ writes, which escapes much: decoded, but for the slashes in a name or a key.
// False: an escape is malformed.
bool append_parts(std::string& name, std::string_view destination) {
    std::string part;
    while (!destination.empty()) {
        const std::size_t end = std::min(destination.find('/', 1), destination.size());
        part.clear();
        if (!percent_decode(destination.substr(1, end - 1), part)) return false;
        name += '/';
        for (const char c : part) c == '/' ? name.append("%2F") : name.append(1, c);
        destination.remove_prefix(end);
    }
    return true;
}

// Commas make several destinations of one, and a question mark begins options.
bool to_activemq(std::string_view destination, std::string& name) {
    if (destination.find_first_of(",?>") != std::string_view::npos) return false;
    return rewrite(destination, name, [&](std::string_view segment, bool) {
        name += segment.front();
        name += is_any_rest(segment) ? std::string_view(">") : segment.substr(1);
    });
}

}  // namespace

std::optional<std::string_view> to_upstream(UpstreamKind kind, std::string_view destination,
                                            std::string& storage) {
    bool is_there = true;
    switch (kind) {
        case UpstreamKind::edgews: return destination;
        case UpstreamKind::rabbitmq: is_there = to_rabbitmq(destination, storage); break;
        case UpstreamKind::activemq: is_there = to_activemq(destination, storage); break;
    }
    if (!is_there) return std::nullopt;
    return storage;
}

std::string from_upstream(UpstreamKind kind, std::string_view destination) {
    std::string name;
    if (kind == UpstreamKind::rabbitmq && destination.starts_with(exchange_prefix)) {
        return append_parts(name, destination) ? name : std::string(destination);
    }
    if (kind != UpstreamKind::rabbitmq || !percent_decode(destination, name)) name = destination;
    return name;
}

}  // namespace edgews::stomp
