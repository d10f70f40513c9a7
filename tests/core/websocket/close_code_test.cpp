// Which close codes may be on the wire (RFC 6455, section 7.4, and IANA's registry).
#include <gtest/gtest.h>

#include <edgews/close_code.hpp>

#include <cstdint>

namespace edgews {
namespace {

struct Row {
    const char* name;
    unsigned first;
    unsigned last;
    bool allowed;
};

// Together they cover every value once.
constexpr Row rows[] = {
    {"not used", 0, 999, false},
    {"7.4.1: normal to unsupported data", 1000, 1003, true},
    {"7.4.1: reserved; no status; abnormal", 1004, 1006, false},
    {"7.4.1 and IANA: invalid payload to bad gateway", 1007, 1014, true},
    {"7.4.1: TLS handshake", 1015, 1015, false},
    {"7.4.2: reserved for the protocol", 1016, 2999, false},
    {"7.4.2: registered, and private use", 3000, 4999, true},
    {"out of every range", 5000, 65535, false},
};

TEST(CloseCode, each_code_is_allowed_on_the_wire_or_not) {
    unsigned next = 0;
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(row.first, next);
        for (unsigned code = row.first; code <= row.last; ++code) {
            EXPECT_EQ(close_code::may_be_on_the_wire(static_cast<std::uint16_t>(code)), row.allowed)
                << code;
        }
        next = row.last + 1;
    }
    EXPECT_EQ(next, 65536U);
}

}  // namespace
}  // namespace edgews
