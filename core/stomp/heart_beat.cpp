#include "core/stomp/heart_beat.hpp"

#include "core/base/ascii.hpp"
#include "core/base/number.hpp"

#include <algorithm>

namespace edgews::stomp {
namespace {

// Milliseconds: 1*DIGIT. More than can be counted is as good as the most.
std::optional<std::uint32_t> parse_time(std::string_view text) noexcept {
    const std::optional<std::uint32_t> time = parse_number<std::uint32_t>(text);
    const bool is_number = !text.empty() && std::ranges::all_of(text, is_digit);
    return !time && is_number ? UINT32_MAX : time;
}

}  // namespace

std::optional<HeartBeat> HeartBeat::parse(std::string_view value) noexcept {
    const std::size_t comma = value.find(',');
    if (comma == std::string_view::npos) return std::nullopt;
    const std::optional<std::uint32_t> can_send = parse_time(value.substr(0, comma));
    const std::optional<std::uint32_t> wants = parse_time(value.substr(comma + 1));
    if (!can_send || !wants) return std::nullopt;
    return HeartBeat{.can_send_ms = *can_send, .wants_ms = *wants};
}

}  // namespace edgews::stomp
