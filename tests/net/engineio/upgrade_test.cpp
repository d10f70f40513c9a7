// A session's way from polling to a WebSocket: nothing is lost, nothing comes twice, and whoever
// goes in the midst of it leaves nothing behind.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "engineio_server.hpp"

namespace edgews::test {
namespace {

constexpr std::string_view bad_request = R"({"code":3,"message":"Bad request"})";

class EngineIoUpgrade : public EngineIoTest {};
INSTANTIATE_TEST_SUITE_P(On, EngineIoUpgrade, testing::Values(1U, 4U), loop_count_name);

TEST_P(EngineIoUpgrade, a_session_goes_on_with_its_websocket) {
    server_.start();
    const std::string id = server_.open_polling();
    EXPECT_EQ(server_.post(id, "4by post").body, "ok");
    EXPECT_EQ(server_.poll(id).body, "4by post");
    TestClient client = server_.probe(id);
    client.send_text("5");
    client.send_text("4by websocket");
    client.expect_text("4by websocket");
    client.send_frame(0x82, "\x01\x02");
    client.expect_frame(0x82, "\x01\x02");
    server_.with_session(id, [](const engineio::Session& session) {
        EXPECT_TRUE(session.is_websocket());
        EXPECT_TRUE(session.is_writable());
        EXPECT_TRUE(session.query().starts_with("EIO=4&transport=polling"));
    });
    EXPECT_EQ(server_.poll(id).body, bad_request);
    EXPECT_EQ(server_.post(id, "4late").body, bad_request);
    client.close_cleanly();
    EXPECT_EQ(server_.notes().wait_for(7),
              (List{"opened", "took by post", "leaving", "arrived", "took by websocket",
                    "took binary \x01\x02", "ended transport_closed"}));
}

TEST_P(EngineIoUpgrade, every_poll_ends_at_once_while_a_websocket_is_tried) {
    server_.start();
    const std::string id = server_.open_polling();
    TestClient poll = server_.begin_poll(id);
    TestClient client = server_.probe(id);
    EXPECT_EQ(poll.read_reply().body, "6");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(server_.poll(id).body, "6");
    server_.with_session(id, [](engineio::Session& session) {
        EXPECT_FALSE(session.is_writable());
        EXPECT_EQ(session.send(text("one")), SendResult::queued);
    });
    EXPECT_EQ(server_.poll(id).body, "4one");
    EXPECT_EQ(server_.post(id, "4two").body, "ok");
    client.send_text("5");
    client.expect_text("4two");
}

// What waits for a poll goes by the WebSocket, in front of all that is sent from then on, and so
// does the answer to what the client sent behind its UPGRADE.
TEST_P(EngineIoUpgrade, what_waits_comes_first_and_once) {
    server_.on_arrived = [](engineio::Session& session) {
        EXPECT_EQ(session.send(text("arrived")), SendResult::sent);
    };
    server_.start();
    const std::string id = server_.open_polling();
    TestClient client = server_.probe(id);
    server_.with_session(id, [](engineio::Session& session) {
        static_cast<void>(session.send(text("one")));
        static_cast<void>(session.send(engineio::Packet::of_binary(bytes_of("\x01\x02"))));
        static_cast<void>(session.send(engineio::SharedPacket(text("three"))));
    });
    client.send(client_frame(0x81, "5") + client_frame(0x81, "4four"));
    client.expect_text("4one");
    client.expect_frame(0x82, "\x01\x02");
    client.expect_text("4three");
    client.expect_text("4arrived");
    client.expect_text("4four");
}

// What its WebSocket has no room for would be missing in the midst of what was accepted.
TEST(EngineIoUpgradeBacklog, what_waits_arrives_or_the_session_ends) {
    constexpr std::size_t size = 1'000'000;
    EngineIoServer server(EngineIoServer::Setup{
        .options = {.backlog_size_max = 64 * size, .websocket = {.overflow = Overflow::drop}}});
    server.start();
    const std::string id = server.open_polling();
    TestClient client = server.probe(id);
    server.with_session(id, [](engineio::Session& session) {
        for (char each = 'a'; each <= 'z'; ++each) {
            const std::string message(size, each);
            EXPECT_EQ(
                session.send(engineio::Packet::of_text(engineio::PacketType::message, message)),
                SendResult::queued);
        }
    });
    client.send_text("5");
    static_cast<void>(server.notes().wait_for(3));  // It has arrived.
    client.send_text("4end");
    for (char each = 'a'; each <= 'z'; ++each) {
        const ReceivedFrame frame = client.read_frame();
        if (frame.first_byte == 0x88) return;  // It ends.
        ASSERT_EQ(frame.text().substr(0, 4), "4" + std::string(3, each));
    }
}

TEST_P(EngineIoUpgrade, a_poll_that_should_not_be_there_ends_with_a_noop) {
    server_.start();
    const std::string id = server_.open_polling();
    TestClient client = server_.probe(id);
    client.send_text("5");
    const HttpReply poll = server_.poll(id);
    EXPECT_TRUE(poll.body == bad_request || poll.body == "6") << poll.body;
    client.send_text("4hello");
    client.expect_text("4hello");
}

TEST_P(EngineIoUpgrade, a_session_takes_one_websocket) {
    server_.start();
    const std::string id = server_.open_polling();
    TestClient client = server_.probe(id);
    server_.server().open(EngineIoServer::websocket_path(id)).expect_close(1008);
    client.send_text("5");
    client.send_text("4hello");
    client.expect_text("4hello");
    server_.server().open(EngineIoServer::websocket_path(id)).expect_close(1008);
    client.send_text("4still");
    client.expect_text("4still");
    auto [other, other_id] = server_.open_websocket();
    server_.server().open(EngineIoServer::websocket_path(other_id)).expect_close(1008);
    other.send_text("4mine");
    other.expect_text("4mine");
}

TEST_P(EngineIoUpgrade, what_is_no_upgrade_leaves_the_session_polling) {
    const std::vector<std::vector<std::string>> wrongs = {
        {"4hello"}, {"5"}, {"2"}, {"3probe"}, {"2probe", "4hello"}, {"2probe", "1"}, {""}};
    server_.start();
    const std::string id = server_.open_polling();
    for (const auto& wrong : wrongs) {
        TestClient client = server_.server().open(EngineIoServer::websocket_path(id));
        for (const std::string& each : wrong) client.send_text(each);
        client.expect_close(1008);
        client.send_close(1008);
        client.expect_eof();
    }
    server_.wait_for_loops();
    TestClient poll = server_.begin_poll(id);
    EXPECT_EQ(server_.post(id, "4hello").body, "ok");
    EXPECT_EQ(poll.read_reply().body, "4hello");
    TestClient client = server_.probe(id);
    client.send_text("5");
    client.send_text("4again");
    client.expect_text("4again");
}

TEST_P(EngineIoUpgrade, a_client_that_goes_while_it_tries_may_poll_or_try_again) {
    server_.start();
    const std::string id = server_.open_polling();
    for (const bool has_probed : {false, true}) {
        TestClient client = has_probed ? server_.probe_again(id)
                                       : server_.server().open(EngineIoServer::websocket_path(id));
        client.reset();
        std::string polled = "6";  // Until it is known to be gone.
        while (polled == "6") {
            server_.with_session(id, [](engineio::Session& session) {
                if (session.buffered_amount() == 0) {
                    static_cast<void>(session.send(text("still here")));
                }
            });
            polled = server_.poll(id).body;
        }
        EXPECT_EQ(polled, "4still here");
    }
    TestClient client = server_.probe_again(id);
    client.send_text("5");
    client.send_text("4hello");
    client.expect_text("4hello");
}

TEST_P(EngineIoUpgrade, a_websocket_that_does_not_make_up_its_mind_is_closed) {
    EngineIoServer server({.loops = GetParam(), .options = {.upgrade_timeout_ms = 20}});
    server.start();
    const std::string id = server.open_polling();
    server.server().open(EngineIoServer::websocket_path(id)).expect_close(1008);
    TestClient tried = server.server().open(EngineIoServer::websocket_path(id));
    tried.send_text("2probe");
    // Unless this thread was away for so long.
    ReceivedFrame frame = tried.read_frame();
    if (frame.text() == "3probe") frame = tried.read_frame();
    EXPECT_EQ(frame.close_code(), 1008U);
    server.wait_for_loops();
    TestClient poll = server.begin_poll(id);
    EXPECT_EQ(server.post(id, "4hello").body, "ok");
    EXPECT_EQ(poll.read_reply().body, "4hello");
}

TEST_P(EngineIoUpgrade, a_session_that_ends_meanwhile_takes_the_websocket_with_it) {
    server_.start();
    for (const bool has_probed : {false, true}) {
        const std::string id = server_.open_polling();
        TestClient client = has_probed ? server_.probe(id)
                                       : server_.server().open(EngineIoServer::websocket_path(id));
        EXPECT_EQ(server_.post(id, "1").body, "ok");
        if (!has_probed) client.send_text("2probe");
        client.expect_close(1000);
    }
    const std::string id = server_.open_polling();
    TestClient client = server_.probe(id);
    server_.with_session(id, [](engineio::Session& session) { session.close(); });
    EXPECT_EQ(server_.poll(id).body, "1");
    client.expect_close(1000);
}

// npm's client has stopped to poll when it says UPGRADE, and hears of nothing else.
TEST_P(EngineIoUpgrade, a_session_that_is_closed_meanwhile_says_so_by_the_websocket) {
    server_.start();
    for (int i = 0; i < 10; ++i) {
        const std::string id = server_.open_polling();
        TestClient client = server_.probe(id);
        server_.with_session(id, [](engineio::Session& session) {
            EXPECT_EQ(session.send(text("last")), SendResult::queued);
            session.close();
        });
        client.send_text("5");
        client.expect_text("4last");
        client.expect_text("1");
        client.expect_close(1000);
    }
    server_.wait_for_no_session();
}

TEST_P(EngineIoUpgrade, a_session_that_its_guest_closes_as_it_leaves_says_so_by_the_websocket) {
    server_.on_leaving = [](engineio::Session& session) {
        EXPECT_EQ(session.send(text("last")), SendResult::queued);
        session.close();
    };
    server_.start();
    const std::string id = server_.open_polling();
    TestClient client = server_.probe(id);
    client.send_text("5");
    client.expect_text("4last");
    client.expect_text("1");
    client.expect_close(1000);
    EXPECT_EQ(server_.notes().wait_for(3), (List{"opened", "leaving", "ended server_closed"}));
    server_.wait_for_no_session();
}

TEST_P(EngineIoUpgrade, a_client_that_goes_when_its_session_was_closed_leaves_nothing) {
    server_.start();
    for (const bool has_upgraded : {false, true}) {
        const std::string id = server_.open_polling();
        TestClient client = server_.probe(id);
        server_.with_session(id, [](engineio::Session& session) { session.close(); });
        if (has_upgraded) client.send_text("5");
        client.reset();
        if (!has_upgraded) {
            EXPECT_EQ(server_.poll(id).body, "1");
        }
    }
    server_.wait_for_no_session();
}

// Who polls on does so at once. npm's client does not, when it leaves while it changes: for that
// a session does not wait as long as for a pong.
TEST_P(EngineIoUpgrade, a_closed_session_is_over_soon_when_its_websocket_goes) {
    EngineIoServer server(
        {.loops = GetParam(), .options = {.heartbeat = {.ping_timeout_ms = 60'000}}});
    server.start();
    const std::string id = server.open_polling();
    TestClient client = server.probe(id);
    server.with_session(id, [](engineio::Session& session) { session.close(); });
    client.reset();
    server.wait_for_no_session();
}

TEST_P(EngineIoUpgrade, a_websocket_of_a_session_that_is_none_is_answered_400) {
    server_.start();
    TestClient client = server_.connect();
    client.send(TestClient::upgrade_head(EngineIoServer::websocket_path(std::string(20, 'a'))));
    const HttpReply reply = client.read_reply();
    EXPECT_EQ(reply.status, 400U);
    EXPECT_EQ(reply.body, R"({"code":1,"message":"Session ID unknown"})");
    EXPECT_TRUE(reply.has("Content-Type: application/json"));
}

// ---- On its way --------------------------------------------------------------------------------

TEST_P(EngineIoUpgrade, a_client_that_goes_while_the_session_moves_ends_it_where_it_arrives) {
    server_.start();
    for (int i = 0; i < 10; ++i) {
        const std::string id = server_.open_polling();
        TestClient client = server_.probe(id);
        client.send(client_frame(0x81, "5") + client_frame(0x81, "4perhaps"));
        client.reset();
    }
    server_.wait_for_no_session();
    std::size_t ended = 0;
    for (const std::string& note : server_.notes().all())
        ended += note.starts_with("ended") ? 1U : 0U;
    EXPECT_EQ(ended, 10U);
}

TEST_P(EngineIoUpgrade, its_guest_closes_it_when_it_arrives) {
    server_.on_arrived = [](engineio::Session& session) {
        static_cast<void>(session.send(text("bye")));
        session.close();
        EXPECT_EQ(session.send(text("late")), SendResult::closed);
    };
    server_.start();
    const std::string id = server_.open_polling();
    TestClient client = server_.probe(id);
    client.send(client_frame(0x81, "5") + client_frame(0x81, "4not heard"));
    client.expect_text("4bye");
    client.expect_close(1000);
    EXPECT_EQ(server_.notes().wait_for(4),
              (List{"opened", "leaving", "arrived", "ended server_closed"}));
}

// Whoever is told of the loops keeps what is said to many, and so must know both.
TEST_P(EngineIoUpgrade, many_go_over_while_they_talk) {
    server_.start();
    constexpr int message_count = 20;
    std::vector<std::thread> threads;
    for (int each = 0; each < 8; ++each) {
        threads.emplace_back([this] {
            const std::string id = server_.open_polling();
            std::string heard;
            std::string said;
            for (int i = 0; i < message_count / 2; ++i) {
                const std::string message = "4" + std::to_string(i);
                said += message;
                EXPECT_EQ(server_.post(id, message).body, "ok");
            }
            TestClient client = server_.probe(id);
            if (said.size() % 2 == 0) heard = server_.poll(id).body;
            std::erase(heard, '\x1e');
            Bytes frames = client_frame(0x81, "5");
            for (int i = message_count / 2; i < message_count; ++i) {
                const std::string message = "4" + std::to_string(i);
                said += message;
                frames = frames + client_frame(0x81, message);
            }
            client.send(frames);
            while (heard.size() < said.size()) heard += client.read_frame().text();
            EXPECT_EQ(heard, said);
            client.close_cleanly();
        });
    }
    for (std::thread& thread : threads) thread.join();
    server_.wait_for_no_session();
}

}  // namespace
}  // namespace edgews::test
