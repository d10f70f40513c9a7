// Close status codes (RFC 6455, section 7.4).
#pragma once

#include <cstdint>

namespace edgews::close_code {

inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t going_away = 1001;
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t unsupported_data = 1003;
inline constexpr std::uint16_t no_status = 1005;  // Never on the wire: the frame bore no code.
inline constexpr std::uint16_t abnormal = 1006;   // Never on the wire: there was no close frame.
inline constexpr std::uint16_t invalid_payload = 1007;
inline constexpr std::uint16_t policy_violation = 1008;
inline constexpr std::uint16_t message_too_big = 1009;
inline constexpr std::uint16_t mandatory_extension = 1010;
inline constexpr std::uint16_t internal_error = 1011;
inline constexpr std::uint16_t service_restart = 1012;
inline constexpr std::uint16_t try_again_later = 1013;
inline constexpr std::uint16_t bad_gateway = 1014;

// True: the code may appear in a close frame. These are 1000-1003 and 1007-1014 (IANA registry),
// and 3000-4999 (section 7.4.2). 1004, 1005, 1006, 1015 and all others may not.
[[nodiscard]] constexpr bool may_be_on_the_wire(std::uint16_t code) noexcept {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

}  // namespace edgews::close_code
