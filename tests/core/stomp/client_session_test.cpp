// A client's side of a session, without I/O: what it sends, and what it makes of what comes.
#include "core/stomp/client_session.hpp"
#include "core/base/buffer.hpp"

#include <gtest/gtest.h>

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/stomp_frames.hpp"

namespace edgews::stomp {
namespace {

using namespace std::literals;
using test::Bytes;
using test::bytes_of;
using test::everything;
using test::stomp_bytes;

using Told = std::vector<std::string>;

// "message 7 MESSAGE [destination: /a] …", "fault RECEIPT ! A RECEIPT has no receipt-id."
std::string told(const ServerFrame& frame) {
    constexpr const char* kinds[] = {"connected", "message", "receipt", "error", "fault"};
    std::string text = kinds[static_cast<int>(frame.kind)];
    if (frame.number != 0) text += ' ' + std::to_string(frame.number);
    text += ' ' + everything(*frame.frame);
    if (frame.fault != ServerFault::none) text += " ! " + std::string(describe(frame.fault));
    return text;
}

class Client {
  public:
    explicit Client(HeartBeat heart_beat = {}) { session.connect({.host = "h"}, heart_beat); }
    // All that it is told; the session must use all up.
    void take(std::span<const std::byte> input) {
        while (const ServerFrame* frame = session.next(input)) heard.push_back(told(*frame));
        if (!input.empty()) heard.emplace_back("input was left");
    }
    void take(std::string_view frame) { take(stomp_bytes(frame)); }
    // What is to be sent, without the NUL of its last frame.
    std::string output() {
        std::string text = std::exchange(session.output(), {});
        EXPECT_TRUE(text.ends_with('\0'));
        text.pop_back();
        return text;
    }

    FrameLimits limits{.body_size_max = 100};
    BufferPool pool{0};
    ClientSession session{limits, pool};
    Told heard{};
};

struct Connected : Client {
    explicit Connected(std::string_view version, HeartBeat heart_beat = {}) : Client(heart_beat) {
        take("CONNECTED\nversion:" + std::string(version) + "\n\n");
        EXPECT_TRUE(session.is_connected());
        static_cast<void>(output());
        heard.clear();
    }
};

// ---- What is sent ----------------------------------------------------------

TEST(StompClientSession, CONNECT_says_what_it_was_given_and_nothing_else) {
    const Header more[] = {{"client-id", "me"}, {"x", "a:b\\c"}};
    const struct {
        Connect connect;
        HeartBeat heart_beat;
        std::string_view rest;
    } rows[] = {
        {{}, {}, "heart-beat:0,0\n"},
        {{.host = "/"},
         {.can_send_ms = 1, .wants_ms = 4294967295},
         "heart-beat:1,4294967295\nhost:/\n"},
        {{.host = "h", .login = "joe", .passcode = "secret"},
         {},
         "heart-beat:0,0\nhost:h\nlogin:joe\npasscode:secret\n"},
        {{.login = "joe"}, {}, "heart-beat:0,0\nlogin:joe\n"},
        {{.passcode = "secret"}, {}, "heart-beat:0,0\npasscode:secret\n"},
        // It is not escaped, in no version (1.2, Value Encoding).
        {{.host = "h", .headers = more}, {}, "heart-beat:0,0\nhost:h\nclient-id:me\nx:a:b\\c\n"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.rest);
        const FrameLimits limits;
        BufferPool pool{0};
        ClientSession session(limits, pool);
        session.connect(row.connect, row.heart_beat);
        EXPECT_EQ(session.output(),
                  "CONNECT\naccept-version:1.0,1.1,1.2\n" + std::string(row.rest) + '\n' + '\0');
        EXPECT_FALSE(session.is_connected());
        EXPECT_FALSE(session.is_over());
    }
}

TEST(StompClientSession, each_frame_is_written_as_its_version_has_it) {
    const Header headers[] = {{"k", "v"},        {"colon", "a:b"},   {"back", "a\\b"},
                              {"line", "a\nb"},  {"return", "a\rb"}, {"na:me", "v"},
                              {"nul", "a\0b"sv}, {"", "v"}};
    const struct {
        std::string_view version;
        std::string_view headers;
    } rows[] = {
        {"1.0", "k:v\ncolon:a:b\nback:a\\b\n"},
        {"1.1", "k:v\ncolon:a\\cb\nback:a\\\\b\nline:a\\nb\nna\\cme:v\n"},
        {"1.2", "k:v\ncolon:a\\cb\nback:a\\\\b\nline:a\\nb\nreturn:a\\rb\nna\\cme:v\n"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.version);
        const std::string lines(row.headers);
        Connected client(row.version);
        ClientSession& session = client.session;
        EXPECT_TRUE(session.subscribe(3, "/a", AckMode::client, headers, 4));
        EXPECT_EQ(client.output(),
                  "SUBSCRIBE\nid:3\ndestination:/a\nack:client\n" + lines + "receipt:4\n\n");
        session.unsubscribe(3, headers, 5);
        EXPECT_EQ(client.output(), "UNSUBSCRIBE\nid:3\n" + lines + "receipt:5\n\n");
        EXPECT_TRUE(session.send({.destination = "/a",
                                  .headers = headers,
                                  .body = bytes_of("body"),
                                  .transaction = 6,
                                  .receipt = 7}));
        EXPECT_EQ(client.output(), "SEND\ndestination:/a\ntransaction:6\n" + lines +
                                       "receipt:7\ncontent-length:4\n\nbody");
        const bool is_1_2 = row.version == "1.2";
        const std::string named = is_1_2                 ? "id:m\\c1\n"
                                  : row.version == "1.1" ? "message-id:m\\c1\nsubscription:3\n"
                                                         : "message-id:m:1\nsubscription:3\n";
        EXPECT_TRUE(
            session.acknowledge(Command::ack, {.ack = "m:1", .subscription = "3"}, headers, 6, 8));
        EXPECT_EQ(client.output(), "ACK\n" + named + "transaction:6\n" + lines + "receipt:8\n\n");
        const bool has_nack = row.version != "1.0";
        EXPECT_EQ(session.acknowledge(Command::nack, {.ack = "m:1", .subscription = "3"}, {}, 0, 0),
                  has_nack);
        if (has_nack) {
            EXPECT_EQ(client.output(), "NACK\n" + named + "\n");
        }
        EXPECT_EQ(session.output(), "");
    }
}

TEST(StompClientSession, what_a_frame_can_do_without_is_not_in_it) {
    Connected client("1.2");
    ClientSession& session = client.session;
    EXPECT_TRUE(session.subscribe(1, "/a", AckMode::automatic, {}, 0));
    EXPECT_EQ(client.output(), "SUBSCRIBE\nid:1\ndestination:/a\nack:auto\n\n");
    EXPECT_TRUE(session.subscribe(2, "/a", AckMode::client_individual, {}, 0));
    EXPECT_EQ(client.output(), "SUBSCRIBE\nid:2\ndestination:/a\nack:client-individual\n\n");
    session.unsubscribe(18446744073709551615U, {}, 0);
    EXPECT_EQ(client.output(), "UNSUBSCRIBE\nid:18446744073709551615\n\n");
    EXPECT_TRUE(session.send({.destination = "/a"}));
    EXPECT_EQ(client.output(), "SEND\ndestination:/a\n\n");
    EXPECT_TRUE(session.acknowledge(Command::ack, {.ack = "m"}, {}, 0, 0));
    EXPECT_EQ(client.output(), "ACK\nid:m\n\n");
    session.transact(Command::begin, 9, 0);
    EXPECT_EQ(client.output(), "BEGIN\ntransaction:9\n\n");
    session.transact(Command::commit, 9, 1);
    EXPECT_EQ(client.output(), "COMMIT\ntransaction:9\nreceipt:1\n\n");
    session.transact(Command::abort, 9, 2);
    EXPECT_EQ(client.output(), "ABORT\ntransaction:9\nreceipt:2\n\n");
    session.disconnect(0);
    EXPECT_EQ(client.output(), "DISCONNECT\n\n");
    session.disconnect(3);
    EXPECT_EQ(client.output(), "DISCONNECT\nreceipt:3\n\n");
    session.beat();
    EXPECT_EQ(session.output(), "\n");
}

TEST(StompClientSession, what_it_writes_itself_cannot_be_said_otherwise) {
    const Header forged[] = {{"destination", "/b"},
                             {"id", "9"},
                             {"transaction", "9"},
                             {"receipt", "9"},
                             {"content-length", "1"},
                             {"message-id", "9"},
                             {"x", "y"}};
    Connected client("1.2");
    EXPECT_TRUE(
        client.session.send({.destination = "/a", .headers = forged, .body = bytes_of("bb")}));
    EXPECT_EQ(client.output(), "SEND\ndestination:/a\nx:y\ncontent-length:2\n\nbb");
    EXPECT_TRUE(client.session.subscribe(1, "/a", AckMode::automatic, forged, 0));
    EXPECT_EQ(client.output(), "SUBSCRIBE\nid:1\ndestination:/a\nack:auto\nx:y\n\n");
}

TEST(StompClientSession, a_body_is_any_bytes) {
    Connected client("1.2");
    const Bytes body = bytes_of("a\0b\n\0"s);
    EXPECT_TRUE(client.session.send({.destination = "/a", .body = body}));
    EXPECT_EQ(client.output(), "SEND\ndestination:/a\ncontent-length:5\n\n" + "a\0b\n\0"s);
}

TEST(StompClientSession, a_destination_that_the_version_cannot_say_is_refused_and_nothing_written) {
    constexpr std::string_view nul = "/a\0"sv;
    const struct {
        std::string_view version;
        std::string_view destination;
        bool may_be;
    } rows[] = {{"1.0", "/a:b", true},  {"1.0", "/a\nb", false}, {"1.0", "/a\rb", false},
                {"1.1", "/a\nb", true}, {"1.1", "/a\rb", false}, {"1.2", "/a\rb", true},
                {"1.0", nul, false},    {"1.1", nul, false},     {"1.2", nul, false}};
    for (const auto& row : rows) {
        SCOPED_TRACE(std::string(row.version) + " " + std::string(row.destination));
        Connected client(row.version);
        EXPECT_EQ(client.session.send({.destination = row.destination}), row.may_be);
        EXPECT_EQ(client.session.output().empty(), !row.may_be);
        client.session.output().clear();
        EXPECT_EQ(client.session.subscribe(1, row.destination, AckMode::automatic, {}, 0),
                  row.may_be);
        EXPECT_EQ(client.session.output().empty(), !row.may_be);
    }
}

// ---- What comes ------------------------------------------------------------

TEST(StompClientSession, CONNECTED_says_the_version) {
    const struct {
        std::string_view lines;
        Version version;
    } rows[] = {{"version:1.2\n", Version::v1_2},
                {"version:1.1\n", Version::v1_1},
                {"version:1.0\n", Version::v1_0},
                {"", Version::v1_0},
                {"session:x\nserver:y\nversion:1.2\nversion:1.0\n", Version::v1_2}};
    for (const auto& row : rows) {
        SCOPED_TRACE(row.lines);
        Client client;
        client.take("CONNECTED\n" + std::string(row.lines) + "\n");
        EXPECT_TRUE(client.session.is_connected());
        EXPECT_EQ(client.session.version(), row.version);
        ASSERT_EQ(client.heard.size(), 1U);
        EXPECT_EQ(client.heard[0].substr(0, 19), "connected CONNECTED");
    }
}

TEST(StompClientSession, heart_beats_are_what_both_can_and_want) {
    constexpr HeartBeat ours{.can_send_ms = 100, .wants_ms = 200};
    const struct {
        std::string_view lines;
        std::uint32_t send_every_ms;
        std::uint32_t hear_every_ms;
    } rows[] = {
        {"version:1.2\nheart-beat:300,400\n", 400, 300},
        {"version:1.1\nheart-beat:30,40\n", 100, 200},
        {"version:1.2\nheart-beat:0,40\n", 100, 0},
        {"version:1.2\nheart-beat:30,0\n", 0, 200},
        {"version:1.2\nheart-beat:0,0\n", 0, 0},
        {"version:1.2\n", 0, 0},
        // 1.0 has none.
        {"version:1.0\nheart-beat:30,40\n", 0, 0},
        {"heart-beat:30,40\n", 0, 0},
        {"heart-beat:nonsense\n", 0, 0},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.lines);
        Client client(ours);
        client.take("CONNECTED\n" + std::string(row.lines) + "\n");
        ASSERT_TRUE(client.session.is_connected());
        EXPECT_EQ(client.session.send_every_ms(), row.send_every_ms);
        EXPECT_EQ(client.session.hear_every_ms(), row.hear_every_ms);
    }
    // Who can and wants none.
    Client client;
    client.take("CONNECTED\nversion:1.2\nheart-beat:30,40\n\n");
    EXPECT_EQ(client.session.send_every_ms(), 0U);
    EXPECT_EQ(client.session.hear_every_ms(), 0U);
}

// Whole, cut at every byte, and byte by byte: `text` holds the NULs, too.
void expect_told(std::string_view text, const Told& expected, bool is_over) {
    test::for_each_split(bytes_of(text), [&](const test::Pieces& pieces) {
        Client client;
        for (const test::ExactBlock& piece : pieces) client.take(piece.bytes());
        EXPECT_EQ(client.heard, expected);
        EXPECT_EQ(client.session.is_over(), is_over);
        EXPECT_EQ(client.session.is_connected(), !is_over);
    });
}

const std::string welcome = "CONNECTED\nversion:1.2\n\n\0"s;
const std::string welcomed = "connected CONNECTED [version: 1.2]";

TEST(StompClientSession, a_server_is_gone_when_it_was_too_silent_and_activemq_is_late) {
    const struct {
        std::string_view server;
        std::uint64_t gone_after_ms;
    } rows[] = {{"", 350},
                {"server:RabbitMQ/3.10.8\n", 350},
                {"server:like ActiveMQ\n", 350},
                {"server:ActiveMQ/5.17.2\n", 500}};
    for (const auto& row : rows) {
        SCOPED_TRACE(row.server);
        Client client({.wants_ms = 200});
        client.take("CONNECTED\nversion:1.2\nheart-beat:100,0\n" + std::string(row.server) + "\n");
        EXPECT_FALSE(client.session.is_too_silent(row.gone_after_ms - 1));
        EXPECT_TRUE(client.session.is_too_silent(row.gone_after_ms));
    }
}

TEST(StompClientSession, each_frame_is_understood_however_it_comes) {
    expect_told(
        "\n\r\n" + welcome +
            "\n\r\nMESSAGE\r\ndestination:/a\nmessage-id:1\nsubscription:7\nx:a\\cb\n\nhello\0"
            "MESSAGE\ndestination:/t\nmessage-id:2\nsubscription:/temp-queue/r\n\n\0"
            "MESSAGE\ndestination:/t\nmessage-id:3\nsubscription:99999999999999999999\n"
            "content-length:3\n\na\0b\0\n"
            "RECEIPT\nreceipt-id:18446744073709551615\n\n\0"
            "RECEIPT\nreceipt-id:nobody's\n\n\0"s,
        {welcomed,
         "message 7 MESSAGE [destination: /a] [message-id: 1] [subscription: 7] [x: a:b] | hello",
         "message MESSAGE [destination: /t] [message-id: 2] [subscription: /temp-queue/r]",
         "message MESSAGE [destination: /t] [message-id: 3] [subscription: 99999999999999999999] "
         "[content-length: 3] | a\0b"s,
         "receipt 18446744073709551615 RECEIPT [receipt-id: 18446744073709551615]",
         "receipt RECEIPT [receipt-id: nobody's]"},
        false);
}

TEST(StompClientSession, headers_are_read_as_the_version_has_them) {
    const std::string message =
        "MESSAGE\ndestination:/a\nmessage-id:1\nsubscription:7\nx: a\\cb\n\n\0"s;
    const std::string known =
        "message 7 MESSAGE [destination: /a] [message-id: 1] "
        "[subscription: 7] [x: ";
    expect_told("CONNECTED\n\n\0"s + message, {"connected CONNECTED", known + "a\\cb]"}, false);
    expect_told(welcome + message, {welcomed, known + " a:b]"}, false);
    // CONNECTED is not escaped (1.2, Value Encoding).
    expect_told("CONNECTED\nversion:1.2\nserver:a\\x\n\n\0"s + message,
                {welcomed + " [server: a\\x]", known + " a:b]"}, false);
}

// And what comes behind it is not looked at (1.2, ERROR).
TEST(StompClientSession, after_ERROR_it_is_over) {
    const std::string more = "RECEIPT\nreceipt-id:1\n\n\0 garbage"s;
    expect_told("ERROR\nmessage:no\n\nwhy\0"s + more, {"error ERROR [message: no] | why"}, true);
    expect_told(welcome + "ERROR\nreceipt-id:12\n\n\0"s + more,
                {welcomed, "error 12 ERROR [receipt-id: 12]"}, true);
    expect_told("ERROR\n\n\0"s + welcome, {"error ERROR"}, true);
}

TEST(StompClientSession, whoever_breaks_a_rule_is_told_which_and_it_is_over) {
    const std::string message = "MESSAGE\ndestination:/a\nmessage-id:1\n";
    const struct {
        ServerFault fault;
        bool is_connected;
        std::string frame;
    } rows[] = {
        {ServerFault::frame_malformed, false, "CONNECTED\nversion\n\n"},
        {ServerFault::frame_malformed, false, "nonsense\n\n"},
        {ServerFault::frame_malformed, true, "RECEIPT\nreceipt-id:a\\x\n\n"},
        {ServerFault::frame_malformed, true, "ERROR\nmessage\n\n"},
        {ServerFault::frame_malformed, true,
         message + "subscription:1\ncontent-length:101\n\n" + std::string(101, 'x')},
        {ServerFault::not_a_servers, true, "SEND\ndestination:/a\n\n"},
        {ServerFault::not_a_servers, true, "CONNECT\n\n"},
        {ServerFault::not_a_servers, true, "ACK\nid:1\n\n"},
        {ServerFault::not_connected, false, "RECEIPT\nreceipt-id:1\n\n"},
        {ServerFault::not_connected, false, message + "subscription:1\n\n"},
        {ServerFault::not_connected, false, "SEND\ndestination:/a\n\n"},
        {ServerFault::connected_already, true, "CONNECTED\nversion:1.2\n\n"},
        {ServerFault::version_not_offered, false, "CONNECTED\nversion:1.3\n\n"},
        {ServerFault::version_not_offered, false, "CONNECTED\nversion:\n\n"},
        {ServerFault::heart_beat_malformed, false, "CONNECTED\nversion:1.2\nheart-beat:1\n\n"},
        {ServerFault::heart_beat_malformed, false, "CONNECTED\nversion:1.1\nheart-beat:a,b\n\n"},
        {ServerFault::destination_missing, true, "MESSAGE\nmessage-id:1\nsubscription:1\n\n"},
        {ServerFault::message_id_missing, true, "MESSAGE\ndestination:/a\nsubscription:1\n\n"},
        {ServerFault::subscription_missing, true, message + '\n'},
        {ServerFault::receipt_id_missing, true, "RECEIPT\n\n"},
    };
    std::set<ServerFault> tested;
    for (const auto& row : rows) {
        SCOPED_TRACE(row.frame);
        tested.insert(row.fault);
        const std::string bytes = row.frame + '\0' + welcome;
        test::for_each_split(
            bytes_of(row.is_connected ? welcome + bytes : bytes), [&](const test::Pieces& pieces) {
                Client client;
                for (const test::ExactBlock& piece : pieces) client.take(piece.bytes());
                ASSERT_EQ(client.heard.size(), row.is_connected ? 2U : 1U);
                EXPECT_EQ(client.heard.back().substr(0, 6), "fault ");
                EXPECT_TRUE(client.heard.back().ends_with(" ! " + std::string(describe(row.fault))))
                    << client.heard.back();
                EXPECT_TRUE(client.session.is_over());
            });
    }
    // All but `none`.
    EXPECT_EQ(tested.size(), static_cast<std::size_t>(ServerFault::receipt_id_missing));
}

TEST(StompClientSession, what_a_fault_was_about_is_shown) {
    Connected client("1.2");
    client.take("RECEIPT\nreceipt-id:a\\x\n\n");
    const std::string how(describe(Fault::header_escape_undefined));
    const std::string what(describe(ServerFault::frame_malformed));
    EXPECT_EQ(client.heard, Told{"fault RECEIPT ! " + how + " ! " + what});
}

TEST(StompClientSession, a_message_is_acknowledged_by_what_its_version_has) {
    const std::string lines = "destination:/a\nmessage-id:m\nsubscription:1\n";
    for (const std::string_view version : {"1.0", "1.1", "1.2"}) {
        SCOPED_TRACE(version);
        Connected client(version);
        const auto ack_of = [&](const std::string& frame) {
            const Bytes bytes = stomp_bytes(frame);
            std::span<const std::byte> input(bytes);
            const ServerFrame* const message = client.session.next(input);
            return std::string(client.session.ack_of(*message->frame));
        };
        const bool is_1_2 = version == "1.2";
        EXPECT_EQ(ack_of("MESSAGE\n" + lines + "ack:a\n\n"), is_1_2 ? "a" : "m");
        EXPECT_EQ(ack_of("MESSAGE\n" + lines + "\n"), is_1_2 ? "" : "m");
    }
}

TEST(StompServerFault, each_has_a_sentence_of_its_own) {
    std::set<std::string_view> sentences;
    constexpr int count = static_cast<int>(ServerFault::receipt_id_missing) + 1;
    for (int i = 0; i < count; ++i) {
        const std::string_view sentence = describe(static_cast<ServerFault>(i));
        EXPECT_TRUE(sentence.ends_with('.')) << sentence;
        sentences.insert(sentence);
    }
    EXPECT_EQ(sentences.size(), static_cast<std::size_t>(count));
}

}  // namespace
}  // namespace edgews::stomp
