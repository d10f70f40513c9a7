// What a hook forbids is reached by no other spelling, and through no pattern.
#include "net/stomp/verdicts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>

#include "stomp_server.hpp"

namespace edgews::test {
namespace {

using stomp::Destination;
using stomp::Fault;
using stomp::Frame;

StompAccess by_login(const StompClient&, const Frame& connect) {
    return {.user = std::string(connect.find("login").value_or(""))};
}

// As many would write it: whoever is not "admin" has nothing to do with these.
bool keeps_private(const StompClient& client, StompAction action, std::string_view destination) {
    if (client.user == "admin") return true;
    if (destination.starts_with("/topic/private")) return false;
    if (action == StompAction::send && destination.starts_with("/user/alice/")) return false;
    return destination != "/app/admin";
}

TEST(StompAuthorise, another_spelling_is_refused_as_the_name_is) {
    Notes notes;
    StompServer server({}, {.authenticate = by_login, .authorise = keeps_private});
    server.broker.app("/app/admin", [&](StompRequest&) { notes.add("handler"); });
    StompPeer alice = server.connect(Over::tcp, "login:alice\n");
    alice.subscribe("/user/queue/x");
    for (const Over over : both) {
        for (const char* const destination :
             {"/app/admin", "/app/%61dmin", "/app/%61%64%6d%69%6E", "/user/alice/queue/x",
              "/user/%61lice/queue/x", "/user/a%6cice/topic/x"}) {
            SCOPED_TRACE(destination);
            StompPeer mallory = server.connect(over, "login:mallory\n");
            mallory.send(destination, "forged");
            mallory.expect_error("Access was refused", 1008);
        }
    }
    EXPECT_EQ(server.broker.send("/user/%61lice/queue/x", "true"), Fault::none);
    EXPECT_EQ(alice.hear("MESSAGE").body, "true");
    EXPECT_EQ(notes.all(), List{});
}

TEST(StompAuthorise, hooks_and_handlers_see_the_one_spelling) {
    Notes notes;
    StompServer server({}, {.authorise =
                                [&](const StompClient&, StompAction, Destination destination) {
                                    notes.add(std::string(destination.text()));
                                    return true;
                                },
                            .message =
                                [&](const StompClient&, const Frame& send) {
                                    notes.add(std::string(send.find("destination").value_or("")));
                                    return true;
                                }});
    server.broker.app("/app/:what", [&](StompRequest& request) {
        notes.add(std::string(request.destination()) + " " +
                  std::string(request.header("destination")) + " " + request.parameter("what"));
    });
    StompPeer joe = server.connect(Over::tcp);
    joe.send("/app/%61%2f%2561", "x", "receipt:1\n");
    joe.hear("RECEIPT");
    const std::string name = "/app/a%2F%2561";
    EXPECT_EQ(notes.all(), (List{name, name, name + " " + name + " a/%61"}));
}

TEST(StompAuthorise, a_malformed_escape_reaches_no_hook_and_no_handler) {
    Notes notes;
    StompServer server(
        {}, {.authorise = [&](const StompClient&, StompAction, std::string_view destination) {
            notes.add(std::string(destination));
            return true;
        }});
    server.broker.app("/app/*", [&](StompRequest&) { notes.add("handler"); });
    for (const char* const destination : {"/app/%6", "/app/%00", "/user/%zz/queue/x"}) {
        StompPeer joe = server.connect(Over::web_socket);
        joe.send(destination, "x");
        joe.expect_error("percent sign", 1008);
    }
    EXPECT_EQ(server.broker.send("/user/%zz/queue/x", "x"), Fault::destination_escape_malformed);
    EXPECT_EQ(notes.all(), List{});
}

TEST(StompAuthorise, a_reply_goes_where_its_client_may_send_however_that_is_spelled) {
    StompServer server({}, {.authenticate = by_login, .authorise = keeps_private});
    server.broker.app("/app/echo", [](StompRequest& request) {
        request.reply(request.text()) ? request.reply("done") : false;
    });
    StompPeer alice = server.connect(Over::tcp, "login:alice\n");
    alice.subscribe("/user/queue/x");
    StompPeer mallory = server.connect(Over::tcp, "login:mallory\n");
    mallory.send("/app/echo", "forged", "reply-to:/user/%61lice/queue/x\n");
    mallory.expect_error("Access was refused", 1008);
    // What nothing can be sent to is nowhere.
    StompPeer bob = server.connect(Over::tcp, "login:bob\n");
    for (const char* const nowhere : {"/user/%zz/queue/x", "/topic/#", "anything"}) {
        bob.send("/app/echo", "x", "reply-to:" + std::string(nowhere) + "\nreceipt:1\n");
        bob.hear("RECEIPT");
    }
    EXPECT_EQ(server.broker.send("/user/alice/queue/x", "true"), Fault::none);
    EXPECT_EQ(alice.hear("MESSAGE").body, "true");
}

TEST(StompAuthorise, a_pattern_brings_nothing_that_its_subscriber_may_not_have) {
    StompServer server({}, {.authenticate = by_login, .authorise = keeps_private});
    for (const Over over : both) {
        for (const char* const pattern :
             {"/topic/#", "/topic/**", "/topic/*/salaries", "/topic/*/#", "/topic/*/*"}) {
            SCOPED_TRACE(pattern);
            StompPeer admin = server.connect(over, "login:admin\n");
            StompPeer mallory = server.connect(over, "login:mallory\n");
            admin.subscribe(pattern);
            mallory.subscribe(pattern);
            for (const char* const topic : {"private", "open", "private"}) {
                const std::string name = "/topic/" + std::string(topic) + "/salaries";
                EXPECT_EQ(server.broker.send(name, topic), Fault::none);
            }
            for (const char* const body : {"private", "open", "private"}) {
                EXPECT_EQ(admin.hear("MESSAGE").body, body);
            }
            EXPECT_EQ(mallory.hear("MESSAGE").body, "open");
        }
    }
}

TEST(StompAuthorise, each_name_is_asked_about_once_until_it_is_to_be_asked_again) {
    Notes notes;
    std::atomic<bool> may = true;
    StompServer server(
        {}, {.authorise = [&](const StompClient&, StompAction action, Destination destination) {
            if (action == StompAction::send) return true;
            notes.add(std::string(destination.is_pattern() ? "pattern " : "name ") +
                      std::string(destination.text()));
            return may || destination.is_pattern() || !destination.covers("/topic/a/1");
        }});
    StompPeer joe = server.connect(Over::tcp);
    StompPeer jim = server.connect(Over::tcp);
    jim.subscribe("/topic/a/*");
    joe.say("SUBSCRIBE\nid:1\ndestination:/topic/a/#\n\n");
    joe.subscribe("/topic/a/*");
    const auto send = [&](const std::string& name) {
        EXPECT_EQ(server.broker.send(name, name), Fault::none);
    };
    for (int i = 0; i < 3; ++i) {
        send("/topic/a/1");
        send("/topic/a/2");
        for (int k = 0; k < 4; ++k) joe.hear("MESSAGE");  // By both.
        for (int k = 0; k < 2; ++k) jim.hear("MESSAGE");
    }
    List all = notes.all();
    EXPECT_EQ(std::ranges::count(all, "name /topic/a/1"), 2);  // For each session.
    EXPECT_EQ(std::ranges::count(all, "name /topic/a/2"), 2);
    may = false;
    server.broker.authorise_again();
    send("/topic/a/1");
    send("/topic/a/2");
    EXPECT_EQ(joe.hear("MESSAGE").body, "/topic/a/2");
    EXPECT_EQ(joe.hear("MESSAGE").body, "/topic/a/2");
    EXPECT_EQ(jim.hear("MESSAGE").body, "/topic/a/2");
    joe.await_all();
    jim.await_all();
    EXPECT_EQ(server.broker.stats().counters.withheld, 3U);
    all = notes.all();
    EXPECT_EQ(std::ranges::count(all, "name /topic/a/1"), 4);
}

TEST(StompAuthorise, names_are_not_asked_about_where_the_pattern_is_all_that_counts) {
    std::atomic<int> asked = 0;
    StompServer server(
        {.authorise_deliveries = false},
        {.authorise = [&](const StompClient&, StompAction action, Destination destination) {
            if (action == StompAction::send) return true;
            ++asked;
            return !destination.covers("/topic/private");
        }});
    StompPeer joe = server.connect(Over::tcp);
    joe.subscribe("/topic/open/#");
    EXPECT_EQ(server.broker.send("/topic/open/a", "x"), Fault::none);
    EXPECT_EQ(joe.hear("MESSAGE").body, "x");
    EXPECT_EQ(asked, 1);
    joe.say("SUBSCRIBE\nid:2\ndestination:/topic/#\n\n");
    joe.expect_error("Access was refused", 1008);
}

// Its client cannot acknowledge what it does not get.
TEST(StompAuthorise, what_is_withheld_takes_no_credit) {
    StompServer server({}, {.authenticate = by_login, .authorise = keeps_private});
    for (const char* const mode : {"client", "client-individual"}) {
        SCOPED_TRACE(mode);
        StompPeer mallory = server.connect(Over::web_socket, "login:mallory\n");
        mallory.subscribe("/topic/#", "ack:" + std::string(mode) + "\nprefetch-count:2\n");
        for (int round = 0; round < 3; ++round) {
            for (int i = 0; i < 5; ++i) {
                EXPECT_EQ(server.broker.send("/topic/private", "secret"), Fault::none);
            }
            EXPECT_EQ(server.broker.send("/topic/open", "1"), Fault::none);
            EXPECT_EQ(server.broker.send("/topic/private", "secret"), Fault::none);
            EXPECT_EQ(server.broker.send("/topic/open", "2"), Fault::none);
            const StompReply first = mallory.hear("MESSAGE");
            EXPECT_EQ(first.body, "1");
            const StompReply second = mallory.hear("MESSAGE");
            EXPECT_EQ(second.body, "2");
            if (std::string_view(mode) == "client-individual") {
                mallory.say("ACK\nid:" + first.header("ack") + "\n\n");
            }
            mallory.say("ACK\nid:" + second.header("ack") + "\nreceipt:acked\n\n");
            mallory.hear("RECEIPT");
        }
        mallory.say("UNSUBSCRIBE\nid:/topic/#\nreceipt:left\n\n");
        mallory.hear("RECEIPT");
    }
}

TEST(StompAuthorise, one_that_throws_at_a_delivery_ends_its_session_with_error) {
    StompServer server(
        {}, {.authorise = [&](const StompClient&, StompAction, std::string_view destination) {
            if (destination == "/topic/bad") throw StompRefusal("no idea");
            return true;
        }});
    for (const Over over : both) {
        StompPeer joe = server.connect(over);
        joe.subscribe("/topic/#");
        for (const char* const name : {"/topic/good", "/topic/bad", "/topic/good"}) {
            EXPECT_EQ(server.broker.send(name, name), Fault::none);
        }
        EXPECT_EQ(joe.hear("MESSAGE").body, "/topic/good");
        EXPECT_EQ(joe.expect_error("application failed", 1011).body, "no idea");
    }
}

// Nobody subscribed to it: it was made for a reply-to, about which the hook is not asked either.
TEST(StompAuthorise, the_queue_of_a_reply_to_is_not_asked_about_again) {
    StompServer server(
        {}, {.authorise = [&](const StompClient&, StompAction, std::string_view destination) {
            return destination == "/app/echo" || destination == "/topic/of-nobody";
        }});
    server.broker.app("/app/echo", [](StompRequest& request) { request.reply(request.text()); });
    StompPeer joe = server.connect(Over::tcp);
    joe.send("/app/echo", "hi", "reply-to:/temp-queue/r\n");
    EXPECT_EQ(joe.hear("MESSAGE").body, "hi");
    server.broker.authorise_again();
    joe.await_all();
    joe.send("/app/echo", "again", "reply-to:/temp-queue/r\n");
    EXPECT_EQ(joe.hear("MESSAGE").body, "again");
}

TEST(StompVerdicts, are_remembered_until_others_choose_too_many_names) {
    StompVerdicts verdicts;
    EXPECT_EQ(verdicts.find(HashedView("/topic/a")), std::nullopt);
    verdicts.add(HashedView("/topic/a"), true);
    verdicts.add(HashedView("/topic/b"), false);
    EXPECT_EQ(verdicts.find(HashedView("/topic/a")), true);
    EXPECT_EQ(verdicts.find(HashedView("/topic/b")), false);
    std::size_t size = 0;
    for (int i = 0; size < StompVerdicts::size_max; ++i) {
        const std::string name = "/topic/" + std::to_string(i) + std::string(1000, 'x');
        verdicts.add(HashedView(name), true);
        EXPECT_EQ(verdicts.find(HashedView(name)), true);
        size += name.size();
    }
    EXPECT_EQ(verdicts.find(HashedView("/topic/b")), std::nullopt);
    verdicts.add(HashedView("/topic/b"), false);
    verdicts.forget();
    EXPECT_EQ(verdicts.find(HashedView("/topic/b")), std::nullopt);
}

}  // namespace
}  // namespace edgews::test
