// Invariant: whatever a client writes into a header of proxies, the address that our proxy appends
// is the client's, unless that is a trusted proxy, too. There is a client then as well.
//
// The input's first byte says which header and how the proxy appends; the rest is the client's.

#include "core/http/forwarded.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using edgews::ForwardedHeader;
using edgews::IpAddress;
using edgews::Network;

void check(bool holds) {
    if (!holds) std::abort();
}

// Family `none` when the client's part is none of a header's.
IpAddress client_of(std::string_view value, std::string_view own, unsigned how) {
    const bool is_rfc7239 = (how & 1) != 0;
    const std::string name = is_rfc7239 ? "Forwarded: " : "X-Forwarded-For: ";
    const std::string between = (how & 2) != 0 ? "\r\n" + name : ", ";
    const std::string text = "GET / HTTP/1.1\r\nHost: a\r\n" + name + std::string(value) + between +
                             (is_rfc7239 ? "for=" : "") + std::string(own) + "\r\n\r\n";
    edgews::HttpHead head;
    if (value.find_first_of("\r\n") != std::string_view::npos ||
        head.parse(text) != edgews::HttpHead::Progress::complete) {
        return {};
    }
    const std::vector<Network> trusted{*Network::parse("10.0.0.0/8")};
    const auto header = is_rfc7239 ? ForwardedHeader::forwarded : ForwardedHeader::x_forwarded_for;
    const IpAddress client = edgews::find_client(head, header, trusted);
    check(static_cast<bool>(client));
    return client;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view value{reinterpret_cast<const char*>(data) + 1, size - 1};
    const IpAddress untrusted = client_of(value, "192.0.2.1", data[0]);
    check(!untrusted || untrusted == edgews::parse_ipv4("192.0.2.1"));
    const IpAddress behind = client_of(value, "10.0.0.1", data[0]);
    check(edgews::without_mapping(behind) == behind);
    return 0;
}
