// From the name of a host to its addresses, without holding up the loop that asks.
//
// The system's getaddrinfo blocks, for half a minute where a name server is silent, and cannot be
// called off. So it runs on threads of its own, which all loops of the process share, started when
// there is something to ask and gone when there is not: usually at most 16, of which one that
// nobody waits for any more is none. A question that has waited for 50 ms, because those before it
// take their time, gets one more, up to 128 in all and eight for one host: names whose servers are
// silent hold up nobody else. Beyond that questions wait, until whoever asks has waited enough
// (DialOptions::resolve_timeout_ms).
//
// Who asks the system for the same within a second shares one answer. One that nobody waits for any
// more is thrown away. A program may end while one is looked for.
#pragma once

#include <edgews/client_options.hpp>
#include <edgews/function.hpp>
#include <edgews/loop.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace edgews {

class Reactor;

// The answer where nobody has to be asked: an IPv4 address, one of IPv6 with or without brackets
// and zone, "localhost" and what ends in ".localhost" (RFC 6761, section 6.3), and what cannot be a
// name.
[[nodiscard]] std::optional<Resolved> resolve_at_once(const std::string& host, std::uint16_t port);

// Of errors of getaddrinfo: EAI_… of <netdb.h>. For EAI_SYSTEM, the system's own error is told.
[[nodiscard]] const std::error_category& resolve_category() noexcept;

struct ResolveRequest {
    std::string host{};
    std::uint16_t port = 0;
    Lookup lookup = look_up;  // Only where resolve_at_once() has no answer.
};

// Has `done` called with the answer, once, in a later turn or later in this one. After
// Reactor::cancel() of the token, and when the loop is gone, it is not called. Throws
// std::invalid_argument where `lookup` or `done` is empty.
Token resolve(Reactor& reactor, ResolveRequest request, Function<void(Resolved)> done);

}  // namespace edgews
