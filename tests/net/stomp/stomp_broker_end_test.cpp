#include <edgews/stomp_broker.hpp>

#include <gtest/gtest.h>

namespace edgews {
namespace {

// The pool went before its messages: a leak and, with pools of loops, a use after free, under ASan.
TEST(StompBrokerEnd, a_broker_may_end_with_messages_in_its_queues) {
    StompBroker broker;
    ASSERT_EQ(broker.send("/queue/left", "nobody came"), stomp::Fault::none);
    ASSERT_EQ(broker.destinations().at(0).waiting, 1U);
}

}  // namespace
}  // namespace edgews
