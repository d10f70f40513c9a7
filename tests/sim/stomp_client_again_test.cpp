// A STOMP client that connects again: when, to whom, and what it makes again.
#include "stomp_world_fixture.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace edgews::sim::test {
namespace {

using edgews::test::both;
using edgews::test::Place;
using edgews::test::RawPeer;
using edgews::test::steady_ms;

class StompClientAgain : public StompClientInWorld {
  protected:
    [[nodiscard]] stomp::ClientOptions again(std::vector<std::string> urls) const {
        stomp::ClientOptions options;
        options.brokers = std::move(urls);
        options.heart_beat = {};
        options.connection.ping_ms = 0;
        options.reconnect = {.enabled = true, .delay_ms = 0, .stable_ms = 50};
        return options;
    }
    [[nodiscard]] stomp::ClientHandlers retrying() {
        stomp::ClientHandlers handlers = noting();
        handlers.reconnect = [this](stomp::Client&, stomp::Retry& retry) {
            note("retry " + std::to_string(retry.count));
        };
        return handlers;
    }
    [[nodiscard]] std::string scheme() const { return is_tcp() ? "stomp://" : "ws://"; }
};

INSTANTIATE_TEST_SUITE_P(, StompClientAgain, testing::ValuesIn(both), name_of_over);

TEST_P(StompClientAgain, after_each_kind_of_end) {
    const struct {
        const char* name;
        std::function<void(PlayedSession&)> end;
        bool was_connected;
        const char* error;
    } rows[] = {
        {"refused", [](PlayedSession& s) { s.say("ERROR\nmessage:no\n\n"); }, false, "handshake"},
        {"reset early", [](PlayedSession& s) { s.raw.reset(); }, false, "handshake"},
        {"closed early", [](PlayedSession& s) { s.raw.close(); }, false, "handshake"},
        {"closed", [](PlayedSession& s) { s.raw.close(); }, true, "open"},
        {"half closed", [](PlayedSession& s) { s.raw.half_close(); }, true, "open"},
        {"reset", [](PlayedSession& s) { s.raw.reset(); }, true, "open"},
        {"ERROR", [](PlayedSession& s) { s.say("ERROR\n\n"); }, true, "open"},
        {"nonsense", [](PlayedSession& s) { s.say("nonsense\n\n"); }, true, "open"},
    };
    start(again({broker.url()}), retrying());
    unsigned count = 0;
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        PlayedSession session = broker.accept();
        (void)session.hear();
        if (row.was_connected) {
            session.say("CONNECTED\nversion:1.2\n\n");
            EXPECT_TRUE(until([&] { return client->is_connected(); }));
        }
        forget();
        row.end(session);
        Notes expected{"error " + std::string(row.error)};
        if (row.was_connected) expected.emplace_back("disconnected");
        expected.push_back("retry " + std::to_string(++count));
        await_notes(expected.size());
        EXPECT_EQ(notes, expected) << error.error.message;
        EXPECT_FALSE(client->is_closed());
        EXPECT_FALSE(client->is_connected());
        EXPECT_EQ(client->buffered_amount(), 0U);
        session.raw.expect_end();
    }
}

TEST_P(StompClientAgain, its_subscriptions_are_made_again_in_order_in_front_of_all_else) {
    stomp::ClientHandlers handlers = noting();
    handlers.connected = [&](stomp::Client& c) { (void)c.send("/q", "connected"); };
    const stomp::Header lines[] = {{"x", "y"}};
    stomp::SubscribeOptions options = telling("a");
    options.ack = stomp::AckMode::client_individual;
    options.headers = lines;
    start(again({broker.url()}), handlers);
    EXPECT_EQ(client->subscribe("/a", listener("a"), options), 1U);
    EXPECT_EQ(client->subscribe("/b", listener("b")), 2U);
    EXPECT_EQ(client->subscribe("/c", listener("c"), telling("c")), 3U);
    for (int i = 0; i < 3; ++i) {
        SCOPED_TRACE(i);
        PlayedSession session = broker.connect();
        const std::string first = session.hear();
        EXPECT_EQ(first.substr(0, first.find("receipt")),
                  "SUBSCRIBE\nid:1\ndestination:/a\nack:client-individual\nx:y\n");
        EXPECT_EQ(session.hear(), "SUBSCRIBE\nid:2\ndestination:/b\nack:auto\n\n");
        const std::string third = session.hear();
        EXPECT_EQ(third.substr(0, 35), "SUBSCRIBE\nid:3\ndestination:/c\nack:a");
        EXPECT_TRUE(session.hear().ends_with("connected"));
        session.deliver("2", "early");
        session.say("RECEIPT\nreceipt-id:" + PlayedSession::line(third, "receipt") + "\n\n");
        session.deliver("3", "late");
        session.say("RECEIPT\nreceipt-id:" + PlayedSession::line(first, "receipt") + "\n\n");
        expect_notes({"b: early", "c is confirmed", "c: late", "a is confirmed"});
        forget();
        session.raw.close();
        await_notes(2);
        EXPECT_EQ(notes, (Notes{"error open", "disconnected"}));
        forget();
    }
}

TEST_P(StompClientAgain, they_are_as_they_were_changed_meanwhile) {
    start(again({broker.url()}));
    const stomp::Header old[] = {{"id-of-mine", "1"}};
    const stomp::Header changed[] = {{"offset", "7"}};
    stomp::SubscribeOptions options;
    options.headers = old;
    const auto first = client->subscribe("/a", listener("a"), options);
    const auto second = client->subscribe("/b", listener("b"));
    {
        PlayedSession session = broker.connect();
        EXPECT_EQ(session.hear(), "SUBSCRIBE\nid:1\ndestination:/a\nack:auto\nid-of-mine:1\n\n");
        EXPECT_EQ(session.hear(), "SUBSCRIBE\nid:2\ndestination:/b\nack:auto\n\n");
        EXPECT_TRUE(client->set_headers(first, changed));
        EXPECT_TRUE(client->unsubscribe(second));
        EXPECT_FALSE(client->set_headers(second, changed));
        EXPECT_FALSE(client->set_headers(0, changed));
        EXPECT_EQ(session.hear(), "UNSUBSCRIBE\nid:2\n\n");
        session.raw.close();
    }
    await_notes(3);
    EXPECT_EQ(client->subscribe("/c", listener("c")), 3U);
    EXPECT_EQ(client->subscribe("/d", listener("d")), 4U);
    EXPECT_TRUE(client->unsubscribe(4));
    PlayedSession session = broker.connect();
    EXPECT_EQ(session.hear(), "SUBSCRIBE\nid:1\ndestination:/a\nack:auto\noffset:7\n\n");
    EXPECT_EQ(session.hear(), "SUBSCRIBE\nid:3\ndestination:/c\nack:auto\n\n");
    session.raw.expect_silence();
}

TEST_P(StompClientAgain, a_subscription_that_is_refused_or_not_answered_is_told_so) {
    stomp::ClientOptions options = again({broker.url()});
    options.receipt_timeout_ms = 100;
    start(options);
    (void)client->subscribe("/a", listener("a"), telling("a"));
    {
        PlayedSession session = broker.connect();
        const std::string number = PlayedSession::line(session.hear(), "receipt");
        session.say("ERROR\nmessage:no\nreceipt-id:" + number + "\n\n");
        await_notes(4);
        EXPECT_EQ(notes,
                  (Notes{"connected 1.2", "error open", "a is not confirmed", "disconnected"}));
        forget();
    }
    PlayedSession session = broker.connect();
    const std::string number = PlayedSession::line(session.hear(), "receipt");
    expect_notes({"connected 1.2", "a is not confirmed"});
    EXPECT_EQ(noted_ms[1] - noted_ms[0], 100U);
    session.say("RECEIPT\nreceipt-id:" + number + "\n\n");
    session.deliver("1", "it came nevertheless");
    expect_notes({"connected 1.2", "a is not confirmed", "a: it came nevertheless"});
}

TEST_P(StompClientAgain, what_one_version_cannot_say_is_told_and_the_next_may) {
    start(again({broker.url()}));
    (void)client->subscribe("/a\n", listener("a"), telling("a"));
    (void)client->subscribe("/b", listener("b"));
    {
        PlayedSession session = broker.connect("version:1.0\n");
        EXPECT_EQ(session.hear(), "SUBSCRIBE\nid:2\ndestination:/b\nack:auto\n\n");
        expect_notes({"a is not confirmed", "connected 1.0"});
        EXPECT_EQ(client->subscribe("/c\n", listener("c")), 0U);
        forget();
        session.raw.close();
        await_notes(2);
    }
    PlayedSession session = broker.connect();
    EXPECT_EQ(PlayedSession::line(session.confirm(), "destination"), "/a\\n");
    expect_notes({"error open", "disconnected", "connected 1.2", "a is confirmed"});
}

// ---- To whom ---------------------------------------------------------------

TEST_P(StompClientAgain, each_try_is_the_next_brokers) {
    const PlayedBroker others[] = {{loop, GetParam()}, {loop, GetParam()}};
    const Place refusing("127.0.0.1");
    const std::vector<std::string> urls{
        broker.url(), others[0].url(), scheme() + "joe:secret@" + refusing.name(), others[1].url()};
    const std::vector<std::string> names{broker.url(), others[0].url(), scheme() + refusing.name(),
                                         others[1].url()};
    std::vector<std::string> planned;
    stomp::ClientHandlers handlers = noting();
    handlers.reconnect = [&](stomp::Client& c, stomp::Retry& retry) {
        note("retry " + std::to_string(retry.count));
        planned.emplace_back(retry.broker);
        EXPECT_NE(c.broker(), retry.broker);
        retry.delay_ms = 0;
    };
    start(again(urls), handlers);
    std::size_t present = 0;
    while (names[present] != client->broker()) ++present;
    for (unsigned i = 1; i <= 12; ++i) {
        EXPECT_EQ(client->broker(), names[present]);
        present = (present + 1) % names.size();
        for (const PlayedBroker* each : {&broker, &others[0], &others[1]}) {
            if (each->url() != client->broker()) continue;
            PlayedSession session = each->accept();
            (void)session.hear();
            EXPECT_EQ(client->remote_address().to_string(), each->server.name());
            session.raw.close();
        }
        await_notes(2 * i);
        EXPECT_EQ(planned.back(), names[present]);
        turn(2);
    }
    // By hand, too.
    client->terminate();
    (void)until([&] { return client->is_closed(); });
    client->connect();
    EXPECT_EQ(client->broker(), names[(present + 1) % names.size()]);
}

TEST_P(StompClientAgain, the_first_is_any_of_them) {
    std::vector<std::string> urls;
    for (int port = 1; port <= 4; ++port) urls.push_back(scheme() + "h:" + std::to_string(port));
    std::set<std::string> seen;
    for (int i = 0; i < 60; ++i) {
        stomp::ClientOptions options = again(urls);
        stomp::Client other(loop, options);
        seen.emplace(other.broker());
    }
    EXPECT_EQ(seen.size(), 4U);
}

// A broker that is not there costs its limit, and no more.
TEST_P(StompClientAgain, who_is_never_heard_of_is_passed_over) {
    world.kernel().network().silence("192.0.2.1");
    stomp::ClientOptions options = again({scheme() + "192.0.2.1", broker.url()});
    options.connection.connect_timeout_ms = 100;
    for (int i = 0; i < 10; ++i) {
        forget();
        start(options);
        const bool has_to_wait = client->broker() != broker.url();
        PlayedSession session = broker.connect();
        (void)until([&] { return client->is_connected(); });
        EXPECT_EQ(now_ms(), has_to_wait ? 101U : 0U);
        client.reset();
    }
}

// ---- When ------------------------------------------------------------------

TEST_P(StompClientAgain, the_delay_is_anything_up_to_a_limit_that_doubles) {
    const Place refusing("127.0.0.1");
    stomp::ClientOptions options = again({scheme() + refusing.name()});
    options.reconnect = {.enabled = true, .delay_ms = 4, .delay_max_ms = 100};
    std::set<std::uint32_t> firsts;
    for (int i = 0; i < 100; ++i) {
        std::vector<std::uint32_t> delays;
        std::vector<std::uint64_t> told_ms;
        stomp::ClientHandlers handlers;
        handlers.reconnect = [&](stomp::Client&, stomp::Retry& retry) {
            delays.push_back(retry.delay_ms);
            told_ms.push_back(steady_ms());
            EXPECT_EQ(retry.count, delays.size());
            EXPECT_FALSE(retry.stop);
            retry.stop = delays.size() == 8;
        };
        start(options, handlers);
        (void)until([&] { return client->is_closed(); });
        ASSERT_EQ(delays.size(), 8U);
        for (std::size_t k = 0; k < 8; ++k) EXPECT_LE(delays[k], std::min(4U << k, 100U));
        for (std::size_t k = 0; k < 7; ++k) {
            EXPECT_GE(told_ms[k + 1] - told_ms[k], delays[k]);
            EXPECT_LE(told_ms[k + 1] - told_ms[k], delays[k] + 2);
        }
        firsts.insert(delays[0]);
    }
    EXPECT_EQ(firsts, (std::set<std::uint32_t>{0, 1, 2, 3, 4}));
}

TEST_P(StompClientAgain, the_handler_says_when) {
    const Place refusing("127.0.0.1");
    for (const std::uint32_t delay_ms : {0U, 1U, 40U, 86'400'000U}) {
        std::vector<std::uint64_t> told_ms;
        stomp::ClientHandlers handlers;
        handlers.reconnect = [&](stomp::Client&, stomp::Retry& retry) {
            told_ms.push_back(steady_ms());
            retry.delay_ms = delay_ms;
            retry.stop = retry.count == 2;
        };
        start(again({scheme() + refusing.name()}), handlers);
        while (told_ms.size() < 2) loop.poll(-1);
        EXPECT_EQ(told_ms[1] - told_ms[0], std::max(delay_ms, 1U));
        EXPECT_TRUE(client->is_closed());
        EXPECT_EQ(loop.next_timeout_ms(), -1);
    }
}

TEST_P(StompClientAgain, a_connection_is_stable_when_it_has_lasted) {
    std::vector<unsigned> counts;
    stomp::ClientHandlers handlers = noting();
    handlers.reconnect = [&](stomp::Client&, stomp::Retry& retry) {
        counts.push_back(retry.count);
        retry.delay_ms = 0;
    };
    start(again({broker.url()}), handlers);
    for (const int lasting_ms : {0, 49, 50, 0, 1'000, 49}) {
        forget();
        PlayedSession session = broker.connect();
        await_notes(1);
        turn(lasting_ms);
        session.raw.reset();
        await_notes(3);
    }
    // One that was never connected was not stable, however long it took.
    for (int i = 0; i < 2; ++i) {
        PlayedSession session = broker.accept();
        turn(100);
        session.raw.close();
        (void)until([&] { return counts.size() == 7U + static_cast<unsigned>(i); });
    }
    EXPECT_EQ(counts, (std::vector<unsigned>{1, 2, 1, 2, 1, 2, 3, 4}));
}

TEST_P(StompClientAgain, it_does_not_where_it_is_told_not_to) {
    stomp::ClientOptions options = again({broker.url()});
    options.reconnect.enabled = false;
    PlayedSession session = open(broker, options, retrying());
    session.raw.close();
    expect_notes({"error open", "disconnected"});
    EXPECT_TRUE(client->is_closed());
    EXPECT_EQ(loop.next_timeout_ms(), -1);
    // By hand it does.
    client->connect();
    EXPECT_FALSE(client->is_closed());
    PlayedSession next = broker.connect();
    expect_notes({"error open", "disconnected", "connected 1.2"});
}

TEST_P(StompClientAgain, to_connect_within_the_handlers_takes_the_place_of_the_next_try) {
    for (const char* where : {"error", "lost", "disconnected", "retry"}) {
        SCOPED_TRACE(where);
        const auto connect_in = [&, where = std::string(where)](const char* here) {
            note(here);
            if (where != here) return;
            EXPECT_TRUE(client->is_closed());
            client->connect();
            EXPECT_FALSE(client->is_closed());
        };
        stomp::ClientHandlers handlers = noting();
        handlers.error = [&](stomp::Client&, const ClientError&) { connect_in("error"); };
        handlers.disconnected = [&](stomp::Client&, const stomp::Disconnected&) {
            connect_in("disconnected");
        };
        handlers.reconnect = [&](stomp::Client&, stomp::Retry& retry) {
            retry.delay_ms = 100;
            connect_in("retry");
        };
        PlayedSession first = open(broker, again({broker.url()}), handlers);
        EXPECT_EQ(
            client->send("/q", "", {.receipt = [&](const stomp::Receipt&) { connect_in("lost"); }}),
            SendResult::sent);
        first.raw.close();
        PlayedSession second = broker.connect();
        turn(200);
        Notes expected{"error", "lost", "disconnected", "retry", "connected 1.2"};
        if (std::string(where) != "retry") expected.erase(expected.begin() + 3);
        expect_notes(expected);
        EXPECT_FALSE(broker.server.has_waiting());
        client.reset();
        forget();
    }
}

TEST_P(StompClientAgain, nothing_of_the_last_connection_is_taken_for_the_nexts) {
    PlayedSession first = open(broker, again({broker.url()}), noting());
    (void)client->subscribe("/a", listener("a"), {.ack = stomp::AckMode::client});
    stomp::Unacknowledged unacknowledged;
    EXPECT_EQ(client->send("/q", "", {.receipt = receipt("first")}), SendResult::sent);
    (void)first.hear();
    const std::string number = PlayedSession::line(first.hear(), "receipt");
    // Half a message, and then no more of it.
    first.say_bytes("MESSAGE\ndestination:/a\nmessage-id:1\nsubscription:1\nack:x\n\nhal");
    turn(5);
    first.raw.close();
    expect_notes({"error open", "first lost", "disconnected"});
    PlayedSession second = broker.connect("");
    await_notes(4);
    EXPECT_EQ(client->version(), stomp::Version::v1_0);
    EXPECT_EQ(client->send("/q", "", {.receipt = receipt("second")}), SendResult::sent);
    (void)second.hear();
    const std::string next = PlayedSession::line(second.hear(), "receipt");
    EXPECT_NE(number, next);
    second.say("RECEIPT\nreceipt-id:" + number + "\n\n");
    second.say("RECEIPT\nreceipt-id:" + next + "\n\n");
    expect_notes({"error open", "first lost", "disconnected", "connected 1.0", "second confirmed"});
}

TEST_P(StompClientAgain, while_it_waits_it_holds_no_memory_of_the_last_connection) {
    stomp::ClientOptions options = again({broker.url()});
    options.reconnect.delay_ms = options.reconnect.delay_max_ms = 100'000;
    const std::string body(1'000'000, 'x');
    for (const std::string command : {"ERROR", "nonsense", "MESSAGE"}) {
        PlayedSession session = open(broker, options, noting());
        const std::size_t lent_size = reactor.pool().lent_size();
        session.say(command + "\n\n" + body);
        expect_notes({"error open", "disconnected"});
        session.raw.expect_end();
        EXPECT_LE(reactor.pool().lent_size(), lent_size) << command;
        client.reset();
        forget();
    }
}

TEST_P(StompClientAgain, a_message_is_acknowledged_on_its_own_connection_only) {
    std::vector<stomp::Unacknowledged> kept;
    const auto keep = [&](stomp::Client&, const stomp::Message& m) {
        kept.emplace_back(m);
        note("came");
    };
    PlayedSession first = open(broker, again({broker.url()}), noting());
    (void)client->subscribe("/a", keep, {.ack = stomp::AckMode::client});
    first.deliver("1", "", "ack:x\n");
    await_notes(1);
    EXPECT_EQ(client->ack(kept[0]), SendResult::sent);
    first.raw.close();
    PlayedSession second = broker.connect();
    await_notes(4);
    EXPECT_EQ(client->ack(kept[0]), SendResult::closed);
    EXPECT_EQ(client->nack(kept[0]), SendResult::closed);
    second.deliver("1", "", "ack:x\n");
    await_notes(5);
    EXPECT_EQ(client->nack(kept[1]), SendResult::sent);
    (void)second.hear();
    EXPECT_EQ(second.hear(), "NACK\nid:x\n\n");
}

// Which of them need one depends on the version and on the subscription.
TEST_P(StompClientAgain, what_needs_no_acknowledgement_has_none) {
    std::vector<stomp::Unacknowledged> kept;
    stomp::ClientHandlers handlers = noting();
    handlers.message = [&](stomp::Client&, const stomp::Message& m) {
        kept.emplace_back(m);
        note("reply");
    };
    const auto keep = [&](stomp::Client&, const stomp::Message& m) {
        kept.emplace_back(m);
        note("came");
    };
    start(again({broker.url()}), handlers);
    (void)client->subscribe("/a", keep);
    (void)client->subscribe("/b", keep, {.ack = stomp::AckMode::client_individual});
    for (const std::string version : {"1.2", "1.1", "1.0"}) {
        SCOPED_TRACE(version);
        forget();
        kept.clear();
        PlayedSession session = broker.connect("version:" + version + "\n");
        (void)session.hear();
        (void)session.hear();
        session.deliver("1", "", "ack:x\n");
        session.deliver("/temp-queue/r", "", "ack:x\n");
        session.deliver("2", "", "ack:x\n");
        expect_notes({"connected " + version, "came", "reply", "came"});
        ASSERT_EQ(kept.size(), 3U);
        EXPECT_EQ(client->ack(kept[0]), SendResult::invalid);
        EXPECT_EQ(client->ack(kept[1]), SendResult::invalid);
        EXPECT_EQ(client->ack(kept[2]), SendResult::sent);
        const std::string ack = session.hear();
        EXPECT_EQ(ack,
                  version == "1.2" ? "ACK\nid:x\n\n" : "ACK\nmessage-id:m\nsubscription:2\n\n");
        const auto nacked = client->nack(kept[2]);
        EXPECT_EQ(nacked, version == "1.0" ? SendResult::invalid : SendResult::sent);
        session.raw.close();
        await_notes(6);
    }
}

}  // namespace
}  // namespace edgews::sim::test
