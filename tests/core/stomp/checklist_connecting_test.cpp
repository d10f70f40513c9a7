// Connecting and heart-beats (1.2, Connecting; Heart-beating): B and C of the checklist, as far as
// a session without sockets and clock can show them.
#include "peers.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace edgews::stomp::test {
namespace {

constexpr std::array<std::string_view, 3> versions{"1.0", "1.1", "1.2"};

// What CONNECTED says to a CONNECT with these header lines.
Got connected_by(Peers& peers, std::string_view headers, std::string_view command = "CONNECT") {
    Peer& peer = peers.add();
    peer.say(std::string(command) + '\n' + std::string(headers) + '\n');
    EXPECT_TRUE(peer.session().is_connected());
    Got got = peer.take("CONNECTED");
    EXPECT_TRUE(peer.has_nothing());
    return got;
}

TEST(StompChecklist, B1_STOMP_is_handled_as_CONNECT) {
    Peers peers;
    for (const std::string_view version : versions) {
        const std::string headers = "host:h\naccept-version:" + std::string(version) + '\n';
        Got connect = connected_by(peers, headers);
        Got stomp = connected_by(peers, headers, "STOMP");
        connect.headers.erase("session");
        stomp.headers.erase("session");
        EXPECT_EQ(connect.headers, stomp.headers);
        EXPECT_EQ(stomp.header("version"), version);
    }
    Peer& peer = peers.connect();
    peer.expect_refused("STOMP\naccept-version:1.2\n\n", Fault::connected_already);
}

TEST(StompChecklist, B2_the_version_is_the_highest_of_both) {
    Peers peers;
    EXPECT_EQ(connected_by(peers, "accept-version:1.0,1.1,1.2\n").header("version"), "1.2");
    EXPECT_EQ(connected_by(peers, "accept-version:1.0,1.1\n").header("version"), "1.1");
    EXPECT_EQ(connected_by(peers, "accept-version:1.0\n").header("version"), "1.0");
}

TEST(StompChecklist, B3_order_blanks_and_what_is_unknown_do_not_matter) {
    Peers peers;
    EXPECT_EQ(connected_by(peers, "accept-version:2.0,1.0,1.1\n").header("version"), "1.1");
    EXPECT_EQ(connected_by(peers, "accept-version: 1.2 , 1.0\n").header("version"), "1.2");
    EXPECT_EQ(connected_by(peers, "accept-version:,1.1,,1.1,\n").header("version"), "1.1");
    EXPECT_EQ(connected_by(peers, "accept-version:x,1.1\n").header("version"), "1.1");
}

TEST(StompChecklist, B4_without_accept_version_the_session_is_of_1_0) {
    Peers peers;
    Peer& peer = peers.add();
    peer.say("CONNECT\nlogin: joe\n\n");
    EXPECT_EQ(peer.session().version(), Version::v1_0);
    EXPECT_EQ(peer.take("CONNECTED").header("version"), "1.0");
    // Its rules: no id, blanks around values, backslashes as they are.
    peer.say("SUBSCRIBE\ndestination: /topic/a\n\n");
    peer.say("SEND\ndestination:/topic/a\nk:a\\tb\n\nx");
    const Got got = peer.take("MESSAGE");
    EXPECT_EQ(got.header("subscription"), "(none)");
    EXPECT_EQ(got.header("k"), "a\\tb");
}

TEST(StompChecklist, B5_no_common_version_is_answered_with_ours) {
    for (const std::string_view offer : {"1.3", "2.0,3.0", "", "1", "1.20", "v1.2"}) {
        Peers peers;
        Peer& peer = peers.add();
        const Got got =
            peer.expect_refused("CONNECT\nhost:h\naccept-version:" + std::string(offer) + "\n\n",
                                Fault::no_common_version);
        EXPECT_EQ(got.header("version"), "1.0,1.1,1.2");
        EXPECT_EQ(got.header("content-type"), "text/plain");
    }
}

TEST(StompChecklist, B6_host_is_ignored) {
    Peers peers;
    EXPECT_EQ(connected_by(peers, "accept-version:1.2\n").header("version"), "1.2");
    EXPECT_EQ(connected_by(peers, "accept-version:1.2\nhost:who.knows\n").header("version"), "1.2");
}

// The application refuses: the fixture allows all, so this drives the session itself.
TEST(StompChecklist, B7_a_refused_connect_is_explained) {
    BufferPool buffers(0);
    ContentPool contents("m");
    Broker broker{{}};
    const SessionOptions options;
    Session session(options, broker, contents, buffers, "session-1");
    const std::string connect =
        "CONNECT\naccept-version:1.1\nlogin:joe-secret\npasscode:top-secret\n\n" +
        std::string(1, '\0') + "SEND\ndestination:/queue/a\n\nx" + std::string(1, '\0');
    std::span<const std::byte> input = std::as_bytes(std::span(connect));
    const Request* const request = session.next(input);
    ASSERT_NE(request, nullptr);
    EXPECT_EQ(request->kind, Request::Kind::connect);
    EXPECT_EQ(request->frame->find("passcode"), "top-secret");
    session.refuse(Fault::access_refused, "Ask the office.");
    EXPECT_TRUE(session.is_over());
    EXPECT_EQ(session.next(input), nullptr);
    EXPECT_TRUE(input.empty());
    EXPECT_EQ(broker.find_queue("/queue/a"), nullptr);
    const std::string& out = session.output();
    EXPECT_EQ(out.find("ERROR\nmessage:Access was refused.\n"), 0U) << out;
    EXPECT_NE(out.find("Ask the office."), std::string::npos) << out;
    EXPECT_EQ(out.find("secret"), std::string::npos) << out;
    session.leave();
}

TEST(StompChecklist, B8_secrets_are_in_no_ERROR_and_no_MESSAGE) {
    for (const std::string_view secret :
         {"login:secret\npasscode:secret", "passcode :secret", "Passcode:secret",
          "PASSCODE: secret", " login:secret", "passcode:x\npasscode:secret"}) {
        Peers peers;
        const std::string headers = std::string(secret) + "\nhost:seen\n";
        Peer& broken = peers.add();
        const Got got = broken.expect_refused("CONNECT\naccept-version:9\n" + headers + '\n',
                                              Fault::no_common_version);
        EXPECT_NE(got.body.find("host:seen"), std::string::npos);
        peers.add().expect_refused("CONECT\n" + headers + '\n', Fault::unknown_command);
        peers.add().expect_refused("SEND\n" + headers + '\n', Fault::not_connected);
        peers.add().expect_refused("CONNECT\n" + headers + "no colon\n\n",
                                   Fault::header_without_colon);
        peers.connect().expect_refused("CONNECT\n" + headers + '\n', Fault::connected_already);
        Peer& joe = peers.add();
        joe.say("CONNECT\naccept-version:1.2\n" + headers + '\n');
        EXPECT_EQ(joe.take("CONNECTED").raw.find("secret"), std::string::npos);
        joe.say("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n");
        joe.say("SEND\ndestination:/topic/a\n\nx");
        EXPECT_EQ(joe.take("MESSAGE").raw.find("secret"), std::string::npos);
    }
}

TEST(StompChecklist, B9_CONNECTED_names_session_server_and_heart_beat) {
    Peers peers;
    std::set<std::string> sessions;
    for (int i = 0; i < 20; ++i) {
        const Got got = connected_by(peers, "accept-version:1.2\n");
        sessions.insert(got.header("session"));
        EXPECT_EQ(got.header("server"), "edgews/" + std::string(library_version));
        EXPECT_EQ(got.header("heart-beat"), "1000,1000");
        EXPECT_EQ(got.headers.size(), 4U);
    }
    EXPECT_EQ(sessions.size(), 20U);
}

TEST(StompChecklist, B10_the_first_frame_is_CONNECT) {
    for (const std::string_view command :
         {"SEND", "SUBSCRIBE", "UNSUBSCRIBE", "ACK", "NACK", "BEGIN", "COMMIT", "ABORT",
          "DISCONNECT", "CONNECTED", "MESSAGE", "RECEIPT", "ERROR"}) {
        Peers peers;
        Peer& peer = peers.add();
        const Got got = peer.expect_refused(
            std::string(command) +
                "\ndestination:/queue/a\nid:1\ntransaction:t\nmessage-id:1\nreceipt:r\n\n",
            Fault::not_connected);
        EXPECT_EQ(got.header("receipt-id"), "r");
        EXPECT_EQ(peers.broker().find_queue("/queue/a"), nullptr);
    }
    Peers peers;
    peers.add().expect_refused("HELLO\n\n", Fault::unknown_command);
    peers.add().expect_refused("connect\naccept-version:1.2\n\n", Fault::unknown_command);
}

TEST(StompChecklist, B11_a_second_CONNECT_ends_the_session) {
    for (const std::string_view version : versions) {
        Peers peers;
        Peer& peer = peers.connect(version);
        peer.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client\n\n");
        const Got got = peer.expect_refused("CONNECT\naccept-version:1.2\nreceipt:r\n\n",
                                            Fault::connected_already);
        EXPECT_EQ(got.header("receipt-id"), "(none)");
        EXPECT_EQ(peers.broker().find_queue("/queue/a"), nullptr);
    }
}

TEST(StompChecklist, B12_CONNECT_gets_no_RECEIPT) {
    Peers peers;
    for (const std::string_view command : {"CONNECT", "STOMP"}) {
        const Got got = connected_by(peers, "accept-version:1.2\nreceipt:r\n", command);
        EXPECT_EQ(got.header("receipt-id"), "(none)");
        const Got error = peers.add().expect_refused(
            std::string(command) + "\naccept-version:9\nreceipt:r\n\n", Fault::no_common_version);
        EXPECT_EQ(error.header("receipt-id"), "(none)");
    }
}

TEST(StompChecklist, B13_connecting_and_leaving_leaves_nothing_behind) {
    Peers peers;
    for (int i = 0; i < 300; ++i) {
        Peer& peer = peers.connect(versions[static_cast<std::size_t>(i) % versions.size()]);
        peer.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client\n\n");
        peer.say("SUBSCRIBE\nid:2\ndestination:/topic/a.*\n\n");
        peer.say("SUBSCRIBE\nid:3\ndestination:/temp-queue/a\n\n");
        peer.say("BEGIN\ntransaction:t\n\n");
        peer.say("SEND\ndestination:/queue/b\ntransaction:t\n\nx");
        if (i % 2 == 0) peer.say("DISCONNECT\n\n");
        peer.vanish();
    }
    std::size_t queue_count = 0;
    peers.broker().visit_queues([&](const Queue&) { ++queue_count; });
    EXPECT_EQ(queue_count, 0U);
    EXPECT_EQ(peers.broker().topics().count(), 0U);
}

TEST(StompChecklist, B14_CONNECTED_of_1_0_has_a_session) {
    Peers peers;
    const Got got = connected_by(peers, "login: joe\n");
    EXPECT_EQ(got.header("session"), "session-1");
    EXPECT_EQ(got.header("heart-beat"), "(none)");
}

TEST(StompChecklist, C1_heart_beat_is_two_numbers) {
    for (const std::string_view value : {"", ",", "1", "1,", ",1", "1,2,3", "a,b", "-1,0", "0,-1",
                                         "+1,0", "1;2", "1,2x", " 1,2", "1, 2", "1.5,2", "0x1,0"}) {
        for (const std::string_view version : {"1.1", "1.2"}) {
            Peers peers;
            peers.add().expect_refused("CONNECT\naccept-version:" + std::string(version) +
                                           "\nheart-beat:" + std::string(value) + "\n\n",
                                       Fault::heart_beat_malformed);
        }
    }
}

struct Beats {
    std::uint32_t send_every_ms = 0;
    std::uint32_t hear_every_ms = 0;
    bool operator==(const Beats&) const = default;
};

// What a session with `ours` agrees on with a client that says `headers`.
Beats beats_of(HeartBeat ours, std::string_view headers) {
    SessionOptions options;
    options.heart_beat = ours;
    Peers peers({}, options);
    Peer& peer = peers.add();
    peer.say("CONNECT\n" + std::string(headers) + '\n');
    EXPECT_TRUE(peer.session().is_connected());
    return {peer.session().send_every_ms(), peer.session().hear_every_ms()};
}

TEST(StompChecklist, C2_without_heart_beat_there_are_none) {
    EXPECT_EQ(beats_of({1000, 1000}, "accept-version:1.2\n"), (Beats{0, 0}));
    EXPECT_EQ(beats_of({1000, 1000}, "accept-version:1.1\nheart-beat:0,0\n"), (Beats{0, 0}));
}

TEST(StompChecklist, C3_the_larger_of_both_counts_if_both_want) {
    const std::string client = "accept-version:1.2\nheart-beat:";
    EXPECT_EQ(beats_of({1000, 2000}, client + "500,4000\n"), (Beats{4000, 2000}));
    EXPECT_EQ(beats_of({1000, 2000}, client + "5000,400\n"), (Beats{1000, 5000}));
    EXPECT_EQ(beats_of({1000, 2000}, client + "0,400\n"), (Beats{1000, 0}));
    EXPECT_EQ(beats_of({1000, 2000}, client + "400,0\n"), (Beats{0, 2000}));
    EXPECT_EQ(beats_of({0, 2000}, client + "400,400\n"), (Beats{0, 2000}));
    EXPECT_EQ(beats_of({1000, 0}, client + "400,400\n"), (Beats{1000, 0}));
    EXPECT_EQ(beats_of({1000, 1000}, client + "99999999999,1\n"), (Beats{1000, UINT32_MAX}));
}

TEST(StompChecklist, C8_a_session_of_1_0_has_no_heart_beats) {
    EXPECT_EQ(beats_of({1000, 1000}, "heart-beat:1000,1000\n"), (Beats{0, 0}));
    EXPECT_EQ(beats_of({1000, 1000}, "accept-version:1.0\nheart-beat:nonsense\n"), (Beats{0, 0}));
}

TEST(StompChecklist, B15_the_subprotocols_version_is_agreed_on_where_CONNECT_lists_it) {
    struct Row {
        Version preferred;
        std::string_view lists;
        Version agreed;
    };
    for (const Row& row :
         {Row{Version::v1_1, "1.0,1.1,1.2", Version::v1_1},
          Row{Version::v1_0, "1.2,1.0", Version::v1_0}, Row{Version::v1_1, "1.2", Version::v1_2}}) {
        Peers peers;
        Peer& peer = peers.add();
        peer.session().prefer(row.preferred);
        peer.say("CONNECT\naccept-version:" + std::string(row.lists) + "\n\n");
        EXPECT_EQ(peer.take("CONNECTED").header("version"), to_string(row.agreed)) << row.lists;
    }
}

}  // namespace
}  // namespace edgews::stomp::test
