// What a request takes of memory_max is what it is measured by: with a byte less it is refused.
#include "peers.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp::test {
namespace {

struct Row {
    const char* name;
    std::vector<std::string> before;  // Frames of the same client.
    std::string frame;
    bool takes = true;  // More than there was.
};

const std::string begin = "BEGIN\ntransaction:t\n\n";
const std::string body(300, 'x');

const std::vector<Row> rows{
    {"a topic", {}, "SUBSCRIBE\nid:1\ndestination:/topic/a\n\n"},
    {"a topic that is there",
     {"SUBSCRIBE\nid:1\ndestination:/topic/a\n\n"},
     "SUBSCRIBE\nid:22\ndestination:/topic/a\n\n"},
    {"a pattern", {}, "SUBSCRIBE\nid:1\ndestination:/topic/a/*\n\n"},
    {"a queue", {}, "SUBSCRIBE\nid:1\ndestination:/queue/a\n\n"},
    {"a queue that is there",
     {"SUBSCRIBE\nid:1\ndestination:/queue/a\n\n"},
     "SUBSCRIBE\nid:22\ndestination:/queue/a\n\n"},
    {"a user's", {}, "SUBSCRIBE\nid:1\ndestination:/user/queue/a\n\n"},
    {"a temporary queue", {}, "SUBSCRIBE\nid:1\ndestination:/temp-queue/a\n\n"},
    {"SEND to a queue", {}, "SEND\ndestination:/queue/a\n\n" + body},
    {"SEND to a queue that is there",
     {"SEND\ndestination:/queue/a\n\n"},
     "SEND\ndestination:/queue/a\n\n" + body},
    {"SEND to a topic that waits for ACKs",
     {"SUBSCRIBE\nid:1\nack:client\nprefetch-count:1\ndestination:/topic/a\n\n",
      "SEND\ndestination:/topic/a\n\n"},
     "SEND\ndestination:/topic/a\n\n" + body},
    {"a reply's queue", {}, "SEND\ndestination:/queue/a\nreply-to:/temp-queue/a\n\n" + body},
    {"BEGIN", {}, "BEGIN\ntransaction:a long name of a transaction\n\n"},
    {"SEND in a transaction",
     {begin},
     "SEND\ntransaction:t\nreceipt:a long receipt\ndestination:/queue/a\n\n" + body},
    {"SEND to the application in a transaction",
     {begin},
     "SEND\ntransaction:t\nreceipt:r\ndestination:/app/a\n\n" + body},
    {"ACK in a transaction",
     {begin, "SUBSCRIBE\nid:1\nack:client\ndestination:/queue/a\n\n",
      "SEND\ndestination:/queue/a\n\n"},
     "ACK\ntransaction:t\nreceipt:r\nid:ACK\n\n"},
    {"COMMIT into two queues",
     {begin, "SEND\ntransaction:t\ndestination:/queue/a\n\n",
      "SEND\ntransaction:t\ndestination:/queue/b\n\n",
      "SEND\ntransaction:t\ndestination:/queue/a\n\n"},
     "COMMIT\ntransaction:t\n\n"},
    {"COMMIT into a queue that is there",
     {"SEND\ndestination:/queue/a\n\n", begin, "SEND\ntransaction:t\ndestination:/queue/a\n\n"},
     "COMMIT\ntransaction:t\n\n",
     false},
};

// Has somebody do what the row says, in a broker with so much memory. Returns its memory then;
// 0, where the last frame was refused for want of it.
std::size_t memory_after(const Row& row, std::size_t memory_max, std::size_t& before) {
    Peers peers({.memory_max = memory_max, .has_shares = false});
    Peer& peer = peers.connect();
    for (const std::string& frame : row.before) peer.say(frame);
    EXPECT_FALSE(peer.session().is_over());
    std::string frame = row.frame;
    if (const std::size_t at = frame.find("id:ACK"); at != std::string::npos) {
        frame.replace(at + 3, 3, peer.take("MESSAGE").header("ack"));
    }
    before = peers.broker().accounts().total(Common::memory);
    while (!peer.has_nothing()) static_cast<void>(peer.take_any());
    peer.say(frame);
    const std::size_t after = peers.broker().accounts().total(Common::memory);
    if (!peer.session().is_over()) return after;
    static_cast<void>(peer.take_error(Fault::memory_full));
    return 0;
}

TEST(StompMemory, a_request_needs_what_it_takes_and_not_a_byte_more) {
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        std::size_t before = 0;
        const std::size_t after = memory_after(row, 1'000'000, before);
        ASSERT_GT(after, 0U);
        EXPECT_EQ(after > before, row.takes) << before << " -> " << after;
        const std::size_t needed = std::max(before, after);
        EXPECT_EQ(memory_after(row, needed, before), after);
        if (row.takes) {
            EXPECT_EQ(memory_after(row, needed - 1, before), 0U);
        }
    }
}

}  // namespace
}  // namespace edgews::stomp::test
