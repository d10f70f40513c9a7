// The versions of STOMP, and what differs between their headers (stomp-1.0, -1.1, -1.2).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace edgews::stomp {

enum class Version : std::uint8_t { v1_0, v1_1, v1_2 };

// "1.2".
[[nodiscard]] std::string_view to_string(Version version) noexcept;

// The highest that `accept_version` lists: "1.0,1.1,1.2", in any order, with blanks and unknown
// entries. Nothing: none of ours is among them.
[[nodiscard]] std::optional<Version> negotiate(std::string_view accept_version) noexcept;

// Whether it lists that one.
[[nodiscard]] bool lists(std::string_view accept_version, Version version) noexcept;

// What the header of an ERROR says when none is (1.2, Protocol Negotiation).
inline constexpr std::string_view supported_versions = "1.0,1.1,1.2";

}  // namespace edgews::stomp
