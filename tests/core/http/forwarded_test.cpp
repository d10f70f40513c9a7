// Who the client is, as proxies say it: and how clients try to have a say.
#include "core/http/forwarded.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/head_feed.hpp"

namespace edgews::test {
namespace {

constexpr ForwardedHeader x_forwarded_for = ForwardedHeader::x_forwarded_for;
constexpr ForwardedHeader forwarded = ForwardedHeader::forwarded;

const std::vector<Network> trusted{*Network::parse("10.0.0.0/8"), *Network::parse("fd00::/8")};

IpAddress client_in(std::string_view lines, ForwardedHeader header) {
    Feed head = feed(head_with(lines));
    EXPECT_EQ(head.progress(), Progress::complete) << lines;
    return find_client(head.head(), header, trusted);
}

IpAddress address_of(std::string_view text, std::uint16_t port) {
    IpAddress address = parse_ipv4(text);
    if (!address) address = parse_ipv6(text);
    if (address) address.port = port;
    return address;
}

struct Row {
    std::string_view value;
    std::string_view client;  // Empty: none.
    std::uint16_t port = 0;
};

void expect_clients(std::span<const Row> rows, std::string_view name, ForwardedHeader header) {
    for (const Row& row : rows) {
        SCOPED_TRACE(row.value);
        const std::string line = std::string(name) + ": " + std::string(row.value) + "\r\n";
        EXPECT_EQ(client_in(line, header), address_of(row.client, row.port));
    }
}

TEST(Forwarded, without_the_header_there_is_no_client) {
    for (const ForwardedHeader header : {x_forwarded_for, forwarded}) {
        EXPECT_FALSE(client_in("", header));
        EXPECT_FALSE(
            client_in("X-Forwarded-Host: 192.0.2.1\r\nX-Forwarded: 192.0.2.1\r\n", header));
    }
}

TEST(Forwarded, only_the_header_that_is_asked_for_is_read) {
    const std::string_view both = "X-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.2\r\n";
    EXPECT_EQ(client_in(both, x_forwarded_for), address_of("192.0.2.1", 0));
    EXPECT_EQ(client_in(both, forwarded), address_of("192.0.2.2", 0));
}

// ---- X-Forwarded-For -------------------------------------------------------

TEST(Forwarded, the_client_is_the_last_address_that_is_no_trusted_proxy) {
    const Row rows[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"192.0.2.1, 10.0.0.1", "192.0.2.1"},
        {"192.0.2.1, 10.0.0.1, 10.0.0.2", "192.0.2.1"},
        {"198.51.100.9, 192.0.2.1, 10.0.0.1", "192.0.2.1"},
        {"10.0.0.9, 192.0.2.1, 10.0.0.1", "192.0.2.1"},  // The first is the client's invention.
        {"192.0.2.1,10.0.0.1", "192.0.2.1"},
        {"192.0.2.1\t ,\t10.0.0.1", "192.0.2.1"},
        {"192.0.2.1, fd00::1, [fd00::2]:80", "192.0.2.1"},
        {"192.0.2.1, ::ffff:10.0.0.1", "192.0.2.1"},
        // Where all are trusted, the first.
        {"10.0.0.3, 10.0.0.2, 10.0.0.1", "10.0.0.3"},
        {"10.0.0.3", "10.0.0.3"},
        // Empty elements mean nothing.
        {"192.0.2.1, , 10.0.0.1,", "192.0.2.1"},
        {",, ,", ""},
        {"", ""},
    };
    expect_clients(rows, "X-Forwarded-For", x_forwarded_for);
}

TEST(Forwarded, an_entry_may_have_brackets_and_a_port) {
    const Row rows[] = {
        {"192.0.2.1:4711", "192.0.2.1", 4711},
        {"192.0.2.1:0", "192.0.2.1", 0},
        {"192.0.2.1:65535", "192.0.2.1", 65535},
        {"2001:db8::1", "2001:db8::1"},
        {"2001:DB8::1:4711", "2001:db8::1:4711"},  // Without brackets: no port.
        {"[2001:db8::1]", "2001:db8::1"},
        {"[2001:db8::1]:443", "2001:db8::1", 443},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"[::ffff:192.0.2.1]:80", "192.0.2.1", 80},
        {"192.0.2.1:4711, 10.0.0.1:1, [fd00::1]:2", "192.0.2.1", 4711},
    };
    expect_clients(rows, "X-Forwarded-For", x_forwarded_for);
}

TEST(Forwarded, junk_ends_the_way_back_and_the_address_behind_it_counts) {
    const std::string_view junk[] = {
        "unknown",       "_hidden",     "localhost",       "client.example", "unix:",
        "192.0.2",       "192.0.2.1.5", "192.0.2.256",     "192.0.2.1:",     "192.0.2.1:65536",
        "192.0.2.1:080", "192.0.2.1:x", "192.0.2.1 80",    "[192.0.2.1]",    "[2001:db8::1",
        "2001:db8::1]",  "[]",          "[2001:db8::1]80", "[2001:db8::1]:", "fe80::1%eth0",
        "\"192.0.2.1\"", "\"",          "for=192.0.2.1",   "1:2:3",          "192.0.2.1;192.0.2.2",
        "\xC3\xA4",      "\\",          "[::1]x",          "::1:",
    };
    for (const std::string_view text : junk) {
        SCOPED_TRACE(text);
        const std::string line = "X-Forwarded-For: 192.0.2.1, " + std::string(text);
        EXPECT_FALSE(client_in(line + "\r\n", x_forwarded_for));
        EXPECT_EQ(client_in(line + ", 10.0.0.2, 10.0.0.1\r\n", x_forwarded_for),
                  address_of("10.0.0.2", 0));
    }
}

TEST(Forwarded, several_headers_are_one_list_in_their_order) {
    const std::string_view lines =
        "X-Forwarded-For: 198.51.100.1\r\nx-forwarded-for: 192.0.2.1, 10.0.0.3\r\nA: b\r\n"
        "X-FORWARDED-FOR: 10.0.0.2\r\nX-Forwarded-For:\r\nX-Forwarded-For: 10.0.0.1\r\n";
    EXPECT_EQ(client_in(lines, x_forwarded_for), address_of("192.0.2.1", 0));
    // What a client sent by itself comes first, whether a proxy appends to it or adds its own.
    EXPECT_EQ(
        client_in("X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-For: 192.0.2.1\r\n", x_forwarded_for),
        address_of("192.0.2.1", 0));
}

// ---- Forwarded (RFC 7239) --------------------------------------------------

TEST(Forwarded, the_examples_of_rfc_7239_name_their_clients) {
    const Row rows[] = {
        // Section 4.
        {"for=\"_gazonk\"", ""},
        {"For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17", 4711},
        {"for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"},
        {"for=192.0.2.43, for=198.51.100.17", "198.51.100.17"},
        // Section 6.
        {"for=\"192.0.2.43:47011\"", "192.0.2.43", 47011},
        {"for=\"[2001:db8:cafe::17]:47011\"", "2001:db8:cafe::17", 47011},
        {"for=unknown", ""},
        // Section 7.1, and its list read behind a trusted proxy.
        {"for=192.0.2.43,for=\"[2001:db8:cafe::17]\",for=unknown", ""},
        {"for=192.0.2.43, for=\"[2001:db8:cafe::17]\", for=10.0.0.1", "2001:db8:cafe::17"},
        // Section 7.4, and 7.5.
        {"for=192.0.2.43, for=\"[2001:db8:cafe::17]\"", "2001:db8:cafe::17"},
        {"for=_SEVKISEK", ""},
    };
    expect_clients(rows, "Forwarded", forwarded);
}

TEST(Forwarded, only_for_matters_and_it_may_stand_anywhere) {
    const Row rows[] = {
        {"by=10.0.0.1;proto=https;FOR=192.0.2.1;host=a.example", "192.0.2.1"},
        {"by=\"[fd00::1]:443\";for=192.0.2.1", "192.0.2.1"},
        {"for=192.0.2.1;by=\"a,b;for=192.0.2.2\"", "192.0.2.1"},
        {"for=192.0.2.1;by=\"a\\\"b, for=192.0.2.2\"", "192.0.2.1"},
        {"for=192.0.2.1;by=\"a\\\\\", for=10.0.0.1", "192.0.2.1"},
        {"for=192.0.2.1, for=10.0.0.1;by=\"a,b\\\"c\"", "192.0.2.1"},
        {"for=192.0.2.1, for=10.0.0.1;by=\"a,b\\\\\"", "192.0.2.1"},
        {"for=192.0.2.1;;proto=http;", "192.0.2.1"},
        {";for=192.0.2.1", "192.0.2.1"},
        {"for=192.0.2.1 ; proto=http", "192.0.2.1"},
        {"for=192.0.2.1;ext=\"\"", "192.0.2.1"},
        {"for=\"192.0.2.1\"", "192.0.2.1"},
        {"for=\"\\1\\9\\2.0.2.1\"", "192.0.2.1"},
        {"for=\"192.0.2.1:_port.1-x\"", "192.0.2.1", 0},
        {"for=\"[::ffff:192.0.2.1]:9\"", "192.0.2.1", 9},
    };
    expect_clients(rows, "Forwarded", forwarded);
}

TEST(Forwarded, an_element_that_is_no_address_hides_what_is_before_it) {
    const std::string_view junk[] = {
        "for=unknown",
        "for=\"unknown:80\"",
        "for=_x",
        "for=",
        "for=\"\"",
        "for=\"\\\"\"",
        "for",
        "=192.0.2.1",
        "192.0.2.1",
        "proto=https;by=10.0.0.1",
        ";",
        "for=192.0.2.9;for=192.0.2.9",
        "for=192.0.2.9;for=unknown",
        "for =192.0.2.9",
        "for= 192.0.2.9",
        "for=192.0.2.9:80",   // A colon needs quotes.
        "for=[2001:db8::1]",  // So do brackets,
        "for=2001:db8::1",
        "for=\"2001:db8::1\"",  // and IPv6 needs brackets.
        "for=\"[192.0.2.9]\"",
        "for=\"[2001:db8::1\"",
        "for=\"192.0.2.9:\"",
        "for=\"192.0.2.9:_\"",
        "for=\"192.0.2.9:_a b\"",
        "for=\"192.0.2.9:123456\"",
        "for=\"192.0.2.9\"x",
        "for=192.0.2.9 proto=http",
        "for=192.0.2.9;proto",
        "for=192.0.2.9;pro to=http",
        "for=192.0.2.9;proto=\"http",
        "for=\"192.0.2.9                                                               \"",
    };
    for (const std::string_view text : junk) {
        SCOPED_TRACE(text);
        const std::string line = "Forwarded: for=192.0.2.1, " + std::string(text);
        EXPECT_FALSE(client_in(line + "\r\n", forwarded));
        EXPECT_EQ(client_in(line + ", for=10.0.0.2, for=10.0.0.1\r\n", forwarded),
                  address_of("10.0.0.2", 0));
    }
}

// The proxy appended `for=192.0.2.1`: nothing that a client can put before it changes that.
TEST(Forwarded, a_client_cannot_swallow_what_the_proxy_appended) {
    const std::string_view inventions[] = {
        "for=\"",
        "for=\"10.0.0.1",
        "for=\"10.0.0.1\\",
        "for=\"\\\"",
        "for=198.51.100.1;by=\"a, b",
        "\"\"\"",
        "\\",
        "\\\"",
        ";;;=",
        "for=10.0.0.1",
        "for=\"[",
    };
    for (const std::string_view invention : inventions) {
        SCOPED_TRACE(invention);
        const std::string line = "Forwarded: " + std::string(invention);
        for (const std::string_view own : {"for=192.0.2.1", "for=\"192.0.2.1\";proto=\"ht,tp\""}) {
            EXPECT_EQ(client_in(line + ", " + std::string(own) + "\r\n", forwarded),
                      address_of("192.0.2.1", 0));
            EXPECT_EQ(client_in(line + "\r\nForwarded: " + std::string(own) + "\r\n", forwarded),
                      address_of("192.0.2.1", 0));
        }
    }
}

}  // namespace
}  // namespace edgews::test
