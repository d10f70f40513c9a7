// Bodies and limits (1.2, Body; Size Limits), from a SEND to its MESSAGE: A23 to A34 of the
// checklist, as far as they are a session's.
#include "peers.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp::test {
namespace {

using namespace std::string_literals;

TEST(StompChecklist, A23_content_length_counts_octets_NULs_included) {
    for (const std::string_view from : versions) {
        for (const std::string_view to : versions) {
            Peers peers;
            Peer& peer = listener(peers, to);
            Peer& sender = peers.connect(from);
            sender.say("SEND\ndestination:/topic/a\ncontent-length:5\n\na\0\0b\0"s);
            sender.say("SEND\ndestination:/topic/a\ncontent-length:0\n\n");
            sender.say("SEND\ndestination:/topic/a\n\nplain");
            EXPECT_EQ(peer.take_bodies(), (std::vector{"a\0\0b\0"s, ""s, "plain"s}));
        }
    }
}

TEST(StompChecklist, A24_a_NUL_follows_the_counted_octets) {
    for (const std::string_view version : versions) {
        Peers peers;
        Peer& other = listener(peers, version);
        const Got got = peers.connect(version).expect_refused(
            "SEND\ndestination:/topic/a\nreceipt:r\ncontent-length:2\n\nabc",
            Fault::body_end_missing);
        EXPECT_EQ(got.header("receipt-id"), "r");
        EXPECT_TRUE(other.has_nothing());
    }
}

TEST(StompChecklist, A25_without_content_length_the_first_NUL_ends_the_body) {
    for (const std::string_view version : versions) {
        Peers peers;
        Peer& peer = listener(peers, version);
        peers.connect(version).say_bytes(
            "SEND\ndestination:/topic/a\n\none\0\n\n"
            "SEND\ndestination:/topic/a\n\ntwo\0"s);
        EXPECT_EQ(peer.take_bodies(), (std::vector{"one"s, "two"s}));
    }
}

TEST(StompChecklist, A26_a_content_length_is_a_decimal_number) {
    for (const std::string_view version : versions) {
        for (const std::string_view bad : {"abc", "-1", "+3", "", "0x1", "1.0", "1,0",
                                           "99999999999999999999", "18446744073709551616"}) {
            Peers peers;
            Peer& other = listener(peers, version);
            peers.connect(version).expect_refused(
                "SEND\ndestination:/topic/a\ncontent-length:" + std::string(bad) + "\n\nx",
                Fault::content_length_malformed);
            EXPECT_TRUE(other.has_nothing());
        }
        Peers peers;
        peers.connect(version).expect_refused(
            "SEND\ndestination:/topic/a\ncontent-length:18446744073709551615\n\nx",
            Fault::body_too_big);
    }
}

TEST(StompChecklist, A27_A28_a_MESSAGE_says_how_many_octets_its_body_has) {
    for (const std::string_view to : versions) {
        Peers peers;
        Peer& peer = listener(peers, to);
        Peer& sender = peers.connect();
        sender.say("SEND\ndestination:/topic/a\n\n\xE2\x82\xAC");
        EXPECT_EQ(peer.take("MESSAGE").header("content-length"), "3");
        sender.say("SEND\ndestination:/topic/a\ncontent-length:3\n\n\0\0\0"s);
        const Got got = peer.take("MESSAGE");
        EXPECT_EQ(got.header("content-length"), "3");
        EXPECT_EQ(got.body, "\0\0\0"s);
    }
}

TEST(StompChecklist, A29_the_senders_content_type_is_passed_on) {
    for (const std::string_view to : versions) {
        Peers peers;
        Peer& peer = listener(peers, to);
        Peer& sender = peers.connect();
        sender.say("SEND\ndestination:/topic/a\ncontent-type:text/html;charset=utf-16\n\nx");
        EXPECT_EQ(peer.take("MESSAGE").header("content-type"), "text/html;charset=utf-16");
        // Nothing is said of what nobody knows.
        sender.say("SEND\ndestination:/topic/a\n\nx");
        EXPECT_EQ(peer.take("MESSAGE").header("content-type"), "(none)");
    }
}

TEST(StompChecklist, A29_A30_an_ERROR_is_plain_text) {
    for (const std::string_view version : versions) {
        Peers peers;
        const Got got =
            peers.connect(version).expect_refused("SEND\nk:v\n\n", Fault::destination_missing);
        EXPECT_EQ(got.header("content-type"), "text/plain");
        EXPECT_EQ(got.header("content-length"), std::to_string(got.body.size()));
    }
}

TEST(StompChecklist, A31_A32_a_body_that_does_not_belong_there_is_ignored) {
    for (const std::string_view version : versions) {
        Peers peers;
        Peer& peer = peers.add();
        peer.say("CONNECT\naccept-version:" + std::string(version) + "\n\nbody");
        EXPECT_EQ(peer.take("CONNECTED").body, "");
        peer.say("SUBSCRIBE\nid:1\ndestination:/topic/a\nreceipt:1\ncontent-length:3\n\nb\0d"s);
        EXPECT_EQ(peer.take("RECEIPT").body, "");
        peer.say("BEGIN\ntransaction:t\n\nSEND\ndestination:/topic/a\n\nx");
        peer.say("ABORT\ntransaction:t\n\nbody");
        peer.say("UNSUBSCRIBE\nid:1\nreceipt:2\n\nbody");
        EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "2");
        peer.say("DISCONNECT\nreceipt:3\n\nbody");
        EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "3");
        EXPECT_TRUE(peer.has_nothing());
        EXPECT_EQ(peer.session().fault(), Fault::none);
    }
}

TEST(StompChecklist, A33_what_is_beyond_a_limit_is_refused) {
    SessionOptions options;
    options.frame = {
        .header_count_max = 5, .header_size_max = 100, .head_size_max = 300, .body_size_max = 50};
    const std::string send = "SEND\ndestination:/topic/a\n";
    const std::string line = "k:" + std::string(98, 'v') + '\n';
    struct Row {
        std::string frame;
        Fault fault;
    };
    const std::array rows{
        Row{send + "a:1\nb:2\nc:3\nd:4\n\nx", Fault::none},
        Row{send + "a:1\nb:2\nc:3\nd:4\ne:5\n\nx", Fault::too_many_headers},
        Row{send + line + "\nx", Fault::none},
        Row{send + 'k' + line + "\nx", Fault::header_too_long},
        Row{send + line + line + line + "\nx", Fault::head_too_big},
        Row{send + '\n' + std::string(50, 'x'), Fault::none},
        Row{send + '\n' + std::string(51, 'x'), Fault::body_too_big},
        Row{send + "content-length:51\n\nx", Fault::body_too_big},
    };
    for (const Row& row : rows) {
        for (const std::string_view version : versions) {
            Peers peers({}, options);
            Peer& peer = peers.connect(version);
            if (row.fault == Fault::none) {
                peer.say(row.frame);
                EXPECT_FALSE(peer.session().is_over());
                EXPECT_EQ(peers.broker().counters().received, 1U);
                continue;
            }
            peer.expect_refused(row.frame, row.fault);
            EXPECT_EQ(peers.broker().counters().received, 0U);
        }
    }
}

// A conversation with everything in it.
std::string conversation(std::string_view version) {
    return "\nCONNECT\naccept-version:"s + std::string(version) + "\nhost:h\n\n\0\n\r\n"s +
           "SUBSCRIBE\nid:1\ndestination:/topic/b\nreceipt:1\n\n\0\n"s
           "SEND\r\ndestination:/topic/a\r\ncontent-length:6\r\n\r\na\0b\n\0c\0\n"s
           "BEGIN\ntransaction:t\n\n\0"s
           "SEND\ntransaction:t\ndestination:/topic/a\nk:\xE2\x82\xAC\n\n\xE2\x82\xAC\0"s
           "SEND\ndestination:/app/x\ntransaction:t\n\nx\0"s
           "COMMIT\ntransaction:t\nreceipt:2\n\n\0\n"s
           "UNSUBSCRIBE\nid:1\n\n\0"s
           "NONSENSE\nreceipt:3\n\nx\0SEND\ndestination:/topic/a\n\n\0"s;
}

// What comes of it in these pieces: to who says it, to the application, and to another.
std::string outcome(std::string_view version, const std::vector<std::string_view>& pieces) {
    Peers peers;
    Peer& other = listener(peers, "1.2");
    Peer& peer = peers.add();
    for (const std::string_view piece : pieces) peer.say_bytes(piece);
    EXPECT_EQ(peer.session().fault(), Fault::unknown_command);
    std::string all;
    for (Peer* const each : {&peer, &other}) {
        while (!each->has_nothing()) all += each->take_any().raw + '|';
    }
    for (const auto& [destination, body] : peer.for_application) all += destination + body;
    return all + " of " + std::string(version);
}

TEST(StompChecklist, A34_frames_may_be_cut_anywhere) {
    for (const std::string_view version : versions) {
        const std::string text = conversation(version);
        const std::string_view bytes = text;
        const std::string expected = outcome(version, {bytes});
        std::vector<std::string_view> single;
        for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
            EXPECT_EQ(outcome(version, {bytes.substr(0, cut), bytes.substr(cut)}), expected) << cut;
            single.push_back(bytes.substr(cut, 1));
        }
        EXPECT_EQ(outcome(version, single), expected);
    }
}

}  // namespace
}  // namespace edgews::stomp::test
