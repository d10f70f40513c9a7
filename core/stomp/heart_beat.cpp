#include "core/stomp/heart_beat.hpp"

#include <charconv>
#include <system_error>

namespace edgews::stomp {
namespace {

// All of `text` is 1*DIGIT, or there is no number.
std::optional<std::uint32_t> parse_number(std::string_view text) noexcept {
    std::uint32_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (stop != end || error == std::errc::invalid_argument) return std::nullopt;
    return error == std::errc::result_out_of_range ? UINT32_MAX : value;
}

}  // namespace

std::optional<HeartBeat> HeartBeat::parse(std::string_view value) noexcept {
    const std::size_t comma = value.find(',');
    if (comma == std::string_view::npos) return std::nullopt;
    const std::optional<std::uint32_t> can_send = parse_number(value.substr(0, comma));
    const std::optional<std::uint32_t> wants = parse_number(value.substr(comma + 1));
    if (!can_send || !wants) return std::nullopt;
    return HeartBeat{.can_send_ms = *can_send, .wants_ms = *wants};
}

}  // namespace edgews::stomp
