#include "core/stomp/upstream_name.hpp"

#include "core/http/url.hpp"
#include "core/stomp/destination.hpp"

namespace edgews::stomp {
namespace {

constexpr std::size_t rabbitmq_name_size_max = 255;

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

// RabbitMQ reads "%2F" as '/', and no other escape. Its names have a length of one octet: a longer
// one would be the end of the connection.
bool to_rabbitmq(std::string_view destination, std::string& name) {
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
    if (kind != UpstreamKind::rabbitmq || !percent_decode(destination, name)) name = destination;
    return name;
}

}  // namespace edgews::stomp
