// A client's pings, to the millisecond: when they leave, what they measure, and when a server that
// says nothing is given up.
#include "world_fixture.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews::sim::test {
namespace {

using edgews::test::MaskedFrame;
using edgews::test::RawPeer;
using edgews::test::RawServer;
using edgews::test::server_frame;
using edgews::test::steady_ms;

class ClientPings : public ClientInWorld {
  protected:
    void connect_and_open(ClientOptions options) {
        forget();
        peer.emplace(open(server, std::move(options)));
        opened_ms = steady_ms();
    }
    // Turns until so long after it was open.
    void run_until(std::uint64_t ms) {
        while (steady_ms() < opened_ms + ms) loop.poll(1);
    }
    // When it ended, counted from when it was open.
    std::uint64_t end_ms() {
        const std::size_t before = notes.size();
        EXPECT_TRUE(until([&] { return notes.size() >= before + 2; }));
        EXPECT_EQ(notes.back(), "close 1006  unclean");
        EXPECT_EQ(error.error.message, server.url() + ": the server does not answer");
        EXPECT_EQ(error.error.code, std::make_error_code(std::errc::connection_aborted));
        EXPECT_EQ(error.stage, ClientStage::open);
        return steady_ms() - opened_ms;
    }
    // When the next ping came.
    std::uint64_t ping_ms() {
        ping = peer->read_frame();
        EXPECT_EQ(ping.first_byte, 0x89U);
        EXPECT_EQ(ping.payload.size(), 8U);
        return steady_ms() - opened_ms;
    }
    void say(unsigned first_byte, std::string_view text) {
        peer->send(server_frame(first_byte, text));
        turn(2);
    }

    // To read a clock takes a moment in this world, too.
    [[nodiscard]] std::uint32_t latency_ms() const { return client->latency_us().value() / 1'000; }

    const RawServer server{loop};
    std::optional<RawPeer> peer{};
    MaskedFrame ping{};
    std::uint64_t opened_ms = 0;
};

TEST_F(ClientPings, leave_each_time_that_theirs_has_come) {
    for (const std::uint32_t every_ms : {1U, 2U, 20'000U}) {
        connect_and_open({.ping_ms = every_ms, .pong_timeout_ms = 0});
        for (std::uint64_t i = 1; i <= 5; ++i) EXPECT_EQ(ping_ms(), i * every_ms);
    }
}

TEST_F(ClientPings, without_an_answer_in_time_it_is_given_up) {
    const struct {
        std::uint32_t ping_ms;
        std::uint32_t timeout_ms;
    } rows[] = {{1, 1}, {1, 2}, {2, 1}, {40, 20}, {20, 90}, {20'000, 9'000}};
    for (const auto& row : rows) {
        SCOPED_TRACE(std::to_string(row.ping_ms) + " " + std::to_string(row.timeout_ms));
        connect_and_open({.ping_ms = row.ping_ms, .pong_timeout_ms = row.timeout_ms});
        EXPECT_EQ(end_ms(), row.ping_ms + row.timeout_ms);
        peer->expect_end();
    }
}

// Whatever it is.
TEST_F(ClientPings, what_is_heard_is_an_answer_to_those_before_it) {
    for (const unsigned first_byte : {0x81U, 0x89U, 0x8AU}) {
        for (const std::uint64_t heard_ms : {20U, 30U, 39U, 40U, 109U}) {
            SCOPED_TRACE(heard_ms);
            connect_and_open({.ping_ms = 20, .pong_timeout_ms = 90});
            run_until(heard_ms);
            say(first_byte, "here");
            // The first ping behind it, or in its millisecond, has the time begin again.
            const std::uint64_t next_ms = heard_ms / 20 * 20 + 20;
            EXPECT_EQ(end_ms(), next_ms + 90);
        }
    }
}

TEST_F(ClientPings, are_not_counted_against_a_server_that_it_does_not_listen_to) {
    connect_and_open({.ping_ms = 20, .pong_timeout_ms = 50});
    run_until(10);
    client->connection()->pause_reading();
    run_until(1'000);
    EXPECT_EQ(notes, (Notes{"open"}));
    client->connection()->resume_reading();
    EXPECT_GE(end_ms(), 1'000U + 50U);
    EXPECT_LE(steady_ms() - opened_ms, 1'000U + 20U + 50U);
}

// What it has not taken is not ours to listen to; also where it was excused before.
TEST_F(ClientPings, count_against_a_server_that_takes_nothing_though_it_is_not_listened_to) {
    Faults& faults = world.faults();
    faults.send_buffer_least = faults.send_buffer_most = 4'096;
    faults.receive_buffer_least = faults.receive_buffer_most = 4'096;
    for (const std::uint64_t sent_ms : {0U, 205U}) {
        connect_and_open({.ping_ms = 20, .pong_timeout_ms = 50});
        client->connection()->pause_reading();
        run_until(sent_ms);
        (void)client->send(std::string(100'000, 'x'));
        const std::uint64_t ended_ms = end_ms();
        EXPECT_GE(ended_ms, sent_ms + 15 + 50);
        EXPECT_LE(ended_ms, sent_ms + 200);
    }
}

// Its answer is behind what it has yet to read.
TEST_F(ClientPings, do_not_count_against_a_server_that_takes_what_was_sent_however_slowly) {
    Faults& faults = world.faults();
    faults.send_buffer_least = faults.send_buffer_most = 65'536;
    faults.receive_buffer_least = faults.receive_buffer_most = 65'536;
    connect_and_open({.ping_ms = 20, .pong_timeout_ms = 50});
    (void)client->send(std::string(10'000'000, 'x'));
    for (std::uint64_t ms = 30; ms <= 990; ms += 30) {
        run_until(ms);
        (void)peer->take_input();
    }
    EXPECT_EQ(notes, (Notes{"open"}));
    EXPECT_GT(client->buffered_amount(), 1'000'000U);
    const std::uint64_t silent_ms = 990;
    EXPECT_LE(end_ms(), silent_ms + 20 + 3 * 50);
}

// Of a laptop that sleeps, for instance: what it did not listen to was no silence of the server's.
TEST_F(ClientPings, a_standstill_of_the_loop_is_not_the_servers_silence) {
    for (const bool is_answered : {true, false}) {
        connect_and_open({.ping_ms = 1'000, .pong_timeout_ms = 500});
        (void)ping_ms();
        run_until(1'010);
        world.run_for(600);
        turn(3);
        EXPECT_EQ(notes, (Notes{"open"}));
        if (is_answered) {
            say(0x8A, ping.text());
            run_until(2'400);
            EXPECT_EQ(client->ready_state(), ReadyState::open);
            client.reset();
        } else {
            EXPECT_EQ(end_ms(), 1'610U + 500U);
        }
    }
}

// Closing has a time of its own, and is woken for nothing else.
TEST_F(ClientPings, end_when_it_begins_to_close) {
    for (const bool by_client : {true, false}) {
        connect_and_open({.close_timeout_ms = 5'000, .ping_ms = 10, .pong_timeout_ms = 30});
        run_until(15);
        by_client ? client->close() : client->connection()->close();
        loop.poll(0);
        if (!by_client) run_until(45);  // They find out when they are due.
        EXPECT_GT(loop.next_timeout_ms(), 1'000);
        (void)until([&] { return notes.size() == 2; });
        EXPECT_EQ(notes, (Notes{"open", "close 1006  unclean"}));
        EXPECT_EQ(steady_ms() - opened_ms, 5'015U);
        EXPECT_EQ(loop.next_timeout_ms(), -1);
    }
}

// ---- What they measure -----------------------------------------------------

TEST_F(ClientPings, measure_the_way_there_and_back) {
    connect_and_open({.ping_ms = 10, .pong_timeout_ms = 0});
    EXPECT_EQ(client->latency_us(), std::nullopt);
    const std::uint64_t first_ms = ping_ms();
    run_until(first_ms + 5);
    // None of these is the answer.
    say(0x8A, "");
    say(0x8A, "another");
    say(0x8A, ping.text() + "x");
    say(0x8A, std::string(8, '\0'));
    say(0x8A, std::string(8, '\xFF'));
    EXPECT_EQ(client->latency_us(), std::nullopt);
    say(0x8A, ping.text());
    EXPECT_EQ(latency_ms(), 5U);
    // Once.
    run_until(first_ms + 7);
    say(0x8A, ping.text());
    EXPECT_EQ(latency_ms(), 5U);
    // Of the next one, though there is another behind it.
    (void)ping_ms();
    const MaskedFrame second = ping;
    (void)ping_ms();
    say(0x8A, second.text());
    EXPECT_EQ(latency_ms(), 10U);
    say(0x8A, ping.text());
    EXPECT_EQ(latency_ms(), 0U);
    EXPECT_EQ(notes.size(), 1U + 9U);  // Each was told.
    // And the one before that is too late.
    say(0x8A, second.text());
    EXPECT_EQ(latency_ms(), 0U);
}

TEST_F(ClientPings, measure_no_more_than_a_number_holds) {
    constexpr std::uint64_t most_us = 0xFFFF'FFFF;
    for (const std::uint64_t away_ms :
         {most_us / 1'000, most_us / 1'000 + 1, 2 * most_us / 1'000}) {
        connect_and_open({.ping_ms = 10, .pong_timeout_ms = 0});
        (void)ping_ms();
        world.run_for(away_ms);
        say(0x8A, ping.text());
        if (away_ms * 1'000 > most_us) {
            EXPECT_EQ(client->latency_us(), most_us);
        } else {
            EXPECT_EQ(latency_ms(), away_ms);
        }
    }
}

}  // namespace
}  // namespace edgews::sim::test
