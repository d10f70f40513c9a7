#include "core/stomp/delivery.hpp"

#include "core/base/number.hpp"

namespace edgews::stomp {
namespace {

std::optional<std::uint64_t> parse_counter(std::string_view text) noexcept {
    return text.starts_with('0') ? std::nullopt : parse_number<std::uint64_t>(text);
}

}  // namespace

void DeliveryId::append_to(std::string& out) const {
    append_number(out, subscription);
    out += '-';
    append_number(out, sequence);
}

std::optional<DeliveryId> DeliveryId::parse(std::string_view text) noexcept {
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const auto subscription = parse_counter(text.substr(0, dash));
    const auto sequence = parse_counter(text.substr(dash + 1));
    if (!subscription || !sequence) return std::nullopt;
    return DeliveryId{.subscription = *subscription, .sequence = *sequence};
}

}  // namespace edgews::stomp
