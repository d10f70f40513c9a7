// What a STOMP client's application is told of what it sent, and what is kept for a connection.
#include "stomp_world_fixture.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace edgews::sim::test {
namespace {

using edgews::test::both;
using stomp::TransactionNumber;

class StompClientReceipts : public StompClientInWorld {
  protected:
    [[nodiscard]] SendResult send(const std::string& name, TransactionNumber transaction = 0) {
        return client->send("/q/" + name, name,
                            {.transaction = transaction, .receipt = receipt(name)});
    }
    // The receipt's number in the next frame, which must be a SEND of that name.
    std::string hear_send(PlayedSession& session, const std::string& name) {
        const std::string frame = session.hear();
        EXPECT_EQ(frame.substr(0, 5), "SEND\n");
        EXPECT_TRUE(frame.ends_with("\n\n" + name)) << frame;
        return PlayedSession::line(frame, "receipt");
    }
    static std::string receipt_of(const std::string& number) {
        return "RECEIPT\nreceipt-id:" + number + "\n\n";
    }
};

INSTANTIATE_TEST_SUITE_P(, StompClientReceipts, testing::ValuesIn(both), name_of_over);

TEST_P(StompClientReceipts, are_told_in_the_order_in_which_they_come) {
    PlayedSession session = open(broker);
    std::vector<std::string> numbers;
    for (const char* name : {"a", "b", "c", "d"}) {
        EXPECT_EQ(send(name), SendResult::sent);
        numbers.push_back(hear_send(session, name));
    }
    EXPECT_EQ(client->send("/q", "unasked"), SendResult::sent);
    EXPECT_EQ(hear_send(session, "unasked"), "-");
    // One twice, one of nobody's, two at once, and one in pieces.
    session.say(receipt_of(numbers[2]));
    session.say(receipt_of(numbers[2]));
    session.say(receipt_of("77"));
    session.say(receipt_of("x"));
    expect_notes({"c confirmed"});
    const std::string last = receipt_of(numbers[3]) + '\0';
    session.say_bytes(receipt_of(numbers[1]) + '\0' + last.substr(0, 12));
    expect_notes({"c confirmed", "b confirmed"});
    session.say_bytes(last.substr(12));
    expect_notes({"c confirmed", "b confirmed", "d confirmed"});
    session.say(receipt_of(numbers[0]));
    expect_notes({"c confirmed", "b confirmed", "d confirmed", "a confirmed"});
}

TEST_P(StompClientReceipts, the_frame_that_an_ERROR_names_was_refused_and_the_others_are_in_doubt) {
    PlayedSession session = open(broker);
    std::vector<std::string> numbers;
    for (const char* name : {"a", "b", "c"}) {
        EXPECT_EQ(send(name), SendResult::sent);
        numbers.push_back(hear_send(session, name));
    }
    session.say("ERROR\nmessage:not there\nreceipt-id:" + numbers[1] + "\n\n");
    expect_notes({"error open", "b refused not there", "a lost", "c lost", "disconnected"});
    EXPECT_EQ(error.error.message, broker.url() + ": not there");
    session.raw.expect_end();
}

TEST_P(StompClientReceipts, an_ERROR_that_names_nothing_refuses_nothing) {
    for (const char* lines : {"", "receipt-id:99\n", "receipt-id:\n", "message:m\n"}) {
        SCOPED_TRACE(lines);
        PlayedSession session = open(broker);
        EXPECT_EQ(send("a"), SendResult::sent);
        session.say("ERROR\n" + std::string(lines) + "\n");
        expect_notes({"error open", "a lost", "disconnected"});
        client.reset();
        forget();
    }
}

TEST_P(StompClientReceipts, what_comes_in_front_of_a_loss_is_heard) {
    for (const bool is_reset : {true, false}) {
        PlayedSession session = open(broker);
        EXPECT_EQ(send("a"), SendResult::sent);
        EXPECT_EQ(send("b"), SendResult::sent);
        session.say(receipt_of(hear_send(session, "a")));
        session.say("ERROR\nmessage:no\nreceipt-id:" + hear_send(session, "b") + "\n\n");
        is_reset ? session.raw.reset() : session.raw.close();
        expect_notes({"a confirmed", "error open", "b refused no", "disconnected"});
        client.reset();
        forget();
    }
}

// What was in front of the half is heard, and the half is nothing.
TEST_P(StompClientReceipts, half_a_frame_in_front_of_a_loss_says_nothing) {
    PlayedSession session = open(broker);
    EXPECT_EQ(send("a"), SendResult::sent);
    session.say_bytes(receipt_of(hear_send(session, "a")));  // Without its NUL.
    session.raw.close();
    expect_notes({"error open", "a lost", "disconnected"});
}

TEST_P(StompClientReceipts, that_do_not_come_in_time_are_late_and_nobody_is_told_again) {
    stomp::ClientOptions options = once(broker.url());
    options.receipt_timeout_ms = 1'000;
    options.connection.ping_ms = 0;
    PlayedSession session = open(broker, options, noting());
    std::vector<std::string> numbers;
    for (const char* name : {"a", "b", "c"}) {
        EXPECT_EQ(send(name), SendResult::sent);
        numbers.push_back(hear_send(session, name));
        turn(300);
    }
    session.say(receipt_of(numbers[1]));
    expect_notes({"b confirmed", "a late", "c late"});
    EXPECT_EQ(noted_ms, (std::vector<std::uint64_t>{900, 1'000, 1'600}));
    for (const std::string& number : numbers) session.say(receipt_of(number));
    turn(2'000);
    expect_notes({"b confirmed", "a late", "c late"});
    EXPECT_EQ(loop.next_timeout_ms(), -1);
    // And the next one has its own time.
    forget();
    EXPECT_EQ(send("d"), SendResult::sent);
    expect_notes({"d late"});
    EXPECT_EQ(noted_ms, std::vector<std::uint64_t>{1'000});
}

TEST_P(StompClientReceipts, have_no_limit_where_none_is_set) {
    stomp::ClientOptions options = once(broker.url());
    options.receipt_timeout_ms = 0;
    options.connection.ping_ms = 0;
    PlayedSession session = open(broker, options, noting());
    EXPECT_EQ(send("a"), SendResult::sent);
    const std::string number = hear_send(session, "a");
    turn(100'000);
    EXPECT_EQ(loop.next_timeout_ms(), -1);
    session.say(receipt_of(number));
    expect_notes({"a confirmed"});
}

// What arrives while the loop stands still is in time.
TEST_P(StompClientReceipts, are_not_late_because_the_loop_stood_still) {
    stomp::ClientOptions options = once(broker.url());
    options.receipt_timeout_ms = 1'000;
    PlayedSession session = open(broker, options, noting());
    EXPECT_EQ(send("a"), SendResult::sent);
    const std::string number = hear_send(session, "a");
    world.run_for(60'000);
    turn(500);
    expect_notes({});
    session.say(receipt_of(number));
    expect_notes({"a confirmed"});
}

TEST_P(StompClientReceipts, each_kind_of_frame_can_have_one) {
    PlayedSession session = open(broker);
    const auto confirm = [&](const std::string& begin) {
        const std::string frame = session.confirm();
        EXPECT_EQ(frame.substr(0, begin.size()), begin);
    };
    const auto number = client->subscribe("/q", listener("q"), {.ack = stomp::AckMode::client});
    EXPECT_EQ(session.hear(), "SUBSCRIBE\nid:1\ndestination:/q\nack:client\n\n");
    session.deliver("1", "hello", "ack:x\n");
    expect_notes({"q: hello"});
    stomp::Unacknowledged message;
    message.connection = 1;
    message.ack = "x";
    EXPECT_EQ(client->ack(message, {.receipt = receipt("ack")}), SendResult::sent);
    confirm("ACK\nid:x\nreceipt:");
    EXPECT_EQ(client->nack(message, {.receipt = receipt("nack")}), SendResult::sent);
    confirm("NACK\nid:x\nreceipt:");
    const TransactionNumber first = client->begin();
    EXPECT_EQ(session.hear(), "BEGIN\ntransaction:1\n\n");
    EXPECT_EQ(client->ack(message, {.transaction = first}), SendResult::sent);
    EXPECT_EQ(session.hear(), "ACK\nid:x\ntransaction:1\n\n");
    EXPECT_EQ(client->commit(first, receipt("commit")), SendResult::sent);
    confirm("COMMIT\ntransaction:1\nreceipt:");
    EXPECT_EQ(client->abort(client->begin(), receipt("abort")), SendResult::sent);
    EXPECT_EQ(session.hear(), "BEGIN\ntransaction:2\n\n");
    confirm("ABORT\ntransaction:2\nreceipt:");
    const stomp::Header lines[] = {{"durable", "true"}};
    EXPECT_TRUE(client->unsubscribe(number, receipt("unsubscribe"), lines));
    confirm("UNSUBSCRIBE\nid:1\ndurable:true\nreceipt:");
    expect_notes({"q: hello", "ack confirmed", "nack confirmed", "commit confirmed",
                  "abort confirmed", "unsubscribe confirmed"});
}

// ---- Where there is no connection ------------------------------------------

TEST_P(StompClientReceipts, without_a_connection_nothing_is_sent_and_nobody_told) {
    const auto expect_closed = [&] {
        EXPECT_EQ(send("a"), SendResult::closed);
        EXPECT_EQ(client->begin(), 0U);
        EXPECT_EQ(client->commit(1, receipt("b")), SendResult::closed);
        EXPECT_EQ(client->abort(1, receipt("b")), SendResult::closed);
        EXPECT_EQ(client->ack({}, {.receipt = receipt("c")}), SendResult::closed);
        stomp::Unacknowledged message;
        message.connection = 1;
        message.ack = "x";
        EXPECT_EQ(client->ack(message, {.receipt = receipt("c")}), SendResult::closed);
        EXPECT_FALSE(client->unsubscribe(9, receipt("d")));
        EXPECT_EQ(held_by_client.use_count(), 2) << "a completion is left";  // And `connected`.
    };
    start(once(broker.url()));
    expect_closed();
    PlayedSession session = broker.accept();
    expect_closed();
    session.connect();
    EXPECT_TRUE(until([&] { return client->is_connected(); }));
    client->disconnect();
    expect_closed();
    session.confirm();
    expect_notes({"connected 1.2", "disconnected orderly"});
    expect_closed();
}

TEST_P(StompClientReceipts, a_transaction_ends_with_its_connection) {
    stomp::ClientOptions options = once(broker.url());
    options.reconnect = {.enabled = true, .delay_ms = 0};
    PlayedSession first = open(broker, options, noting());
    const TransactionNumber number = client->begin();
    EXPECT_EQ(number, 1U);
    first.raw.close();
    PlayedSession second = broker.connect();
    await_notes(3);
    forget();
    EXPECT_EQ(send("a", number), SendResult::closed);
    EXPECT_EQ(client->commit(number), SendResult::closed);
    const TransactionNumber next = client->begin();
    EXPECT_EQ(next, 2U);
    EXPECT_EQ(second.hear(), "BEGIN\ntransaction:2\n\n");
    EXPECT_EQ(send("b", next), SendResult::sent);
    EXPECT_EQ(hear_send(second, "b"), "1");
    EXPECT_EQ(client->commit(next), SendResult::sent);
    EXPECT_EQ(client->commit(next), SendResult::closed);
    EXPECT_EQ(send("c", next), SendResult::closed);
    expect_notes({});
}

TEST_P(StompClientReceipts, the_end_of_a_subscription_without_a_connection_is_unsent) {
    start(once(broker.url()));
    const auto number = client->subscribe("/q", listener("q"));
    EXPECT_TRUE(client->unsubscribe(number, receipt("a")));
    EXPECT_FALSE(client->unsubscribe(number, receipt("b")));
    EXPECT_TRUE(notes.empty()) << "from within the call";
    expect_notes({"a unsent"});
    PlayedSession session = broker.connect();
    session.raw.expect_silence();
}

// ---- What is kept ----------------------------------------------------------

class StompClientKeeps : public StompClientReceipts {
  protected:
    [[nodiscard]] stomp::ClientOptions keeping(std::size_t size, std::uint32_t ms = 2'000) const {
        stomp::ClientOptions options = once(broker.url());
        options.kept_size_max = size;
        options.kept_ms = ms;
        options.connection.ping_ms = 0;
        options.reconnect = {.enabled = true, .delay_ms = 10, .delay_max_ms = 10};
        return options;
    }
};

INSTANTIATE_TEST_SUITE_P(, StompClientKeeps, testing::ValuesIn(both), name_of_over);

TEST_P(StompClientKeeps, what_is_sent_too_early_in_order_in_front_of_what_follows) {
    stomp::ClientHandlers handlers = noting();
    handlers.connected = [&](stomp::Client&) { EXPECT_EQ(send("c"), SendResult::sent); };
    start(keeping(10'000), handlers);
    (void)client->subscribe("/s", listener("s"));
    EXPECT_EQ(send("a"), SendResult::queued);
    PlayedSession session = broker.accept();
    (void)session.hear();
    const stomp::Header lines[] = {{"x", "y"}};
    EXPECT_EQ(client->send("/q", "b", {.headers = lines, .receipt = receipt("b")}),
              SendResult::queued);
    session.say("CONNECTED\nversion:1.2\n\n");
    EXPECT_EQ(session.hear().substr(0, 9), "SUBSCRIBE");
    session.say(receipt_of(hear_send(session, "a")));
    const std::string second = session.hear();
    EXPECT_EQ(PlayedSession::line(second, "x"), "y");
    session.say(receipt_of(PlayedSession::line(second, "receipt")));
    EXPECT_EQ(hear_send(session, "c"), "3");
    expect_notes({"a confirmed", "b confirmed"});
}

// Also by who is told that its message was lost.
TEST_P(StompClientKeeps, what_is_sent_between_two_connections) {
    stomp::ClientOptions options = keeping(10'000);
    stomp::ClientHandlers handlers = noting();
    handlers.error = [&](stomp::Client&, const ClientError&) {
        EXPECT_EQ(send("1 in error"), SendResult::queued);
    };
    handlers.disconnected = [&](stomp::Client&, const stomp::Disconnected&) {
        EXPECT_EQ(send("3 in disconnected"), SendResult::queued);
    };
    handlers.reconnect = [&](stomp::Client&, stomp::Retry&) {
        EXPECT_EQ(send("4 in reconnect"), SendResult::queued);
    };
    PlayedSession first = open(broker, options, handlers);
    EXPECT_EQ(client->send("/q", "lost",
                           {.receipt =
                                [&](const stomp::Receipt& r) {
                                    EXPECT_EQ(r.outcome, stomp::Receipt::Outcome::lost);
                                    EXPECT_EQ(send("2 again"), SendResult::queued);
                                }}),
              SendResult::sent);
    first.raw.close();
    turn(3);
    EXPECT_EQ(send("5 while it waits"), SendResult::queued);
    PlayedSession second = broker.connect();
    for (const char* name :
         {"1 in error", "2 again", "3 in disconnected", "4 in reconnect", "5 while it waits"}) {
        second.say(receipt_of(hear_send(second, name)));
    }
    expect_notes({"connected 1.2", "1 in error confirmed", "2 again confirmed",
                  "3 in disconnected confirmed", "4 in reconnect confirmed",
                  "5 while it waits confirmed"});
}

TEST_P(StompClientKeeps, nothing_where_it_does_not_connect_again) {
    stomp::ClientOptions options = keeping(10'000);
    options.reconnect.enabled = false;
    stomp::ClientHandlers handlers = noting();
    handlers.disconnected = [&](stomp::Client&, const stomp::Disconnected&) {
        EXPECT_EQ(send("a"), SendResult::closed);
    };
    PlayedSession session = open(broker, options, handlers);
    session.raw.close();
    expect_notes({"error open"});
    EXPECT_EQ(send("a"), SendResult::closed);
}

TEST_P(StompClientKeeps, only_so_long) {
    start(keeping(10'000, 100));
    EXPECT_EQ(send("a"), SendResult::queued);
    turn(60);
    EXPECT_EQ(send("b"), SendResult::queued);
    expect_notes({"a unsent"});
    EXPECT_EQ(noted_ms, std::vector<std::uint64_t>{100});
    PlayedSession session = broker.connect();
    session.say(receipt_of(hear_send(session, "b")));
    expect_notes({"a unsent", "connected 1.2", "b confirmed"});
    // Nothing is left of it.
    turn(1'000);
    EXPECT_EQ(notes.size(), 3U);
}

// The answer to CONNECT is read first, and does not make it younger.
TEST_P(StompClientKeeps, not_longer_because_the_loop_stood_still) {
    start(keeping(10'000, 1'000));
    PlayedSession session = broker.accept();
    (void)session.hear();
    EXPECT_EQ(send("a"), SendResult::queued);
    turn(600);
    EXPECT_EQ(send("b"), SendResult::queued);
    session.say("CONNECTED\nversion:1.2\n\n");
    world.run_for(500);
    session.say(receipt_of(hear_send(session, "b")));
    expect_notes({"a unsent", "connected 1.2", "b confirmed"});
}

// What its headers take counts, too: also that of many that are small.
TEST_P(StompClientKeeps, only_so_much_in_headers) {
    start(keeping(10'000, 100));
    const std::string long_value(3'000, 'v');
    const std::vector<stomp::Header> large{{"x", long_value}};
    const std::vector<stomp::Header> many(50, {"x", "y"});
    const auto kept_count = [&](const std::vector<stomp::Header>& headers) {
        std::size_t count = 0;
        while (client->send("/q", "a", {.headers = headers}) == SendResult::queued) ++count;
        return count;
    };
    EXPECT_EQ(kept_count(large), 3U);
    // When those are too old there is room again.
    turn(150);
    EXPECT_EQ(kept_count(many), 2U);
    turn(150);
    EXPECT_EQ(kept_count(large), 3U);
}

TEST_P(StompClientKeeps, only_so_much) {
    start(keeping(1'000));
    std::size_t count = 0;
    while (send("a") == SendResult::queued) ++count;
    EXPECT_GE(count, 2U);
    EXPECT_LE(count, 4U);
    PlayedSession first = broker.connect();
    for (std::size_t i = 0; i < count; ++i) (void)hear_send(first, "a");
    first.raw.expect_silence();
    EXPECT_EQ(notes, Notes{"connected 1.2"});
    first.raw.close();
    turn(3);
    // As much again, and one that is larger than all.
    EXPECT_EQ(client->send("/q", std::string(1'000, 'x')), SendResult::closed);
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(send("b"), SendResult::queued);
    EXPECT_EQ(send("b"), SendResult::closed);
}

TEST_P(StompClientKeeps, nothing_of_a_transaction) {
    start(keeping(10'000));
    EXPECT_EQ(send("a", 1), SendResult::closed);
    PlayedSession session = broker.connect();
    session.raw.expect_silence();
}

TEST_P(StompClientKeeps, what_the_version_cannot_say_is_unsent_and_the_rest_is_sent) {
    stomp::ClientHandlers handlers = noting();
    handlers.connected = [&](stomp::Client&) { EXPECT_EQ(send("c"), SendResult::sent); };
    start(keeping(10'000), handlers);
    const auto send_again = [&](const stomp::Receipt& r) {
        note("again " + edgews::test::name_of(r));
        EXPECT_EQ(send("b"), SendResult::sent);
    };
    EXPECT_EQ(client->send("/q\n", "", {.receipt = send_again}), SendResult::queued);
    EXPECT_EQ(send("a"), SendResult::queued);
    PlayedSession session = broker.connect("version:1.0\n");
    for (const char* name : {"a", "b", "c"}) (void)hear_send(session, name);
    expect_notes({"again unsent"});
}

TEST_P(StompClientKeeps, nothing_of_a_client_that_ends) {
    const std::function<void()> ways[] = {[&] { client->disconnect(); },
                                          [&] { client->terminate(); }};
    for (const auto& end : ways) {
        start(keeping(10'000));
        EXPECT_EQ(send("a"), SendResult::queued);
        EXPECT_EQ(send("b"), SendResult::queued);
        end();
        EXPECT_TRUE(notes.empty());
        EXPECT_EQ(send("c"), SendResult::closed);
        expect_notes({"a unsent", "b unsent"});
        EXPECT_TRUE(client->is_closed());
        forget();
    }
    start(keeping(10'000));
    EXPECT_EQ(send("a"), SendResult::queued);
    client.reset();
    expect_notes({});
}

TEST_P(StompClientKeeps, nothing_where_the_handler_says_stop) {
    stomp::ClientHandlers handlers = noting();
    handlers.reconnect = [&](stomp::Client&, stomp::Retry& retry) {
        retry.stop = true;
        EXPECT_EQ(send("b"), SendResult::queued);
    };
    start(keeping(10'000), handlers);
    EXPECT_EQ(send("a"), SendResult::queued);
    broker.accept().raw.close();
    expect_notes({"error handshake", "a unsent", "b unsent"});
    EXPECT_TRUE(client->is_closed());
}

// The handler of each may end the client, and those behind it are told nevertheless.
TEST_P(StompClientKeeps, who_is_told_may_end_it) {
    for (const bool is_destroyed : {false, true}) {
        SCOPED_TRACE(is_destroyed);
        forget();
        start(keeping(10'000));
        const auto end = [&](const stomp::Receipt& r) {
            note("end " + edgews::test::name_of(r));
            is_destroyed ? client.reset() : client->terminate();
        };
        EXPECT_EQ(client->send("/q\n", "", {.receipt = end}), SendResult::queued);
        EXPECT_EQ(client->send("/r\n", "", {.receipt = receipt("b")}), SendResult::queued);
        PlayedSession session = broker.connect("version:1.0\n");
        session.raw.expect_end();
        if (is_destroyed) {
            expect_notes({"end unsent"});
        } else {
            expect_notes({"end unsent", "b unsent", "disconnected"});
        }
    }
}

}  // namespace
}  // namespace edgews::sim::test
