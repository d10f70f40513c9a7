// What each way to send returns at the edge of the backlog, and when the peer is gone.
#include <edgews/connection.hpp>
#include "core/websocket/frame.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tests/support/test_server.hpp"

namespace edgews::test {
namespace {

// A way to send so many bytes of payload.
struct Way {
    const char* name;
    SendResult (*send)(Connection&, std::string_view payload);
    std::size_t room_for_head;  // That it asks for.
    bool is_message;            // And counted as one.
};

SendResult send_in_pieces(Connection& connection, std::string_view payload) {
    const Bytes bytes = bytes_of(payload);
    const std::size_t half = bytes.size() / 2;
    const std::array pieces{std::span(bytes).first(half), std::span(bytes).subspan(half)};
    const std::array<std::span<const std::byte>, 2> views{pieces[0], pieces[1]};
    return connection.send(Message::Kind::text, views);
}

constexpr Way ways[] = {
    {"a message", [](Connection& c, std::string_view payload) { return c.send(payload); },
     frame_header_size_max, true},
    {"in pieces", send_in_pieces, frame_header_size_max, true},
    {"prepared",
     [](Connection& c, std::string_view payload) { return c.send(PreparedMessage(payload)); }, 2,
     true},
    {"a fragment",
     [](Connection& c, std::string_view payload) {
         return c.send_fragment(payload, Fragment::first);
     },
     frame_header_size_max, false},
    {"a ping", [](Connection& c, std::string_view payload) { return c.ping(bytes_of(payload)); },
     frame_header_size_max, false},
    {"a pong", [](Connection& c, std::string_view payload) { return c.pong(bytes_of(payload)); },
     frame_header_size_max, false},
};

class SendResults : public testing::TestWithParam<Way> {
  protected:
    static constexpr std::size_t limit = 16'000'000;
    static constexpr std::size_t large_size = 8'000'000;  // More than any socket takes.

    void start(std::size_t backlog_size_max) {
        server_->ws("/",
                    {.open = [this](Connection& c) { connection_ = &c; },
                     .error = [this](Connection&, std::string_view) { notes_.add("error"); },
                     .close = [this](Connection&, CloseEvent e) { notes_.add(describe(e)); }},
                    {.backlog_size_max = backlog_size_max, .overflow = Overflow::drop});
        server_.start();
    }
    [[nodiscard]] std::uint64_t count(Counter counter) { return server_->stats()[counter]; }

    Notes notes_;
    Connection* connection_ = nullptr;
    TestServer server_;  // Last: its handlers speak of the others.
};

TEST_P(SendResults, what_just_fits_into_the_backlog_is_queued_and_a_byte_more_is_not) {
    const Way& way = GetParam();
    start(limit);
    TestClient client = server_.open("/", "", {.receive_buffer = 4096});
    server_.on_loop([&] {
        constexpr std::size_t room = 100;
        constexpr std::size_t head_size = 10;  // Of what is larger than 64 KiB.
        EXPECT_EQ(connection_->send(std::string(large_size, 'x')), SendResult::queued);
        const std::size_t left = limit - connection_->buffered_amount();
        EXPECT_EQ(connection_->send(std::string(left - room - head_size, 'x')), SendResult::queued);
        EXPECT_EQ(limit - connection_->buffered_amount(), room);

        const std::string fits(room - way.room_for_head, 'f');
        EXPECT_EQ(way.send(*connection_, fits + 'f'), SendResult::dropped);
        EXPECT_EQ(way.send(*connection_, std::string(125, 'f')), SendResult::dropped);
        EXPECT_EQ(limit - connection_->buffered_amount(), room);
        EXPECT_EQ(way.send(*connection_, fits), SendResult::queued);
        EXPECT_EQ(limit - connection_->buffered_amount(), room - 2 - fits.size());
    });
    EXPECT_EQ(server_.on_loop([&] { return count(Counter::messages_dropped); }), 2U);
    EXPECT_EQ(count(Counter::messages_sent), way.is_message ? 3U : 2U);
    EXPECT_EQ(notes_.all(), List{});
}

// The room is this turn's: the socket is asked first, and says that nobody is there.
TEST_P(SendResults, who_turns_out_to_be_gone_is_no_overflow) {
    const Way& way = GetParam();
    start(600);
    TestClient client = server_.open();
    server_.on_loop([&] {
        EXPECT_EQ(connection_->send(std::string(550, 'x')), SendResult::sent);
        client.reset();
        EXPECT_EQ(way.send(*connection_, std::string(100, 'x')), SendResult::closed);
        EXPECT_EQ(way.send(*connection_, ""), SendResult::closed);
        EXPECT_FALSE(connection_->is_open());
    });
    EXPECT_EQ(notes_.wait_for(1), List{"close 1006  unclean"});
    EXPECT_EQ(count(Counter::messages_dropped), 0U);
    EXPECT_EQ(count(Counter::messages_sent), 1U);
}

// The same, and somebody is there: what waits leaves, and makes room.
TEST_P(SendResults, what_only_waits_for_the_turns_end_makes_room) {
    const Way& way = GetParam();
    start(600);
    TestClient client = server_.open();
    server_.on_loop([&] {
        for (int i = 0; i < 3; ++i) {
            EXPECT_EQ(connection_->send(std::string(550, 'x')), SendResult::sent);
        }
        EXPECT_EQ(way.send(*connection_, std::string(100, 'x')), SendResult::sent);
        EXPECT_EQ(connection_->buffered_amount(), 102U);
    });
    EXPECT_EQ(server_.on_loop([&] { return count(Counter::messages_dropped); }), 0U);
    EXPECT_EQ(count(Counter::messages_sent), way.is_message ? 4U : 3U);
}

INSTANTIATE_TEST_SUITE_P(Ways, SendResults, testing::ValuesIn(ways), [](const auto& row) {
    std::string name = row.param.name;
    for (char& c : name) c = c == ' ' ? '_' : c;
    return name;
});

}  // namespace
}  // namespace edgews::test
