// Framing and encoding (1.2, STOMP Frames), from a SEND to its MESSAGE: A of the checklist, as far
// as it is a session's. What is the reader's and the writer's alone is in their tests.
#include "peers.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp::test {
namespace {

using namespace std::string_literals;

// What a listener of version `to` gets of a SEND with these header lines.
Got passed_on(std::string_view from, std::string_view to, std::string_view headers,
              std::string_view body = "") {
    Peers peers;
    Peer& peer = listener(peers, to);
    peers.connect(from).say("SEND\ndestination:/topic/a\n" + std::string(headers) + '\n' +
                            std::string(body));
    Got got = peer.take("MESSAGE");
    EXPECT_TRUE(peer.has_nothing());
    EXPECT_EQ(got.header("destination"), "/topic/a");
    EXPECT_EQ(got.header("subscription"), "1");
    return got;
}

bool has_line(const Got& got, std::string_view line) {
    return got.raw.find('\n' + std::string(line) + '\n') != std::string::npos;
}

TEST(StompChecklist, A2_lines_may_end_in_CR_LF) {
    for (const std::string_view version : versions) {
        Peers peers;
        Peer& peer = peers.add();
        peer.say("CONNECT\r\naccept-version:" + std::string(version) + "\r\n\r\n");
        EXPECT_EQ(peer.take("CONNECTED").header("version"), version);
        peer.say("\r\n\nSUBSCRIBE\r\nid:1\r\ndestination:/topic/a\r\n\r\n");
        peer.say("SEND\r\ndestination:/topic/a\r\nk:v\r\n\r\nx\r\n");
        const Got got = peer.take("MESSAGE");
        EXPECT_EQ(got.header("destination"), "/topic/a");
        EXPECT_EQ(got.header("k"), "v");
        EXPECT_EQ(got.body, "x\r\n");
    }
}

TEST(StompChecklist, A5_case_matters) {
    Peers peers;
    peers.connect().expect_refused("send\ndestination:/queue/a\n\n", Fault::unknown_command);
    peers.connect().expect_refused("SEND\nDestination:/queue/a\n\n", Fault::destination_missing);
}

TEST(StompChecklist, A6_UTF_8_passes_through) {
    const std::string text = "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
    for (const std::string_view from : versions) {
        for (const std::string_view to : versions) {
            const Got got = passed_on(from, to, text + ':' + text + '\n', text);
            EXPECT_EQ(got.header(text), text);
            EXPECT_EQ(got.body, text);
        }
    }
}

TEST(StompChecklist, A7_a_header_that_is_not_UTF_8_is_refused) {
    for (const std::string_view version : versions) {
        for (const std::string_view bad : {"k:\xFF", "\xC3:v", "k:\xED\xA0\x80", "k:\xC0\x80"}) {
            Peers peers;
            Peer& other = listener(peers, version);
            peers.connect(version).expect_refused(
                "SEND\ndestination:/topic/a\n" + std::string(bad) + "\n\nx",
                Fault::header_not_utf8);
            EXPECT_TRUE(other.has_nothing());
        }
    }
    EXPECT_EQ(passed_on("1.2", "1.2", "", "\xFF\xC3").body, "\xFF\xC3");  // A body may be binary.
}

TEST(StompChecklist, A8_in_1_2_there_are_four_escapes) {
    const std::string line = "k\\cey:1\\r2\\n3\\c4\\\\5";
    const Got got = passed_on("1.2", "1.2", line + '\n');
    EXPECT_EQ(got.header("k:ey"), "1\r2\n3:4\\5");
    EXPECT_TRUE(has_line(got, line)) << got.raw;
}

TEST(StompChecklist, A9_in_1_1_there_are_three_escapes) {
    const std::string line = "k\\cey:2\\n3\\c4\\\\5\\\\r";
    const Got got = passed_on("1.1", "1.1", line + '\n');
    EXPECT_EQ(got.header("k:ey"), "2\n3:4\\5\\r");
    EXPECT_TRUE(has_line(got, line)) << got.raw;
}

TEST(StompChecklist, A10_any_other_escape_is_fatal) {
    for (const std::string_view version : {"1.1", "1.2"}) {
        for (const std::string_view bad : {"k:\\t", "k:\\x", "k:a\\", "k\\:v", "\\tk:v", "k:\\\\\\",
                                           "k:\\N", "k:\\0", "k:\\ "}) {
            Peers peers;
            Peer& other = listener(peers, version);
            const Got got = peers.connect(version).expect_refused(
                "SEND\ndestination:/topic/a\nreceipt:r\n" + std::string(bad) + "\n\nx",
                Fault::header_escape_undefined);
            EXPECT_EQ(got.header("receipt-id"), "r");
            EXPECT_TRUE(other.has_nothing());
        }
        for (const std::string command : {"SUBSCRIBE", "UNSUBSCRIBE", "ACK", "NACK", "BEGIN",
                                          "COMMIT", "ABORT", "DISCONNECT"}) {
            Peers peers;
            peers.connect(version).expect_refused(command + "\nid:\\t\n\n",
                                                  Fault::header_escape_undefined);
        }
    }
}

TEST(StompChecklist, A11_in_1_1_an_escaped_CR_is_fatal) {
    Peers peers;
    Peer& other = listener(peers, "1.2");
    peers.connect("1.1").expect_refused("SEND\ndestination:/topic/a\nk:a\\rb\n\nx",
                                        Fault::header_escape_undefined);
    EXPECT_TRUE(other.has_nothing());
}

TEST(StompChecklist, A12_what_is_sent_is_escaped) {
    for (const std::string_view version : {"1.1", "1.2"}) {
        const std::string line = version == "1.2" ? "a\\cb\\\\c\\nd\\re" : "a\\cb\\\\c\\nd";
        Peers peers;
        Peer& peer = peers.connect(version);
        peer.say("SUBSCRIBE\ndestination:/topic/a\\cb\nid:" + line + "\nreceipt:" + line + "\n\n");
        EXPECT_EQ(peer.take("RECEIPT").raw, "RECEIPT\nreceipt-id:" + line + "\n\n");
        peer.say("SEND\ndestination:/topic/a\\cb\n" + line + ':' + line + "\n\n");
        const Got got = peer.take("MESSAGE");
        for (const std::string& expected :
             {"subscription:" + line, "destination:/topic/a\\cb"s, line + ':' + line}) {
            EXPECT_TRUE(has_line(got, expected)) << got.raw;
        }
        peer.say("ABORT\ntransaction:t\nreceipt:" + line + "\n\n");
        EXPECT_TRUE(has_line(peer.take("ERROR"), "receipt-id:" + line));
    }
}

TEST(StompChecklist, A13_CONNECT_and_CONNECTED_are_not_escaped) {
    SessionOptions options;
    options.server = "edgews\\c/1:2";
    for (const std::string_view version : versions) {
        Peers peers({}, options);
        Peer& peer = peers.add();
        peer.say("CONNECT\naccept-version:" + std::string(version) + "\nlogin:a\\tb\\nc:d\\\n\n");
        const Got got = peer.take("CONNECTED");
        EXPECT_TRUE(has_line(got, "server:edgews\\c/1:2")) << got.raw;
        EXPECT_EQ(peer.session().outbox().user, "a\\tb\\nc:d\\");
    }
}

TEST(StompChecklist, A14_1_0_has_no_escapes) {
    const std::string line = "k:a:b\\n\\c\\\\\\t\\";
    const Got got = passed_on("1.0", "1.0", line + '\n');
    EXPECT_EQ(got.header("k"), "a:b\\n\\c\\\\\\t\\");
    EXPECT_TRUE(has_line(got, line)) << got.raw;
    for (const std::string_view to : {"1.1", "1.2"}) {
        const Got other = passed_on("1.0", to, line + '\n');
        EXPECT_EQ(other.header("k"), got.header("k"));
        EXPECT_TRUE(has_line(other, "k:a\\cb\\\\n\\\\c\\\\\\\\\\\\t\\\\")) << other.raw;
    }
}

// What a version cannot say is left out.
TEST(StompChecklist, A15_a_header_is_encoded_for_each_receiver) {
    struct Row {
        std::string_view from;
        std::string_view line;
        std::array<std::string_view, 3> lines;  // By the receiver's version; empty: none.
    };
    const std::array rows{
        Row{"1.2", "k:a\\nb", {"", "k:a\\nb", "k:a\\nb"}},
        Row{"1.2", "k:a\\rb", {"", "", "k:a\\rb"}},
        Row{"1.2", "k:a\\cb", {"k:a:b", "k:a\\cb", "k:a\\cb"}},
        Row{"1.2", "k:a\\\\b", {"k:a\\b", "k:a\\\\b", "k:a\\\\b"}},
        Row{"1.2", "k\\c:v", {"", "k\\c:v", "k\\c:v"}},
        Row{"1.2", "k\\n:v", {"", "k\\n:v", "k\\n:v"}},
        Row{"1.2", "k\\r:v", {"", "", "k\\r:v"}},
        Row{"1.2",
            "k:a\\nsubscription\\cevil\\n\\n",
            {"", "k:a\\nsubscription\\cevil\\n\\n", "k:a\\nsubscription\\cevil\\n\\n"}},
        Row{"1.1", "k:a\\n\\nevil", {"", "k:a\\n\\nevil", "k:a\\n\\nevil"}},
        Row{"1.1", "k:a\rb", {"", "", "k:a\\rb"}},
        Row{"1.0", "k:a\rb", {"", "", "k:a\\rb"}},
        Row{"1.0", "k:a\\nb", {"k:a\\nb", "k:a\\\\nb", "k:a\\\\nb"}},
    };
    for (const Row& row : rows) {
        for (std::size_t to = 0; to < versions.size(); ++to) {
            const std::string headers = "first:1\n" + std::string(row.line) + "\nlast:2\n";
            const Got got = passed_on(row.from, versions[to], headers, "body");
            EXPECT_TRUE(has_line(got, "first:1\n" + std::string(row.lines[to]) +
                                          (row.lines[to].empty() ? "" : "\n") + "last:2"))
                << got.raw;
            EXPECT_EQ(got.headers.size(), row.lines[to].empty() ? 6U : 7U) << got.raw;
            EXPECT_EQ(got.body, "body");
        }
    }
}

TEST(StompChecklist, A16_headers_are_never_trimmed) {
    for (const std::string_view from : {"1.1", "1.2"}) {
        for (const std::string_view to : {"1.1", "1.2"}) {
            const Got got = passed_on(from, to, " k : a \nt:\t\n");
            EXPECT_TRUE(has_line(got, " k : a ")) << got.raw;
            EXPECT_TRUE(has_line(got, "t:\t")) << got.raw;
        }
    }
}

TEST(StompChecklist, A17_in_1_0_blanks_around_a_value_are_dropped) {
    Peers peers;
    Peer& peer = peers.connect("1.0");
    peer.say("SUBSCRIBE\ndestination: /topic/a \nack: client\t\n\n");
    peer.say("SEND\ndestination: /topic/a\nk: v w \nreceipt: r \n\nx");
    EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "r");
    const Got got = peer.take("MESSAGE");
    EXPECT_TRUE(has_line(got, "k:v w")) << got.raw;
}

TEST(StompChecklist, A17_also_those_of_a_CONNECT_for_1_0) {
    Peers peers;
    Peer& peer = peers.add();
    peer.say("CONNECT\nlogin: joe\npasscode: secret \n\n");
    peer.take("CONNECTED");
    EXPECT_EQ(peer.session().outbox().user, "joe");
}

TEST(StompChecklist, A18_a_line_is_a_name_a_colon_and_a_value) {
    for (const std::string_view version : versions) {
        Peers peers;
        Peer& other = listener(peers, version);
        peers.connect(version).expect_refused("SEND\ndestination:/topic/a\nbad\n\nx",
                                              Fault::header_without_colon);
        peers.connect(version).expect_refused("SEND\ndestination:/topic/a\n:bad\n\nx",
                                              Fault::header_name_empty);
        EXPECT_TRUE(other.has_nothing());
    }
}

TEST(StompChecklist, A19_a_raw_colon_is_taken_and_sent_escaped) {
    for (const std::string_view from : versions) {
        EXPECT_TRUE(has_line(passed_on(from, "1.2", "k:a:b::\n"), "k:a\\cb\\c\\c"));
        EXPECT_TRUE(has_line(passed_on(from, "1.1", "k:a:b::\n"), "k:a\\cb\\c\\c"));
        EXPECT_TRUE(has_line(passed_on(from, "1.0", "k:a:b::\n"), "k:a:b::"));
    }
}

TEST(StompChecklist, A20_an_empty_value_is_one) {
    for (const std::string_view from : versions) {
        for (const std::string_view to : versions) {
            EXPECT_TRUE(has_line(passed_on(from, to, "k:\n"), "k:"));
        }
    }
}

TEST(StompChecklist, A21_of_repeated_headers_the_first_counts) {
    for (const std::string_view version : versions) {
        Peers peers;
        Peer& peer = peers.connect(version);
        peer.say(
            "SUBSCRIBE\nid:1\nid:2\ndestination:/topic/a\ndestination:/topic/b\nack:auto\n"
            "ack:none\n\n");
        peer.say(
            "SEND\ndestination:/topic/a\ndestination:/topic/b\nreceipt:1\nreceipt:2\n"
            "foo:World\nfoo:Hello\ncontent-length:1\ncontent-length:7\n\nx");
        EXPECT_EQ(peer.take("RECEIPT").raw, "RECEIPT\nreceipt-id:1\n\n");
        const Got got = peer.take("MESSAGE");
        EXPECT_EQ(got.header("subscription"), "1");
        EXPECT_EQ(got.header("foo"), "World");
        EXPECT_TRUE(has_line(got, "foo:World\nfoo:Hello")) << got.raw;
        EXPECT_EQ(got.body, "x");
        EXPECT_EQ(got.raw.find("/topic/b"), std::string::npos);
        EXPECT_TRUE(peer.has_nothing());
        peer.say("BEGIN\ntransaction:1\ntransaction:2\n\n");
        peer.say("COMMIT\ntransaction:1\nreceipt:3\n\n");
        EXPECT_EQ(peer.take("RECEIPT").header("receipt-id"), "3");
    }
}

TEST(StompChecklist, A22_nobody_forges_what_the_server_says) {
    for (const std::string_view from : versions) {
        for (const std::string_view to : versions) {
            const Got got = passed_on(from, to,
                                      "subscription:evil\nmessage-id:evil\nack:evil\n"
                                      "redelivered:evil\nreceipt-id:evil\ndestination:evil\n"
                                      "dropped:evil\ngap:evil\n"
                                      "transaction-id:good\nreceipt:r\ncontent-length:4\n",
                                      "body");
            EXPECT_EQ(got.raw.find("evil"), std::string::npos) << got.raw;
            EXPECT_EQ(got.header("receipt"), "(none)");
            EXPECT_EQ(got.header("transaction-id"), "good");
            EXPECT_EQ(got.header("content-length"), "4");
            EXPECT_EQ(got.headers.size(), 5U) << got.raw;
        }
    }
}

}  // namespace
}  // namespace edgews::stomp::test
