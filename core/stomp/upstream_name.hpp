// How a destination is called at the broker that it is relayed to.
//
//     edgews      /topic/a/b.*    as it is here
//     RabbitMQ    /topic/a%2Fb.*  of '/' only the prefix's may be; a wildcard is between dots, as
//                                 in AMQP, names have 255 octets at most, and what comes back is
//                                 percent-encoded
//     ActiveMQ    /topic/a/b.*    the rest is '>'; ',' and '?' have a meaning of their own
//
// What is RabbitMQ's alone is spelled as there, on both sides: "/exchange/NAME" with or without
// "/KEY", and "/amq/queue/NAME". In these only '/' separates, and "%2F" is a slash in a name or a
// key, so each has one spelling.
#pragma once

#include <edgews/stomp_options.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace edgews::stomp {

// The name of a destination of ours there: `destination` itself, or a view of `storage`. Nothing:
// there can be none.
[[nodiscard]] std::optional<std::string_view> to_upstream(UpstreamKind kind,
                                                          std::string_view destination,
                                                          std::string& storage);
// What the `destination` of a MESSAGE from there is called here. A malformed escape stays.
[[nodiscard]] std::string from_upstream(UpstreamKind kind, std::string_view destination);

}  // namespace edgews::stomp
