#include <edgews/tls/ticket_keys.hpp>

#include <gtest/gtest.h>

#include <chrono>

namespace edgews::test {
namespace {

using std::chrono::seconds;

constexpr seconds lifetime(100);
const TicketKeys::Clock::time_point begin(seconds(1'000));

TEST(TicketKeys, a_key_encrypts_for_its_lifetime) {
    TicketKeys keys(lifetime);
    const auto first = keys.newest(begin);
    ASSERT_TRUE(first.is_known);
    EXPECT_EQ(keys.newest(begin + seconds(99)).key.name, first.key.name);
    const auto second = keys.newest(begin + seconds(100));
    ASSERT_TRUE(second.is_known);
    EXPECT_NE(second.key.name, first.key.name);
    EXPECT_NE(second.key.cipher, first.key.cipher);
    EXPECT_NE(second.key.mac, first.key.mac);
    EXPECT_EQ(keys.newest(begin + seconds(199)).key.name, second.key.name);
}

TEST(TicketKeys, a_key_opens_its_tickets_for_as_long_again) {
    TicketKeys keys(lifetime);
    const auto first = keys.newest(begin);
    EXPECT_TRUE(keys.find(first.key.name.data(), begin + seconds(99)).is_newest);
    const auto later = keys.find(first.key.name.data(), begin + seconds(150));
    EXPECT_TRUE(later.is_known);
    EXPECT_FALSE(later.is_newest);
    EXPECT_EQ(later.key.cipher, first.key.cipher);
    EXPECT_TRUE(keys.find(first.key.name.data(), begin + seconds(199)).is_known);
    EXPECT_FALSE(keys.find(first.key.name.data(), begin + seconds(200)).is_known);
}

TEST(TicketKeys, a_key_nobody_used_for_long_opens_nothing) {
    TicketKeys keys(lifetime);
    const auto first = keys.newest(begin);
    EXPECT_FALSE(keys.find(first.key.name.data(), begin + seconds(200)).is_known);
    EXPECT_FALSE(keys.find(first.key.name.data(), begin + seconds(201)).is_known);
}

TEST(TicketKeys, the_key_of_another_server_is_unknown) {
    TicketKeys keys(lifetime);
    TicketKeys others(lifetime);
    EXPECT_FALSE(keys.find(others.newest(begin).key.name.data(), begin).is_known);
}

}  // namespace
}  // namespace edgews::test
