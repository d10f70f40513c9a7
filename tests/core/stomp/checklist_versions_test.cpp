// The differences between the versions, in one place: I of the checklist. The tests of the other
// sections show them at length; here each is a row, tried with every version.
#include "peers.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace edgews::stomp::test {
namespace {

constexpr std::array<std::string_view, 3> versions{"1.0", "1.1", "1.2"};

struct Row {
    std::string_view name;
    std::string_view frame;
    std::array<Fault, 3> faults;  // By version.
};

constexpr Fault fine = Fault::none;

const std::array rows{
    Row{"EOL is CR LF", "SEND\r\ndestination:/queue/a\r\n\r\nx", {fine, fine, fine}},
    Row{"an escaped LF", "SEND\ndestination:/queue/a\nk:\\n\n\nx", {fine, fine, fine}},
    Row{"an escaped CR",
        "SEND\ndestination:/queue/a\nk:\\r\n\nx",
        {fine, Fault::header_escape_undefined, fine}},
    Row{"no escape",
        "SEND\ndestination:/queue/a\nk:\\t\n\nx",
        {fine, Fault::header_escape_undefined, Fault::header_escape_undefined}},
    Row{"blanks around a value",
        "SEND\ndestination: /queue/a\n\nx",
        {fine, Fault::destination_invalid, Fault::destination_invalid}},
    Row{"a colon in a value", "SEND\ndestination:/queue/a:b\n\nx", {fine, fine, fine}},
    Row{"SUBSCRIBE without id",
        "SUBSCRIBE\ndestination:/queue/a\n\n",
        {fine, Fault::id_missing, Fault::id_missing}},
    Row{"mode client-individual",
        "SUBSCRIBE\nid:a\ndestination:/queue/a\nack:client-individual\n\n",
        {Fault::ack_mode_invalid, fine, fine}},
    Row{"ACK by id",
        "ACK\nid:ACK\n\n",
        {Fault::message_id_missing, Fault::message_id_missing, fine}},
    Row{"ACK by message-id",
        "ACK\nmessage-id:MESSAGE-ID\n\n",
        {fine, Fault::subscription_missing, Fault::id_missing}},
    Row{"ACK by message-id and subscription",
        "ACK\nmessage-id:MESSAGE-ID\nsubscription:1\n\n",
        {fine, fine, Fault::id_missing}},
    Row{"NACK by id",
        "NACK\nid:ACK\nrequeue:false\n\n",
        {Fault::nack_not_in_1_0, Fault::message_id_missing, fine}},
    Row{"NACK by message-id and subscription",
        "NACK\nmessage-id:MESSAGE-ID\nsubscription:1\nrequeue:false\n\n",
        {Fault::nack_not_in_1_0, fine, Fault::id_missing}},
    Row{"UNSUBSCRIBE by id", "UNSUBSCRIBE\nid:1\n\n", {fine, fine, fine}},
    Row{"UNSUBSCRIBE by destination",
        "UNSUBSCRIBE\ndestination:/queue/b\n\n",
        {Fault::subscription_unknown, Fault::id_missing, Fault::id_missing}},
    Row{"an id in use",
        "SUBSCRIBE\nid:1\ndestination:/queue/a\n\n",
        {Fault::subscription_exists, Fault::subscription_exists, Fault::subscription_exists}},
    Row{"a transaction in use",
        "BEGIN\ntransaction:t\n\n",
        {Fault::transaction_exists, Fault::transaction_exists, Fault::transaction_exists}},
    Row{"a content-type that is none",
        "SEND\ndestination:/queue/a\ncontent-type:x\n\nx",
        {fine, fine, fine}},
    Row{"an unknown command",
        "HELLO\n\n",
        {Fault::unknown_command, Fault::unknown_command, Fault::unknown_command}},
};

std::string replaced(std::string text, std::string_view what, const std::string& by) {
    const std::size_t place = text.find(what);
    return place == std::string::npos ? text : text.replace(place, what.size(), by);
}

TEST(StompChecklist, I_each_version_has_its_rules) {
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < versions.size(); ++i) {
            SCOPED_TRACE(std::string(row.name) + ", version " + std::string(versions[i]));
            Peers peers;
            Peer& peer = peers.connect(versions[i]);
            peer.say("SUBSCRIBE\nid:1\ndestination:/queue/b\nack:client\n\n");
            peer.say("BEGIN\ntransaction:t\n\n");
            peers.connect().say("SEND\ndestination:/queue/b\n\nx");
            const Got got = peer.take("MESSAGE");
            std::string frame(row.frame);
            frame = replaced(frame, "id:ACK", "id:" + got.header("ack"));
            frame = replaced(frame, "MESSAGE-ID", got.header("message-id"));
            if (row.faults[i] == Fault::none) {
                peer.say(frame);
                EXPECT_FALSE(peer.session().is_over()) << describe(peer.session().fault());
                EXPECT_TRUE(peer.has_nothing());
            } else {
                peer.expect_refused(frame, row.faults[i]);
            }
        }
    }
}

TEST(StompChecklist, I_a_MESSAGE_looks_as_its_receivers_version_wants_it) {
    Peers peers;
    std::array<Peer*, 3> receivers{};
    for (std::size_t i = 0; i < versions.size(); ++i) {
        receivers[i] = &peers.connect(versions[i]);
        receivers[i]->say("SUBSCRIBE\nid:1\ndestination:/topic/a\nack:client\n\n");
    }
    peers.connect().say("SEND\ndestination:/topic/a\nk:a\\cb\n\nx");
    const std::string start = "MESSAGE\nsubscription:1\n";
    EXPECT_EQ(receivers[0]->take("MESSAGE").raw,
              start + "message-id:1-1\ndestination:/topic/a\nk:a:b\ncontent-length:1\n\nx");
    EXPECT_EQ(receivers[1]->take("MESSAGE").raw,
              start + "message-id:2-1\ndestination:/topic/a\nk:a\\cb\ncontent-length:1\n\nx");
    EXPECT_EQ(receivers[2]->take("MESSAGE").raw,
              start +
                  "ack:3-1\nmessage-id:m-1\ndestination:/topic/a\nk:a\\cb\n"
                  "content-length:1\n\nx");
}

}  // namespace
}  // namespace edgews::stomp::test
