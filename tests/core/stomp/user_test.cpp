// User destinations: whatever somebody is called, nobody gets what is another's.
#include "peers.hpp"

#include "core/http/http_token.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::stomp::test {
namespace {

using Texts = std::vector<std::string>;

// Every byte but letters and digits as "%XX".
std::string percent_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const char c : text) {
        if (is_letter(c) || is_digit(c)) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
    return out;
}

const std::vector<std::string> names{"joe",
                                     "Joe",
                                     "joe.x",
                                     "joe/x",
                                     "*",
                                     "#",
                                     "**",
                                     ".",
                                     "..",
                                     "/",
                                     "%2F",
                                     "%2f",
                                     "%",
                                     "%%",
                                     "%25",
                                     "a/queue/x",
                                     "a%2Fqueue%2Fx",
                                     "queue",
                                     "topic",
                                     "user",
                                     "joe ",
                                     " joe",
                                     "joe+x",
                                     "joe x",
                                     "\xC3\xA9",
                                     "%C3%A9",
                                     "session-",
                                     "-",
                                     "_",
                                     "joe:x",
                                     "joe\\x",
                                     "joe/queue",
                                     "%00"};

TEST(StompUser, each_gets_its_own_and_nobody_else) {
    Peers peers;
    std::vector<Peer*> users;
    for (const std::string& name : names) {
        users.push_back(&peers.connect("1.2", name));
        EXPECT_EQ(users.back()->session().outbox().user, name);
        users.back()->say("SUBSCRIBE\nid:1\ndestination:/user/queue/x\n\n");
    }
    Peer& anonymous = peers.connect();
    anonymous.say("SUBSCRIBE\nid:1\ndestination:/user/queue/x\n\n");
    Peer& all = peers.connect();
    all.say("SUBSCRIBE\nid:1\ndestination:/topic/#\n\n");
    Peer& sender = peers.connect();
    for (std::size_t i = 0; i < names.size(); ++i) {
        sender.say("SEND\ndestination:/user/" + percent_encoded(names[i]) + "/queue/x\n\n" +
                   names[i]);
        ASSERT_FALSE(sender.session().is_over());
        for (std::size_t j = 0; j < users.size(); ++j) {
            const Texts expected = i == j ? Texts{names[i]} : Texts{};
            EXPECT_EQ(users[j]->take_bodies(), expected) << names[i] << " to " << names[j];
        }
    }
    EXPECT_TRUE(anonymous.has_nothing());
    EXPECT_TRUE(all.has_nothing());
    for (Peer* const user : users) user->vanish();
    anonymous.vanish();
    EXPECT_EQ(peers.broker().topics().count(), 1U);
}

TEST(StompUser, a_name_that_needs_no_escape_is_written_as_it_is) {
    Peers peers;
    for (const std::string name : {"joe", "joe@example.org", "joe-x_y", "\xC3\xA9", "joe+x"}) {
        Peer& user = peers.connect("1.2", name);
        user.say("SUBSCRIBE\nid:1\ndestination:/user/queue/x\n\n");
        peers.connect().say("SEND\ndestination:/user/" + name + "/queue/x\n\nhi");
        const Got got = user.take("MESSAGE");
        EXPECT_EQ(got.header("destination"), "/user/queue/x");  // As it subscribed to it.
        EXPECT_EQ(got.header("subscription"), "1");
    }
}

TEST(StompUser, somebody_anonymous_is_reached_by_the_session) {
    Peers peers;
    Peer& one = peers.connect();
    Peer& two = peers.connect();
    for (Peer* const peer : {&one, &two})
        peer->say("SUBSCRIBE\nid:1\ndestination:/user/queue/x\n\n");
    peers.connect().say("SEND\ndestination:/user/session-2/queue/x\n\nhi");
    EXPECT_TRUE(one.has_nothing());
    EXPECT_EQ(two.take_bodies(), Texts{"hi"});
}

TEST(StompUser, only_ones_own_can_be_subscribed_to) {
    for (const std::string_view name :
         {"/user/joe/queue/x", "/user/*/queue/x", "/user/#", "/user/queue", "/user/queue/",
          "/user/queue/*", "/user/queue/#", "/user/topic/a.*", "/user//queue/x",
          "/user/%2A/queue/x", "/user/../queue/x"}) {
        Peers peers;
        Peer& peer = peers.connect("1.2", "ann");
        peer.expect_refused("SUBSCRIBE\nid:1\ndestination:" + std::string(name) + "\n\n",
                            Fault::destination_not_for_subscribe);
        EXPECT_EQ(peers.broker().topics().count(), 0U);
    }
}

TEST(StompUser, only_a_users_queue_or_topic_can_be_sent_to) {
    for (const std::string_view name :
         {"/user/joe", "/user/joe/", "/user/joe/queue", "/user/joe/queue/", "/user/joe/app/x",
          "/user//queue/x", "/user/*/queue/x", "/user/joe/queue/*", "/user/joe.#/queue/x",
          "/user/joe/user/ann/queue/x", "/user/joe/temp-queue/x"}) {
        Peers peers;
        peers.connect("1.2", "joe")
            .expect_refused("SEND\ndestination:" + std::string(name) + "\n\n",
                            Fault::destination_not_for_send);
    }
}

// It is a topic of its own: a queue of that name is something else.
TEST(StompUser, a_users_queue_is_no_queue) {
    Peers peers;
    Peer& joe = peers.connect("1.2", "joe");
    joe.say("SUBSCRIBE\nid:1\ndestination:/user/queue/x\n\n");
    Peer& ann = peers.connect("1.2", "ann");
    ann.say("SEND\ndestination:/queue/x\n\nhi");
    ann.say("SEND\ndestination:/topic/x\n\nhi");
    ann.say("SEND\ndestination:/user/joe/topic/x\n\nhi");
    ann.say("SEND\ndestination:/user/joe/queue/x.y\n\nhi");
    EXPECT_TRUE(joe.has_nothing());
}

}  // namespace
}  // namespace edgews::stomp::test
