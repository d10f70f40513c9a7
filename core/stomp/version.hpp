// How the version of STOMP is agreed on (stomp-1.2, Protocol Negotiation).
#pragma once

#include <edgews/stomp_frame.hpp>

#include <optional>
#include <string_view>

namespace edgews::stomp {

// The highest that `accept_version` lists: "1.0,1.1,1.2", in any order, with blanks and unknown
// entries. Nothing: none of ours is among them.
[[nodiscard]] std::optional<Version> negotiate(std::string_view accept_version) noexcept;

// Whether it lists that one.
[[nodiscard]] bool lists(std::string_view accept_version, Version version) noexcept;

// What the header of an ERROR says when none is (1.2, Protocol Negotiation).
inline constexpr std::string_view supported_versions = "1.0,1.1,1.2";

}  // namespace edgews::stomp
