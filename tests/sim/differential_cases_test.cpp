// What programs stumble over, step by step, in the simulated kernel and in the real one: each of
// these scripts comes to the same in both, by TCP and by Unix sockets.
//
// Slots: 0 is a listener, 1 an epoll set, 2 a client and 3 its other end; the set watches all three
// for all edges, and has told what was there when the script begins.
#include "script_kernels.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace edgews::sim::test {
namespace {

struct Case {
    const char* promise;
    const char* script;
};

struct Way {
    const char* name;
    const char* listener;
    const char* client;
    const char* place;
};

constexpr std::array ways{
    Way{"by_ipv4", "tcp4", "tcp4", "first_4"},
    Way{"by_ipv6", "tcp6", "tcp6", "first_6"},
    Way{"by_ipv4_to_ipv6", "tcp6", "tcp4", "any_6"},
    Way{"by_a_path", "local_path", "local_path", "first_path"},
    Way{"by_an_abstract_name", "local_abstract", "local_abstract", "first_abstract"},
};

constexpr std::array reading{
    Case{"who_asks_for_more_than_is_there_has_emptied_it", R"(
        send 2: 100
        wait 1: 16
        receive 3: 65536
        wait 1: 16
        send 2: 5
        wait 1: 16
        receive 3: 65536
        receive 3: 65536)"},
    Case{"each_arrival_is_an_edge_behind_a_remainder_too", R"(
        send 2: 100
        wait 1: 16
        receive 3: 50
        wait 1: 16
        send 2: 100
        wait 1: 16
        send 2: 100
        send 2: 100
        wait 1: 16
        wait 1: 16
        drain 3
        wait 1: 16)"},
    Case{"a_look_takes_nothing", R"(
        send 2: 100
        peek 3: 50
        peek 3: 50
        wait 1: 16
        receive 3: 70
        peek 3: 100
        queues 3
        drain 3)"},
    Case{"an_end_comes_behind_what_is_unread", R"(
        send 2: 100
        shutdown 2: WR
        wait 1: 16
        receive 3: 50
        wait 1: 16
        receive 3: 50
        receive 3: 50
        receive 3: 50
        send 3: 5
        wait 1: 16
        drain 2
        poll 2
        poll 3)"},
    Case{"reading_stops_at_urgent_data_and_passes_it_by", R"(
        send 2: 50
        send_urgent 2: 5
        send 2: 50
        wait 1: 16
        receive 3: 65536
        poll 3
        receive 3: 65536
        poll 3
        receive 3: 65536
        wait 1: 16)"},
    Case{"urgent_data_can_be_taken_first", R"(
        send_urgent 2: 3
        poll 3
        receive_urgent 3: 1
        poll 3
        receive_urgent 3: 1
        receive 3: 50
        receive 3: 50)"},
    Case{"an_urgent_byte_alone_is_nothing_to_read", R"(
        send_urgent 2: 1
        wait 1: 16
        poll 3
        receive 3: 50
        poll 3
        send_urgent 2: 1
        send_urgent 2: 1
        wait 1: 16
        drain 3
        close 3
        wait 1: 16)"},
};

constexpr std::array ending{
    Case{"a_reset_comes_behind_what_is_unread_and_is_told_once", R"(
        send 2: 100
        linger 2
        close 2
        wait 1: 16
        poll 3
        receive 3: 50
        receive 3: 65536
        receive 3: 65536
        receive 3: 65536
        poll 3
        error 3
        names 3)"},
    Case{"an_error_that_was_asked_for_is_told_no_more", R"(
        linger 2
        close 2
        wait 1: 16
        error 3
        error 3
        poll 3
        receive 3: 50
        send 3: 5)"},
    Case{"who_closes_over_what_it_has_not_read_resets", R"(
        send 3: 100
        receive 2: 50
        send 2: 50
        close 2
        wait 1: 16
        poll 3
        send 3: 5
        send 3: 5
        receive 3: 65536
        receive 3: 65536)"},
    Case{"a_write_after_a_reset_fails_with_it_once", R"(
        linger 2
        close 2
        send 3: 5
        send 3: 5
        write 3: 5
        receive 3: 50
        wait 1: 16)"},
    Case{"a_write_to_who_has_closed_is_answered_by_a_reset", R"(
        close 2
        wait 1: 16
        send 3: 5
        wait 1: 16
        send 3: 5
        receive 3: 50
        error 3
        poll 3)"},
    Case{"a_reset_behind_an_end_is_an_end", R"(
        send 3: 5
        shutdown 2: WR
        wait 1: 16
        linger 2
        close 2
        wait 1: 16
        poll 3
        receive 3: 50
        send 3: 5
        receive 3: 50)"},
    Case{"a_shutdown_is_an_edge_of_ones_own", R"(
        shutdown 2: WR
        wait 1: 16
        shutdown 2: WR
        wait 1: 16
        shutdown 3: RD
        wait 1: 16
        shutdown 3: WR
        wait 1: 16
        poll 2
        poll 3
        shutdown 2: RDWR
        wait 1: 16)"},
    Case{"what_comes_to_who_reads_no_more", R"(
        shutdown 3: RD
        wait 1: 16
        send 2: 100
        wait 1: 16
        receive 3: 50
        receive 3: 65536
        receive 3: 50
        shutdown 3: WR
        wait 1: 16
        send 2: 5
        wait 1: 16
        poll 2
        receive 2: 50
        poll 3
        receive 3: 50)"},
    Case{"both_have_closed_in_either_order", R"(
        send 2: 5
        close 2
        wait 1: 16
        drain 3
        shutdown 3: WR
        wait 1: 16
        poll 3
        error 3
        send 3: 5
        close 3
        wait 1: 16)"},
};

constexpr std::array filling{
    Case{"one_that_is_full_is_writable_again_once_all_is_read", R"(
        fill 2
        wait 1: 16
        poll 2
        receive 3: 1
        poll 2
        wait 1: 16
        drain 3
        wait 1: 16
        wait 1: 16
        poll 2
        send 2: 5
        wait 1: 16)"},
    Case{"an_end_waits_behind_what_is_full", R"(
        fill 2
        shutdown 2: WR
        poll 3
        drain 3
        wait 1: 16
        poll 2)"},
    Case{"what_was_closed_while_it_was_full_comes_whole", R"(
        fill 2
        close 2
        poll 3
        drain 3
        wait 1: 16)"},
    Case{"a_reset_drops_what_was_full", R"(
        fill 2
        send 3: 5
        linger 3
        close 3
        wait 1: 16
        poll 2
        send 2: 5
        send 2: 5
        drain 2)"},
};

constexpr std::array descriptors{
    Case{"the_lowest_number_is_used_again_and_what_watched_it_is_gone", R"(
        send 2: 5
        close 3
        counter 3: 1
        wait 1: 16
        remove 1, 3
        add 1, 3: IN|ET
        wait 1: 16)"},
    Case{"a_descriptor_that_is_closed_is_watched_as_long_as_another_lives", R"(
        duplicate 3, 5
        close 3
        send 2: 5
        wait 1: 16
        add 1, 5: IN
        wait 1: 16
        remove 1, 5
        send 2: 5
        wait 1: 16
        close 5
        wait 1: 16
        poll 2)"},
    Case{"one_shot_is_one_until_it_is_loaded_again", R"(
        modify 1, 3: IN|OUT|ONESHOT|ET
        send 2: 5
        wait 1: 16
        send 2: 5
        shutdown 2: WR
        wait 1: 16
        modify 1, 3: IN|ONESHOT
        wait 1: 16
        wait 1: 16)"},
    Case{"what_there_was_no_room_for_comes_next", R"(
        modify 1, 0: IN
        modify 1, 2: OUT
        modify 1, 3: OUT
        wait 1: 1
        wait 1: 1
        wait 1: 2
        wait 1: 16)"},
    Case{"levels_are_told_as_long_as_they_hold", R"(
        modify 1, 3: IN|RDHUP
        wait 1: 16
        send 2: 5
        wait 1: 16
        wait 1: 16
        receive 3: 3
        wait 1: 16
        drain 3
        wait 1: 16
        shutdown 2: WR
        wait 1: 16
        wait 1: 16)"},
    Case{"a_set_in_a_set_tells_each_of_its_edges", R"(
        epoll 4
        add 4, 1: IN|ET
        wait 4: 16
        send 2: 5
        wait 4: 16
        wait 4: 16
        send 2: 5
        wait 4: 16
        wait 1: 16
        poll 1
        wait 4: 16
        add 1, 4: IN
        close 1
        wait 4: 16)"},
};

constexpr std::array meeting{
    Case{"who_finds_the_queue_full_waits_or_is_told_so", R"(
        socket 4: CLIENT
        connect 4: PLACE
        socket 5: CLIENT
        connect 5: PLACE
        socket 6: CLIENT
        add 1, 6: IN|OUT|PRI|RDHUP|ET
        connect 6: PLACE
        wait 1: 16
        send 6: 5
        receive 6: 5
        connect 6: PLACE
        accept 0, 7
        names 7
        accept 0, 8
        accept 0, 9)"},
    Case{"who_waits_in_a_queue_is_reset_with_it", R"(
        socket 4: CLIENT
        connect 4: PLACE
        send 4: 5
        add 1, 4: IN|OUT|PRI|RDHUP|ET
        wait 1: 16
        close 0
        wait 1: 16
        receive 4: 5
        receive 4: 5
        send 4: 5)"},
    Case{"nobody_there_refuses", R"(
        close 0
        socket 4: CLIENT
        add 1, 4: IN|OUT|PRI|RDHUP|ET
        connect 4: PLACE
        wait 1: 16
        error 4
        poll 4
        receive 4: 5
        connect 4: PLACE
        connect 4: PLACE)"},
    Case{"a_connection_that_ended_before_it_was_accepted", R"(
        socket 4: CLIENT
        connect 4: PLACE
        send 4: 5
        close 4
        socket 5: CLIENT
        connect 5: PLACE
        linger 5
        close 5
        wait 1: 16
        accept 0, 6
        drain 6
        accept 0, 7
        poll 7
        drain 7)"},
    Case{"what_was_shut_down_listens_no_more", R"(
        shutdown 0: RD
        wait 1: 16
        accept 0, 4
        socket 5: CLIENT
        connect 5: PLACE
        error 5
        listen 0: 1)"},
};

Script script_for(const Way& way, const char* steps) {
    std::string text = R"(
        socket 0: LISTENER
        bind 0: PLACE
        listen 0: 1
        epoll 1
        socket 2: CLIENT
        connect 2: PLACE
        accept 0, 3
        add 1, 0: IN|OUT|PRI|RDHUP|ET
        add 1, 2: IN|OUT|PRI|RDHUP|ET
        add 1, 3: IN|OUT|PRI|RDHUP|ET
        wait 1: 16)";
    text += steps;
    const auto replace_all = [&](std::string_view word, const char* by) {
        for (std::size_t at = text.find(word); at != text.npos; at = text.find(word)) {
            text.replace(at, word.size(), by);
        }
    };
    replace_all("LISTENER", way.listener);
    replace_all("CLIENT", way.client);
    replace_all("PLACE", way.place);
    return script_of(text);
}

class DifferentialCase : public testing::TestWithParam<Case> {};

TEST_P(DifferentialCase, comes_to_the_same_in_both_kernels) {
    for (const Way& way : ways) {
        EXPECT_EQ(difference(script_for(way, GetParam().script)), "") << way.name;
    }
}

std::string name_of(const testing::TestParamInfo<Case>& info) {
    return info.param.promise;
}

INSTANTIATE_TEST_SUITE_P(Reading, DifferentialCase, testing::ValuesIn(reading), name_of);
INSTANTIATE_TEST_SUITE_P(Ending, DifferentialCase, testing::ValuesIn(ending), name_of);
INSTANTIATE_TEST_SUITE_P(Filling, DifferentialCase, testing::ValuesIn(filling), name_of);
INSTANTIATE_TEST_SUITE_P(Descriptors, DifferentialCase, testing::ValuesIn(descriptors), name_of);
INSTANTIATE_TEST_SUITE_P(Meeting, DifferentialCase, testing::ValuesIn(meeting), name_of);

}  // namespace
}  // namespace edgews::sim::test
