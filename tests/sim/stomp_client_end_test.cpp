// How a STOMP client ends by its application's will: disconnected, terminated, or destroyed.
#include "stomp_world_fixture.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace edgews::sim::test {
namespace {

using edgews::test::both;

class StompClientEnd : public StompClientInWorld {
  protected:
    [[nodiscard]] SendResult send(const std::string& name) {
        return client->send("/q/" + name, name, {.receipt = receipt(name)});
    }
    // DISCONNECT, and the end of the connection; over a WebSocket the closing handshake.
    void expect_goodbye(PlayedSession& session) {
        EXPECT_EQ(session.hear(), "DISCONNECT\n\n");
        expect_closed(session);
    }
    void expect_closed(PlayedSession& session) {
        if (is_tcp()) return session.raw.expect_eof();
        EXPECT_EQ(session.raw.read_frame().describe().substr(0, 4), "88 1");
        session.raw.send(edgews::test::server_frame(0x88, "\x03\xE8"));
        session.raw.half_close();
        session.raw.expect_end();
    }
};

INSTANTIATE_TEST_SUITE_P(, StompClientEnd, testing::ValuesIn(both), name_of_over);

// ---- To disconnect ---------------------------------------------------------

TEST_P(StompClientEnd, DISCONNECT_follows_all_that_was_sent_and_its_answer_is_the_end) {
    PlayedSession session = open(broker);
    EXPECT_EQ(send("a"), SendResult::sent);
    client->disconnect();
    EXPECT_FALSE(client->is_connected());
    EXPECT_FALSE(client->is_closed());
    client->disconnect();
    EXPECT_TRUE(session.confirm().ends_with("\n\na"));
    EXPECT_EQ(session.confirm(), "DISCONNECT\nreceipt:2\n\n");
    expect_notes({"a confirmed", "disconnected orderly"});
    EXPECT_EQ(unsent_size, 0U);
    EXPECT_TRUE(client->is_closed());
    expect_closed(session);
    turn(100'000);
    EXPECT_EQ(notes.size(), 2U);
}

// What comes in front of the answer is heard, and nothing behind it.
TEST_P(StompClientEnd, messages_come_until_the_broker_has_answered) {
    PlayedSession session = open(broker);
    (void)client->subscribe("/a", listener("a"));
    client->disconnect();
    (void)session.hear();
    const std::string number = PlayedSession::line(session.hear(), "receipt");
    const std::string message =
        "MESSAGE\ndestination:/a\nmessage-id:1\nsubscription:1\n\n" + std::string(1, '\0');
    session.say_bytes(message + message + "RECEIPT\nreceipt-id:" + number + "\n\n" + '\0' +
                      message + "ERROR\n\n" + '\0');
    expect_notes({"a: ", "a: ", "disconnected orderly"});
}

TEST_P(StompClientEnd, a_broker_that_does_not_answer_is_waited_for_so_long) {
    for (const bool says_others : {false, true}) {
        stomp::ClientOptions options = once(broker.url());
        options.disconnect_timeout_ms = 70;
        PlayedSession session = open(broker, options, noting());
        client->disconnect();
        if (says_others) session.say("RECEIPT\nreceipt-id:99\n\n");
        expect_notes({"error open", "disconnected"});
        EXPECT_EQ(noted_ms, (std::vector<std::uint64_t>{70, 70}));
        EXPECT_NE(error.error.message.find("DISCONNECT"), std::string::npos);
        EXPECT_TRUE(client->is_closed());
        client.reset();
        forget();
    }
}

// A slow link is not punished for what is in front.
TEST_P(StompClientEnd, a_broker_that_reads_is_waited_for) {
    narrow();
    stomp::ClientOptions options = once(broker.url());
    options.disconnect_timeout_ms = 100;
    PlayedSession session = open(broker, options, noting());
    const std::string body(200'000, 'x');
    EXPECT_EQ(client->send("/q", body), SendResult::sent);
    client->disconnect();
    std::size_t read_size = 0;
    while (read_size < body.size()) {  // 20 KB of it in each time that it has.
        turn(10);
        read_size += session.raw.read_exactly(2'000).size();
    }
    EXPECT_GE(now_ms(), 900U);
    expect_notes({});
    // And who reads no more is not.
    forget();
    expect_notes({"error open", "disconnected"});
    EXPECT_LE(noted_ms[0], 200U);
}

TEST_P(StompClientEnd, to_answer_DISCONNECT_by_going_is_an_end_without_an_error) {
    for (const bool is_reset : {false, true}) {
        PlayedSession session = open(broker);
        EXPECT_EQ(send("a"), SendResult::sent);
        client->disconnect();
        (void)session.hear();
        is_reset ? session.raw.reset() : session.raw.close();
        expect_notes({"a lost", "disconnected"});
        EXPECT_TRUE(client->is_closed());
        client.reset();
        forget();
    }
}

TEST_P(StompClientEnd, an_ERROR_in_place_of_the_answer_is_an_error) {
    PlayedSession session = open(broker);
    EXPECT_EQ(send("a"), SendResult::sent);
    client->disconnect();
    (void)session.hear();
    const std::string number = PlayedSession::line(session.hear(), "receipt");
    session.say("ERROR\nmessage:no\nreceipt-id:" + number + "\n\n");
    expect_notes({"error open", "a lost", "disconnected"});
    EXPECT_TRUE(client->is_closed());
}

TEST_P(StompClientEnd, before_it_is_connected_it_ends_at_once_and_nothing_is_told) {
    const std::function<void()> ways[] = {[&] { client->disconnect(); },
                                          [&] { client->terminate(); }};
    for (const auto& end : ways) {
        for (const int step : {0, 1, 2}) {
            SCOPED_TRACE(step);
            stomp::ClientOptions options = once(broker.url());
            options.reconnect.enabled = true;
            start(options);
            if (step == 1) (void)broker.accept();
            if (step == 2) (void)broker.accept().hear();
            end();
            EXPECT_FALSE(client->is_connected());
            end();
            EXPECT_TRUE(until([&] { return client->is_closed(); }));
            turn(1'000);
            expect_notes({});
            while (broker.server.has_waiting()) broker.server.accept().expect_end();
            EXPECT_FALSE(broker.server.has_waiting());
            client.reset();
        }
    }
}

// Its last connection's end was told already.
TEST_P(StompClientEnd, while_it_waits_to_connect_again_it_ends_and_nothing_is_told) {
    const std::function<void()> ways[] = {[&] { client->disconnect(); },
                                          [&] { client->terminate(); }};
    for (const auto& end : ways) {
        stomp::ClientOptions options = once(broker.url());
        options.reconnect = {.enabled = true, .delay_ms = 10'000};
        PlayedSession session = open(broker, options, noting());
        session.raw.close();
        expect_notes({"error open", "disconnected"});
        end();
        EXPECT_TRUE(until([&] { return client->is_closed(); }));
        turn(20'000);
        expect_notes({"error open", "disconnected"});
        EXPECT_FALSE(broker.server.has_waiting());
        client->connect();
        PlayedSession next = broker.connect();
        expect_notes({"error open", "disconnected", "connected 1.2"});
        client.reset();
        forget();
    }
}

TEST_P(StompClientEnd, to_terminate_cuts_it) {
    narrow();
    for (const bool is_leaving : {false, true}) {
        PlayedSession session = open(broker);
        EXPECT_EQ(send("a"), SendResult::sent);
        EXPECT_EQ(client->send("/q", std::string(100'000, 'x')), SendResult::sent);
        turn(3);
        if (is_leaving) client->disconnect();
        const std::size_t buffered = client->buffered_amount();
        EXPECT_GT(buffered, 80'000U);
        client->terminate();
        EXPECT_TRUE(notes.empty());
        EXPECT_FALSE(client->is_connected());
        expect_notes({"a lost", "disconnected"});
        EXPECT_EQ(noted_ms.back() - noted_ms.front(), 0U);
        EXPECT_EQ(unsent_size, buffered);
        EXPECT_EQ(client->buffered_amount(), buffered);
        EXPECT_TRUE(client->is_closed());
        session.raw.expect_end();
        client.reset();
        forget();
    }
}

// ---- To be destroyed -------------------------------------------------------

TEST_P(StompClientEnd, destroyed_it_says_goodbye_behind_all_that_was_sent) {
    narrow();
    PlayedSession session = open(broker);
    EXPECT_EQ(send("a"), SendResult::sent);
    const std::string body(100'000, 'x');
    EXPECT_EQ(client->send("/q", body), SendResult::sent);
    client.reset();
    EXPECT_TRUE(session.hear().ends_with("\n\na"));
    EXPECT_TRUE(session.hear().ends_with(body));
    expect_goodbye(session);
    expect_notes({});
}

TEST_P(StompClientEnd, destroyed_while_it_leaves_it_still_says_all) {
    narrow();
    PlayedSession session = open(broker);
    const std::string body(100'000, 'x');
    EXPECT_EQ(client->send("/q", body), SendResult::sent);
    client->disconnect();
    client.reset();
    EXPECT_TRUE(session.hear().ends_with(body));
    EXPECT_EQ(session.hear(), "DISCONNECT\nreceipt:1\n\n");
    expect_closed(session);
}

TEST_P(StompClientEnd, destroyed_earlier_it_is_just_gone) {
    for (const int step : {0, 1, 2, 3}) {
        SCOPED_TRACE(step);
        start(once(broker.url()));
        (void)client->subscribe("/a", listener("a"), telling("a"));
        if (step == 1) (void)broker.accept();
        if (step == 2) (void)broker.accept().hear();
        if (step == 3) client->terminate();
        client.reset();
        turn(100);
        expect_notes({});
    }
}

}  // namespace
}  // namespace edgews::sim::test
