// The StompBroker's own face: the application sends, answers, ends sessions, and looks on.
#include <gtest/gtest.h>

#include "net/loop/reactor.hpp"
#include "net/stomp/broker_state.hpp"
#include "net/stomp/stomp_loop.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "stomp_server.hpp"

namespace edgews::test {
namespace {

using stomp::Fault;

TEST(StompBroker, a_handler_gets_the_request_with_its_parameters_and_answers_it) {
    StompServer server;
    server.broker.app("/app/rooms/:room/say/*", [](StompRequest& request) {
        EXPECT_TRUE(request.client().session_id.starts_with("session-"));
        EXPECT_EQ(request.destination(), "/app/rooms/red/say/one/two");
        EXPECT_EQ(request.parameter("nothing"), "");
        EXPECT_EQ(request.header("nothing"), "");
        EXPECT_EQ(request.body().size(), 2U);
        const bool is_sent = request.reply(
            request.parameter("room") + "|" + request.parameter("*") + "|" +
                std::string(request.header("more")) + "|" + std::string(request.text()),
            "text/x");
        EXPECT_EQ(is_sent, request.header("reply-to") != "");
    });
    for (const Over over : both) {
        SCOPED_TRACE(name_of(over));
        StompPeer joe = server.connect(over);
        joe.send("/app/rooms/red/say/one/two", "hi", "more:y\\c\n");
        joe.subscribe("/temp-queue/answers");
        joe.send("/app/rooms/red/say/one/two", "hi",
                 "more:y\\c\nreply-to:/temp-queue/answers\ncorrelation-id:7\n");
        const StompReply answer = joe.hear("MESSAGE");
        EXPECT_EQ(answer.body, "red|one/two|y:|hi");
        EXPECT_TRUE(answer.has("content-type:text/x")) << answer.head;
        EXPECT_TRUE(answer.has("correlation-id:7")) << answer.head;
        joe.send("/app/nothing-there", "hi", "receipt:1\n");
        EXPECT_TRUE(joe.expect_error("no such destination", 1008).has("receipt-id:1"));
    }
}

TEST(StompBroker, patterns_of_handlers_that_can_match_nothing_are_refused) {
    StompBroker broker;
    for (const char* pattern : {"", "app", "/app", "/topic/a", "/app/:"}) {
        SCOPED_TRACE(pattern);
        EXPECT_THROW(broker.app(pattern, [](StompRequest&) {}), std::invalid_argument);
    }
}

// Whoever takes the place of a broker that ended hears late ACKs for the other's messages.
TEST(StompBroker, an_id_of_one_broker_is_none_of_another) {
    std::string id_of_first;
    for (const bool is_first : {true, false}) {
        StompServer server;
        StompPeer joe = server.connect(Over::tcp);
        joe.subscribe("/queue/a", "ack:client\n");
        joe.send("/queue/a", "hi");
        const StompReply message = joe.hear("MESSAGE");
        if (is_first) {
            id_of_first = message.header("ack");
        } else {
            joe.say("ACK\nid:" + id_of_first + "\n\n");
            joe.expect_error("No such message", 1002);
        }
    }
}

TEST(StompBroker, a_handler_may_send_and_end_its_own_session) {
    StompServer server;
    server.broker.app("/app/leave", [](StompRequest& request) {
        EXPECT_EQ(request.broker().send("/topic/a", "it leaves"), Fault::none);
        EXPECT_TRUE(request.broker().end_session(request.client().session_id, "As you wish."));
        EXPECT_EQ(request.broker().stats().sessions, 1U);
    });
    for (const Over over : both) {
        StompPeer joe = server.connect(over);
        joe.send("/app/leave", "", "receipt:1\n");
        EXPECT_TRUE(joe.hear("RECEIPT").has("receipt-id:1"));
        EXPECT_EQ(joe.expect_error("server closed", 1000).body, "As you wish.");
    }
}

TEST(StompBroker, threads_send_and_each_ones_order_is_kept) {
    StompServer server({}, {}, {.loops = 2});
    std::vector<StompPeer> peers;
    for (int i = 0; i < 4; ++i) {
        peers.push_back(server.connect(both[i % 2]));
        peers.back().subscribe("/topic/a");
    }
    constexpr int count = 200;
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < count; ++i) {
                const std::string body = std::to_string(t) + std::to_string(1000 + i);
                EXPECT_EQ(server.broker.send("/topic/a", body, {{{"of", "thread"}}}), Fault::none);
            }
        });
    }
    for (StompPeer& peer : peers) {
        std::map<char, int> next{{'0', 1000}, {'1', 1000}, {'2', 1000}};
        for (int i = 0; i < 3 * count; ++i) {
            const StompReply message = peer.hear("MESSAGE");
            EXPECT_EQ(std::stoi(message.body.substr(1)), next[message.body[0]]++);
            EXPECT_TRUE(message.has("of:thread")) << message.head;
        }
    }
    for (std::thread& thread : threads) thread.join();
}

TEST(StompBroker, sending_tells_what_is_wrong) {
    StompBroker broker({.broker = {.queue = {.message_count_max = 1}}});
    EXPECT_EQ(broker.send("/queue/a", "1"), Fault::none);
    EXPECT_EQ(broker.send("/queue/a", "2"), Fault::queue_full);
    EXPECT_EQ(broker.send("nowhere", "x"), Fault::destination_invalid);
    EXPECT_EQ(broker.send("/topic/*", "x"), Fault::destination_not_for_send);
    EXPECT_EQ(broker.send("/app/a", "x"), Fault::destination_not_for_send);
    EXPECT_EQ(broker.send("/temp-queue/session-gone/a", "x"), Fault::none);
    EXPECT_EQ(broker.stats().counters.dropped, 1U);
}

// Whatever the application says, it is one frame, and text.
TEST(StompBroker, a_reason_may_hold_anything) {
    StompServer server;
    for (const Over over : both) {
        SCOPED_TRACE(name_of(over));
        StompPeer joe = server.connect(over);
        EXPECT_TRUE(server.broker.end_session(joe.session_id, std::string_view("a\0b\n\xFF\n", 6)));
        const StompReply error = joe.expect_error("server closed", 1000);
        EXPECT_EQ(error.body, "a?b\n?\n");
        EXPECT_EQ(error.header("content-length"), std::to_string(error.body.size()));
    }
    EXPECT_FALSE(server.broker.end_session("session-unknown", "x"));
}

TEST(StompBroker, end_all_ends_everyone_and_those_who_come_later) {
    StompServer server({}, {}, {.loops = 2});
    std::vector<StompPeer> peers;
    for (int i = 0; i < 8; ++i) peers.push_back(server.connect(both[i % 2]));
    peers.push_back(server.open(Over::tcp));  // Without CONNECT.
    peers.push_back(server.open(Over::web_socket));
    server.server->wait_until([&] { return server.broker.stats().sessions == peers.size(); });
    server.broker.end_all();
    for (StompPeer& peer : peers) peer.expect_error("shutting down", 1001);
    for (const Over over : both) server.open(over).expect_error("shutting down", 1001);
}

TEST(StompBroker, a_server_that_shuts_down_tells_its_clients) {
    StompServer server({}, {}, {.loops = 2});
    std::vector<StompPeer> peers;
    for (std::size_t i = 0; i < 8; ++i) {
        peers.push_back(server.connect(both[i % 2]));
        peers.back().subscribe("/queue/a");
    }
    std::thread thread([&] { (*server.server)->shutdown(); });
    for (std::size_t i = 0; i < 8; ++i) {
        if (both[i % 2] == Over::tcp) {
            peers[i].expect_error("shutting down", 1001);
        } else {
            peers[i].expect_end(1001);  // For all that WebSocket serves; see end_all().
        }
    }
    thread.join();
    EXPECT_EQ(server.broker.stats().sessions, 0U);
}

// However many sessions it has there.
TEST(StompBroker, a_loop_has_one_part_of_it) {
    StompBroker broker;
    Loop loops[2];
    StompLoop& part = StompBroker::State::of(broker).on_loop(Reactor::of(loops[0]));
    EXPECT_EQ(&StompBroker::State::of(broker).on_loop(Reactor::of(loops[0])), &part);
    EXPECT_NE(&StompBroker::State::of(broker).on_loop(Reactor::of(loops[1])), &part);
    EXPECT_EQ(&StompBroker::State::of(broker).on_loop(Reactor::of(loops[0])), &part);
}

TEST(StompBroker, what_there_is_can_be_looked_at) {
    StompServer server;
    StompPeer joe = server.connect(Over::tcp);
    joe.subscribe("/queue/b", "ack:client\nprefetch-count:1\n");
    joe.subscribe("/topic/c");
    for (const char* destination :
         {"/queue/a", "/queue/a", "/queue/b", "/queue/b", "/queue/b", "/topic/c"}) {
        EXPECT_EQ(server.broker.send(destination, "x"), Fault::none);
    }
    const std::string ack = joe.hear("MESSAGE").header("ack");
    joe.hear("MESSAGE");
    joe.say("ACK\nid:" + ack + "\nreceipt:1\n\n");
    joe.hear("RECEIPT");
    joe.hear("MESSAGE");
    const std::vector<StompDestination> all = server.broker.destinations();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].name, "/queue/a");
    EXPECT_TRUE(all[0].is_queue);
    EXPECT_EQ(all[0].waiting, 2U);
    EXPECT_EQ(all[0].consumers, 0U);
    EXPECT_EQ(all[1].name, "/queue/b");
    EXPECT_EQ(all[1].waiting, 1U);
    EXPECT_EQ(all[1].unacknowledged, 1U);
    EXPECT_EQ(all[1].consumers, 1U);
    EXPECT_EQ(all[1].received_total, 3U);
    EXPECT_EQ(all[1].consumed_total, 1U);
    EXPECT_EQ(all[2].name, "/topic/c");
    EXPECT_FALSE(all[2].is_queue);
    EXPECT_EQ(all[2].received_total, 1U);
    const StompStats stats = server.broker.stats();
    EXPECT_EQ(stats.sessions, 1U);
    EXPECT_EQ(stats.counters.received, 6U);
    EXPECT_EQ(stats.counters.delivered, 3U);
}

TEST(StompBroker, who_says_nothing_in_time_is_ended) {
    StompServer server({.connect_timeout_ms = 20});
    for (const Over over : both) server.open(over).expect_error("first frame must be", 1002);
    StompPeer joe = server.connect(Over::tcp);
    server.open(Over::tcp).expect_error("first frame must be", 1002);  // That long, and longer.
    joe.await_all();
}

TEST(StompBroker, outlives_servers_and_keeps_their_queues) {
    StompBroker broker(
        {}, {.authorise = [](const StompClient&, StompAction, std::string_view) { return true; }});
    for (int i = 0; i < 3; ++i) {
        TestServer server({.loops = 2});
        broker.attach(*server.operator->(), "/ws");
        server.start();
        StompPeer joe(server.open("/ws"), Over::web_socket);
        joe.connect();
        joe.subscribe("/topic/a");
        joe.subscribe("/queue/a", "ack:client\n");
        for (int k = 0; k < i; ++k) {
            EXPECT_EQ(joe.hear("MESSAGE").body, "of server " + std::to_string(k));
        }
        StompPeer jim(server.open("/ws"), Over::web_socket);
        jim.connect();
        jim.send("/queue/a", "of server " + std::to_string(i));
        EXPECT_EQ(joe.hear("MESSAGE").body, "of server " + std::to_string(i));
        broker.authorise_again();
        jim.send("/topic/a", "x");
        EXPECT_EQ(joe.hear("MESSAGE").body, "x");
    }
    broker.authorise_again();
    EXPECT_EQ(broker.stats().sessions, 0U);
    ASSERT_EQ(broker.destinations().size(), 1U);
    EXPECT_EQ(broker.destinations()[0].waiting, 3U);
    EXPECT_EQ(broker.send("/queue/a", "x"), Fault::none);
}

TEST(StompBroker, serves_two_servers_at_once) {
    StompBroker broker;
    TestServer one;
    TestServer other;
    broker.attach(*one.operator->(), "/ws");
    broker.attach(*other.operator->(), "/ws");
    one.start();
    other.start();
    StompPeer joe(one.open("/ws"), Over::web_socket);
    StompPeer jim(other.open("/ws"), Over::web_socket);
    joe.connect().subscribe("/topic/a");
    jim.connect().send("/topic/a", "hello");
    EXPECT_EQ(joe.hear("MESSAGE").body, "hello");
}

// One message may always wait, however large, and what comes behind it waits in the broker.
TEST(StompBroker, a_message_of_the_application_may_be_larger_than_any_limit) {
    StompServer server({.session = {.frame = {.body_size_max = 1000}}, .output_size_max = 10'000});
    for (const Over over : both) {
        SCOPED_TRACE(name_of(over));
        StompPeer joe = server.connect(over);
        joe.subscribe("/topic/a");
        const std::string large(6 * 1024 * 1024, 'x');
        EXPECT_EQ(server.broker.send("/topic/a", large), Fault::none);
        for (int i = 0; i < 100; ++i) {
            EXPECT_EQ(server.broker.send("/topic/a", std::to_string(i)), Fault::none);
        }
        EXPECT_TRUE(joe.hear("MESSAGE").body == large);
        for (int i = 0; i < 100; ++i) EXPECT_EQ(joe.hear("MESSAGE").body, std::to_string(i));
    }
}

// Its own ACK is behind the SEND that waits for it.
TEST(StompBroker, a_producer_does_not_wait_for_ever) {
    StompServer server(
        {.broker = {.queue = {.message_count_max = 1, .when_full = stomp::WhenFull::block}},
         .block_timeout_ms = 50});
    for (const Over over : both) {
        SCOPED_TRACE(name_of(over));
        StompPeer joe = server.connect(over);
        joe.subscribe("/queue/a", "ack:client\n");
        joe.send("/queue/a", "1");
        EXPECT_EQ(joe.hear("MESSAGE").body, "1");
        joe.say("SEND\ndestination:/queue/a\nreceipt:2\n\n2");
        const StompReply error = joe.expect_error("queue is full", 1013);
        EXPECT_TRUE(error.has("receipt-id:2")) << error.head;
        // What it had is there again, for somebody who takes it.
        StompPeer jim = server.connect(over);
        jim.subscribe("/queue/a");
        EXPECT_EQ(jim.hear("MESSAGE").body, "1");
    }
}

// What is given to a connection that is closing would be gone.
TEST(StompBroker, a_queue_gives_nothing_to_a_connection_that_closes) {
    StompServer server;
    StompPeer joe = server.connect(Over::web_socket);
    joe.subscribe("/queue/a");
    (*server.server)->visit([](Connection& connection) { connection.close(1001); });
    joe.client().expect_close(1001);  // And does not answer.
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(server.broker.send("/queue/a", std::to_string(i)), Fault::none);
    }
    StompPeer jim = server.connect(Over::web_socket);
    jim.subscribe("/queue/a");
    for (int i = 0; i < 100; ++i) EXPECT_EQ(jim.hear("MESSAGE").body, std::to_string(i));
}

TEST(StompBroker, a_transaction_for_no_handler_is_refused_before_it_is_committed) {
    StompServer server;
    server.broker.app("/app/known", [](StompRequest&) {});
    StompPeer joe = server.connect(Over::tcp);
    joe.say("BEGIN\ntransaction:t\n\n");
    joe.say("SEND\ndestination:/app/known\ntransaction:t\n\n");
    joe.say("SEND\ndestination:/app/unknown\ntransaction:t\n\n");
    joe.expect_error("no such destination", 1008);
}

}  // namespace
}  // namespace edgews::test
