// Who is trusted: what the list says, and nobody by default.
#include <sys/socket.h>
#include <sys/un.h>

#include <gtest/gtest.h>

#include "net/server/trusted_proxies.hpp"

#include <string_view>

namespace edgews {
namespace {

Address address_of(std::string_view text) {
    const IpAddress ipv4 = parse_ipv4(text);
    return Address(ipv4 ? ipv4 : parse_ipv6(text));
}

Address unix_address() {
    sockaddr_un unnamed{};
    unnamed.sun_family = AF_UNIX;
    return Address(reinterpret_cast<const sockaddr&>(unnamed));
}

TEST(TrustedProxies, nobody_is_one_by_default) {
    const TrustedProxies proxies;
    EXPECT_FALSE(proxies.contains(address_of("127.0.0.1")));
    EXPECT_FALSE(proxies.contains(address_of("::1")));
    EXPECT_FALSE(proxies.contains(unix_address()));
    EXPECT_FALSE(proxies.contains({}));
}

TEST(TrustedProxies, an_address_a_network_or_unix_sockets_are) {
    TrustedProxies proxies;
    EXPECT_TRUE(proxies.add("10.0.0.0/8"));
    EXPECT_TRUE(proxies.add("::1"));
    EXPECT_TRUE(proxies.contains(address_of("10.1.2.3")));
    EXPECT_TRUE(proxies.contains(address_of("::1")));
    EXPECT_FALSE(proxies.contains(address_of("127.0.0.1")));
    EXPECT_FALSE(proxies.contains(unix_address()));
    EXPECT_TRUE(proxies.add("unix"));
    EXPECT_TRUE(proxies.contains(unix_address()));
}

TEST(TrustedProxies, all_of_both_families_are_not_unix_sockets_nor_the_unknown) {
    TrustedProxies proxies;
    EXPECT_TRUE(proxies.add("0.0.0.0/0"));
    EXPECT_TRUE(proxies.add("::/0"));
    EXPECT_TRUE(proxies.contains(address_of("192.0.2.1")));
    EXPECT_FALSE(proxies.contains(unix_address()));
    EXPECT_FALSE(proxies.contains({}));
}

TEST(TrustedProxies, what_is_none_of_these_adds_nobody) {
    TrustedProxies proxies;
    for (const char* text : {"", "localhost", "UNIX", "unix:", "10.0.0.1/8", "10.0.0.0/40", "*"}) {
        EXPECT_FALSE(proxies.add(text)) << text;
    }
    EXPECT_TRUE(proxies.networks().empty());
    EXPECT_FALSE(proxies.contains(unix_address()));
}

}  // namespace
}  // namespace edgews
