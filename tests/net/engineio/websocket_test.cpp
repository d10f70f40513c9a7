// Sessions that begin with a WebSocket.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engineio_server.hpp"

namespace edgews::test {
namespace {

using engineio::EndReason;
using engineio::Packet;

class EngineIoWebSocket : public EngineIoTest {};
INSTANTIATE_TEST_SUITE_P(On, EngineIoWebSocket, testing::Values(1U, 4U), loop_count_name);

TEST_P(EngineIoWebSocket, begins_with_open_and_sends_back_what_came) {
    server_.start();
    TestClient client = server_.server().open(EngineIoServer::websocket_path());
    const std::string open = client.read_frame().text();
    EXPECT_EQ(open, "0{\"sid\":\"" + EngineIoServer::id_in(open) +
                        "\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,"
                        "\"maxPayload\":1000000}");
    client.send_text("4h\xC3\xA9llo");
    client.expect_text("4h\xC3\xA9llo");
    client.send_text("4");
    client.expect_text("4");
    client.send_frame(0x82, std::string_view("\0\xFF", 2));
    client.expect_frame(0x82, std::string_view("\0\xFF", 2));
    client.send_frame(0x82, "");
    client.expect_frame(0x82, "");
    client.send_text("bAQI=");  // Of one that was told to have no binary.
    client.expect_frame(0x82, "\x01\x02");
    client.close_cleanly();
    EXPECT_EQ(server_.notes().wait_for(7).back(), "ended transport_closed");
    EXPECT_EQ(server_.host().session_count(), 0U);
}

TEST_P(EngineIoWebSocket, close_ends_it_at_once) {
    server_.start();
    auto [client, id] = server_.open_websocket();
    client.send(client_frame(0x81, "4a") + client_frame(0x81, "1") + client_frame(0x81, "4b"));
    client.expect_text("4a");
    client.expect_close(1000);
    EXPECT_EQ(server_.notes().wait_for(3), (List{"opened", "took a", "ended client_closed"}));
}

TEST_P(EngineIoWebSocket, what_breaks_a_rule_closes_it) {
    server_.start();
    for (const char* const wrong : {"", "abc", "7", "b", "bA", "2", "2probe"}) {
        SCOPED_TRACE(wrong);
        const bool is_binary_nothing = std::string_view(wrong) == "b";
        auto [client, id] = server_.open_websocket();
        client.send_text(wrong);
        if (is_binary_nothing) {
            client.expect_frame(0x82, "");
            continue;
        }
        client.expect_close(1008);
    }
    auto [client, id] = server_.open_websocket();
    client.send_frame(0x81, "4\xFF");
    client.expect_close(1007);
}

TEST_P(EngineIoWebSocket, what_means_nothing_is_passed_over) {
    server_.start();
    auto [client, id] = server_.open_websocket();
    for (const char* const each : {"6", "5", "0", "3", "3probe"}) client.send_text(each);
    client.send_text("4hello");
    client.expect_text("4hello");
}

TEST_P(EngineIoWebSocket, a_client_that_goes_ends_it) {
    server_.start();
    for (const bool is_reset : {true, false}) {
        auto [client, id] = server_.open_websocket();
        client.send_text("4a");
        client.expect_text("4a");
        is_reset ? client.reset() : client.close();
        server_.wait_for_no_session();
    }
    EXPECT_EQ(server_.notes().wait_for(6).back(), "ended transport_closed");
}

TEST_P(EngineIoWebSocket, closed_by_its_guest_it_takes_nothing_more_and_says_what_was_sent) {
    server_.on_take = [](engineio::Session& session, const Packet& message) {
        EXPECT_EQ(session.send(message), SendResult::sent);
        session.close();
        EXPECT_FALSE(session.is_writable());
        EXPECT_EQ(session.send(message), SendResult::closed);
    };
    server_.start();
    auto [client, id] = server_.open_websocket();
    client.send(client_frame(0x81, "4bye") + client_frame(0x81, "4not heard"));
    client.expect_text("4bye");
    client.expect_close(1000);
    EXPECT_EQ(server_.notes().wait_for(3), (List{"opened", "took bye", "ended server_closed"}));
}

TEST_P(EngineIoWebSocket, closed_or_refused_while_it_opens) {
    bool is_refused = false;
    server_.on_open = [&](engineio::Session& session) {
        EXPECT_EQ(session.send(text("first")), SendResult::queued);
        if (!is_refused) session.close();
        return !is_refused;
    };
    server_.start();
    {
        auto [client, id] = server_.open_websocket();
        client.expect_text("4first");
        client.expect_close(1000);
        EXPECT_EQ(server_.notes().wait_for(2), (List{"opened", "ended server_closed"}));
    }
    is_refused = true;
    TestClient client = server_.server().open(EngineIoServer::websocket_path());
    const ReceivedFrame frame = client.read_frame();
    EXPECT_EQ(frame.first_byte, 0x88U);
    EXPECT_EQ(frame.close_code(), 1008U);
    EXPECT_EQ(server_.host().session_count(), 0U);
    EXPECT_EQ(server_.notes().all().size(), 2U);
}

TEST_P(EngineIoWebSocket, a_message_made_once_goes_to_all) {
    server_.start();
    auto [client, id] = server_.open_websocket();
    const std::string other = server_.open_polling();
    const engineio::SharedPacket shared(text("to all"));
    const engineio::SharedPacket binary(Packet::of_binary(bytes_of("\x01\x02")));
    for (const std::string& each : {id, other}) {
        server_.with_session(each, [&](engineio::Session& session) {
            static_cast<void>(session.send(shared));
            static_cast<void>(session.send(binary));
        });
    }
    client.expect_text("4to all");
    client.expect_frame(0x82, "\x01\x02");
    EXPECT_EQ(server_.poll(other).body,
              "4to all\x1e"
              "bAQI=");
}

// Only who polls could take it for two packets.
TEST_P(EngineIoWebSocket, text_may_have_a_separator) {
    server_.start();
    auto [client, id] = server_.open_websocket();
    client.send_text(
        "4one\x1e"
        "two");
    client.expect_text(
        "4one\x1e"
        "two");
    server_.with_session(id, [](engineio::Session& session) {
        EXPECT_EQ(session.send(text("\xFF")), SendResult::invalid);
        EXPECT_EQ(session.send(engineio::SharedPacket()), SendResult::dropped);
    });
}

TEST_P(EngineIoWebSocket, who_does_not_read_is_closed_when_its_backlog_is_full) {
    EngineIoServer server(
        {.loops = GetParam(),
         .options = {.websocket = {.backlog_size_max = 64 * 1024, .close_timeout_ms = 20}}});
    server.start();
    auto [client, id] = server.open_websocket();
    bool is_closed = false;
    while (!is_closed) {
        server.with_session(id, [&](engineio::Session& session) {
            is_closed = session.send(text(std::string(60'000, 'a'))) == SendResult::closed;
        });
    }
    EXPECT_EQ(server.notes().wait_for(2), (List{"opened", "ended transport_closed"}));
}

TEST_P(EngineIoWebSocket, a_message_larger_than_a_payload_may_be_closes_it) {
    EngineIoServer server({.loops = GetParam(), .options = {.payload_size_max = 100}});
    server.start();
    auto [client, id] = server.open_websocket();
    client.send_text("4" + std::string(100, 'a'));
    client.expect_close(1009);
}

}  // namespace
}  // namespace edgews::test
