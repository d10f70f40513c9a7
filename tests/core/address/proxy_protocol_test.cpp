// PROXY headers: those of the specification, and every way to get one wrong.
#include "core/address/proxy_protocol.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "tests/support/bytes.hpp"

namespace edgews::test {
namespace {

using Family = IpAddress::Family;

const std::string signature = "0D0A0D0A 000D0A51 5549540A";

ParsedProxyHeader parse(std::span<const std::byte> input) {
    const ExactBlock block(input);
    return parse_proxy_header(block.bytes());
}

// "192.0.2.1:80", "[2001:db8::1]:80"'s bytes in hex, or "none".
std::string describe(const IpAddress& address) {
    const std::size_t size = address.family == Family::ipv4 ? 4 : 16;
    if (!address) return "none";
    return to_hex(std::as_bytes(std::span(address.bytes).first(size))) + " port " +
           std::to_string(address.port);
}

// However it is split: all that comes before the header's last byte is not enough, and nothing
// behind it is looked at.
void expect_header(const Bytes& header, std::string_view source) {
    const Bytes whole = header + bytes_of("GET / HTTP/1.1\r\n");
    for_each_split(whole, [&](const Pieces& pieces) {
        Bytes received;
        for (const ExactBlock& piece : pieces) {
            received = std::move(received) + piece.bytes();
            const ParsedProxyHeader parsed = parse(received);
            ASSERT_EQ(parsed.fault, ProxyFault::none);
            ASSERT_EQ(parsed.size, received.size() < header.size() ? 0 : header.size());
            ASSERT_EQ(describe(parsed.source), parsed.size == 0 ? "none" : source);
        }
    });
}

// The fault, once shown, stays; and it shows with `input`'s last byte at the latest.
void expect_fault(const Bytes& input, ProxyFault fault) {
    EXPECT_EQ(parse(input).fault, fault);
    for_each_split(input + bytes_of("\r\nmore"), [&](const Pieces& pieces) {
        Bytes received;
        bool has_failed = false;
        for (const ExactBlock& piece : pieces) {
            received = std::move(received) + piece.bytes();
            const ParsedProxyHeader parsed = parse(received);
            ASSERT_EQ(parsed.size, 0U);
            if (has_failed || received.size() >= input.size()) {
                ASSERT_EQ(parsed.fault, fault);
            } else if (parsed.fault != ProxyFault::none) {
                ASSERT_EQ(parsed.fault, fault);
            }
            has_failed = parsed.fault != ProxyFault::none;
        }
    });
}

TEST(ProxyProtocol, nothing_is_not_enough) {
    EXPECT_EQ(parse({}).fault, ProxyFault::none);
    EXPECT_EQ(parse({}).size, 0U);
}

// ---- Version 1 (section 2.1) -----------------------------------------------

TEST(ProxyProtocol, a_line_names_the_source) {
    struct Row {
        std::string_view line;
        std::string_view source;
    };
    const Row rows[] = {
        // The specification's example.
        {"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443", "c0 a8 00 01 port 56324"},
        // The longest of each kind that it gives.
        {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535", "ff ff ff ff port 65535"},
        {"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535",
         "ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff port 65535"},
        {"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535",
         "none"},
        {"PROXY UNKNOWN", "none"},
        {"PROXY UNKNOWN and whatever \x80 else", "none"},
        {"PROXY TCP6 2001:DB8::1 ::1 0 1",
         "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 port 0"},
        {"PROXY TCP6 ::ffff:192.0.2.7 ::ffff:192.0.2.8 80 81", "c0 00 02 07 port 80"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.line);
        const Bytes header = bytes_of(std::string(row.line) + "\r\n");
        EXPECT_LE(header.size(), proxy_line_size_max);
        expect_header(header, row.source);
    }
}

TEST(ProxyProtocol, a_line_that_is_not_exactly_right_is_malformed) {
    struct Row {
        std::string_view input;
        ProxyFault fault;
    };
    const Row rows[] = {
        {"G", ProxyFault::signature_missing},
        {"PRI", ProxyFault::signature_missing},
        {"proxy", ProxyFault::signature_missing},
        {" P", ProxyFault::signature_missing},
        {"PROXY\t", ProxyFault::signature_missing},
        {"PROXY\r\n", ProxyFault::signature_missing},
        {"PROXY \r\n", ProxyFault::protocol_unknown},
        {"PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n", ProxyFault::protocol_unknown},
        {"PROXY tcp4 1.2.3.4 5.6.7.8 1 2\r\n", ProxyFault::protocol_unknown},
        {"PROXY  TCP4 1.2.3.4 5.6.7.8 1 2\r\n", ProxyFault::protocol_unknown},
        {"PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n", ProxyFault::protocol_unknown},
        {"PROXY UNKNOWNX\r\n", ProxyFault::protocol_unknown},
        {"PROXY TCP4\r\n", ProxyFault::address_malformed},
        {"PROXY TCP4 1.2.3.4\r\n", ProxyFault::address_malformed},
        {"PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n", ProxyFault::address_malformed},
        {"PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n", ProxyFault::address_malformed},
        {"PROXY TCP4 ::1 ::1 1 2\r\n", ProxyFault::address_malformed},
        {"PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", ProxyFault::address_malformed},
        {"PROXY TCP4 1.2.3.4 ::1 1 2\r\n", ProxyFault::address_malformed},
        {"PROXY TCP4 01.2.3.4 5.6.7.8 1 2\r\n", ProxyFault::address_malformed},
        {"PROXY TCP4 1.2.3.256 5.6.7.8 1 2\r\n", ProxyFault::address_malformed},
        {"PROXY TCP6 [::1] ::1 1 2\r\n", ProxyFault::address_malformed},
        {"PROXY TCP4 1.2.3.4 5.6.7.8\r\n", ProxyFault::port_malformed},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", ProxyFault::port_malformed},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1 \r\n", ProxyFault::port_malformed},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n", ProxyFault::port_malformed},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n", ProxyFault::port_malformed},
        {"PROXY TCP4 1.2.3.4 5.6.7.8  1 2\r\n", ProxyFault::port_malformed},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n", ProxyFault::port_malformed},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1 02\r\n", ProxyFault::port_malformed},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n", ProxyFault::port_malformed},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n", ProxyFault::port_malformed},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n", ProxyFault::port_malformed},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\r\n", ProxyFault::port_malformed},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", ProxyFault::line_end_malformed},
        {"PROXY \n", ProxyFault::line_end_malformed},
        {"PROXY UNKNOWN\n", ProxyFault::line_end_malformed},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.input);
        expect_fault(bytes_of(row.input), row.fault);
    }
}

TEST(ProxyProtocol, a_line_has_at_most_107_bytes) {
    const std::string longest = "PROXY UNKNOWN " + std::string(107 - 16, 'x') + "\r\n";
    ASSERT_EQ(longest.size(), 107U);
    expect_header(bytes_of(longest), "none");
    // Its CR is the 107th, and its LF too late.
    const std::string one_more = "PROXY UNKNOWN " + std::string(107 - 15, 'x') + "\r\n";
    EXPECT_EQ(parse(bytes_of(one_more)).fault, ProxyFault::line_too_long);
    expect_fault(bytes_of(one_more.substr(0, 107)), ProxyFault::line_too_long);
    expect_fault(bytes_of("PROXY " + std::string(101, 'x')), ProxyFault::line_too_long);
    EXPECT_EQ(parse(bytes_of("PROXY " + std::string(100, 'x'))).fault, ProxyFault::none);
}

// ---- Version 2 (section 2.2) -----------------------------------------------

TEST(ProxyProtocol, a_binary_header_names_the_source) {
    const std::string ipv4 = "C0A80001 C0A8000B DC04 01BB";
    const std::string ipv6 =
        "20010DB8 00000000 00000000 00000001 20010DB8 00000000 00000000 00000002 DC04 01BB";
    const std::string ipv6_source = "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 port 56324";
    std::string unix_paths;
    for (int i = 0; i < 216; ++i) unix_paths += "2F";
    struct Row {
        const char* name;
        std::string hex;
        std::string source;
    };
    const Row rows[] = {
        {"TCP4", "21 11 000C" + ipv4, "c0 a8 00 01 port 56324"},
        {"UDP4", "21 12 000C" + ipv4, "c0 a8 00 01 port 56324"},
        {"TCP6", "21 21 0024" + ipv6, ipv6_source},
        {"UDP6", "21 22 0024" + ipv6, ipv6_source},
        {"IPv4 in IPv6",
         "21 21 0024 00000000 00000000 0000FFFF C0000207 00000000 00000000 00000000 00000001"
         "0050 0051",
         "c0 00 02 07 port 80"},
        {"UNIX stream", "21 31 00D8" + unix_paths, "none"},
        {"UNIX datagram", "21 32 00D8" + unix_paths, "none"},
        {"UNSPEC", "21 00 0000", "none"},
        {"UNSPEC with bytes to skip", "21 00 000C" + ipv4, "none"},
        {"UNSPEC protocol of IPv4", "21 10 000C" + ipv4, "none"},
        {"stream of UNSPEC", "21 01 0000", "none"},
        {"LOCAL", "20 00 0000", "none"},
        {"LOCAL with addresses, which are ignored", "20 11 000C" + ipv4, "none"},
        {"LOCAL of no known family, which is ignored", "20 FF 0002 ABCD", "none"},
        // PP2_TYPE_NOOP of 2 bytes, PP2_TYPE_AUTHORITY "a.b".
        {"TLVs", "21 11 0017" + ipv4 + "04 0002 FFFF 02 0003 612E62", "c0 a8 00 01 port 56324"},
        {"half a TLV, which is not looked at", "21 11 000D" + ipv4 + "04",
         "c0 a8 00 01 port 56324"},
        {"TLVs of IPv6", "21 21 0027" + ipv6 + "04 0000", ipv6_source},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        expect_header(from_hex(signature + row.hex), row.source);
    }
}

TEST(ProxyProtocol, a_binary_header_that_breaks_a_rule_names_the_rule) {
    struct Row {
        const char* name;
        std::string hex;
        ProxyFault fault;
    };
    const Row rows[] = {
        {"another byte in the signature", "0D0A0D0A 000D0A51 5549550A",
         ProxyFault::signature_missing},
        {"an empty line, and a request", "0D0A 47", ProxyFault::signature_missing},
        {"version 1", signature + "11", ProxyFault::version_unsupported},
        {"version 3", signature + "31", ProxyFault::version_unsupported},
        {"version 0", signature + "01", ProxyFault::version_unsupported},
        {"command 2", signature + "22", ProxyFault::command_unknown},
        {"command 15", signature + "2F", ProxyFault::command_unknown},
        {"family 4", signature + "21 41", ProxyFault::family_unknown},
        {"family 15", signature + "21 F1", ProxyFault::family_unknown},
        {"protocol 3", signature + "21 13", ProxyFault::family_unknown},
        {"protocol 15", signature + "21 0F", ProxyFault::family_unknown},
        {"IPv4 in 11 bytes", signature + "21 11 000B", ProxyFault::addresses_cut},
        {"IPv4 in none", signature + "21 11 0000", ProxyFault::addresses_cut},
        {"IPv6 in 35 bytes", signature + "21 21 0023", ProxyFault::addresses_cut},
        {"UNIX in 215 bytes", signature + "21 31 00D7", ProxyFault::addresses_cut},
        {"one byte over 16 KiB", signature + "21 11 3FF1", ProxyFault::header_too_large},
        {"64 KiB", signature + "21 11 FFFF", ProxyFault::header_too_large},
        {"64 KiB of LOCAL", signature + "20 00 FFFF", ProxyFault::header_too_large},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        expect_fault(from_hex(row.hex), row.fault);
    }
}

TEST(ProxyProtocol, a_binary_header_has_at_most_16_kib) {
    Bytes header = from_hex(signature + "21 11 3FF0 C0A80001 C0A8000B DC04 01BB");
    header.resize(16 * 1024 - 1);
    EXPECT_EQ(parse(header).fault, ProxyFault::none);
    EXPECT_EQ(parse(header).size, 0U);
    header.resize(16 * 1024);
    EXPECT_EQ(parse(header).size, 16U * 1024);
    EXPECT_EQ(describe(parse(header).source), "c0 a8 00 01 port 56324");
}

}  // namespace
}  // namespace edgews::test
