// How a client's connection ends (RFC 6455, section 7): who closes first, what is told, and when.
#include "tests/support/client_fixture.hpp"

#include <string>

namespace edgews {
namespace {

using test::bytes_of;
using test::operator+;
using test::RawPeer;
using test::RawServer;
using test::server_frame;
using test::steady_ms;

class ClientClose : public test::ClientFixture {};

TEST_F(ClientClose, the_servers_close_frame_is_answered_and_the_end_is_told_with_its_fin) {
    const RawServer server(loop);
    RawPeer peer = open(server);
    peer.send(server_frame(0x88,
                           "\x0F\xA1"
                           "enough"));
    EXPECT_EQ(peer.read_frame().describe(), "88 4001");
    peer.expect_silence();  // No FIN of its own.
    EXPECT_EQ(notes, Notes{"open"});
    EXPECT_EQ(client->ready_state(), ReadyState::closing);
    EXPECT_EQ(client->send("late"), SendResult::closed);
    EXPECT_FALSE(client->close());
    peer.half_close();
    peer.expect_eof();
    expect_notes({"open", "close 4001 enough clean"});
    EXPECT_EQ(states.back(), "closed");
}

TEST_F(ClientClose, closing_first_it_waits_for_the_answer_and_for_the_servers_fin) {
    const RawServer server(loop);
    RawPeer peer = open(server);
    EXPECT_TRUE(client->close(4002, "done"));
    EXPECT_EQ(client->ready_state(), ReadyState::closing);
    EXPECT_FALSE(client->close(4003));
    EXPECT_EQ(peer.read_frame().describe(), "88 4002 done");
    peer.send(server_frame(0x81, "on its way") + server_frame(0x89, "ping"));
    turn(3);
    EXPECT_EQ(notes, Notes{"open"});
    peer.send(server_frame(0x88, "\x0F\xA2"));
    peer.expect_silence();
    EXPECT_EQ(notes, Notes{"open"});
    EXPECT_EQ(client->ready_state(), ReadyState::closing);
    peer.close();
    expect_notes({"open", "close 4002  clean"});
    EXPECT_EQ(states.back(), "closed");
}

TEST_F(ClientClose, without_the_servers_fin_it_closes_when_the_time_is_up) {
    const RawServer server(loop);
    for (const bool client_first : {false, true}) {
        forget();
        RawPeer peer = open(server, {.close_timeout_ms = 50});
        const std::uint64_t start_ms = steady_ms();
        if (client_first) client->close(close_code::no_status);
        peer.send(server_frame(0x88, ""));
        EXPECT_EQ(peer.read_frame().describe(), "88");
        expect_notes({"open", "close 1005  clean"});
        EXPECT_GE(steady_ms() - start_ms, 50U);
        peer.expect_eof();
    }
}

// Nor does it help to go on talking.
TEST_F(ClientClose, a_server_that_talks_on_behind_its_close_frame_is_left_when_the_time_is_up) {
    const RawServer server(loop);
    RawPeer peer = open(server, {.close_timeout_ms = 100});
    peer.send(server_frame(0x88, "\x03\xE8"));
    const std::uint64_t start_ms = steady_ms();
    while (notes.size() < 2 && steady_ms() < start_ms + test::soon_ms) {
        peer.send(server_frame(0x81, "blah") + server_frame(0x89, "blah"));
        loop.poll(1);
    }
    EXPECT_EQ(notes, (Notes{"open", "close 1000  clean"}));
    EXPECT_EQ(peer.read_frame().describe(), "88 1000");  // And no pong.
    EXPECT_LT(steady_ms() - start_ms, 2'000U);
    peer.expect_end();
}

TEST_F(ClientClose, terminated_while_it_waits_for_the_servers_fin_it_was_closed_cleanly) {
    const RawServer server(loop);
    RawPeer peer = open(server);
    peer.send(server_frame(0x88, "\x03\xE8"));
    EXPECT_EQ(peer.read_frame().describe(), "88 1000");
    client->terminate();
    expect_notes({"open", "close 1000  clean"});
    peer.expect_end();
}

TEST_F(ClientClose, a_server_that_never_answers_is_left_when_the_time_is_up) {
    const RawServer server(loop);
    RawPeer peer = open(server, {.close_timeout_ms = 50});
    const std::uint64_t start_ms = steady_ms();
    client->close();
    EXPECT_EQ(peer.read_frame().describe(), "88 1000");
    peer.send(server_frame(0x81, "ignored"));
    expect_notes({"open", "close 1006  unclean"});
    EXPECT_GE(steady_ms() - start_ms, 50U);
    peer.expect_end();
}

TEST_F(ClientClose, the_limit_counts_from_close_however_long_ago_the_last_turn_was) {
    const RawServer server(loop);
    RawPeer peer = open(server, {.close_timeout_ms = 50});
    const std::uint64_t turn_ms = loop.now_ms();
    while (steady_ms() < turn_ms + 80) {
    }
    client->close();
    const std::uint64_t start_ms = steady_ms();
    await_notes(2);
    EXPECT_GE(steady_ms() - start_ms, 49U);
    EXPECT_EQ(notes.back(), "close 1006  unclean");
}

TEST_F(ClientClose, close_frames_that_cross_are_a_clean_close) {
    const RawServer server(loop);
    RawPeer peer = open(server);
    peer.send(server_frame(0x88, "\x0F\xA3"));
    client->close(4004);
    EXPECT_EQ(peer.read_frame().describe(), "88 4004");
    peer.expect_silence(5);  // Only one close frame.
    peer.close();
    expect_notes({"open", "close 4003  clean"});
}

TEST_F(ClientClose, the_peers_code_and_reason_are_told_as_they_came) {
    const RawServer server(loop);
    const struct {
        std::string payload;
        const char* note;
        const char* answer;
    } rows[] = {
        {"", "close 1005  clean", "88"},
        {"\x03\xE8", "close 1000  clean", "88 1000"},
        {"\x03\xE9"
         "away",
         "close 1001 away clean", "88 1001"},
        {"\x03\xF3", "close 1011  clean", "88 1011"},
        {"\x13\x87"
         "\xC3\xA9",
         "close 4999 \xC3\xA9 clean", "88 4999"},
        {"\x03\xE8" + std::string(123, 'x'), nullptr, "88 1000"},
    };
    for (const auto& row : rows) {
        forget();
        RawPeer peer = open(server);
        peer.send(server_frame(0x88, row.payload));
        EXPECT_EQ(peer.read_frame().describe(), row.answer);
        peer.close();
        const std::string whole = "close 1000 " + std::string(123, 'x') + " clean";
        expect_notes({"open", row.note == nullptr ? whole : row.note});
    }
}

TEST_F(ClientClose, frames_behind_the_close_frame_are_ignored) {
    const RawServer server(loop);
    RawPeer peer = open(server);
    peer.send(server_frame(0x88, "\x03\xE8") + server_frame(0x81, "late") +
              server_frame(0x88, "\x03\xE9") + bytes_of("\xFF\xFF\xFF"));
    peer.send(server_frame(0x81, "later"));
    EXPECT_EQ(peer.read_frame().describe(), "88 1000");
    peer.expect_silence(5);
    peer.close();
    expect_notes({"open", "close 1000  clean"});
}

TEST_F(ClientClose, a_connection_that_ends_without_a_close_frame_is_lost) {
    const RawServer server(loop);
    for (const bool is_reset : {false, true}) {
        forget();
        RawPeer peer = open(server);
        peer.send(server_frame(0x81, "last") + bytes_of("\x81\x7E"));
        await_notes(2);
        is_reset ? peer.reset() : peer.close();
        expect_notes({"open", "text last", "error open", "close 1006  unclean"});
        EXPECT_EQ(states.back(), "closed");
        EXPECT_NE(error.error.message.find("the connection was lost"), std::string::npos);
    }
}

TEST_F(ClientClose, lost_while_it_closes_is_no_error) {
    const RawServer server(loop);
    for (const bool is_reset : {false, true}) {
        forget();
        RawPeer peer = open(server);
        client->close();
        EXPECT_EQ(peer.read_frame().describe(), "88 1000");
        is_reset ? peer.reset() : peer.close();
        expect_notes({"open", "close 1006  unclean"});
    }
}

TEST_F(ClientClose, terminate_ends_it_without_a_goodbye_and_without_an_error) {
    const RawServer server(loop);
    RawPeer peer = open(server);
    client->terminate();
    EXPECT_EQ(client->ready_state(), ReadyState::closing);
    EXPECT_EQ(client->send("late"), SendResult::closed);
    EXPECT_FALSE(client->close());
    client->terminate();
    expect_notes({"open", "close 1006  unclean"});
    peer.expect_end();
    client->terminate();
    EXPECT_FALSE(client->close());
    turn(3);
    EXPECT_EQ(notes.size(), 2U);
}

TEST_F(ClientClose, a_code_or_reason_that_cannot_be_sent_does_nothing_in_any_state) {
    const RawServer server(loop);
    const auto expect_refused = [&] {
        for (const unsigned code : {0U, 999U, 1004U, 1006U, 1015U, 2999U, 5000U}) {
            EXPECT_FALSE(client->close(static_cast<std::uint16_t>(code)));
        }
        EXPECT_FALSE(client->close(1000, std::string(124, 'x')));
        EXPECT_FALSE(client->close(1000, "\xC3"));
    };
    connect(server.url());
    expect_refused();
    RawPeer peer = server.accept_opened();
    await_notes(1);
    expect_refused();
    EXPECT_EQ(client->ready_state(), ReadyState::open);
}

TEST_F(ClientClose, close_before_it_is_open_ends_as_a_failure_does) {
    const RawServer server(loop);
    const test::SlowLookup slow;
    for (const bool by_terminate : {false, true}) {
        for (int phase = 0; phase < 4; ++phase) {
            SCOPED_TRACE(phase);
            forget();
            connect(phase == 0   ? "ws://example.test/"
                    : phase == 1 ? "bad"
                                 : server.url(),
                    {.lookup = slow.lookup()});
            std::optional<RawPeer> peer;
            if (phase == 3) {
                peer = server.accept();
                peer->read_head();
            }
            if (by_terminate) {
                client->terminate();
            } else {
                EXPECT_TRUE(client->close());
            }
            EXPECT_EQ(client->ready_state(), ReadyState::closing);
            EXPECT_FALSE(client->close());
            EXPECT_TRUE(notes.empty());
            await_notes(2);
            turn(3);
            EXPECT_EQ(notes[0].substr(0, 5), "error");
            EXPECT_EQ(notes[1], "close 1006  unclean");
            EXPECT_EQ(notes.size(), 2U);
            EXPECT_NE(error.error.message.find("closed before it was open"), std::string::npos);
            EXPECT_EQ(client->ready_state(), ReadyState::closed);
            if (peer) peer->expect_end();
            client.reset();
            while (server.has_waiting()) (void)server.accept();
        }
    }
    slow.let_go();
    slow.wait_until_destroyed();
}

TEST_F(ClientClose, what_never_left_is_told_after_a_loss) {
    const RawServer server(loop);
    for (const bool is_reset : {false, true}) {
        forget();
        RawPeer peer = open(server, {.backlog_size_max = std::size_t{64} << 20});
        const std::string piece(1 << 20, 'x');
        for (int i = 0; i < 20; ++i) client->send(piece);
        const std::size_t waiting = client->buffered_amount();
        EXPECT_GT(waiting, 1U << 20U);
        is_reset ? peer.reset() : client->terminate();
        await_notes(is_reset ? 3 : 2);
        EXPECT_EQ(unsent_size, waiting);
        EXPECT_EQ(client->buffered_amount(), waiting);
    }
}

TEST_F(ClientClose, what_the_server_did_not_wait_for_is_told_after_its_close) {
    const RawServer server(loop);
    RawPeer peer = open(server, {.backlog_size_max = std::size_t{64} << 20});
    const std::string piece(1 << 20, 'x');
    for (int i = 0; i < 20; ++i) client->send(piece);
    peer.send(server_frame(0x88, "\x03\xE8"));
    peer.half_close();
    await_notes(2);
    EXPECT_EQ(notes.back(), "close 1000  clean");
    EXPECT_GT(unsent_size, 1U << 20U);
    EXPECT_EQ(client->buffered_amount(), unsent_size);
}

TEST_F(ClientClose, its_own_close_frame_is_not_among_what_was_left_unsent) {
    const RawServer server(loop);
    for (const std::string& text : {std::string("bye"), std::string()}) {
        forget();
        ClientHandlers handlers = noting();
        handlers.message = [text](Client& c, Message) {
            if (!text.empty()) c.send(text);
            EXPECT_TRUE(c.close(4000, "reason"));
        };
        RawPeer peer = open(server, {}, std::move(handlers));
        // The close frame is there before ours has left.
        peer.send(server_frame(0x81, "last") + server_frame(0x88, "\x03\xE8"));
        peer.half_close();
        await_notes(2);
        EXPECT_EQ(unsent_size, text.empty() ? 0U : 6U + text.size());
    }
}

// A close frame that nobody answered is no message of the application's, whether it left or not.
TEST_F(ClientClose, without_an_answer_nothing_was_left_unsent_but_what_was_said) {
    const RawServer server(loop);
    for (const std::string& text : {std::string(), std::string("hello")}) {
        for (const bool leaves : {true, false}) {
            SCOPED_TRACE(text + (leaves ? " leaves" : " stays"));
            forget();
            RawPeer peer = open(server);
            if (!text.empty()) client->send(text);
            client->close();
            if (leaves) {
                if (!text.empty()) {
                    EXPECT_EQ(peer.read_frame().text(), text);
                }
                EXPECT_EQ(peer.read_frame().text(), "\x03\xE8");
                peer.reset();
            } else {
                client->terminate();
            }
            await_notes(2);
            EXPECT_EQ(notes.back(), "close 1006  unclean");
            EXPECT_EQ(unsent_size, leaves || text.empty() ? 0U : 6U + text.size());
        }
    }
}

TEST_F(ClientClose, after_a_clean_end_nothing_was_left_unsent) {
    const RawServer server(loop);
    RawPeer peer = open(server);
    client->send("hello");
    client->close();
    EXPECT_EQ(peer.read_frame().text(), "hello");
    peer.send(server_frame(0x88, "\x03\xE8"));
    peer.close();
    await_notes(2);
    EXPECT_EQ(unsent_size, 0U);
    EXPECT_EQ(client->buffered_amount(), 0U);
}

}  // namespace
}  // namespace edgews
