// RECEIPT, DISCONNECT and ERROR (1.2, RECEIPT; DISCONNECT; ERROR): H of the checklist.
#include "peers.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace edgews::stomp::test {
namespace {

constexpr std::array<std::string_view, 3> versions{"1.0", "1.1", "1.2"};

// What is said to that gets a RECEIPT, and nothing else.
void expect_receipt(Peer& peer, const std::string& frame) {
    peer.say(frame);
    const Got got = peer.take("RECEIPT");
    EXPECT_EQ(got.raw, "RECEIPT\nreceipt-id:r-1\n\n") << frame;
    EXPECT_TRUE(peer.has_nothing());
}

TEST(StompChecklist, H1_every_frame_but_CONNECT_gets_a_RECEIPT_that_asks_for_it) {
    for (const std::string_view version : versions) {
        Peers peers;
        Peer& peer = peers.connect(version);
        const std::string receipt = "receipt:r-1\n";
        expect_receipt(peer,
                       "SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client\n" + receipt + '\n');
        expect_receipt(peer, "SEND\ndestination:/queue/b\n" + receipt + "\nx");
        expect_receipt(peer, "SEND\ndestination:/topic/b\n" + receipt + "\nx");
        expect_receipt(peer, "SEND\ndestination:/app/b\n" + receipt + "\nx");
        expect_receipt(peer, "SEND\ndestination:/user/joe/queue/b\n" + receipt + "\nx");
        expect_receipt(peer, "SEND\ndestination:/temp-queue/b\n" + receipt + "\nx");
        expect_receipt(peer, "BEGIN\ntransaction:t\n" + receipt + '\n');
        expect_receipt(peer, "COMMIT\ntransaction:t\n" + receipt + '\n');
        peer.say("BEGIN\ntransaction:t\n\n");
        expect_receipt(peer, "ABORT\ntransaction:t\n" + receipt + '\n');
        for (const std::string command : {"NACK", "ACK"}) {
            if (command == "ACK" || version == "1.0") peer.say("SEND\ndestination:/queue/a\n\nx");
            if (command == "NACK" && version == "1.0") continue;
            if (command == "NACK") peer.say("SEND\ndestination:/queue/a\n\nx");
            const Got got = peer.take("MESSAGE");
            while (!peer.has_nothing()) static_cast<void>(peer.take("MESSAGE"));
            expect_receipt(peer, command + "\nrequeue:false\nid:" + got.header("ack") +
                                     "\nmessage-id:" + got.header("message-id") +
                                     "\nsubscription:1\n" + receipt + '\n');
        }
        expect_receipt(peer, "UNSUBSCRIBE\nid:1\n" + receipt + '\n');
        expect_receipt(peer, "DISCONNECT\n" + receipt + '\n');
    }
}

TEST(StompChecklist, H1_without_receipt_nothing_comes) {
    Peers peers;
    Peer& peer = peers.connect();
    peer.say("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n");
    peer.say("SEND\ndestination:/queue/b\n\nx");
    peer.say("BEGIN\ntransaction:t\n\n");
    peer.say("ABORT\ntransaction:t\n\n");
    peer.say("UNSUBSCRIBE\nid:1\n\n");
    peer.say("DISCONNECT\n\n");
    EXPECT_TRUE(peer.has_nothing());
}

TEST(StompChecklist, H2_receipt_id_is_exactly_the_receipt) {
    struct Row {
        std::string_view version;
        std::string_view line;
    };
    for (const auto& [version, line] :
         {Row{"1.2", ""}, Row{"1.2", "a\\cb\\\\c\\nd\\re"}, Row{"1.2", " a "},
          Row{"1.2", "\xC3\xA9\xE2\x82\xAC"}, Row{"1.1", "a\\cb\\\\c\\nd"}, Row{"1.1", "a\rb"},
          Row{"1.1", " "}, Row{"1.0", "a:b\\n\\"}, Row{"1.0", "a\rb"}, Row{"1.0", ""}}) {
        Peers peers;
        Peer& peer = peers.connect(version);
        peer.say("SEND\ndestination:/queue/a\nreceipt:" + std::string(line) + "\n\nx");
        EXPECT_EQ(peer.take("RECEIPT").raw, "RECEIPT\nreceipt-id:" + std::string(line) + "\n\n");
        peer.say("SEND\nreceipt:" + std::string(line) + "\n\nx");
        const Got error = peer.take_error(Fault::destination_missing);
        EXPECT_NE(error.raw.find("\nreceipt-id:" + std::string(line) + '\n'), std::string::npos)
            << error.raw;
    }
}

TEST(StompChecklist, H3_receipts_come_in_order_and_a_failed_frame_has_none) {
    Peers peers;
    Peer& peer = peers.connect();
    std::string frames;
    for (int i = 0; i < 50; ++i) {
        frames += "SEND\ndestination:/queue/a\nreceipt:" + std::to_string(i) + "\n\nx";
        frames += '\0';
    }
    peer.say(frames + "SEND\nreceipt:bad\n\nx");
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), std::to_string(i));
    }
    EXPECT_EQ(peer.take_error(Fault::destination_missing).header("receipt-id"), "bad");
    EXPECT_EQ(peers.broker().find_queue("/queue/a")->count(), 50U);
}

TEST(StompChecklist, H4_RECEIPT_has_no_body) {
    Peers peers;
    Peer& peer = peers.connect();
    peer.say("SEND\ndestination:/queue/a\nreceipt:r\n\nbody");
    const Got got = peer.take("RECEIPT");
    EXPECT_EQ(got.body, "");
    EXPECT_EQ(got.headers.size(), 1U);
}

TEST(StompChecklist, H5_frames_before_a_sudden_end_are_processed) {
    Peers peers;
    Peer& peer = peers.connect();
    std::string frames;
    for (int i = 0; i < 100; ++i) {
        frames += "SEND\ndestination:/queue/a\n\nx";
        frames += '\0';
    }
    peer.say_bytes(frames + "SEND\ndestination:/queue/a\n\nhal");
    peer.vanish();
    EXPECT_EQ(peers.broker().find_queue("/queue/a")->count(), 100U);
}

TEST(StompChecklist, H6_DISCONNECT_gets_its_RECEIPT_and_the_session_is_over) {
    for (const std::string_view version : versions) {
        Peers peers;
        Peer& peer = peers.connect(version);
        peer.say("SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client\n\n");
        peers.connect().say("SEND\ndestination:/queue/a\n\nx");
        static_cast<void>(peer.take("MESSAGE"));
        peer.say("DISCONNECT\nreceipt:77\n\n");
        EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "77");
        EXPECT_TRUE(peer.session().is_over());
        EXPECT_EQ(peer.session().fault(), Fault::none);
        EXPECT_TRUE(peer.has_nothing());
        EXPECT_EQ(peers.broker().find_queue("/queue/a")->consumer_count(), 0U);
        EXPECT_EQ(peers.broker().find_queue("/queue/a")->waiting_count(), 1U);
    }
}

TEST(StompChecklist, H7_frames_after_DISCONNECT_are_ignored) {
    for (const std::string_view version : versions) {
        Peers peers;
        Peer& peer = peers.connect(version);
        std::string frames = "DISCONNECT\n\n";
        frames += '\0';
        peer.say(frames + "SEND\ndestination:/queue/a\nreceipt:r\n\nx");
        peer.say("SEND\ndestination:/queue/a\nreceipt:r\n\nx");
        peer.say("NONSENSE");
        EXPECT_TRUE(peer.session().is_over());
        EXPECT_EQ(peer.session().fault(), Fault::none);
        EXPECT_TRUE(peer.has_nothing());
        EXPECT_EQ(peers.broker().find_queue("/queue/a"), nullptr);
    }
}

// Every fault that a frame can have is refused like this: see expect_refused(), which all tests of
// the checklist use. Here: what the broken frame had in it, and what the session had, is gone.
TEST(StompChecklist, H8_after_ERROR_the_session_is_over) {
    for (const std::string_view version : versions) {
        Peers peers;
        Peer& peer = peers.connect(version);
        peer.say("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n");
        std::string frames = "ACK\nid:none\nmessage-id:none\nsubscription:1\n\n";
        frames += '\0';
        peer.say(frames + "SEND\ndestination:/queue/a\n\nx");
        static_cast<void>(peer.take_error(Fault::delivery_unknown));
        peers.connect().say("SEND\ndestination:/topic/a\n\nx");
        EXPECT_TRUE(peer.has_nothing());
        EXPECT_EQ(peers.broker().find_queue("/queue/a"), nullptr);
        EXPECT_EQ(peers.broker().topics().count(), 0U);
    }
}

TEST(StompChecklist, H9_ERROR_has_a_short_message_and_shows_the_frame) {
    Peers peers;
    const Got got = peers.connect().expect_refused(
        "SEND\ndestined:/queue/a\nlogin:secret\npasscode:secret\nk\\c:v\\n\n\nsecret body",
        Fault::destination_missing);
    EXPECT_EQ(got.header("message"), "The destination header is missing.");
    EXPECT_EQ(got.body, "SEND\ndestined:/queue/a\nk\\c:v\\n\n");
}

TEST(StompChecklist, H9_ERROR_is_short_however_long_the_frame) {
    Peers peers;
    std::string frame = "SEND\n";
    for (int i = 0; i < 50; ++i) {
        frame += "k:";
        for (int j = 0; j < 200; ++j) frame += "\xE2\x82\xAC";
        frame += '\n';
    }
    const Got got = peers.connect().expect_refused(frame + '\n', Fault::destination_missing);
    EXPECT_LE(got.body.size(), 2048U);
    EXPECT_GE(got.body.size(), 2040U);
    EXPECT_EQ(got.body.find("\xE2\x82\xAC"), 7U);
    EXPECT_EQ(got.body.substr(got.body.size() - 3), "\xE2\x82\xAC");  // Not cut within one.
}

TEST(StompChecklist, H10_ERROR_names_the_receipt_of_its_frame_alone) {
    Peers peers;
    Peer& peer = peers.connect();
    peer.say("SEND\ndestination:/queue/a\nreceipt:before\n\nx");
    static_cast<void>(peer.take("RECEIPT"));
    EXPECT_EQ(peer.expect_refused("SEND\n\nx", Fault::destination_missing).header("receipt-id"),
              "(none)");
    Peer& other = peers.connect();
    other.say("BEGIN\ntransaction:t\n\n");
    other.say("SEND\ndestination:/queue/a\ntransaction:t\nreceipt:before\n\nx");
    EXPECT_EQ(other.expect_refused("ABORT\ntransaction:u\n\n", Fault::transaction_unknown)
                  .header("receipt-id"),
              "(none)");
    // Also of a frame that is broken behind it.
    EXPECT_EQ(peers.connect()
                  .expect_refused("SEND\nreceipt:r\nbad\n\nx", Fault::header_without_colon)
                  .header("receipt-id"),
              "r");
}

TEST(StompChecklist, H9_ERROR_of_a_limit_names_it) {
    Peers peers({}, {.frame = {.body_size_max = 10}});
    Peer& peer = peers.connect();
    peer.say("SEND\ndestination:/topic/a\ncontent-length:11\n\n12345678901");
    EXPECT_TRUE(peer.take_error().body.starts_with("body_size_max is 10\n"));

    Peers few({.queue = {.message_count_max = 1}});
    Peer& producer = few.connect();
    producer.say("SEND\ndestination:/queue/a\n\n1");
    producer.say("SEND\ndestination:/queue/a\n\n2");
    EXPECT_TRUE(producer.take_error().body.starts_with("message_count_max is 1, size_max is "));
}

TEST(StompChecklist, H11_an_ERROR_with_a_body_has_its_length_and_type) {
    Peers peers;
    const Got got =
        peers.connect().expect_refused("SEND\nk:\xC3\xA9\n\n", Fault::destination_missing);
    EXPECT_EQ(got.body, "SEND\nk:\xC3\xA9\n");
    EXPECT_EQ(got.header("content-length"), "10");
    EXPECT_EQ(got.header("content-type"), "text/plain");
    // Without one: nobody's frame was to blame.
    Peer& peer = peers.connect();
    peer.session().end(Fault::server_shutting_down);
    peer.say("\n");
    const Got bare = peer.take_error(Fault::server_shutting_down);
    EXPECT_EQ(bare.body, "");
    EXPECT_EQ(bare.headers.size(), 1U) << bare.raw;
}

// Whoever ends the session may say why; else it is the limit that does, where it is one's.
TEST(StompChecklist, H11_an_ERROR_of_a_limit_names_it_and_says_how_much_it_is) {
    for (const std::string reason : {"", "another reason"}) {
        Peers peers({.backlog_size_max = 12'345,
                     .slow_after_ms = 678,
                     .backlog_size_cap = 90'123,
                     .backlogs_size_max = 4'567'890});
        Peer& peer = peers.connect();
        peer.session().end(Fault::too_slow, reason);
        peer.say("\n");
        EXPECT_EQ(peer.take_error(Fault::too_slow).body,
                  reason.empty() ? "backlog_size_max is 12345, slow_after_ms is 678, "
                                   "backlog_size_cap is 90123, backlogs_size_max is 4567890"
                                 : reason);
    }
}

// What is said in an ERROR ends no frame early.
TEST(StompChecklist, H11_an_ERROR_has_one_NUL_whatever_the_reason) {
    Peers peers;
    Peer& peer = peers.connect();
    peer.session().end(Fault::closed_by_server, std::string_view("good\0bye", 8));
    peer.say("\n");
    EXPECT_EQ(peer.take_error(Fault::closed_by_server).body, "good?bye");
}

TEST(StompChecklist, H12_an_unknown_command_ends_the_session) {
    for (const std::string_view version : versions) {
        for (const std::string command :
             {"HELLO", "send", "Send", "CONNECTED", "MESSAGE", "RECEIPT", "ERROR", "SEND ", " SEND",
              "SENDING", "SEN", "ACK\t"}) {
            Peers peers;
            const Got got = peers.connect(version).expect_refused(
                command + "\ndestination:/queue/a\nreceipt:r\n\nx", Fault::unknown_command);
            EXPECT_EQ(got.header("receipt-id"), "r");
            EXPECT_EQ(peers.broker().find_queue("/queue/a"), nullptr);
        }
    }
}

}  // namespace
}  // namespace edgews::stomp::test
