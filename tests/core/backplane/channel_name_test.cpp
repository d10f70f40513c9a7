#include "core/backplane/channel_name.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace edgews::backplane {
namespace {

std::string channel_of(std::string_view topic) {
    std::string out = "before ";
    append_channel(out, topic);
    EXPECT_EQ(out.substr(0, 7), "before ");
    return out.substr(7);
}

TEST(ChannelName, letters_digits_dashes_and_underlines_stay) {
    EXPECT_EQ(channel_of("Az-09_"), "Az-09_");
    EXPECT_EQ(channel_of(""), "");
    EXPECT_EQ(channel_of("a/b.*#%~\xC3\xA4"), "a~2Fb~2E~2A~23~25~7E~C3~A4");
    EXPECT_EQ(channel_of(std::string_view("\0\x7F\xFF", 3)), "~00~7F~FF");
}

TEST(ChannelName, each_byte_has_one_of_its_own) {
    std::set<std::string> names;
    for (int c = 0; c < 256; ++c) names.insert(channel_of(std::string(1, static_cast<char>(c))));
    EXPECT_EQ(names.size(), 256U);
}

TEST(ChannelName, one_that_fits_is_said_whole) {
    EXPECT_TRUE(is_said_whole(""));
    const std::string plain(channel_size_max, 'x');
    EXPECT_TRUE(is_said_whole(plain));
    EXPECT_EQ(channel_of(plain), plain);
    EXPECT_FALSE(is_said_whole(plain + 'x'));
    const std::string slashes(channel_size_max / 3, '/');
    EXPECT_TRUE(is_said_whole(slashes));
    EXPECT_FALSE(is_said_whole(slashes + '/'));
}

TEST(ChannelName, a_long_one_has_its_beginning_and_a_hash) {
    std::set<std::string> names;
    for (const std::string& topic :
         {std::string(161, 'x'), std::string(162, 'x'), std::string(161, 'x') + "y",
          std::string(54, '/'), std::string(300, '\xFF'), std::string(70'000, ' ')}) {
        const std::string name = channel_of(topic);
        EXPECT_LE(name.size(), channel_size_max);
        EXPECT_EQ(name, channel_of(topic));
        EXPECT_NE(name.find("~~"), std::string::npos);  // Which no escape has.
        EXPECT_EQ(name.size() - name.find("~~"), 18U);
        names.insert(name);
    }
    EXPECT_EQ(names.size(), 6U);
    // Nodes of all builds agree on it.
    EXPECT_EQ(channel_of(std::string(161, 'x')).substr(0, 47), std::string(47, 'x'));
}

}  // namespace
}  // namespace edgews::backplane
