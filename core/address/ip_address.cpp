#include "core/address/ip_address.hpp"

#include "core/base/ascii.hpp"

#include <algorithm>
#include <cstddef>

namespace edgews {
namespace {

constexpr std::size_t ipv4_size = 4;
constexpr std::size_t ipv6_size = 16;
constexpr std::size_t no_gap = SIZE_MAX;
// Of ::ffff:0:0/96 (RFC 4291, section 2.5.5.2).
constexpr std::array<std::uint8_t, ipv6_size - ipv4_size> mapping{0, 0, 0, 0, 0,    0,
                                                                  0, 0, 0, 0, 0xFF, 0xFF};

// One to four hexadecimal digits; an empty optional for anything else.
std::optional<unsigned> parse_group(std::string_view text) noexcept {
    if (text.empty() || text.size() > 4) return std::nullopt;
    unsigned value = 0;
    for (const char c : text) {
        const char lower = to_lower(c);
        if (is_digit(c)) {
            value = value * 16 + static_cast<unsigned>(c - '0');
        } else if (lower >= 'a' && lower <= 'f') {
            value = value * 16 + static_cast<unsigned>(lower - 'a') + 10;
        } else {
            return std::nullopt;
        }
    }
    return value;
}

// An IPv6 address while it is read.
class Groups {
  public:
    // Each returns whether the text may go on so.
    bool add_gap() noexcept {  // "::"
        if (gap_ != no_gap) return false;
        gap_ = size_;
        return true;
    }
    bool add_group(std::string_view text) noexcept {
        const std::optional<unsigned> value = parse_group(text);
        if (!value || size_ == ipv6_size) return false;
        bytes_[size_++] = static_cast<std::uint8_t>(*value >> 8);
        bytes_[size_++] = static_cast<std::uint8_t>(*value & 0xFF);
        return true;
    }
    bool add_ipv4(std::string_view text) noexcept {
        const IpAddress ipv4 = parse_ipv4(text);
        if (!ipv4 || size_ > ipv6_size - ipv4_size) return false;
        std::copy_n(ipv4.bytes.begin(), ipv4_size, bytes_.begin() + size_);
        size_ += ipv4_size;
        return true;
    }
    // All is there: moves what follows the gap to the end.
    [[nodiscard]] IpAddress finish() noexcept {
        // A gap stands for at least one group.
        if ((gap_ == no_gap) != (size_ == ipv6_size)) return {};
        if (gap_ != no_gap) {
            auto* const gap = bytes_.begin() + gap_;
            auto* const moved =
                std::copy_backward(gap, bytes_.begin() + size_, bytes_.begin() + ipv6_size);
            std::fill(gap, moved, std::uint8_t{0});
        }
        return {.bytes = bytes_, .family = IpAddress::Family::ipv6};
    }

  private:
    std::array<std::uint8_t, ipv6_size> bytes_{};
    std::size_t size_ = 0;
    std::size_t gap_ = no_gap;
};

}  // namespace

std::optional<std::uint16_t> parse_decimal(std::string_view text, std::uint16_t max) noexcept {
    if (text.empty() || text.size() > 5 || (text.size() > 1 && text.front() == '0')) {
        return std::nullopt;
    }
    std::uint32_t value = 0;
    for (const char c : text) {
        if (!is_digit(c)) return std::nullopt;
        value = value * 10 + static_cast<std::uint32_t>(c - '0');
    }
    if (value > max) return std::nullopt;
    return static_cast<std::uint16_t>(value);
}

IpAddress parse_ipv4(std::string_view text) noexcept {
    IpAddress address;
    for (std::size_t i = 0; i < ipv4_size; ++i) {
        const bool is_last = i == ipv4_size - 1;
        const std::size_t size = is_last ? text.size() : std::min(text.find('.'), text.size());
        const std::optional<std::uint16_t> value = parse_decimal(text.substr(0, size), 255);
        if (!value) return {};
        address.bytes[i] = static_cast<std::uint8_t>(*value);
        text.remove_prefix(std::min(size + 1, text.size()));
    }
    address.family = IpAddress::Family::ipv4;
    return address;
}

IpAddress parse_ipv6(std::string_view text) noexcept {
    Groups groups;
    if (text.starts_with("::")) {
        (void)groups.add_gap();
        text.remove_prefix(2);
    }
    while (!text.empty()) {
        const std::size_t size = std::min(text.find(':'), text.size());
        const std::string_view group = text.substr(0, size);
        text.remove_prefix(size);
        // The last 32 bits may be written as IPv4.
        const bool is_ipv4 = text.empty() && group.find('.') != std::string_view::npos;
        if (is_ipv4 ? !groups.add_ipv4(group) : !groups.add_group(group)) return {};
        if (text.empty()) break;
        text.remove_prefix(1);
        if (text.empty()) return {};  // A colon that nothing follows.
        if (!text.starts_with(':')) continue;
        if (!groups.add_gap()) return {};
        text.remove_prefix(1);
    }
    return groups.finish();
}

IpAddress without_mapping(const IpAddress& address) noexcept {
    const auto begin = address.bytes.begin();
    if (address.family != IpAddress::Family::ipv6 ||
        !std::equal(mapping.begin(), mapping.end(), begin)) {
        return address;
    }
    IpAddress ipv4{.port = address.port, .family = IpAddress::Family::ipv4};
    std::copy_n(begin + mapping.size(), ipv4_size, ipv4.bytes.begin());
    return ipv4;
}

}  // namespace edgews
