// SENDs to the application in a transaction: they are kept as frames, and read again at COMMIT.
#include "peers.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews::stomp::test {
namespace {

using Calls = std::vector<std::pair<std::string, std::string>>;

TEST(StompReplay, at_COMMIT_the_application_gets_all_in_order_and_then_the_receipts_come) {
    Peers peers;
    Peer& peer = peers.connect();
    Calls expected;
    peer.say("BEGIN\ntransaction:t\n\n");
    for (int i = 0; i < 20; ++i) {
        const std::string name = "/app/" + std::to_string(i);
        peer.say("SEND\ndestination:" + name + "\ntransaction:t\nreceipt:" + std::to_string(i) +
                 "\n\nbody");
        expected.emplace_back(name, "body");
    }
    EXPECT_TRUE(peer.for_application.empty());
    EXPECT_TRUE(peer.has_nothing());
    // What is behind the COMMIT comes behind what it had in it.
    std::string frames = "COMMIT\ntransaction:t\nreceipt:all\n\n";
    frames += '\0';
    peer.say(frames + "SEND\ndestination:/app/last\nreceipt:last\n\n");
    expected.emplace_back("/app/last", "");
    EXPECT_EQ(peer.for_application, expected);
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), std::to_string(i));
    }
    EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "all");
    EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "last");
    EXPECT_TRUE(peer.has_nothing());
}

TEST(StompReplay, a_COMMIT_that_asks_for_no_receipt_gets_none) {
    Peers peers;
    Peer& peer = peers.connect();
    for (int i = 0; i < 3; ++i) {
        peer.say("BEGIN\ntransaction:t\n\n");
        peer.say("SEND\ndestination:/app/a\ntransaction:t\n\nx");
        peer.say("COMMIT\ntransaction:t\n\n");
        EXPECT_TRUE(peer.has_nothing());
        EXPECT_EQ(peer.for_application.size(), static_cast<std::size_t>(i) + 1);
    }
}

// Drives the session by hand: the fixture's application allows everything.
TEST(StompReplay, the_headers_are_there_but_those_of_the_transaction) {
    BufferPool buffers(0);
    ContentPool contents("m");
    Broker broker{{}};
    const SessionOptions options;
    Session session(options, broker, contents, buffers, "session-1");
    using namespace std::string_literals;
    const std::string text =
        "CONNECT\naccept-version:1.2\n\n\0BEGIN\ntransaction:t\n\n\0"
        "SEND\ndestination:/app/a\ntransaction:t\nk\\n:\\c\\r \nreceipt:r\nk:1\nk:2\n"
        "content-length:3\n\na\0b\0COMMIT\ntransaction:t\n\n\0SEND\n\n\0"s;
    std::span<const std::byte> input = std::as_bytes(std::span(text));
    ASSERT_NE(session.next(input), nullptr);
    session.accept("");
    for (int i = 0; i < 3; ++i) {
        ASSERT_NE(session.next(input), nullptr);
        ASSERT_EQ(session.carry_out(), Outcome::done);
    }
    const Request* const request = session.next(input);
    ASSERT_NE(request, nullptr);
    EXPECT_EQ(request->kind, Request::Kind::application);
    EXPECT_EQ(request->destination, "/app/a");
    EXPECT_EQ(request->frame->find("k\n"), ":\r ");
    EXPECT_EQ(request->frame->find("k"), "1");
    EXPECT_EQ(request->frame->find("receipt"), std::nullopt);
    EXPECT_EQ(request->frame->find("transaction"), std::nullopt);
    EXPECT_EQ(request->frame->body.size(), 3U);
    session.output().clear();
    session.refuse(Fault::access_refused);
    EXPECT_TRUE(session.is_over());
    EXPECT_EQ(session.output().find("RECEIPT"), std::string::npos);
    EXPECT_EQ(session.output().find("receipt-id"), std::string::npos);
    EXPECT_EQ(session.next(input), nullptr);
    session.leave();
}

// A frame that keeps the limits may be longer as it is written anew.
TEST(StompReplay, what_kept_the_limits_once_is_not_measured_again) {
    SessionOptions options;
    options.frame = {
        .header_count_max = 4, .header_size_max = 100, .head_size_max = 300, .body_size_max = 50};
    for (const std::string_view version : {"1.0", "1.1", "1.2"}) {
        Peers peers({}, options);
        Peer& peer = peers.connect(version);
        peer.say("BEGIN\ntransaction:t\n\n");
        const std::string colons(98, ':');
        const std::string head = "SEND\ndestination:/app/a\ntransaction:t\n";
        peer.say(head + "k:" + colons + "\nl:" + colons + "\n\n" + std::string(50, 'x'));
        peer.say("SEND\ndestination:/app/b\ntransaction:t\n\n");
        peer.say("COMMIT\ntransaction:t\nreceipt:r\n\n");
        EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "r");
        EXPECT_EQ(peer.for_application, (Calls{{"/app/a", std::string(50, 'x')}, {"/app/b", ""}}));
    }
}

}  // namespace
}  // namespace edgews::stomp::test
