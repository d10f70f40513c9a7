// Which version is agreed on (1.2, Protocol Negotiation).
#include <gtest/gtest.h>

#include "core/stomp/version.hpp"

namespace edgews::stomp {
namespace {

struct Row {
    const char* accept_version;
    std::optional<Version> agreed;
};

TEST(StompVersion, B2_B3_the_highest_common_one_is_agreed_on) {
    const Row rows[] = {
        {"1.0", Version::v1_0},
        {"1.1", Version::v1_1},
        {"1.2", Version::v1_2},
        {"1.0,1.1,1.2", Version::v1_2},
        {"1.2,1.1,1.0", Version::v1_2},
        {"1.0,1.1,2.0", Version::v1_1},
        {"2.0,1.0,1.1", Version::v1_1},
        {"1.1,1.1,1.0", Version::v1_1},
        {" 1.1 ,\t1.2\t", Version::v1_2},
        {",,1.0,", Version::v1_0},
        {"", std::nullopt},
        {",", std::nullopt},
        {" ", std::nullopt},
        {"1.3", std::nullopt},
        {"2.0,10.1", std::nullopt},
        {"1.2.0,1", std::nullopt},
        {"1.0 1.1", std::nullopt},
        {"1.1;1.2", std::nullopt},
        {"v1.2", std::nullopt},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.accept_version);
        EXPECT_EQ(negotiate(row.accept_version), row.agreed);
    }
}

TEST(StompVersion, each_is_what_it_is_called) {
    for (const Version version : {Version::v1_0, Version::v1_1, Version::v1_2}) {
        EXPECT_EQ(negotiate(to_string(version)), version);
    }
    EXPECT_EQ(negotiate(supported_versions), Version::v1_2);
}

}  // namespace
}  // namespace edgews::stomp
