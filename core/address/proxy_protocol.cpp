#include "core/address/proxy_protocol.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace edgews {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view line_signature = "PROXY ";
constexpr std::string_view binary_signature = "\r\n\r\n\0\r\nQUIT\n"sv;
static_assert(binary_signature.size() == 12);

// Version 2, fixed part: | signature 12 | version, command | family, protocol | length 2 |
constexpr std::size_t version_offset = 12;
constexpr std::size_t family_offset = 13;
constexpr std::size_t length_offset = 14;
constexpr std::size_t fixed_size = 16;
constexpr unsigned local_command = 0;
constexpr unsigned proxy_command = 1;
constexpr unsigned unspecified = 0;  // As a family, and as a protocol.
constexpr unsigned family_max = 3;
constexpr unsigned protocol_max = 2;

// Addresses of a family: | source | destination | source's port 2 | destination's port 2 |, the
// ports of the internet's families only.
struct AddressLayout {
    IpAddress::Family family;
    std::size_t address_size;
    std::size_t size;
};
constexpr std::array<AddressLayout, family_max + 1> layouts{{
    {IpAddress::Family::none, 0, 0},
    {IpAddress::Family::ipv4, 4, 12},
    {IpAddress::Family::ipv6, 16, 36},
    {IpAddress::Family::none, 108, 216},  // Unix sockets: their paths are the proxy's affair.
}};

unsigned byte_at(std::string_view bytes, std::size_t offset) noexcept {
    return static_cast<unsigned char>(bytes[offset]);
}

std::uint16_t number_at(std::string_view bytes, std::size_t offset) noexcept {
    return static_cast<std::uint16_t>(byte_at(bytes, offset) << 8 | byte_at(bytes, offset + 1));
}

// Whether one of them begins with the other.
bool begin_alike(std::string_view a, std::string_view b) noexcept {
    const std::size_t size = std::min(a.size(), b.size());
    return a.substr(0, size) == b.substr(0, size);
}

ParsedProxyHeader failed(ProxyFault fault) noexcept {
    return {.fault = fault};
}

// ---- Version 1: "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443" CR LF --------

// Cut at single spaces; the last word takes all that is left, so that a space too many is in it.
std::array<std::string_view, 5> split_words(std::string_view line) noexcept {
    std::array<std::string_view, 5> words;
    for (std::size_t i = 0; i < words.size() - 1; ++i) {
        const std::size_t size = std::min(line.find(' '), line.size());
        words[i] = line.substr(0, size);
        line.remove_prefix(std::min(size + 1, line.size()));
    }
    words.back() = line;
    return words;
}

// `line`: what stands between signature and CR LF.
ParsedProxyHeader read_line(std::string_view line) noexcept {
    const auto [protocol, source, destination, source_port, destination_port] = split_words(line);
    if (protocol == "UNKNOWN") return {};  // Whatever follows is to be ignored.
    const bool is_ipv4 = protocol == "TCP4";
    if (!is_ipv4 && protocol != "TCP6") return failed(ProxyFault::protocol_unknown);
    const auto parse = is_ipv4 ? parse_ipv4 : parse_ipv6;
    const IpAddress address = parse(source);
    if (!address || !parse(destination)) return failed(ProxyFault::address_malformed);
    const std::optional<std::uint16_t> port = parse_decimal(source_port, UINT16_MAX);
    if (!port || !parse_decimal(destination_port, UINT16_MAX)) {
        return failed(ProxyFault::port_malformed);
    }
    ParsedProxyHeader header{.source = without_mapping(address)};
    header.source.port = *port;
    return header;
}

// The line is looked at as a whole (section 2.1 asks for that): it is short.
ParsedProxyHeader parse_line(std::string_view input) noexcept {
    const std::size_t line_feed = input.substr(0, proxy_line_size_max).find('\n');
    if (line_feed == std::string_view::npos) {
        return input.size() < proxy_line_size_max ? ParsedProxyHeader{}
                                                  : failed(ProxyFault::line_too_long);
    }
    const std::string_view line = input.substr(0, line_feed);
    if (!line.ends_with('\r')) return failed(ProxyFault::line_end_malformed);
    const std::size_t begin = line_signature.size();
    ParsedProxyHeader header = read_line(line.substr(begin, line.size() - 1 - begin));
    if (header.fault == ProxyFault::none) header.size = line_feed + 1;
    return header;
}

// ---- Version 2 -------------------------------------------------------------

// Requires: all of the addresses are there.
IpAddress read_source(const AddressLayout& layout, std::string_view addresses) noexcept {
    if (layout.family == IpAddress::Family::none) return {};
    IpAddress source{.port = number_at(addresses, 2 * layout.address_size),
                     .family = layout.family};
    std::copy_n(addresses.begin(), layout.address_size, source.bytes.begin());
    return without_mapping(source);
}

ParsedProxyHeader parse_binary(std::string_view input) noexcept {
    if (input.size() <= version_offset) return {};
    const unsigned command = byte_at(input, version_offset) & 0x0F;
    if (byte_at(input, version_offset) >> 4 != 2) return failed(ProxyFault::version_unsupported);
    if (command > proxy_command) return failed(ProxyFault::command_unknown);

    if (input.size() <= family_offset) return {};
    unsigned family = byte_at(input, family_offset) >> 4;
    const unsigned protocol = byte_at(input, family_offset) & 0x0F;
    const bool is_local = command == local_command;
    if (!is_local && (family > family_max || protocol > protocol_max)) {
        return failed(ProxyFault::family_unknown);
    }
    // A LOCAL one has none, whatever is written there.
    if (is_local || protocol == unspecified) family = unspecified;

    if (input.size() < fixed_size) return {};
    const std::size_t length = number_at(input, length_offset);
    if (fixed_size + length > proxy_header_size_max) return failed(ProxyFault::header_too_large);
    const AddressLayout& layout = layouts[family];
    if (length < layout.size) return failed(ProxyFault::addresses_cut);
    if (input.size() < fixed_size + length) return {};
    return {.size = fixed_size + length, .source = read_source(layout, input.substr(fixed_size))};
}

}  // namespace

ParsedProxyHeader parse_proxy_header(std::span<const std::byte> input) noexcept {
    const std::string_view text{reinterpret_cast<const char*>(input.data()), input.size()};
    if (text.empty()) return {};
    if (begin_alike(text, line_signature)) return parse_line(text);
    if (begin_alike(text, binary_signature)) return parse_binary(text);
    return failed(ProxyFault::signature_missing);
}

}  // namespace edgews
