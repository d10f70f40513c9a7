// Addresses as text: what the system's own parser takes, and nothing else.
#include <arpa/inet.h>

#include <gtest/gtest.h>

#include "core/address/ip_address.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace edgews {
namespace {

using Family = IpAddress::Family;

IpAddress system_parse(const std::string& text, Family family) {
    IpAddress address;
    const int number = family == Family::ipv4 ? AF_INET : AF_INET6;
    if (::inet_pton(number, text.c_str(), address.bytes.data()) != 1) return {};
    address.family = family;
    return address;
}

void expect_as_the_system(const std::string& text) {
    EXPECT_EQ(parse_ipv4(text), system_parse(text, Family::ipv4)) << '"' << text << '"';
    EXPECT_EQ(parse_ipv6(text), system_parse(text, Family::ipv6)) << '"' << text << '"';
}

TEST(IpAddress, an_ipv4_address_is_four_numbers) {
    const IpAddress address = parse_ipv4("192.0.2.255");
    EXPECT_EQ(address.family, Family::ipv4);
    EXPECT_EQ(address.bytes, (std::array<std::uint8_t, 16>{192, 0, 2, 255}));
    EXPECT_EQ(address.port, 0);
    EXPECT_TRUE(parse_ipv4("0.0.0.0"));
}

TEST(IpAddress, an_ipv6_address_is_eight_groups_with_one_gap) {
    const IpAddress address = parse_ipv6("2001:DB8::a:0102");
    EXPECT_EQ(address.family, Family::ipv6);
    EXPECT_EQ(address.bytes, (std::array<std::uint8_t, 16>{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0,
                                                           0, 0, 0, 0x0a, 0x01, 0x02}));
    EXPECT_TRUE(parse_ipv6("::"));
    EXPECT_FALSE(parse_ipv6("192.0.2.1"));
}

TEST(IpAddress, it_is_read_as_the_system_reads_it) {
    const std::string_view rows[] = {
        "",
        "0.0.0.0",
        "255.255.255.255",
        "256.0.0.0",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.4.",
        ".1.2.3.4",
        "1..3.4",
        "01.2.3.4",
        "1.2.3.04",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.+4",
        "1.2.3.-4",
        "0x7f.0.0.1",
        "127.1",
        "2130706433",
        "1.2.3.1000",
        "::",
        ":",
        ":::",
        "::1",
        "1::",
        "1:",
        ":1",
        "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7::",
        "::2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "1:2:3:4::5:6:7:8",
        "1:2:3::5:6:7:8",
        "1::2::3",
        "1:::2",
        "::ffff:1.2.3.4",
        "::1.2.3.4",
        "1.2.3.4::",
        "1:2:3:4:5:6:1.2.3.4",
        "1:2:3:4:5:6:7:1.2.3.4",
        "1:2:3:4:5:1.2.3.4",
        "::1.2.3.4:5",
        "::1.2.3",
        "::1.2.3.400",
        "12345::",
        "::12345",
        "::g",
        "::0001",
        "FE80::AbCd",
        "fe80::1%eth0",
        "[::1]",
        "::1 ",
    };
    for (const std::string_view row : rows) expect_as_the_system(std::string(row));
}

// Texts made of what addresses are made of: most are wrong, and in every way.
TEST(IpAddress, random_texts_are_read_as_the_system_reads_them) {
    const std::array<std::string_view, 12> pieces{":",  "::", ".",   "0",   "1",      "00",
                                                  "25", "5",  "abc", "FFF", "1.2.3.", "g"};
    std::mt19937 random(20261125);
    std::size_t valid_count = 0;
    for (int i = 0; i < 200'000; ++i) {
        std::string text;
        const std::size_t count = random() % 16;
        for (std::size_t j = 0; j < count; ++j) text += pieces[random() % pieces.size()];
        expect_as_the_system(text);
        if (testing::Test::HasFailure()) return;
        if (parse_ipv6(text) || parse_ipv4(text)) ++valid_count;
    }
    EXPECT_GT(valid_count, 1'000U);
}

TEST(IpAddress, random_addresses_are_read_as_the_system_writes_them) {
    std::mt19937 random(1);
    for (int i = 0; i < 20'000; ++i) {
        IpAddress address{.family = Family::ipv6};
        for (std::uint8_t& byte : address.bytes) {
            byte = static_cast<std::uint8_t>(random() % 3 == 0 ? random() : 0);
        }
        std::array<char, INET6_ADDRSTRLEN> text{};
        ::inet_ntop(AF_INET6, address.bytes.data(), text.data(), text.size());
        ASSERT_EQ(parse_ipv6(text.data()), address) << text.data();
        ::inet_ntop(AF_INET, address.bytes.data(), text.data(), text.size());
        address.family = Family::ipv4;
        std::fill(address.bytes.begin() + 4, address.bytes.end(), std::uint8_t{0});
        ASSERT_EQ(parse_ipv4(text.data()), address) << text.data();
    }
}

TEST(IpAddress, ipv4_in_ipv6_is_taken_out) {
    IpAddress mapped = parse_ipv6("::ffff:192.0.2.7");
    mapped.port = 80;
    IpAddress plain = parse_ipv4("192.0.2.7");
    plain.port = 80;
    EXPECT_EQ(without_mapping(mapped), plain);
    EXPECT_EQ(without_mapping(plain), plain);
    for (const char* text : {"::192.0.2.7", "::fffe:192.0.2.7", "1::ffff:192.0.2.7", "::1"}) {
        EXPECT_EQ(without_mapping(parse_ipv6(text)), parse_ipv6(text)) << text;
    }
    EXPECT_FALSE(without_mapping({}));
}

TEST(IpAddress, a_decimal_number_has_no_leading_zeros_and_a_largest_value) {
    EXPECT_EQ(parse_decimal("0", 0), 0);
    EXPECT_EQ(parse_decimal("65535", 65535), 65535);
    EXPECT_EQ(parse_decimal("128", 128), 128);
    for (const char* text : {"", "00", "01", "65536", "99999", "655350", "+1", "-1", "1 ", "1a"}) {
        EXPECT_FALSE(parse_decimal(text, 65535)) << text;
    }
    EXPECT_FALSE(parse_decimal("129", 128));
}

}  // namespace
}  // namespace edgews
