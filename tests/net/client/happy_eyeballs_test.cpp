// The order in which addresses are tried (RFC 8305, section 4).
#include "tests/support/places.hpp"

#include <gtest/gtest.h>

#include <edgews/address.hpp>
#include "net/client/dialer.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace edgews {
namespace {

using test::socket_address;

TEST(HappyEyeballs, families_take_turns_beginning_with_the_first_and_keep_their_order) {
    const std::pair<std::string, std::string> rows[] = {
        {"", ""},           {"6", "6"},         {"444", "444"},
        {"6644", "6464"},   {"4466", "4646"},   {"46", "46"},
        {"66664", "64666"}, {"44644", "46444"}, {"664444", "646444"},
        {"6464", "6464"},
    };
    for (const auto& [families, expected] : rows) {
        SCOPED_TRACE(families);
        std::vector<SocketAddress> addresses;
        std::uint16_t port = 0;
        for (const char family : families) {
            addresses.push_back(
                socket_address(family == '4' ? "192.0.2.1" : "2001:db8::1", ++port));
        }
        std::string actual;
        std::array<std::uint16_t, 2> last_ports{};
        for (const SocketAddress& each : with_families_taking_turns(addresses)) {
            const Address address(*each.get());
            const bool is_v4 = address.family() == Address::Family::ipv4;
            actual += is_v4 ? '4' : '6';
            EXPECT_GT(address.port(), last_ports.at(is_v4));
            last_ports.at(is_v4) = address.port();
        }
        EXPECT_EQ(actual, expected);
    }
}

}  // namespace
}  // namespace edgews
