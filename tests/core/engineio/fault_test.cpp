// Each fault has a sentence for the log.
#include "core/engineio/fault.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace edgews::engineio {
namespace {

TEST(EngineIoFault, each_has_a_sentence_of_its_own) {
    std::set<std::string_view> seen;
    for (int i = 0; i <= static_cast<int>(Fault::binary_payload_malformed); ++i) {
        const std::string_view text = describe(static_cast<Fault>(i));
        EXPECT_TRUE(text.ends_with('.')) << i;
        EXPECT_TRUE(seen.insert(text).second) << "said twice: " << text;
    }
}

}  // namespace
}  // namespace edgews::engineio
