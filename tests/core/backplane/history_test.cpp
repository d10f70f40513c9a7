#include "core/backplane/history.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace edgews::backplane {
namespace {

class HistoryTest : public testing::Test {
  protected:
    void add(std::string_view text) { history.add(PreparedMessage(text), now_ms); }
    // "c d e"; "-": it does not have them.
    std::string since(std::uint64_t offset, std::uint64_t epoch = 7) {
        const auto messages = history.since(epoch, offset, now_ms);
        if (!messages) return "-";
        std::string text;
        for (const PreparedMessage& message : *messages) {
            if (!text.empty()) text += ' ';
            text.append(reinterpret_cast<const char*>(message.payload().data()),
                        message.payload_size());
        }
        return text;
    }

    History history{{.count_max = 3, .size_max = 100, .ttl_ms = 1'000}, 7};
    std::uint64_t now_ms = 50;
};

TEST_F(HistoryTest, what_was_missed_is_there_in_order) {
    EXPECT_EQ(since(0), "");
    for (const char* text : {"a", "b", "c"}) add(text);
    EXPECT_EQ(history.offset(), 3U);
    EXPECT_EQ(history.epoch(), 7U);
    EXPECT_EQ(since(0), "a b c");
    EXPECT_EQ(since(1), "b c");
    EXPECT_EQ(since(3), "");
}

TEST_F(HistoryTest, a_place_that_it_does_not_have_is_not_recovered) {
    for (const char* text : {"a", "b"}) add(text);
    EXPECT_EQ(since(3), "-");
    EXPECT_EQ(since(UINT64_MAX), "-");
    EXPECT_EQ(since(1, 8), "-");
    EXPECT_EQ(since(1), "b");
}

TEST_F(HistoryTest, it_keeps_so_many) {
    for (const char* text : {"a", "b", "c", "d"}) add(text);
    EXPECT_EQ(since(0), "-");
    EXPECT_EQ(since(1), "b c d");
}

TEST_F(HistoryTest, it_keeps_so_many_bytes) {
    add(std::string(48, 'x'));
    add(std::string(48, 'y'));  // Each with a header of two.
    EXPECT_EQ(since(0).size(), 97U);
    add("z");
    EXPECT_EQ(since(0), "-");
    EXPECT_EQ(since(2), "z");
    add(std::string(200, 'x'));
    EXPECT_EQ(since(3), "-");
    EXPECT_EQ(since(4), "");
}

TEST_F(HistoryTest, it_keeps_them_for_a_while) {
    add("a");
    now_ms += 500;
    add("b");
    now_ms += 499;
    EXPECT_EQ(since(0), "a b");
    now_ms += 1;
    EXPECT_EQ(since(0), "-");
    EXPECT_EQ(since(1), "b");
    now_ms += 5'000;
    EXPECT_EQ(since(1), "-");
    EXPECT_EQ(since(2), "");  // That is where it is.
    add("c");
    EXPECT_EQ(since(2), "c");
}

TEST_F(HistoryTest, over_a_gap_nothing_is_recovered) {
    add("a");
    add("b");
    history.break_off();
    EXPECT_EQ(since(1), "-");
    EXPECT_EQ(since(2), "");
    add("c");
    EXPECT_EQ(since(1), "-");
    EXPECT_EQ(since(2), "c");
    EXPECT_EQ(since(3), "");
}

}  // namespace
}  // namespace edgews::backplane
