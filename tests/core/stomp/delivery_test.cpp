// What an ACK names: SUBSCRIPTION-SEQUENCE, and nothing but that.
#include <gtest/gtest.h>

#include "core/stomp/delivery.hpp"

#include <cstdint>
#include <string>

namespace edgews::stomp {
namespace {

TEST(StompDelivery, an_id_is_read_as_it_was_written) {
    for (const std::uint64_t subscription : {1ULL, 10ULL, 123'456'789ULL, UINT64_MAX + 0ULL}) {
        for (const std::uint64_t sequence : {1ULL, 9ULL, 100ULL, UINT64_MAX + 0ULL}) {
            std::string text = "id:";
            DeliveryId{.subscription = subscription, .sequence = sequence}.append_to(text);
            EXPECT_EQ(text, "id:" + std::to_string(subscription) + "-" + std::to_string(sequence));
            const auto id = DeliveryId::parse(text.substr(3));
            ASSERT_TRUE(id);
            EXPECT_EQ(id->subscription, subscription);
            EXPECT_EQ(id->sequence, sequence);
        }
    }
}

TEST(StompDelivery, what_is_written_otherwise_is_none) {
    for (const char* const text : {"",
                                   "-",
                                   "1",
                                   "1-",
                                   "-1",
                                   "0-1",
                                   "1-0",
                                   "01-1",
                                   "1-01",
                                   "1-1-1",
                                   "1--1",
                                   "+1-1",
                                   "1-+1",
                                   " 1-1",
                                   "1-1 ",
                                   "1 -1",
                                   "a-1",
                                   "1-a",
                                   "1-1a",
                                   "0x1-1",
                                   "18446744073709551616-1",
                                   "1-18446744073709551616"}) {
        EXPECT_FALSE(DeliveryId::parse(text)) << text;
    }
}

}  // namespace
}  // namespace edgews::stomp
