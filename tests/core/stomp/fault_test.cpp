// Each fault knows what the client is told.
#include <gtest/gtest.h>

#include <edgews/close_code.hpp>
#include <edgews/stomp_frame.hpp>

#include <set>
#include <string_view>
#include <vector>

namespace edgews::stomp {
namespace {

std::vector<Fault> all_faults() {
    std::vector<Fault> faults;
    for (int i = 1; i <= static_cast<int>(Fault::closed_by_server); ++i) {
        faults.push_back(static_cast<Fault>(i));
    }
    return faults;
}

TEST(StompFault, each_has_a_sentence_of_its_own_that_any_version_can_say) {
    std::set<std::string_view> seen;
    for (const Fault fault : all_faults()) {
        const std::string_view text = describe(fault);
        ASSERT_FALSE(text.empty()) << static_cast<int>(fault);
        EXPECT_TRUE(text.ends_with('.')) << text;
        // It is a close frame's reason, too.
        EXPECT_LE(text.size(), 123U) << text;
        for (const char c : text) {
            EXPECT_TRUE(c >= ' ' && c <= '~' && c != ':' && c != '\\') << text;
        }
        EXPECT_TRUE(seen.insert(text).second) << "said twice: " << text;
    }
}

TEST(StompFault, H13_each_has_a_close_code_that_may_be_sent) {
    for (const Fault fault : all_faults()) {
        EXPECT_TRUE(close_code::may_be_on_the_wire(close_code_for(fault))) << describe(fault);
        const bool is_ours = close_code_for(fault) == close_code::internal_error;
        EXPECT_EQ(is_ours, fault == Fault::handler_failed) << describe(fault);
    }
    EXPECT_EQ(close_code_for(Fault::unknown_command), 1002);
    EXPECT_EQ(close_code_for(Fault::destination_missing), 1002);
    EXPECT_EQ(close_code_for(Fault::heart_beat_missed), 1002);
    EXPECT_EQ(close_code_for(Fault::too_many_headers), 1008);
    EXPECT_EQ(close_code_for(Fault::access_refused), 1008);
    EXPECT_EQ(close_code_for(Fault::body_too_big), 1009);
    EXPECT_EQ(close_code_for(Fault::header_too_long), 1009);
    EXPECT_EQ(close_code_for(Fault::too_slow), 1013);
    EXPECT_EQ(close_code_for(Fault::server_shutting_down), 1001);
    EXPECT_EQ(close_code_for(Fault::closed_by_server), 1000);
}

}  // namespace
}  // namespace edgews::stomp
