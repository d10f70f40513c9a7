// Addresses as the system gives them, and as people read them.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <gtest/gtest.h>

#include <edgews/address.hpp>
#include "core/address/ip_address.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <string>

namespace edgews {
namespace {

using Family = Address::Family;

Address from_ipv4(const char* ip, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    EXPECT_EQ(::inet_pton(AF_INET, ip, &address.sin_addr), 1) << ip;
    std::fill(std::begin(address.sin_zero), std::end(address.sin_zero), 0xFF);  // Says nothing.
    return Address(reinterpret_cast<const sockaddr&>(address));
}

Address from_ipv6(const char* ip, std::uint16_t port) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    EXPECT_EQ(::inet_pton(AF_INET6, ip, &address.sin6_addr), 1) << ip;
    address.sin6_flowinfo = address.sin6_scope_id = 0xFFFF'FFFF;  // No part of it.
    return Address(reinterpret_cast<const sockaddr&>(address));
}

TEST(Address, its_network_has_the_first_bits_and_no_port) {
    const Address ipv6 = from_ipv6("2001:db8:aabb:ccdd:eeff::1", 80);
    EXPECT_EQ(ipv6.network(64).to_string(), "[2001:db8:aabb:ccdd::]:0");
    EXPECT_EQ(ipv6.network(60).to_string(), "[2001:db8:aabb:ccd0::]:0");
    EXPECT_EQ(ipv6.network(1).to_string(), "[::]:0");
    EXPECT_EQ(ipv6.network(128).to_string(), "[2001:db8:aabb:ccdd:eeff::1]:0");
    EXPECT_EQ(from_ipv4("192.0.2.7", 80).network(1).to_string(), "192.0.2.7:0");
    // Of both families, and yet not the same.
    EXPECT_NE(from_ipv4("32.1.13.184", 0).network(64), from_ipv6("2001:db8::", 0).network(64));
}

TEST(Address, it_is_named_as_people_write_it) {
    struct Row {
        Address address;
        Family family;
        std::uint16_t port;
        const char* ip;
        const char* text;
    };
    const Row rows[] = {
        {from_ipv4("127.0.0.1", 9001), Family::ipv4, 9001, "127.0.0.1", "127.0.0.1:9001"},
        {from_ipv4("0.0.0.0", 0), Family::ipv4, 0, "0.0.0.0", "0.0.0.0:0"},
        {from_ipv4("255.255.255.255", 65535), Family::ipv4, 65535, "255.255.255.255",
         "255.255.255.255:65535"},
        {from_ipv6("::1", 80), Family::ipv6, 80, "::1", "[::1]:80"},
        {from_ipv6("::", 258), Family::ipv6, 258, "::", "[::]:258"},
        {from_ipv6("2001:db8::a:b", 443), Family::ipv6, 443, "2001:db8::a:b",
         "[2001:db8::a:b]:443"},
        {from_ipv6("1111:2222:3333:4444:5555:6666:7777:8888", 65535), Family::ipv6, 65535,
         "1111:2222:3333:4444:5555:6666:7777:8888",
         "[1111:2222:3333:4444:5555:6666:7777:8888]:65535"},
        // A peer of a socket for both is itself an IPv4 one.
        {from_ipv6("::ffff:192.0.2.7", 5), Family::ipv4, 5, "192.0.2.7", "192.0.2.7:5"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.text);
        EXPECT_EQ(row.address.family(), row.family);
        EXPECT_EQ(row.address.port(), row.port);
        EXPECT_EQ(row.address.ip(), row.ip);
        EXPECT_EQ(row.address.to_string(), row.text);
    }
}

TEST(Address, a_unix_socket_has_neither_port_nor_number) {
    sockaddr_un unnamed{};
    unnamed.sun_family = AF_UNIX;
    const Address address(reinterpret_cast<const sockaddr&>(unnamed));
    EXPECT_EQ(address.family(), Family::unix_socket);
    EXPECT_EQ(address.port(), 0);
    EXPECT_EQ(address.ip(), "unix");
    EXPECT_EQ(address.to_string(), "unix");
}

TEST(Address, without_one_or_of_a_family_that_we_do_not_know_it_is_none) {
    EXPECT_EQ(Address().family(), Family::none);
    EXPECT_EQ(Address().to_string(), "unknown");
    sockaddr other{};
    other.sa_family = AF_NETLINK;
    EXPECT_EQ(Address(other).family(), Family::none);
    EXPECT_EQ(Address(other).port(), 0);
}

TEST(Address, its_bytes_are_in_network_order_and_those_of_mapped_ipv4_are_ipv4s) {
    std::array<std::uint8_t, 16> v4{192, 0, 2, 7};
    EXPECT_EQ(from_ipv4("192.0.2.7", 1).bytes(), v4);
    EXPECT_EQ(from_ipv6("::ffff:192.0.2.7", 1).bytes(), v4);
    const std::array<std::uint8_t, 16> v6{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0,
                                          0,    0,    0,    0,    0, 0, 1, 2};
    EXPECT_EQ(from_ipv6("2001:db8::102", 1).bytes(), v6);
}

TEST(Address, loopback_is_127_with_any_rest_and_1_of_ipv6_alone) {
    for (const char* ip : {"127.0.0.1", "127.255.3.4"}) EXPECT_TRUE(from_ipv4(ip, 1).is_loopback());
    for (const char* ip : {"::1", "::ffff:127.0.0.1"}) EXPECT_TRUE(from_ipv6(ip, 1).is_loopback());
    for (const char* ip : {"0.0.0.0", "126.0.0.1", "10.0.0.127"}) {
        EXPECT_FALSE(from_ipv4(ip, 1).is_loopback()) << ip;
    }
    for (const char* ip : {"::", "::2", "100::1", "::ff01", "::ffff:10.0.0.1", "7f00::1"}) {
        EXPECT_FALSE(from_ipv6(ip, 1).is_loopback()) << ip;
    }
    EXPECT_FALSE(Address().is_loopback());
}

TEST(Address, one_that_a_proxy_named_is_like_one_that_connected) {
    IpAddress v4 = parse_ipv4("192.0.2.7");
    v4.port = 9001;
    IpAddress v6 = parse_ipv6("2001:db8::7");
    v6.port = 443;
    EXPECT_EQ(Address(v4).to_string(), "192.0.2.7:9001");
    EXPECT_EQ(Address(v6).to_string(), "[2001:db8::7]:443");
    EXPECT_EQ(Address(IpAddress{}).family(), Family::none);
    EXPECT_EQ(Address(v4).ip_address(), v4);
    EXPECT_EQ(from_ipv6("2001:db8::7", 443).ip_address(), v6);
    EXPECT_EQ(from_ipv6("::ffff:192.0.2.7", 9001).ip_address(), v4);
    EXPECT_FALSE(Address().ip_address());
}

TEST(Address, two_may_differ_in_their_ports_alone) {
    EXPECT_TRUE(from_ipv4("192.0.2.7", 1).has_ip_of(from_ipv4("192.0.2.7", 2)));
    EXPECT_FALSE(from_ipv4("192.0.2.7", 1).has_ip_of(from_ipv4("192.0.2.8", 1)));
    // The same bytes in the other family.
    EXPECT_FALSE(from_ipv4("32.1.13.184", 1).has_ip_of(from_ipv6("2001:db8::", 1)));
}

TEST(Address, it_is_small_enough_to_sit_in_every_connection) {
    EXPECT_LE(sizeof(Address), 20U);
}

}  // namespace
}  // namespace edgews
