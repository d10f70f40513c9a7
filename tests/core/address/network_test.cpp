// Networks, as an operator writes them.
#include "core/address/network.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace edgews {
namespace {

IpAddress address_of(std::string_view text) {
    const IpAddress ipv4 = parse_ipv4(text);
    return without_mapping(ipv4 ? ipv4 : parse_ipv6(text));
}

TEST(Network, contains_the_addresses_that_begin_like_it) {
    struct Row {
        const char* network;
        const char* address;
        bool is_inside;
    };
    const Row rows[] = {
        {"10.0.0.0/8", "10.0.0.0", true},
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/8", "9.255.255.255", false},
        {"172.16.0.0/12", "172.31.255.255", true},
        {"172.16.0.0/12", "172.32.0.0", false},
        {"172.16.0.0/12", "172.15.255.255", false},
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.6", false},
        {"192.0.2.7/32", "192.0.2.7", true},
        {"192.0.2.6/31", "192.0.2.7", true},
        {"192.0.2.6/31", "192.0.2.8", false},
        {"0.0.0.0/0", "255.255.255.255", true},
        {"0.0.0.0/0", "::1", false},
        {"128.0.0.0/1", "127.255.255.255", false},
        {"128.0.0.0/1", "128.0.0.0", true},
        {"::1", "::1", true},
        {"::1", "::2", false},
        {"::1/128", "::1", true},
        {"2001:db8::/32", "2001:db8:ffff::1", true},
        {"2001:db8::/32", "2001:db9::1", false},
        {"fc00::/7", "fdff::1", true},
        {"fc00::/7", "fe00::1", false},
        {"2001:db8::8000:0:0:0/65", "2001:db8::8000:0:0:1", true},
        {"2001:db8::8000:0:0:0/65", "2001:db8::1", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "192.0.2.1", false},
        {"::/0", "::ffff:192.0.2.1", false},
        {"::ffff:10.0.0.0/104", "10.1.2.3", true},
        {"::ffff:10.0.0.0/104", "11.1.2.3", false},
        {"::ffff:10.0.0.1", "10.0.0.1", true},
        {"::ffff:0.0.0.0/96", "192.0.2.1", true},
        {"10.0.0.0/8", "::ffff:10.1.2.3", true},
        // The same bytes in the other family.
        {"32.1.13.184", "2001:db8::", false},
        {"2001:db8::", "32.1.13.184", false},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(std::string(row.network) + " " + row.address);
        const auto network = Network::parse(row.network);
        ASSERT_TRUE(network);
        EXPECT_EQ(network->contains(address_of(row.address)), row.is_inside);
    }
    EXPECT_FALSE(Network::parse("0.0.0.0/0")->contains({}));
}

TEST(Network, a_port_does_not_matter) {
    IpAddress address = address_of("10.1.2.3");
    address.port = 4711;
    EXPECT_TRUE(Network::parse("10.1.2.3")->contains(address));
}

TEST(Network, what_is_none_is_refused) {
    const std::string_view rows[] = {
        "",
        "/",
        "/8",
        "unix",
        "localhost",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/08",
        "10.0.0.0/-1",
        "10.0.0.0/8/8",
        "10.0.0/8",
        "10/8",
        "10.0.0.0 /8",
        " 10.0.0.1",
        "10.0.0.1,10.0.0.2",
        "::1/129",
        "::1/",
        "[::1]",
        "[::1]/128",
        "fe80::1%eth0",
        "10.0.0.1:80",
        "*",
        "0.0.0.0/0x0",
        "10.0.0.0/+8",
        "10.0.0.0/255.0.0.0",
    };
    for (const std::string_view row : rows) EXPECT_FALSE(Network::parse(row)) << row;
}

TEST(Network, bits_behind_the_prefix_must_be_0) {
    const std::string_view rows[] = {
        "10.0.0.1/8",     "10.128.0.0/8",       "192.0.2.1/31", "0.0.0.1/0",
        "2001:db8::1/32", "2001:db8:8000::/32", "::1/0",        "::ffff:10.0.0.1/104",
        "fd00::/7",       "::ffff:0.0.0.0/95",
    };
    for (const std::string_view row : rows) EXPECT_FALSE(Network::parse(row)) << row;
}

TEST(Network, one_of_several_suffices) {
    const std::vector<Network> networks{*Network::parse("10.0.0.0/8"), *Network::parse("::1")};
    EXPECT_TRUE(is_in(address_of("10.9.9.9"), networks));
    EXPECT_TRUE(is_in(address_of("::1"), networks));
    EXPECT_FALSE(is_in(address_of("192.0.2.1"), networks));
    EXPECT_FALSE(is_in(address_of("10.9.9.9"), {}));
}

}  // namespace
}  // namespace edgews
