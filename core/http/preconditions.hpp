// Whether what a client has, or has seen, is still so (RFC 9110, sections 8.8 and 13).
#pragma once

#include "core/http/http_head.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace edgews {

// What tells one state of a representation from another.
struct Validators {
    // With its quotes: "\"33a64df5\""; weak, with W/ in front of it (section 8.8.3). Empty: none.
    std::string_view entity_tag{};
    // Seconds since the beginning of 1970. Without a value: unknown.
    std::optional<std::int64_t> modified{};
    // It cannot have changed again in that second (section 8.8.2.2).
    bool is_modified_strong = false;
};

enum class Precondition : std::uint8_t {
    holds,
    not_modified,  // The client has it: 304.
    fails,         // It is not what the client has seen: 412.
};

// Of a GET or a HEAD, in the order of section 13.2.2. `now`: seconds since the beginning of 1970.
[[nodiscard]] Precondition check_preconditions(const HttpHead& head, const Validators& validators,
                                               std::int64_t now) noexcept;
// Whether a part may be sent: there is no If-Range, or what the client has parts of is the same
// (section 13.1.5).
[[nodiscard]] bool range_may_be_sent(const HttpHead& head, const Validators& validators,
                                     std::int64_t now) noexcept;

enum class TagComparison : std::uint8_t { strong, weak };
// Whether the tag is among a list of them (section 8.8.3.2), or that is "*". A list ends where it
// is malformed.
[[nodiscard]] bool lists_entity_tag(std::string_view list, std::string_view tag,
                                    TagComparison how) noexcept;

}  // namespace edgews
