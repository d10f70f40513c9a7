// What a STOMP client waits for, and for how long: to the millisecond, by a clock that is told.
#include "stomp_world_fixture.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace edgews::sim::test {
namespace {

using edgews::test::both;
using edgews::test::Place;
using edgews::test::steady_ms;

class StompClientTimes : public StompClientInWorld {
  protected:
    // A failure to connect, told once, at that millisecond.
    void expect_failure(ClientStage stage, const std::string& message, std::uint64_t after_ms) {
        const std::string expected = "error " + edgews::test::name_of(stage);
        expect_notes({expected});
        ASSERT_EQ(notes, Notes{expected});
        EXPECT_EQ(noted_ms, std::vector<std::uint64_t>{after_ms});
        EXPECT_NE(error.error.message.find(message), std::string::npos) << error.error.message;
        EXPECT_TRUE(client->is_closed());
        EXPECT_EQ(loop.next_timeout_ms(), -1);
    }
};

INSTANTIATE_TEST_SUITE_P(, StompClientTimes, testing::ValuesIn(both), name_of_over);

// ---- To connect ------------------------------------------------------------

TEST_P(StompClientTimes, nobody_there_is_told_at_once) {
    const Place place("127.0.0.1");
    const std::string scheme = is_tcp() ? "stomp://" : "ws://";
    start(once(scheme + "joe:secret@" + place.name()));
    expect_failure(ClientStage::connect, scheme + place.name() + ": ", 0);
    EXPECT_EQ(error.error.code, std::errc::connection_refused);
    EXPECT_EQ(error.error.message.find("secret"), std::string::npos);
}

TEST_P(StompClientTimes, a_step_that_takes_too_long_ends_with_its_limit) {
    world.kernel().network().silence("192.0.2.1");
    const std::string scheme = is_tcp() ? "stomp://" : "ws://";
    for (const std::uint32_t limit_ms : {1U, 70U}) {
        SCOPED_TRACE(limit_ms);
        stomp::ClientOptions options = once(scheme + "a.test");
        options.connection.lookup = [](const std::string&, std::uint16_t) {
            std::this_thread::sleep_for(std::chrono::seconds(5));
            return Resolved{};
        };
        options.connection.resolve_timeout_ms = limit_ms;
        start(options);
        expect_failure(ClientStage::resolve, "no answer within", limit_ms);
        turn(5'001);
        forget();
        options = once(scheme + "192.0.2.1");
        options.connection.connect_timeout_ms = limit_ms;
        start(options);
        expect_failure(ClientStage::connect, "no answer within", limit_ms);
        forget();
    }
}

TEST_P(StompClientTimes, a_broker_that_says_nothing_is_waited_for_as_long_as_the_limits_say) {
    const struct {
        std::uint32_t handshake_ms;
        std::uint32_t open_ms;
        std::uint64_t took_ms;
    } rows[] = {{1, 0, 1}, {70, 0, 70}, {0, 70, 70}, {70, 1'000, 70}, {1'000, 70, 70}};
    for (const auto& row : rows) {
        SCOPED_TRACE(std::to_string(row.handshake_ms) + ' ' + std::to_string(row.open_ms));
        stomp::ClientOptions options = once(broker.url());
        options.connection.handshake_timeout_ms = row.handshake_ms;
        options.connection.open_timeout_ms = row.open_ms;
        forget();
        start(options);
        PlayedSession session = broker.accept();
        EXPECT_EQ(session.hear().substr(0, 8), "CONNECT\n");
        expect_failure(ClientStage::handshake, "in time", row.took_ms);
        EXPECT_EQ(error.error.code, std::errc::timed_out);
        session.raw.expect_end();
        client.reset();
    }
}

// All steps together: it is not only the last that counts.
TEST_P(StompClientTimes, a_slow_beginning_leaves_less_time_for_the_rest) {
    stomp::ClientOptions options = once((is_tcp() ? "stomp://a.test:" : "ws://a.test:") +
                                        std::to_string(broker.server.port()) + "/ws");
    options.connection.lookup = [](const std::string&, std::uint16_t port) {
        std::this_thread::sleep_for(std::chrono::milliseconds(60));
        return Resolved{.value = {edgews::test::socket_address("127.0.0.1", port)}};
    };
    options.connection.handshake_timeout_ms = 80;
    options.connection.open_timeout_ms = 100;
    start(options);
    PlayedSession session = broker.accept();
    session.say_bytes("CONNECTED\nversion:1.2\n");
    expect_failure(ClientStage::handshake, "in time", 100);
}

TEST_P(StompClientTimes, when_it_is_connected_no_limit_ends_it) {
    stomp::ClientOptions options = once(broker.url());
    options.connection.handshake_timeout_ms = 10;
    options.connection.open_timeout_ms = 20;
    options.connection.ping_ms = 0;
    start(options);
    PlayedSession session = broker.connect();
    turn(100);
    expect_notes({"connected 1.2"});
    EXPECT_EQ(loop.next_timeout_ms(), -1);
}

// What has arrived is read before anybody is judged, and a standstill is nobody's silence.
TEST_P(StompClientTimes, a_standstill_is_not_the_brokers_silence) {
    stomp::ClientOptions options = once(broker.url());
    options.connection.handshake_timeout_ms = 1'000;
    options.connection.open_timeout_ms = 0;
    start(options);
    PlayedSession session = broker.accept();
    (void)session.hear();
    for (int i = 0; i < 5; ++i) {
        world.run_for(10'000);
        loop.poll(0);
        turn(50);
    }
    expect_notes({});
    session.say("CONNECTED\nversion:1.2\n\n");
    expect_notes({"connected 1.2"});
}

TEST_P(StompClientTimes, a_refusal_is_told_with_its_text) {
    start(once(broker.url()));
    PlayedSession session = broker.accept();
    (void)session.hear();
    session.say("ERROR\nmessage:no such user\n\nTry another: " + std::string(5'000, 'x'));
    expect_failure(ClientStage::handshake, broker.url() + ": no such user", 0);
    EXPECT_EQ(error.error.code, std::errc::connection_refused);
    EXPECT_EQ(error.body, ("Try another: " + std::string(5'000, 'x')).substr(0, 4'096));
}

TEST_P(StompClientTimes, a_refusal_in_front_of_a_reset_is_heard) {
    start(once(broker.url()));
    PlayedSession session = broker.accept();
    (void)session.hear();
    session.say("ERROR\nmessage:go away\n\n");
    session.raw.reset();
    expect_failure(ClientStage::handshake, "go away", 0);
}

TEST_P(StompClientTimes, who_ends_it_instead_of_an_answer_has_refused_it) {
    for (const bool is_reset : {true, false}) {
        SCOPED_TRACE(is_reset);
        forget();
        start(once(broker.url()));
        PlayedSession session = broker.accept();
        (void)session.hear();
        session.say_bytes("CONNECTED\nversion:1.2\n");
        is_reset ? session.raw.reset() : session.raw.close();
        expect_failure(ClientStage::handshake, broker.url() + ": ", 0);
        client.reset();
    }
}

TEST_P(StompClientTimes, who_breaks_a_rule_is_told_which_and_how) {
    const struct {
        std::string frame;
        ClientStage stage;
        std::string message;
    } rows[] = {
        {"RECEIPT\nreceipt-id:1\n\n", ClientStage::handshake, "The first frame is not CONNECTED."},
        {"CONNECTED\nversion:2.0\n\n", ClientStage::handshake, "none that was offered"},
        {"nonsense\n\n", ClientStage::handshake, "A frame is malformed. "},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.frame);
        forget();
        start(once(broker.url()));
        PlayedSession session = broker.accept();
        (void)session.hear();
        session.say(row.frame);
        expect_failure(row.stage, row.message, 0);
        EXPECT_EQ(error.error.code, std::errc::protocol_error);
        session.raw.expect_end();
        client.reset();
    }
    forget();
    PlayedSession session = open(broker);
    session.say("CONNECTED\nversion:1.2\n\n");
    expect_notes({"error open", "disconnected"});
    EXPECT_NE(error.error.message.find("a second CONNECTED"), std::string::npos);
}

TEST_P(StompClientTimes, CONNECT_says_what_the_url_and_the_options_say) {
    const std::string port = std::to_string(broker.server.port());
    const std::string url = (is_tcp() ? "stomp://joe:sec%72et@localhost:" : "ws://localhost:") +
                            port + (is_tcp() ? "/v%20h" : "/ws");
    const std::string begin = "CONNECT\naccept-version:1.0,1.1,1.2\nheart-beat:10000,10000\n";
    start(once(url));
    EXPECT_EQ(broker.accept().hear(), begin + (is_tcp() ? "host:v h\nlogin:joe\npasscode:secret\n\n"
                                                        : "host:localhost\n\n"));
    client.reset();
    stomp::ClientOptions options = once(url);
    options.login = "ann";
    options.passcode = "hush";
    options.host = "/";
    options.headers = {{"client-id", "me"}};
    forget();
    start(options);
    EXPECT_EQ(broker.accept().hear(), begin + "host:/\nlogin:ann\npasscode:hush\nclient-id:me\n\n");
    client.reset();
    forget();
    start(once((is_tcp() ? "stomp://127.0.0.1:" : "ws://127.0.0.1:") + port + "/"));
    EXPECT_EQ(broker.accept().hear(), begin + "host:127.0.0.1\n\n");
}

// ---- Heart-beats -----------------------------------------------------------

class StompClientBeats : public StompClientInWorld {
  protected:
    [[nodiscard]] PlayedSession open_beating(stomp::HeartBeat ours, const std::string& theirs) {
        stomp::ClientOptions options = once(broker.url());
        options.heart_beat = ours;
        options.connection.ping_ms = 0;
        return open(broker, options, noting(), "version:1.2\nheart-beat:" + theirs + "\n");
    }
};

INSTANTIATE_TEST_SUITE_P(, StompClientBeats, testing::ValuesIn(both), name_of_over);

TEST_P(StompClientBeats, are_sent_more_often_than_was_agreed_but_not_much) {
    for (const auto& [ours, theirs] : {std::pair{1'000U, "0,500"}, std::pair{500U, "0,1000"}}) {
        SCOPED_TRACE(theirs);
        PlayedSession session = open_beating({.can_send_ms = ours}, theirs);
        std::uint64_t last_ms = steady_ms();
        for (int i = 0; i < 20; ++i) {
            session.hear_beat();
            const std::uint64_t beat_ms = steady_ms();
            EXPECT_LE(beat_ms - last_ms, 810U);
            if (i > 0) {
                EXPECT_GE(beat_ms - last_ms, 790U);
            }
            last_ms = beat_ms;
        }
        client.reset();
    }
}

TEST_P(StompClientBeats, are_not_sent_where_there_is_something_to_say) {
    PlayedSession session = open_beating({.can_send_ms = 1'000}, "0,1000");
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(client->send("/a", std::to_string(i)), SendResult::sent);
        EXPECT_EQ(session.hear().substr(0, 5), "SEND\n");
        session.raw.expect_silence(300);
    }
    // Behind the last of them too, it is not silent for too long.
    begin_ms = steady_ms();
    session.hear_beat();
    EXPECT_LE(now_ms(), 1'000U);
}

TEST_P(StompClientBeats, are_not_sent_nor_waited_for_where_none_were_agreed) {
    for (const char* theirs : {"0,0", "500,0", "0,500"}) {
        SCOPED_TRACE(theirs);
        PlayedSession session = open_beating({}, theirs);
        session.raw.expect_silence(5'000);
        EXPECT_EQ(loop.next_timeout_ms(), -1);
        client.reset();
    }
}

TEST_P(StompClientBeats, who_does_not_send_any_is_lost) {
    PlayedSession session = open_beating({.wants_ms = 1'000}, "500,0");
    expect_notes({"error open", "disconnected"});
    EXPECT_EQ(error.error.code, std::errc::timed_out);
    EXPECT_NE(error.error.message.find("the broker is silent"), std::string::npos);
    EXPECT_GE(noted_ms[0], 1'750U);
    EXPECT_LE(noted_ms[0], 1'850U);
    session.raw.expect_end();
}

// ActiveMQ's heart-beats take up to twice as long as was agreed.
TEST_P(StompClientBeats, activemq_has_more_time_for_them) {
    PlayedSession session = open_beating({.wants_ms = 1'000}, "1000,0\nserver:ActiveMQ/5.17.2");
    turn(2'100);
    session.say_bytes("\n");
    expect_notes({});
    forget();
    expect_notes({"error open", "disconnected"});
    EXPECT_GE(noted_ms[0], 2'490U);
    EXPECT_LE(noted_ms[0], 2'600U);
}

TEST_P(StompClientBeats, any_byte_is_a_sign_of_life) {
    PlayedSession session = open_beating({.wants_ms = 1'000}, "1000,0");
    const std::string message = "MESSAGE\ndestination:/x\nmessage-id:1\nsubscription:1\n\n";
    for (const char c : message.substr(0, 20)) {
        turn(1'700);
        session.say_bytes(std::string(1, c));
    }
    turn(1'700);
    session.say_bytes("\n");
    expect_notes({});
    forget();
    expect_notes({"error open", "disconnected"});
    EXPECT_GE(noted_ms[0], 1'740U);
    EXPECT_LE(noted_ms[0], 1'850U);
}

TEST_P(StompClientBeats, a_standstill_is_not_the_brokers_silence) {
    PlayedSession session = open_beating({.wants_ms = 1'000}, "1000,0");
    for (int i = 0; i < 5; ++i) {
        turn(1'000);
        world.run_for(60'000);
        loop.poll(0);
        loop.poll(0);
        expect_notes({});
        session.say_bytes("\n");
        turn(5);
    }
    forget();
    expect_notes({"error open", "disconnected"});
    EXPECT_LE(noted_ms[0], 1'850U);
}

TEST_P(StompClientBeats, who_is_not_read_is_not_judged) {
    PlayedSession session = open_beating({.wants_ms = 1'000}, "1000,0");
    client->pause_reading();
    turn(60'000);
    expect_notes({});
    client->resume_reading();
    forget();
    expect_notes({"error open", "disconnected"});
    EXPECT_GE(noted_ms[0], 1'740U);
    EXPECT_LE(noted_ms[0], 1'850U);
}

TEST_P(StompClientBeats, none_is_left_of_the_last_connection) {
    stomp::ClientOptions options = once(broker.url());
    options.heart_beat = {.can_send_ms = 100, .wants_ms = 100};
    options.connection.ping_ms = 0;
    options.reconnect = {.enabled = true, .delay_ms = 0};
    PlayedSession first = open(broker, options, noting(), "version:1.2\nheart-beat:100,100\n");
    first.raw.reset();
    PlayedSession second = broker.connect("version:1.2\n");
    expect_notes({"error open", "disconnected", "connected 1.2"});
    second.raw.expect_silence(1'000);
    EXPECT_EQ(loop.next_timeout_ms(), -1);
    expect_notes({"error open", "disconnected", "connected 1.2"});
}

}  // namespace
}  // namespace edgews::sim::test
