// What was said, and how it is found again.
#include "net/socketio/spoken_log.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/engineio/socket_user.hpp"
#include "net/socketio/absent_socket.hpp"

namespace edgews::sio {
namespace {

using Rooms = std::vector<std::string>;
using Numbers = std::vector<std::uint64_t>;

HashedName named(std::string_view name) {
    return HashedName(HashedView(name));
}

class SocketIoSpokenLog : public testing::Test {
  protected:
    // The number of what was said.
    std::uint64_t say(const Rooms& rooms, Spoken spoken = {}) {
        if (spoken.namespace_name.empty()) spoken.namespace_name = "/";
        for (const std::string& each : rooms) spoken.rooms.push_back(named(each));
        spoken.number = ++number;
        spoken.offset = spoken.act == Spoken::Act::send ? number + 1'000 : 0;
        log.add(std::make_shared<Spoken>(std::move(spoken)));
        return number;
    }
    std::uint64_t say_join(const Rooms& rooms, std::string_view room) {
        return say(rooms, {.act = Spoken::Act::join, .room = named(room)});
    }
    [[nodiscard]] AbsentSocket socket_in(const Rooms& rooms) const {
        AbsentSocket socket{.namespace_name = "/", .id = id, .rooms = {}, .recoverable = nullptr};
        for (const std::string& each : rooms) socket.rooms.push_back(named(each));
        return socket;
    }
    [[nodiscard]] Numbers behind(std::uint64_t last, const Rooms& rooms) const {
        Numbers numbers;
        for (const auto& each : log.find_behind(last, socket_in(rooms))) {
            numbers.push_back(each->number);
        }
        return numbers;
    }
    // What makes no room for a second one.
    [[nodiscard]] static Spoken large() {
        const std::string text(60'000, 'x');
        Spoken spoken;
        spoken.packets.emplace_back(engineio::Packet::of_text(engineio::PacketType::message, text));
        return spoken;
    }

    const engineio::SessionId id = engineio::new_session_id();
    SpokenLog log{100'000};
    std::uint64_t number = 0;
};

TEST_F(SocketIoSpokenLog, a_socket_finds_what_was_said_to_its_rooms_in_order) {
    const auto to_a = say({"a"});
    static_cast<void>(say({"b"}));
    const auto to_all = say({});
    const auto to_it = say({std::string(id.text())});
    const auto to_both = say({"a", "c"});
    static_cast<void>(say({}, {.namespace_name = "/a"}));
    const auto to_c = say({"c"});
    EXPECT_EQ(behind(0, {"a", "c"}), (Numbers{to_a, to_all, to_it, to_both, to_c}));
    EXPECT_EQ(behind(to_a, {"c", "a"}), (Numbers{to_all, to_it, to_both, to_c}));
    EXPECT_EQ(behind(to_it, {"a"}), (Numbers{to_both}));
    EXPECT_EQ(behind(to_both, {"a"}), Numbers{});
    EXPECT_EQ(behind(0, {}), (Numbers{to_all, to_it}));
}

TEST_F(SocketIoSpokenLog, it_finds_what_was_said_to_rooms_that_it_is_told_to_join) {
    const auto to_c = say({"c"});
    const auto joins_b = say_join({"a"}, "b");
    const auto joins_c = say_join({"b"}, "c");
    const auto joins_a = say_join({"c"}, "a");
    const auto to_d = say({"d"});
    EXPECT_EQ(behind(0, {"a"}), (Numbers{to_c, joins_b, joins_c, joins_a}));
    EXPECT_EQ(behind(joins_b, {"a"}), Numbers{});
    EXPECT_EQ(behind(0, {"d"}), (Numbers{to_d}));
}

TEST_F(SocketIoSpokenLog, what_has_no_room_is_forgotten_with_the_rooms_that_it_was_said_to) {
    static_cast<void>(say({"a", "b"}, large()));
    const auto small = say({"b"});
    EXPECT_EQ(log.forgotten(), 0U);
    const auto second = say({"a"}, large());
    EXPECT_EQ(log.forgotten(), 1U);
    EXPECT_EQ(behind(0, {"a", "b"}), (Numbers{small, second}));
    const auto third = say({"c"}, large());
    EXPECT_EQ(log.forgotten(), second);
    EXPECT_EQ(behind(0, {"a", "b", "c"}), (Numbers{third}));
    const auto again = say({"a"});
    EXPECT_EQ(behind(0, {"a"}), (Numbers{again}));
    log.forget_all(number);
    EXPECT_EQ(log.size(), 0U);
    EXPECT_EQ(log.forgotten(), number);
    EXPECT_EQ(behind(0, {"a", "c"}), Numbers{});
    EXPECT_EQ(behind(0, {"a"}), Numbers{});
    const auto fresh = say({"a"});
    EXPECT_EQ(behind(0, {"a"}), (Numbers{fresh}));
}

TEST_F(SocketIoSpokenLog, the_name_of_a_room_to_join_takes_room_too) {
    const auto first = say({"a"});
    const auto joined = say_join({"a"}, std::string(60'000, 'x'));
    EXPECT_GE(log.size(), 60'000U);
    EXPECT_EQ(log.forgotten(), 0U);
    static_cast<void>(say_join({"a"}, std::string(60'000, 'y')));
    EXPECT_GE(log.forgotten(), joined);
    EXPECT_EQ(first, 1U);
}

TEST_F(SocketIoSpokenLog, offsets_are_found_in_whichever_order_they_came) {
    const auto say_with = [this](std::uint64_t offset, Spoken spoken = {}) {
        spoken.namespace_name = "/";
        spoken.number = ++number;
        spoken.offset = offset;
        log.add(std::make_shared<Spoken>(std::move(spoken)));
    };
    for (const std::uint64_t each : {2U, 5U, 3U, 7U, 4U}) say_with(each);
    static_cast<void>(say_join({}, "a"));
    for (const auto& [offset, wanted] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
             {2, 1}, {5, 2}, {3, 3}, {7, 4}, {4, 5}}) {
        ASSERT_NE(log.find(offset), nullptr) << offset;
        EXPECT_EQ(log.find(offset)->number, wanted) << offset;
    }
    for (const std::uint64_t each : {0U, 1U, 6U, 8U}) EXPECT_EQ(log.find(each), nullptr) << each;
    // Room for one of them, and all that are small.
    say_with(6, large());
    say_with(8, large());
    for (const std::uint64_t each : {2U, 5U, 3U, 7U, 4U, 6U}) {
        EXPECT_EQ(log.find(each), nullptr) << each;
    }
    ASSERT_NE(log.find(8), nullptr);
    log.forget_all(number);
    EXPECT_EQ(log.find(8), nullptr);
}

}  // namespace
}  // namespace edgews::sio
