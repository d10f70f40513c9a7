// Buckets of tokens, one for each address.
#include "net/connection/address_rates.hpp"

#include "core/address/ip_address.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>

namespace edgews {
namespace {

Address address_of(std::uint32_t number) {
    IpAddress ip{.family = IpAddress::Family::ipv6};
    for (std::size_t i = 0; i < 4; ++i) {
        ip.bytes[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
    }
    return Address(ip);
}

constexpr std::uint64_t begin_ms = 5'000'000;

TEST(AddressRates, a_minutes_worth_may_be_taken_at_once_and_then_comes_evenly) {
    AddressRates rates(6);
    const Address one = address_of(1);
    for (int i = 0; i < 6; ++i) EXPECT_TRUE(rates.take(one, begin_ms));
    EXPECT_FALSE(rates.take(one, begin_ms));
    EXPECT_FALSE(rates.take(one, begin_ms + 9'999));
    EXPECT_TRUE(rates.take(one, begin_ms + 10'000));
    EXPECT_FALSE(rates.take(one, begin_ms + 19'999));
    EXPECT_TRUE(rates.take(one, begin_ms + 20'000));
    for (int i = 0; i < 6; ++i) EXPECT_TRUE(rates.take(one, begin_ms + 80'000));
    EXPECT_FALSE(rates.take(one, begin_ms + 80'000));
}

TEST(AddressRates, what_was_refused_costs_nothing) {
    AddressRates rates(1);
    EXPECT_TRUE(rates.take(address_of(1), begin_ms));
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(rates.take(address_of(1), begin_ms + 59'999));
    EXPECT_TRUE(rates.take(address_of(1), begin_ms + 60'000));
}

TEST(AddressRates, each_address_has_its_own) {
    AddressRates rates(1);
    EXPECT_TRUE(rates.take(address_of(1), begin_ms));
    EXPECT_TRUE(rates.take(address_of(2), begin_ms));
    EXPECT_FALSE(rates.take(address_of(1), begin_ms));
    EXPECT_FALSE(rates.take(address_of(2), begin_ms));
}

TEST(AddressRates, to_look_takes_none) {
    AddressRates rates(1);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(rates.has(address_of(1), begin_ms));
    EXPECT_EQ(rates.size(), 0U);
    EXPECT_TRUE(rates.take(address_of(1), begin_ms));
    EXPECT_FALSE(rates.has(address_of(1), begin_ms));
    EXPECT_TRUE(rates.has(address_of(2), begin_ms));
    EXPECT_FALSE(rates.has(address_of(1), begin_ms + 59'999));
    EXPECT_TRUE(rates.has(address_of(1), begin_ms + 60'000));
}

TEST(AddressRates, who_comes_as_the_clock_begins_has_all_of_a_minute) {
    AddressRates rates(2);
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(rates.take(address_of(1), 0));
    EXPECT_FALSE(rates.take(address_of(1), 0));
    EXPECT_FALSE(rates.take(address_of(1), 29'999));
    EXPECT_TRUE(rates.take(address_of(1), 30'000));
}

TEST(AddressRates, with_0_there_is_no_limit) {
    AddressRates rates(0);
    for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(rates.take(address_of(1), begin_ms));
    EXPECT_EQ(rates.size(), 0U);
    EXPECT_TRUE(rates.has(address_of(1), begin_ms));
}

TEST(AddressRates, as_many_addresses_as_there_is_room_for_are_remembered) {
    AddressRates rates(1);
    for (std::uint32_t i = 0; i < AddressRates::size_max; ++i) {
        EXPECT_TRUE(rates.take(address_of(i), begin_ms));
    }
    EXPECT_EQ(rates.size(), AddressRates::size_max);
    EXPECT_FALSE(rates.has(address_of(0), begin_ms));
}

TEST(AddressRates, whoever_has_many_addresses_does_not_fill_the_memory) {
    AddressRates rates(1);
    for (std::uint32_t i = 0; i < 200'000; ++i) {
        EXPECT_TRUE(rates.take(address_of(i), begin_ms + i / 10'000));
        ASSERT_LE(rates.size(), AddressRates::size_max);
    }
    EXPECT_FALSE(rates.take(address_of(199'999), begin_ms + 30));
    EXPECT_FALSE(rates.take(address_of(190'000), begin_ms + 30));
}

TEST(AddressRates, those_that_were_left_alone_are_forgotten) {
    AddressRates rates(1);
    for (std::uint32_t i = 0; i < 100; ++i) EXPECT_TRUE(rates.take(address_of(i), begin_ms));
    EXPECT_TRUE(rates.take(address_of(1'000), begin_ms + 60'000));
    EXPECT_TRUE(rates.take(address_of(1'001), begin_ms + 120'000));
    EXPECT_EQ(rates.size(), 2U);
}

}  // namespace
}  // namespace edgews
