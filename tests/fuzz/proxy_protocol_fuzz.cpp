// Invariants: of no prefix does a header mean anything else than of the whole input: it needs more,
// or it has the same outcome; a header that is complete needs exactly its own bytes; and what it
// names is an address that is not one of IPv4 in IPv6.

#include "core/address/proxy_protocol.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

namespace {

using edgews::ParsedProxyHeader;
using edgews::ProxyFault;

void check(bool holds) {
    if (!holds) std::abort();
}

// The first `size` bytes, in a heap block of their own.
ParsedProxyHeader parse_prefix(std::span<const std::byte> input, std::size_t size) {
    const auto block = std::make_unique<std::byte[]>(size);
    std::copy_n(input.begin(), size, block.get());
    return edgews::parse_proxy_header({block.get(), size});
}

void check_same(const ParsedProxyHeader& a, const ParsedProxyHeader& b) {
    check(a.fault == b.fault);
    check(a.size == b.size);
    check(a.source == b.source);
}

void check_source(const edgews::IpAddress& source) {
    check(edgews::without_mapping(source) == source);
    const auto zero = [](std::uint8_t byte) { return byte == 0; };
    const auto begin = source.bytes.begin();
    switch (source.family) {
        case edgews::IpAddress::Family::none: check(source == edgews::IpAddress{}); break;
        case edgews::IpAddress::Family::ipv4:
            check(std::all_of(begin + 4, source.bytes.end(), zero));
            break;
        case edgews::IpAddress::Family::ipv6: break;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto input = std::as_bytes(std::span(data, size));
    const ParsedProxyHeader whole = parse_prefix(input, size);
    check(whole.size <= std::min(size, edgews::proxy_header_size_max));
    check(whole.fault == ProxyFault::none || whole.size == 0);
    check(whole.size > 0 || !whole.source);
    check_source(whole.source);

    bool is_decided = false;
    for (std::size_t end = 0; end < std::min<std::size_t>(size, 512); ++end) {
        const ParsedProxyHeader prefix = parse_prefix(input, end);
        if (!is_decided && prefix.fault == ProxyFault::none && prefix.size == 0) {
            check(whole.size == 0 || end < whole.size);
            continue;
        }
        is_decided = true;
        check_same(prefix, whole);
        check(whole.size <= end);
    }
    return 0;
}
