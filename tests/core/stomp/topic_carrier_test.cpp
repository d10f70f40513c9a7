// A broker whose topics are carried to other nodes: what it tells the carrier, and what its clients
// are told.
#include "core/stomp/topic_carrier.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/stomp/destination.hpp"
#include "peers.hpp"
#include "tests/support/bytes.hpp"

namespace edgews::stomp::test {
namespace {

using Texts = std::vector<std::string>;
using edgews::test::text_of;

// Carries what begins with "/topic/far", and notes what it is told.
class NotingCarrier final : public TopicCarrier {
  public:
    void receive_topics(TopicReceiver&) override {}
    bool carries(std::string_view topic) const noexcept override {
        return topic.starts_with("/topic/far");
    }
    bool covers_carried(std::string_view pattern) const noexcept override {
        return may_cover(pattern, "/topic/far");
    }
    void topic_begins(std::string_view topic) override { note("begins", topic); }
    void topic_ends(std::string_view topic) override { note("ends", topic); }
    void await(std::string_view topic, Function<void(bool)>) override { note("await", topic); }
    std::uint64_t patience_ms() const noexcept override { return 0; }
    Room room_for(const Load& load) const override {
        asked.push_back(load);
        return room;
    }
    Taken publish(std::string_view topic, const Content& content, Reach reach) override {
        note(room == Room::yes ? "publish" : "refuse", topic);
        notes.back() += ' ' + text_of(content.body());
        if (reach == Reach::everywhere) notes.back() += " everywhere";
        return {.room = room, .is_here = is_here};
    }
    Texts take() { return std::exchange(notes, {}); }

    Room room = Room::yes;
    bool is_here = true;
    Texts notes{};
    mutable std::vector<Load> asked{};

  private:
    void note(const char* what, std::string_view topic) {
        notes.push_back(std::string(what) + ' ' + std::string(topic));
    }
};

class CarriedTopics : public testing::Test {
  protected:
    CarriedTopics() { peers.broker().carry_topics(carrier); }

    static void subscribe(Peer& peer, const std::string& destination,
                          const std::string& lines = "") {
        peer.say("SUBSCRIBE\nid:" + destination + "\ndestination:" + destination + "\n" + lines +
                 "\n");
    }
    static void send(Peer& peer, const std::string& destination, const std::string& body,
                     const std::string& lines = "") {
        peer.say("SEND\ndestination:" + destination + "\n" + lines + "\n" + body);
    }

    NotingCarrier carrier{};
    Peers peers{};
};

TEST_F(CarriedTopics, the_first_subscriber_and_the_end_of_the_last_are_told) {
    Peer& joe = peers.connect();
    Peer& ann = peers.connect();
    subscribe(joe, "/topic/far");
    subscribe(ann, "/topic/far");
    subscribe(ann, "/topic/far.b");
    subscribe(ann, "/topic/near");
    subscribe(ann, "/queue/far");
    EXPECT_EQ(carrier.take(), (Texts{"begins /topic/far", "begins /topic/far.b"}));
    joe.say("UNSUBSCRIBE\nid:/topic/far\n\n");
    EXPECT_EQ(carrier.take(), Texts{});
    ann.vanish();
    Texts ends = carrier.take();
    std::sort(ends.begin(), ends.end());
    EXPECT_EQ(ends, (Texts{"ends /topic/far", "ends /topic/far.b"}));
    subscribe(joe, "/topic/far");
    EXPECT_EQ(carrier.take(), Texts{"begins /topic/far"});
}

TEST_F(CarriedTopics, what_is_sent_goes_to_those_here_and_elsewhere_in_its_order) {
    Peer& joe = peers.connect();
    subscribe(joe, "/topic/far");
    subscribe(joe, "/topic/near");
    subscribe(joe, "/queue/far");
    carrier.take();
    send(joe, "/topic/far", "1");
    send(joe, "/topic/near", "2");
    send(joe, "/queue/far", "3");
    send(joe, "/topic/far", "4", "receipt:r\n");
    EXPECT_EQ(joe.take("MESSAGE").body, "1");
    EXPECT_EQ(joe.take("MESSAGE").body, "2");
    EXPECT_EQ(joe.take("MESSAGE").body, "3");
    EXPECT_EQ(joe.take("RECEIPT").header("receipt-id"), "r");
    EXPECT_EQ(joe.take("MESSAGE").body, "4");
    EXPECT_EQ(carrier.take(), (Texts{"publish /topic/far 1", "publish /topic/far 4 everywhere"}));
    EXPECT_EQ(peers.broker().counters().received, 4U);
}

TEST_F(CarriedTopics, what_comes_back_first_is_received_then) {
    Peer& joe = peers.connect();
    subscribe(joe, "/topic/far");
    carrier.is_here = false;
    send(joe, "/topic/far", "1");
    EXPECT_TRUE(joe.has_nothing());
    EXPECT_EQ(peers.broker().counters().received, 0U);
    ContentPool contents("p");
    const std::string body = "1";
    peers.broker().send_to_exactly(
        "/topic/far",
        contents.make({.destination = "/topic/far", .body = std::as_bytes(std::span(body))}));
    peers.serve();
    EXPECT_EQ(joe.take("MESSAGE").body, "1");
    EXPECT_EQ(peers.broker().counters().received, 1U);
    EXPECT_EQ(carrier.take(), (Texts{"begins /topic/far", "publish /topic/far 1"}));
}

TEST_F(CarriedTopics, a_users_topic_stays_here) {
    Peer& joe = peers.connect("1.2", "joe");
    subscribe(joe, "/user/topic/far");
    send(joe, "/user/joe/topic/far", "1");
    EXPECT_EQ(joe.take("MESSAGE").body, "1");
    EXPECT_EQ(carrier.take(), Texts{});
}

TEST_F(CarriedTopics, a_pattern_that_might_cover_one_is_refused) {
    for (const std::string pattern : {"/topic/*", "/topic/#", "/topic/far.*", "/topic/far/#"}) {
        Peer& joe = peers.connect();
        subscribe(joe, pattern);
        joe.take_error(Fault::pattern_not_carried);
    }
    Peer& joe = peers.connect();
    for (const std::string pattern : {"/topic/near.*", "/topic/near.*.far", "/topic/near/#"}) {
        subscribe(joe, pattern);
    }
    send(joe, "/topic/near.a", "1");
    EXPECT_EQ(joe.take("MESSAGE").body, "1");
    EXPECT_EQ(carrier.take(), Texts{});
}

// ---- What has no way to the others -------------------------------------------------------------

TEST_F(CarriedTopics, without_a_receipt_those_here_have_it) {
    Peer& joe = peers.connect();
    subscribe(joe, "/topic/far");
    for (const auto room : {TopicCarrier::Room::none, TopicCarrier::Room::too_large}) {
        carrier.room = room;
        carrier.take();
        send(joe, "/topic/far", "1");
        EXPECT_EQ(joe.take("MESSAGE").body, "1");
        EXPECT_EQ(carrier.take(), Texts{"refuse /topic/far 1"});
    }
    EXPECT_FALSE(joe.session().is_over());
    EXPECT_TRUE(carrier.asked.empty());
}

TEST_F(CarriedTopics, in_place_of_a_receipt_comes_an_error_and_nobody_has_it) {
    Peer& ann = peers.connect();
    subscribe(ann, "/topic/far");
    carrier.take();
    carrier.room = TopicCarrier::Room::none;
    Peer& joe = peers.connect();
    send(joe, "/topic/far", "1", "receipt:r\n");
    EXPECT_EQ(joe.take_error(Fault::upstream_unavailable).header("receipt-id"), "r");
    carrier.room = TopicCarrier::Room::too_large;
    Peer& jim = peers.connect();
    send(jim, "/topic/far", "12345", "receipt:r\n");
    jim.take_error(Fault::upstream_refused);
    EXPECT_EQ(carrier.take(), Texts{});
    EXPECT_TRUE(ann.has_nothing());
    EXPECT_EQ(carrier.asked.back().total, carrier.asked.front().total + 4);
    EXPECT_EQ(carrier.asked.back().largest, carrier.asked.back().total);
}

TEST_F(CarriedTopics, topics_of_this_node_alone_need_no_way) {
    carrier.room = TopicCarrier::Room::none;
    Peer& joe = peers.connect();
    subscribe(joe, "/topic/near");
    send(joe, "/topic/near", "1", "receipt:r\n");
    joe.take("RECEIPT");
    EXPECT_EQ(joe.take("MESSAGE").body, "1");
    EXPECT_TRUE(carrier.asked.empty());
}

TEST_F(CarriedTopics, the_application_hears_that_only_those_here_have_it) {
    Peer& joe = peers.connect();
    subscribe(joe, "/topic/far");
    carrier.room = TopicCarrier::Room::none;
    ContentPool contents("p");
    const Content content = contents.make({.destination = "/topic/far"});
    EXPECT_EQ(peers.broker().send("/topic/far", content, nullptr), Broker::Sent::not_carried);
    carrier.room = TopicCarrier::Room::too_large;
    EXPECT_EQ(peers.broker().send_for(joe.session().outbox(), "/topic/far", content),
              Broker::Sent::too_large_to_carry);
    peers.serve();
    joe.take("MESSAGE");
    joe.take("MESSAGE");
    EXPECT_EQ(fault_of(Broker::Sent::not_carried), Fault::upstream_unavailable);
    EXPECT_EQ(fault_of(Broker::Sent::too_large_to_carry), Fault::upstream_refused);
}

// ---- Transactions ------------------------------------------------------------------------------

void say_transaction(Peer& peer, const std::string& lines_of_send,
                     const std::string& lines_of_commit) {
    peer.say("BEGIN\ntransaction:t\n\n");
    for (const std::string destination : {"/topic/far", "/queue/a", "/topic/near", "/topic/far"}) {
        peer.say("SEND\ndestination:" + destination + "\ntransaction:t\n" + lines_of_send +
                 "\nabc");
    }
    peer.say("COMMIT\ntransaction:t\n" + lines_of_commit + "\n");
}

TEST_F(CarriedTopics, a_commit_with_a_receipt_is_as_a_whole_what_the_others_can_have) {
    Peer& joe = peers.connect();
    say_transaction(joe, "", "receipt:r\n");
    joe.take("RECEIPT");
    const std::string sent = "publish /topic/far abc everywhere";
    EXPECT_EQ(carrier.take(), (Texts{sent, sent}));
    EXPECT_EQ(carrier.asked.size(), 1U);
    EXPECT_EQ(carrier.asked[0].total, 2 * carrier.asked[0].largest);
    EXPECT_EQ(peers.broker().find_queue("/queue/a")->count(), 1U);

    carrier.room = TopicCarrier::Room::none;
    say_transaction(joe, "", "receipt:r\n");
    joe.take_error(Fault::upstream_unavailable);
    Peer& ann = peers.connect();  // Its SENDs' receipts come with the COMMIT.
    say_transaction(ann, "receipt:s\n", "");
    ann.take_error(Fault::upstream_unavailable);
    EXPECT_EQ(carrier.take(), Texts{});
    EXPECT_EQ(peers.broker().find_queue("/queue/a")->count(), 1U);
}

TEST_F(CarriedTopics, a_commit_without_one_is_done_here) {
    carrier.room = TopicCarrier::Room::none;
    Peer& joe = peers.connect();
    say_transaction(joe, "", "");
    EXPECT_FALSE(joe.session().is_over());
    const std::string refused = "refuse /topic/far abc";
    EXPECT_EQ(carrier.take(), (Texts{refused, refused}));
    EXPECT_EQ(peers.broker().find_queue("/queue/a")->count(), 1U);
}

// ---- Gaps --------------------------------------------------------------------------------------

TEST_F(CarriedTopics, a_gap_is_told_to_whoever_asked_for_it) {
    Peer& joe = peers.connect();
    Peer& ann = peers.connect();
    subscribe(joe, "/topic/far", "gap:true\n");
    subscribe(ann, "/topic/far");
    ContentPool contents("p");
    const Header headers[] = {{"missing", "3"}};
    const Content told =
        contents.make({.destination = "/topic/far", .headers = headers, .is_gap = true});
    EXPECT_EQ(peers.broker().tell_gap("/topic/far", told), 2U);
    peers.serve();
    const Got gap = joe.take("MESSAGE");
    EXPECT_EQ(gap.header("gap"), "true");
    EXPECT_EQ(gap.header("missing"), "3");
    EXPECT_EQ(gap.body, "");
    EXPECT_TRUE(ann.has_nothing());
}

}  // namespace
}  // namespace edgews::stomp::test
