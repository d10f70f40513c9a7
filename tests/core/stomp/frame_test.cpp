// Commands and headers of a frame.
#include <gtest/gtest.h>

#include <edgews/stomp_frame.hpp>

#include <array>
#include <string>

namespace edgews::stomp {
namespace {

TEST(StompFrame, each_command_has_a_name_that_finds_it) {
    int count = 0;
    for (int i = 1; i <= static_cast<int>(Command::error); ++i) {
        const auto command = static_cast<Command>(i);
        const std::string name(to_string(command));
        EXPECT_EQ(command_of(name), command) << name;
        // None is found by another name of the same size.
        for (std::size_t at = 0; at < name.size(); ++at) {
            std::string other = name;
            other[at] = static_cast<char>(other[at] ^ 0x20);
            EXPECT_EQ(command_of(other), Command::unknown) << other;
        }
        EXPECT_EQ(command_of(name + "S"), Command::unknown);
        EXPECT_EQ(command_of(name.substr(0, name.size() - 1)), Command::unknown);
        ++count;
    }
    EXPECT_EQ(count, 14);
    EXPECT_EQ(to_string(Command::unknown), "");
    EXPECT_EQ(command_of(""), Command::unknown);
}

TEST(StompFrame, B1_STOMP_is_another_name_of_CONNECT) {
    EXPECT_EQ(command_of("STOMP"), Command::connect);
    EXPECT_EQ(to_string(Command::connect), "CONNECT");
}

TEST(StompFrame, A21_find_returns_the_first_of_a_name) {
    const std::array headers{Header{"a", "1"}, Header{"foo", "World"}, Header{"foo", "Hello"},
                             Header{"empty", ""}};
    const Frame frame{.command = Command::send, .headers = headers};
    EXPECT_EQ(frame.find("foo"), "World");
    EXPECT_EQ(frame.find("empty"), "");
    EXPECT_EQ(frame.find("Foo"), std::nullopt);
    EXPECT_EQ(frame.find(""), std::nullopt);
    EXPECT_EQ(Frame{}.find("a"), std::nullopt);
}

}  // namespace
}  // namespace edgews::stomp
