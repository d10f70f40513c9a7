// Sessions whose client polls: what it says and hears, and how it ends.
#include "net/stream/streams_on_loop.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "engineio_server.hpp"

namespace edgews::test {
namespace {

using engineio::EndReason;
using engineio::Packet;

class EngineIoPolling : public EngineIoTest {};
INSTANTIATE_TEST_SUITE_P(On, EngineIoPolling, testing::Values(1U, 4U), loop_count_name);

TEST_P(EngineIoPolling, begins_with_open) {
    server_.start();
    const HttpReply reply = server_.connect().get("/engine.io/?EIO=4&transport=polling");
    EXPECT_EQ(reply.status, 200U);
    EXPECT_TRUE(reply.has("Content-Type: text/plain; charset=UTF-8"));
    EXPECT_TRUE(reply.has("Cache-Control: no-store"));
    EXPECT_EQ(reply.body,
              "0{\"sid\":\"" + EngineIoServer::id_in(reply.body) +
                  "\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,\"pingTimeout\":20000,"
                  "\"maxPayload\":1000000}");
    EXPECT_EQ(server_.connect().get("/engine.io?EIO=4&transport=polling").status, 200U)
        << "without a slash";
    EXPECT_EQ(server_.host().session_count(), 2U);
}

TEST_P(EngineIoPolling, sends_back_what_came_text_and_binary) {
    server_.start();
    const std::string id = server_.open_polling();
    const HttpReply posted = server_.post(id,
                                          "4hello\x1e"
                                          "bAQIDBA==\x1e"
                                          "4w\xC3\xB6rld");
    EXPECT_EQ(posted.status, 200U);
    EXPECT_EQ(posted.body, "ok");
    EXPECT_TRUE(posted.has("Content-Type: text/html"));
    EXPECT_EQ(server_.poll(id).body,
              "4hello\x1e"
              "bAQIDBA==\x1e"
              "4w\xC3\xB6rld");
    EXPECT_EQ(server_.notes().wait_for(4),
              (List{"opened", "took hello", "took binary \x01\x02\x03\x04", "took w\xC3\xB6rld"}));
}

TEST_P(EngineIoPolling, a_poll_waits_for_what_is_sent_then_in_one_answer) {
    server_.start();
    const std::string id = server_.open_polling();
    for (int i = 0; i < 10; ++i) {
        TestClient poll = server_.begin_poll(id);
        server_.with_session(id, [&](engineio::Session& session) {
            EXPECT_EQ(session.send(text("one")), SendResult::sent);
            EXPECT_EQ(session.send(text("two")), SendResult::sent);
            EXPECT_GT(session.buffered_amount(), 0U);
        });
        EXPECT_EQ(poll.read_reply().body,
                  "4one\x1e"
                  "4two");
    }
    server_.with_session(id, [&](engineio::Session& session) {
        EXPECT_FALSE(session.is_writable());
        EXPECT_EQ(session.send(text("three")), SendResult::queued);
    });
    EXPECT_EQ(server_.poll(id).body, "4three");
}

// What a payload has no room for follows with the next poll.
TEST_P(EngineIoPolling, no_answer_is_larger_than_a_payload_may_be_but_for_one_packet) {
    EngineIoServer server({.loops = GetParam(), .options = {.payload_size_max = 10}});
    server.start();
    const std::string id = server.open_polling();
    server.with_session(id, [&](engineio::Session& session) {
        for (const char* const each : {"aaaa", "bbbb", "cc", "dddddddddddddddd", "e"}) {
            EXPECT_EQ(session.send(text(each)), SendResult::queued);
        }
    });
    EXPECT_EQ(server.poll(id).body, "4aaaa");
    EXPECT_EQ(server.poll(id).body,
              "4bbbb\x1e"
              "4cc");
    EXPECT_EQ(server.poll(id).body, "4dddddddddddddddd");
    EXPECT_EQ(server.poll(id).body, "4e");
}

TEST_P(EngineIoPolling, the_client_says_close) {
    server_.start();
    const std::string id = server_.open_polling();
    TestClient poll = server_.begin_poll(id);
    EXPECT_EQ(server_
                  .post(id,
                        "4a\x1e"
                        "1\x1e"
                        "4b")
                  .body,
              "ok");
    const std::string left = poll.read_reply().body;
    EXPECT_TRUE(left == "6" || left == "4a") << left;
    EXPECT_EQ(server_.poll(id).body, R"({"code":1,"message":"Session ID unknown"})");
    EXPECT_EQ(server_.notes().wait_for(3), (List{"opened", "took a", "ended client_closed"}));
}

// A poll that was sent before the CLOSE may come behind it.
TEST_P(EngineIoPolling, a_poll_on_its_way_when_the_client_says_close_is_answered) {
    server_.start();
    const std::string id = server_.open_polling();
    EXPECT_EQ(server_.post(id, "1").body, "ok");
    EXPECT_EQ(server_.notes().wait_for(2), (List{"opened", "ended client_closed"}));
    const HttpReply reply = server_.poll(id);
    EXPECT_EQ(reply.status, 200U);
    EXPECT_EQ(reply.body, "6");
    EXPECT_EQ(server_.poll(id).status, 400U);
    EXPECT_EQ(server_.host().session_count(), 0U);
}

TEST_P(EngineIoPolling, a_second_poll_ends_the_session) {
    server_.start();
    const std::string id = server_.open_polling();
    TestClient poll = server_.begin_poll(id);
    const HttpReply second = server_.poll(id);
    EXPECT_EQ(second.status, 400U);
    EXPECT_EQ(poll.read_reply().body, "1");
    EXPECT_EQ(server_.notes().wait_for(2), (List{"opened", "ended packet_malformed"}));
    EXPECT_EQ(server_.poll(id).status, 400U);
}

TEST_P(EngineIoPolling, who_leaves_a_poll_has_left) {
    server_.start();
    for (const bool is_reset : {true, false}) {
        const std::string id = server_.open_polling();
        TestClient poll = server_.begin_poll(id);
        is_reset ? poll.reset() : poll.close();
        server_.wait_for_no_session();
        EXPECT_EQ(server_.poll(id).status, 400U);
    }
    EXPECT_EQ(server_.notes().wait_for(4),
              (List{"opened", "ended transport_closed", "opened", "ended transport_closed"}));
}

// It has said nothing yet.
TEST_P(EngineIoPolling, who_leaves_in_the_midst_of_a_post_may_go_on) {
    server_.start();
    const std::string id = server_.open_polling();
    TestClient client = server_.connect();
    const std::string post = EngineIoServer::post_text(id, "4never");
    client.send(post.substr(0, post.size() - 3));
    client.reset();
    EXPECT_EQ(server_.post(id, "4hello").body, "ok");
    EXPECT_EQ(server_.poll(id).body, "4hello");
    EXPECT_EQ(server_.notes().all(), (List{"opened", "took hello"}));
}

TEST_P(EngineIoPolling, what_breaks_a_rule_ends_it_behind_what_did_not) {
    const std::vector<std::string> wrongs = {"",
                                             "abc",
                                             "4a\x1e",
                                             "\x1e",
                                             "7",
                                             "bA",
                                             "b====",
                                             "2",
                                             "2probe",
                                             "4\xFF",
                                             std::string(1'000'000, '\x1e')};
    server_.start();
    for (const std::string& wrong : wrongs) {
        SCOPED_TRACE(wrong.substr(0, 20));
        const std::string id = server_.open_polling();
        TestClient poll = server_.begin_poll(id);
        EXPECT_EQ(server_.post(id, wrong).status, 400U);
        const std::string last = poll.read_reply().body;
        EXPECT_TRUE(last == "1" || last ==
                                       "4a\x1e"
                                       "1")
            << last;
        EXPECT_EQ(server_.poll(id).status, 400U);
    }
    server_.wait_for_no_session();
    EXPECT_EQ(server_.notes().all().back(), "ended packet_malformed");
}

TEST_P(EngineIoPolling, a_payload_that_is_too_large_is_answered_413) {
    EngineIoServer server({.loops = GetParam(), .options = {.payload_size_max = 100}});
    server.start();
    const std::string id = server.open_polling();
    EXPECT_EQ(server.post(id, "4" + std::string(100, 'a')).status, 413U);
    EXPECT_EQ(server.post(id, "4" + std::string(99, 'a')).body, "ok");
}

// ---- The application ends it -------------------------------------------------------------------

TEST_P(EngineIoPolling, closed_by_its_guest_it_takes_nothing_more_and_says_what_was_sent) {
    server_.on_take = [](engineio::Session& session, const Packet& message) {
        static_cast<void>(session.send(message));
        session.close();
        EXPECT_EQ(session.send(message), SendResult::closed);
        session.close(EndReason::ping_timeout);  // The first counts.
    };
    server_.start();
    const std::string id = server_.open_polling();
    EXPECT_EQ(server_
                  .post(id,
                        "4bye\x1e"
                        "4not heard")
                  .body,
              "ok");
    EXPECT_EQ(server_.notes().wait_for(3), (List{"opened", "took bye", "ended server_closed"}));
    EXPECT_EQ(server_.post(id, "4not heard").body, "ok");
    EXPECT_EQ(server_.poll(id).body, "4bye");
    EXPECT_EQ(server_.poll(id).body, "1");
    EXPECT_EQ(server_.poll(id).status, 400U);
    EXPECT_EQ(server_.notes().all().size(), 3U);
}

// As npm's client does when it has been told so by a message. A session would wait for its poll.
TEST_P(EngineIoPolling, closed_by_both_it_is_over_at_once) {
    EngineIoServer server(
        {.loops = GetParam(), .options = {.heartbeat = {.ping_timeout_ms = 60'000}}});
    server.start();
    const std::string id = server.open_polling();
    server.with_session(id, [](engineio::Session& session) {
        static_cast<void>(session.send(text("bye")));
        session.close();
    });
    EXPECT_EQ(server.poll(id).body, "4bye");
    EXPECT_EQ(server.post(id, "4not heard").body, "ok");
    EXPECT_EQ(server.host().session_count(), 1U);
    EXPECT_EQ(server
                  .post(id,
                        "4not heard\x1e"
                        "1")
                  .body,
              "ok");
    server.wait_for_no_session();
    EXPECT_EQ(server.notes().all(), (List{"opened", "ended server_closed"}));
}

TEST_P(EngineIoPolling, what_is_sent_in_front_of_its_end_answers_a_poll_that_waits) {
    server_.start();
    const std::string id = server_.open_polling();
    TestClient poll = server_.begin_poll(id);
    server_.with_session(id, [](engineio::Session& session) {
        static_cast<void>(session.send(text("bye")));
        session.close();
    });
    EXPECT_EQ(poll.read_reply().body, "4bye");
    EXPECT_EQ(server_.poll(id).body, "1");
    server_.wait_for_no_session();
}

TEST_P(EngineIoPolling, closed_while_a_poll_waits_it_answers_that) {
    server_.start();
    const std::string id = server_.open_polling();
    TestClient poll = server_.begin_poll(id);
    server_.with_session(id, [](engineio::Session& session) { session.close(); });
    EXPECT_EQ(poll.read_reply().body, "1");
    EXPECT_EQ(server_.notes().wait_for(2), (List{"opened", "ended server_closed"}));
    EXPECT_EQ(server_.host().session_count(), 0U);
}

TEST_P(EngineIoPolling, closed_while_it_opens_it_says_so_behind_open) {
    server_.on_open = [](engineio::Session& session) {
        EXPECT_EQ(session.send(text("first")), SendResult::queued);
        session.close();
        return true;
    };
    server_.start();
    const std::string opened = server_.connect().get("/engine.io/?EIO=4&transport=polling").body;
    EXPECT_TRUE(
        opened.ends_with("}\x1e"
                         "4first"))
        << opened;
    EXPECT_EQ(server_.notes().wait_for(2), (List{"opened", "ended server_closed"}));
    EXPECT_EQ(server_.poll(EngineIoServer::id_in(opened)).body, "1");
    server_.wait_for_no_session();
}

TEST_P(EngineIoPolling, refused_by_the_application_it_is_forbidden) {
    server_.on_open = [](engineio::Session& session) {
        EXPECT_EQ(session.send(text("never")), SendResult::queued);
        return false;
    };
    server_.start();
    const HttpReply reply = server_.connect().get("/engine.io/?EIO=4&transport=polling");
    EXPECT_EQ(reply.status, 403U);
    EXPECT_EQ(reply.body, R"({"code":4,"message":"Forbidden"})");
    EXPECT_EQ(server_.host().session_count(), 0U);
}

TEST_P(EngineIoPolling, more_than_its_backlog_ends_it) {
    EngineIoServer server({.loops = GetParam(), .options = {.backlog_size_max = 1'000}});
    server.start();
    const std::string id = server.open_polling();
    server.with_session(id, [](engineio::Session& session) {
        const std::string large(2'000, 'a');
        EXPECT_EQ(session.send(text(large)), SendResult::queued) << "nothing waits";
        EXPECT_EQ(session.send(text("b")), SendResult::closed);
    });
    EXPECT_EQ(server.notes().wait_for(2), (List{"opened", "ended packet_malformed"}));
    EXPECT_EQ(server.poll(id).body, "4" + std::string(2'000, 'a'));
    EXPECT_EQ(server.poll(id).body, "1");
}

TEST_P(EngineIoPolling, more_than_the_servers_memory_ends_it_and_is_let_go_when_it_is_fetched) {
    EngineIoServer server({.loops = GetParam(),
                           .options = {.backlog_size_max = SIZE_MAX},
                           .memory_max = 1024 * 1024});
    server.start();
    const std::string large(100'000, 'a');
    const std::size_t count_max =
        (1024 * 1024 + GetParam() * StreamsOnLoop::queues_size_max) / large.size();
    const auto count_taken = [&](const std::string& id) {
        std::size_t count = 0;
        server.with_session(id, [&](engineio::Session& session) {
            while (session.send(text(large)) == SendResult::queued) ++count;
        });
        return count;
    };
    // With nothing left, nobody would be let in.
    std::vector<std::string> ids;
    for (int i = 0; i < 6; ++i) ids.push_back(server.open_polling());
    std::vector<TestClient> polls;
    for (int i = 0; i < 3; ++i) polls.push_back(server.connect());
    for (std::size_t i = 0; i < 3; ++i) {
        const std::size_t count = count_taken(ids[i]);
        EXPECT_GE(count, count_max / 2);
        EXPECT_LE(count, count_max);
        EXPECT_LE(count_taken(ids[3 + i]), count_max / 4) << "another one holds it";
        std::string body;
        for (std::size_t left = count * large.size(); left > body.size(); left -= body.size()) {
            polls[i].send(TestClient::get_head(EngineIoServer::polling_path(ids[i])));
            body = polls[i].read_reply().body;
        }
    }
}

TEST_P(EngineIoPolling, what_cannot_be_a_packet_is_not_sent) {
    server_.start();
    const std::string id = server_.open_polling();
    server_.with_session(id, [](engineio::Session& session) {
        EXPECT_EQ(session.send(text("two\x1e"
                                    "1")),
                  SendResult::invalid);
        EXPECT_EQ(session.send(text("\xFF")), SendResult::invalid);
        const engineio::SharedPacket two(
            text("two\x1e"
                 "1"));
        EXPECT_EQ(session.send(two), SendResult::invalid);
        EXPECT_EQ(session.send(engineio::SharedPacket(text("\xFF"))), SendResult::dropped);
        EXPECT_EQ(session.send(engineio::SharedPacket(text("one"))), SendResult::queued);
    });
    EXPECT_EQ(server_.poll(id).body, "4one");
}

// ---- Two at once -------------------------------------------------------------------------------

// POSTs of a client that does not wait: one may overtake the other on its way to the session. Both
// are taken, in some order, or the session ends.
TEST_P(EngineIoPolling, posts_at_once_end_it_where_their_order_is_not_known) {
    server_.start();
    for (int i = 0; i < 20; ++i) {
        const std::string id = server_.open_polling();
        TestClient one = server_.connect(), two = server_.connect();
        one.send(EngineIoServer::post_text(id, "4one"));
        two.send(EngineIoServer::post_text(id, "4two"));
        const unsigned first = one.read_reply().status, second = two.read_reply().status;
        const HttpReply poll = server_.poll(id);
        if (first == 200 && second == 200) {
            EXPECT_TRUE(poll.body ==
                            "4one\x1e"
                            "4two" ||
                        poll.body ==
                            "4two\x1e"
                            "4one");
        } else {
            EXPECT_EQ(poll.status, 400U);
        }
    }
}

TEST_P(EngineIoPolling, many_clients_post_and_poll_from_everywhere) {
    server_.start();
    std::vector<std::thread> threads;
    for (int each = 0; each < 4; ++each) {
        threads.emplace_back([this, each] {
            const std::string id = server_.open_polling();
            for (int i = 0; i < 50; ++i) {
                const std::string message = std::to_string(each) + "." + std::to_string(i);
                TestClient poll = server_.connect();
                poll.send(TestClient::get_head(EngineIoServer::polling_path(id)));
                EXPECT_EQ(server_.post(id, "4" + message).body, "ok");
                EXPECT_EQ(poll.read_reply().body, "4" + message);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(server_.host().session_count(), 4U);
}

}  // namespace
}  // namespace edgews::test
