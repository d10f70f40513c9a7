// Where the answer to a request of a client that polls goes: into its response, where the handler
// still runs, or to whoever waits for it on another loop.
#pragma once

#include <edgews/request.hpp>
#include <edgews/response.hpp>
#include "core/engineio/payload.hpp"
#include "core/engineio/refusal.hpp"
#include "net/engineio/place.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace edgews::engineio {

// Of a payload that is binary, in either direction.
inline constexpr std::string_view binary_type = "application/octet-stream";

// What all answers have in common: nobody keeps them.
[[nodiscard]] Response make_response(std::string_view type, std::string body);
// Packets, as a payload.
[[nodiscard]] Response payload_response(Payload payload);
[[nodiscard]] Response refusal_response(Refusal refusal);
[[nodiscard]] Response too_many_sessions_response();

// Tells the session there that nobody waits any more for the answer to its poll of that number.
[[nodiscard]] Function<void()> teller_of_gone(const Place& session, std::uint64_t number);

class Reply {
  public:
    // In the handler; borrowed.
    Reply(const Request& request, Response& response) noexcept
        : request_(&request), response_(&response) {}
    explicit Reply(DeferredResponse deferred) noexcept : deferred_(std::move(deferred)) {}

    void give(Response response) const;
    // Keeps the answer for later. `session`, `number`: see teller_of_gone().
    [[nodiscard]] DeferredResponse keep(const Place& session, std::uint64_t number) const;

  private:
    const Request* request_ = nullptr;  // Null: it was deferred.
    Response* response_ = nullptr;
    DeferredResponse deferred_{};
};

}  // namespace edgews::engineio
