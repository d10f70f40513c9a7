// A STOMP client and a broker that does not read, and one that does not read the broker.
#include "stomp_world_fixture.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim::test {
namespace {

using edgews::test::both;

class StompClientFlow : public StompClientInWorld {
  protected:
    StompClientFlow() { narrow(); }

    [[nodiscard]] stomp::ClientOptions limited(std::size_t backlog_size_max) const {
        stomp::ClientOptions options = once(broker.url());
        options.backlog_size_max = backlog_size_max;
        options.connection.ping_ms = 0;
        return options;
    }
    // Until nothing more can be sent; how many were.
    std::size_t fill(std::size_t body_size = 1'000) {
        std::size_t count = 0;
        while (client->send("/q", std::string(body_size, 'x')) == SendResult::sent) {
            ++count;
            if (count % 8 == 0) turn(1);
        }
        return count;
    }
    static std::string message(std::string_view subscription, std::string_view body) {
        return "MESSAGE\ndestination:/x\nmessage-id:m\nsubscription:" + std::string(subscription) +
               "\n\n" + std::string(body) + '\0';
    }
};

INSTANTIATE_TEST_SUITE_P(, StompClientFlow, testing::ValuesIn(both), name_of_over);

// ---- What waits for the broker ---------------------------------------------

TEST_P(StompClientFlow, beyond_the_limit_nothing_is_sent_until_all_has_left) {
    PlayedSession session = open(broker, limited(50'000), noting());
    const std::size_t sent = fill();
    EXPECT_LE(client->buffered_amount(), 51'000U);
    EXPECT_GE(client->buffered_amount(), 48'000U);
    EXPECT_EQ(client->send("/q", std::string(1'000, 'x'), {.receipt = receipt("dropped")}),
              SendResult::dropped);
    EXPECT_EQ(held_by_client.use_count(), 2) << "the completion is left";  // And `connected`.
    turn(1'000);
    expect_notes({});
    for (std::size_t i = 0; i + 30 < sent; ++i) (void)session.hear();
    expect_notes({});
    for (std::size_t i = 0; i < 30; ++i) (void)session.hear();
    expect_notes({"drain"});
    EXPECT_EQ(client->buffered_amount(), 0U);
    // Once for each time that something was dropped.
    EXPECT_EQ(client->send("/q", "x"), SendResult::sent);
    (void)session.hear();
    expect_notes({"drain"});
    const std::size_t again = fill();
    for (std::size_t i = 0; i < again; ++i) (void)session.hear();
    expect_notes({"drain", "drain"});
}

TEST_P(StompClientFlow, one_frame_may_wait_however_large_it_is) {
    PlayedSession session = open(broker, limited(0), noting());
    const std::string body(100'000, 'x');
    EXPECT_EQ(client->send("/q", body), SendResult::sent);
    EXPECT_EQ(client->send("/q", "y"), SendResult::dropped);
    EXPECT_TRUE(session.hear().ends_with(body));
    expect_notes({"drain"});
    EXPECT_EQ(client->send("/q", "y"), SendResult::sent);
}

// Its headers count, too.
TEST_P(StompClientFlow, the_limit_is_of_whole_frames) {
    PlayedSession session = open(broker, limited(20'000), noting());
    EXPECT_EQ(client->send("/q", std::string(10'000, 'x')), SendResult::sent);
    turn(3);
    const std::string value(20'000, 'y');
    const std::array<stomp::Header, 1> headers{{{"k", value}}};
    EXPECT_EQ(client->send("/q", "", {.headers = headers}), SendResult::dropped);
    EXPECT_LE(client->buffered_amount(), 20'000U);
}

// What was written in this turn has not been refused by anybody yet.
TEST_P(StompClientFlow, much_at_once_is_not_too_much_for_who_reads) {
    Faults& faults = world.faults();
    faults.send_buffer_least = faults.send_buffer_most = 1 << 20;
    faults.receive_buffer_least = faults.receive_buffer_most = 1 << 20;
    PlayedSession session = open(broker, limited(10'000), noting());
    for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(client->send("/q", std::string(1'000, 'x')), SendResult::sent);
    }
    for (int i = 0; i < 100; ++i) (void)session.hear();
    expect_notes({});
}

TEST_P(StompClientFlow, what_acknowledges_waits_within_the_limit_too) {
    PlayedSession session = open(broker, limited(20'000), noting());
    stomp::Unacknowledged unacknowledged;
    unacknowledged.connection = 1;
    unacknowledged.ack = "m";
    (void)fill(100);
    while (client->ack(unacknowledged) == SendResult::sent) {
    }
    EXPECT_EQ(client->ack(unacknowledged), SendResult::dropped);
    EXPECT_EQ(client->nack(unacknowledged, {.receipt = receipt("nack")}), SendResult::dropped);
    EXPECT_EQ(held_by_client.use_count(), 2) << "the completion is left";
    EXPECT_LE(client->buffered_amount(), 21'000U);
    while (client->buffered_amount() > 0) (void)session.hear();
    expect_notes({"drain"});
    EXPECT_EQ(client->ack(unacknowledged), SendResult::sent);
}

TEST_P(StompClientFlow, what_did_not_leave_is_counted_at_the_end) {
    for (const bool is_reset : {true, false}) {
        PlayedSession session = open(broker, limited(1'000'000), noting());
        EXPECT_EQ(client->send("/q", std::string(100'000, 'x')), SendResult::sent);
        turn(5);
        const std::size_t buffered = client->buffered_amount();
        EXPECT_GT(buffered, 80'000U);
        EXPECT_LT(buffered, 100'000U);
        is_reset ? session.raw.reset() : session.raw.close();
        expect_notes({"error open", "disconnected"});
        EXPECT_EQ(unsent_size, buffered);
        EXPECT_EQ(client->buffered_amount(), buffered);
        client.reset();
        forget();
    }
}

// ---- A client that does not read -------------------------------------------

TEST_P(StompClientFlow, paused_it_hears_nothing_and_then_all_in_order) {
    PlayedSession session = open(broker);
    (void)client->subscribe("/a", listener("a"));
    session.deliver("1", "1");
    expect_notes({"a: 1"});
    client->pause_reading();
    client->pause_reading();
    session.say_bytes(message("1", "2") + message("1", "3").substr(0, 20));
    session.say_bytes(message("1", "3").substr(20));
    turn(1'000);
    expect_notes({"a: 1"});
    // What it says goes on.
    EXPECT_EQ(client->send("/q", "x", {.receipt = receipt("x")}), SendResult::sent);
    (void)session.hear();
    session.confirm();
    expect_notes({"a: 1"});
    client->resume_reading();
    client->resume_reading();
    EXPECT_EQ(notes.size(), 1U) << "from within the call";
    expect_notes({"a: 1", "a: 2", "a: 3", "x confirmed"});
    session.deliver("1", "4");
    expect_notes({"a: 1", "a: 2", "a: 3", "x confirmed", "a: 4"});
}

// With more of them in the same bytes, and the rest of a frame.
TEST_P(StompClientFlow, paused_in_a_handler_it_hears_what_is_in_hand_later) {
    PlayedSession session = open(broker);
    const auto pause = [&](stomp::Client& c, const stomp::Message& m) {
        note(std::string(m.text()));
        c.pause_reading();
    };
    (void)client->subscribe("/a", pause);
    const std::string all = message("1", "1") + message("1", "2") + message("1", "3") + "\n\n" +
                            message("1", std::string(2'000, '4'));
    session.say_bytes(all.substr(0, all.size() - 500));
    for (const char* last : {"1", "2", "3"}) {
        (void)until([&] { return !notes.empty() && notes.back() == last; });
        turn(20);
        EXPECT_EQ(notes.back(), last);
        client->resume_reading();
    }
    turn(5);
    session.say_bytes(all.substr(all.size() - 500));
    expect_notes({"1", "2", "3", std::string(2'000, '4')});
}

TEST_P(StompClientFlow, paused_and_resumed_in_one_handler_it_just_goes_on) {
    PlayedSession session = open(broker);
    const auto blink = [&](stomp::Client& c, const stomp::Message& m) {
        note(std::string(m.text()));
        c.pause_reading();
        c.resume_reading();
        if (m.text() == "2") c.pause_reading();
    };
    (void)client->subscribe("/a", blink);
    session.say_bytes(message("1", "1") + message("1", "2") + message("1", "3"));
    expect_notes({"1", "2"});
    session.say_bytes(message("1", "4"));
    turn(10);
    client->resume_reading();
    expect_notes({"1", "2", "3", "4"});
}

// What came before it is heard before it, all of it.
TEST_P(StompClientFlow, an_end_is_heard_when_reading_goes_on) {
    for (const bool is_reset : {true, false}) {
        SCOPED_TRACE(is_reset);
        PlayedSession session = open(broker);
        const auto pause = [&](stomp::Client& c, const stomp::Message& m) {
            note(std::string(m.text()));
            c.pause_reading();
        };
        (void)client->subscribe("/a", pause);
        session.say_bytes(message("1", "1") + message("1", "2"));
        expect_notes({"1"});
        session.say_bytes(message("1", "3") + "ERROR\nmessage:why\n\n" + '\0');
        (void)session.hear();  // The reset takes with it what was not read.
        is_reset ? session.raw.reset() : session.raw.close();
        turn(1'000);
        expect_notes({"1"});
        EXPECT_TRUE(client->is_connected());
        for (const std::size_t count : {2U, 3U}) {
            client->resume_reading();
            await_notes(count);
            turn(20);
            EXPECT_EQ(notes.size(), count);
        }
        client->resume_reading();
        expect_notes({"1", "2", "3", "error open", "disconnected"});
        EXPECT_NE(error.error.message.find("why"), std::string::npos) << error.error.message;
        client.reset();
        forget();
    }
}

// It is counted with what never left.
TEST_P(StompClientFlow, what_is_sent_behind_an_end_that_was_not_heard_is_unsent) {
    PlayedSession session = open(broker);
    client->pause_reading();
    turn(3);
    session.raw.reset();
    turn(10);
    const std::string body(1'000, 'x');
    EXPECT_EQ(client->send("/q", body, {.receipt = receipt("x")}), SendResult::sent);
    turn(10);
    EXPECT_GE(client->buffered_amount(), body.size());
    expect_notes({});
    client->resume_reading();
    expect_notes({"error open", "x lost", "disconnected"});
    EXPECT_GE(unsent_size, body.size());
}

TEST_P(StompClientFlow, an_end_that_was_not_heard_and_a_client_that_goes) {
    for (const int way : {0, 1, 2}) {
        SCOPED_TRACE(way);
        PlayedSession session = open(broker);
        client->pause_reading();
        turn(3);
        session.raw.reset();
        turn(10);
        if (way == 1) client->terminate();
        if (way == 2) client->resume_reading();
        if (way != 1) {
            client.reset();
            expect_notes({});
        } else {
            expect_notes({"disconnected"});
        }
        client.reset();
        forget();
    }
}

TEST_P(StompClientFlow, paused_before_it_is_connected_it_connects_and_hears_no_more) {
    for (const int step : {0, 1, 2}) {
        SCOPED_TRACE(step);
        start(limited(100'000));
        (void)client->subscribe("/a", listener("a"), telling("a"));
        if (step == 0) client->pause_reading();
        PlayedSession session = broker.accept();
        if (step == 1) client->pause_reading();
        (void)session.hear();
        if (step == 2) client->pause_reading();
        session.say_bytes("CONNECTED\nversion:1.2\n\n" + std::string(1, '\0') +
                          "RECEIPT\nreceipt-id:1\n\n" + '\0' + message("1", "1"));
        (void)session.hear();
        session.deliver("1", "2");
        turn(100);
        expect_notes({"connected 1.2"});
        client->resume_reading();
        expect_notes({"connected 1.2", "a is confirmed", "a: 1", "a: 2"});
        client.reset();
        forget();
    }
}

TEST_P(StompClientFlow, paused_it_is_paused_on_the_next_connection_too) {
    stomp::ClientOptions options = limited(100'000);
    options.reconnect = {.enabled = true, .delay_ms = 0};
    stomp::ClientHandlers handlers = noting();
    PlayedSession first = open(broker, options, handlers);
    const auto pause = [&](stomp::Client& c, const stomp::Message& m) {
        note(std::string(m.text()));
        c.pause_reading();
        throw 1;
    };
    (void)client->subscribe("/a", pause);
    first.say_bytes(message("1", "1") + message("1", "lost"));
    PlayedSession second = broker.connect();
    second.say_bytes(message("1", "2"));
    expect_notes({"1", "error open", "disconnected", "connected 1.2"});
    turn(100);
    client->resume_reading();
    await_notes(5);
    EXPECT_EQ(notes[4], "2");
}

TEST_P(StompClientFlow, to_disconnect_resumes_reading) {
    PlayedSession session = open(broker);
    (void)client->subscribe("/a", listener("a"));
    client->pause_reading();
    session.say_bytes(message("1", "1"));
    client->disconnect();
    (void)session.hear();
    session.confirm();
    expect_notes({"a: 1", "disconnected orderly"});
}

TEST_P(StompClientFlow, what_is_in_hand_goes_with_a_client_that_ends) {
    for (const bool is_destroyed : {true, false}) {
        PlayedSession session = open(broker);
        const auto pause = [&](stomp::Client& c, const stomp::Message& m) {
            note(std::string(m.text()));
            c.pause_reading();
            c.resume_reading();
            c.pause_reading();
        };
        (void)client->subscribe("/a", pause);
        session.say_bytes(message("1", "1") + message("1", "2"));
        expect_notes({"1"});
        client->resume_reading();
        is_destroyed ? client.reset() : client->terminate();
        turn(100);
        expect_notes(is_destroyed ? Notes{"1"} : Notes{"1", "disconnected"});
        client.reset();
        forget();
    }
}

}  // namespace
}  // namespace edgews::sim::test
