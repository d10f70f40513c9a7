// What the application has a say in, and what becomes of a session whose hooks throw.
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>

#include "stomp_server.hpp"

namespace edgews::test {
namespace {

using stomp::Fault;
using stomp::Frame;

std::string text_of_header(const Frame& frame, std::string_view name) {
    return std::string(frame.find(name).value_or("(none)"));
}

// Notes who connected and who left, and why.
StompHooks noting(Notes& notes) {
    return {
        .connected =
            [&](const StompClient& client) { notes.add("connected " + std::string(client.user)); },
        .disconnected =
            [&](const StompClient& client, Fault fault) {
                notes.add("left " + std::string(client.user) + ": " +
                          std::string(stomp::describe(fault)));
            }};
}

TEST(StompHooks, authenticate_sees_who_it_is_and_says_what_it_is_called) {
    Notes notes;
    StompServer server({}, {.authenticate = [&](const StompClient& client, const Frame& connect) {
                           notes.add(text_of_header(connect, "login") + " " +
                                     text_of_header(connect, "passcode") + " " +
                                     text_of_header(connect, "host"));
                           EXPECT_TRUE(client.session_id.starts_with("session-"));
                           EXPECT_NE(client.address, nullptr);
                           EXPECT_EQ(client.user, "");
                           return StompAccess{.user = text_of_header(connect, "login") + "/1"};
                       }});
    for (const Over over : both) {
        SCOPED_TRACE(name_of(over));
        StompPeer joe = server.connect(over, "login:joe\npasscode:secret\n");
        joe.subscribe("/user/queue/mail");
        EXPECT_EQ(server.broker.send("/user/joe%2F1/queue/mail", "for joe"), Fault::none);
        const StompReply mail = joe.hear("MESSAGE");
        EXPECT_EQ(mail.body, "for joe");
        EXPECT_TRUE(mail.has("destination:/user/queue/mail")) << mail.head;
    }
    EXPECT_EQ(notes.all(), (List{"joe secret x", "joe secret x"}));
}

// Lets in who says "open".
StompHooks asking(std::atomic<int>& asked_count) {
    return {.authenticate = [&](const StompClient&, const Frame& connect) {
        ++asked_count;
        const std::string word = text_of_header(connect, "passcode");
        if (word == "throw") throw StompRefusal("Not like that.");
        return StompAccess{.is_granted = word == "open"};
    }};
}

// One CONNECT of that client. True: it was let in.
bool log_in(StompServer& server, std::string_view passcode, std::string_view client) {
    StompPeer peer = {
        server.server->open("/ws", "Sec-WebSocket-Protocol: v12.stomp\r\nX-Forwarded-For: " +
                                       std::string(client) + "\r\n"),
        Over::web_socket};
    peer.say("CONNECT\naccept-version:1.2\nhost:x\npasscode:" + std::string(passcode) + "\n\n");
    return peer.hear_any().command == "CONNECTED";
}

TEST(StompHooks, an_address_whose_logins_failed_too_often_is_not_asked_for_a_while) {
    std::atomic<int> asked_count = 0;
    StompServer server({.failed_logins_per_minute_max = 3}, asking(asked_count),
                       {.trusted_proxies = {"127.0.0.1"}});
    server.start();
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(log_in(server, "open", "192.0.2.7"));
    EXPECT_FALSE(log_in(server, "wrong", "192.0.2.7"));
    EXPECT_FALSE(log_in(server, "throw", "192.0.2.7"));
    EXPECT_TRUE(log_in(server, "open", "192.0.2.7"));  // Not yet.
    EXPECT_FALSE(log_in(server, "wrong", "192.0.2.7"));
    EXPECT_EQ(asked_count, 14);
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(log_in(server, "open", "192.0.2.7"));
    EXPECT_EQ(asked_count, 14);
    EXPECT_TRUE(log_in(server, "open", "192.0.2.8"));
}

TEST(StompHooks, of_ipv6_a_network_may_fail_so_often) {
    std::atomic<int> asked_count = 0;
    StompServer server({.failed_logins_per_minute_max = 1}, asking(asked_count),
                       {.trusted_proxies = {"127.0.0.1"}});
    server.start();
    EXPECT_FALSE(log_in(server, "wrong", "2001:db8::7"));
    EXPECT_FALSE(log_in(server, "open", "2001:db8::8"));
    EXPECT_TRUE(log_in(server, "open", "2001:db8:0:1::7"));
}

TEST(StompHooks, a_proxy_that_names_nobody_may_fail_for_all_of_them) {
    std::atomic<int> asked_count = 0;
    StompServer server({.failed_logins_per_minute_max = 1}, asking(asked_count),
                       {.trusted_proxies = {"127.0.0.1"}});
    for (int i = 0; i < 3; ++i) {
        for (const Over over : both) {  // TCP: over a Unix socket.
            server.open(over).say("CONNECT\naccept-version:1.2\nhost:x\npasscode:no\n\n");
        }
        EXPECT_FALSE(log_in(server, "wrong", "unknown"));
    }
    EXPECT_TRUE(log_in(server, "open", "unknown"));
    server.connect(Over::tcp, "passcode:open\n");
}

TEST(StompHooks, without_the_limit_logins_may_fail_for_ever) {
    std::atomic<int> asked_count = 0;
    StompServer server({.failed_logins_per_minute_max = 0}, asking(asked_count));
    server.start();
    for (int i = 0; i < 50; ++i) EXPECT_FALSE(log_in(server, "wrong", "192.0.2.7"));
    EXPECT_EQ(asked_count, 50);
}

TEST(StompHooks, who_is_refused_hears_why_and_was_never_connected) {
    Notes notes;
    StompHooks hooks = noting(notes);
    hooks.authenticate = [](const StompClient&, const Frame&) {
        return StompAccess{.is_granted = false, .reason = "Not on a Sunday."};
    };
    StompServer server({}, std::move(hooks));
    for (const Over over : both) {
        SCOPED_TRACE(name_of(over));
        StompPeer joe = server.open(over);
        joe.say("CONNECT\naccept-version:1.2\nlogin:joe\npasscode:secret\n\n");
        const StompReply error = joe.expect_error("refused", 1008);
        EXPECT_NE(error.body.find("Not on a Sunday."), std::string::npos);
        EXPECT_EQ(error.body.find("secret"), std::string::npos);
    }
    EXPECT_EQ(notes.all(), List{});
}

TEST(StompHooks, a_session_expires_unless_it_is_renewed) {
    std::atomic<int> asked = 0;
    const auto access = [](const StompClient&, const Frame&) {
        return StompAccess{.user = "joe", .valid_for_ms = 10};
    };
    {
        StompServer server({}, {.authenticate = access});
        for (const Over over : both) server.connect(over).expect_error("has expired", 1008);
    }
    StompServer server({}, {.authenticate = access, .renew = [&](const StompClient& client) {
                                EXPECT_EQ(client.user, "joe");
                                if (++asked < 3) return StompAccess{.valid_for_ms = 10};
                                return StompAccess{.is_granted = false,
                                                   .reason = "Three times is enough."};
                            }});
    StompPeer joe = server.connect(Over::web_socket);
    EXPECT_EQ(joe.expect_error("has expired", 1008).body, "Three times is enough.");
    EXPECT_EQ(asked, 3);
}

TEST(StompHooks, authorise_is_asked_before_each_send_and_subscribe) {
    Notes notes;
    StompServer server({}, {.authorise = [&](const StompClient&, StompAction action,
                                             std::string_view destination) {
                           notes.add((action == StompAction::send ? "send " : "subscribe ") +
                                     std::string(destination));
                           return destination.find("secret") == std::string_view::npos;
                       }});
    for (const Over over : both) {
        SCOPED_TRACE(name_of(over));
        StompPeer joe = server.connect(over);
        joe.subscribe("/topic/a");
        joe.send("/topic/a", "x", "receipt:1\n");
        joe.hear("RECEIPT");
        joe.hear("MESSAGE");
        joe.send("/queue/secret", "x", "receipt:2\n");
        EXPECT_TRUE(joe.expect_error("refused", 1008).has("receipt-id:2"));
        StompPeer jim = server.connect(over);
        jim.say("SUBSCRIBE\nid:1\ndestination:/topic/secret\n\n");
        jim.expect_error("refused", 1008);
    }
    EXPECT_EQ(notes.all().size(), 8U);
    EXPECT_EQ(notes.all().front(), "subscribe /topic/a");
    EXPECT_TRUE(server.broker.destinations().empty());
}

TEST(StompHooks, message_sees_each_send_and_may_refuse_it) {
    Notes notes;
    StompServer server({}, {.message = [&](const StompClient& client, const Frame& send) {
                           notes.add(std::string(send.find("destination").value_or("")));
                           EXPECT_EQ(client.version, stomp::Version::v1_2);
                           return send.body.size() < 10;
                       }});
    server.broker.app("/app/a", [](StompRequest&) {});
    StompPeer joe = server.connect(Over::tcp);
    joe.send("/topic/a", "short");
    joe.send("/app/a", "short");
    joe.send("/queue/a", "much too long");
    joe.expect_error("refused", 1008);
    EXPECT_EQ(notes.all(), (List{"/topic/a", "/app/a", "/queue/a"}));
}

// A SEND to the application waits in a transaction; what was said of it holds.
TEST(StompHooks, message_and_authorise_are_asked_once_about_a_send_in_a_transaction) {
    Notes notes;
    StompServer server({}, {.authorise =
                                [&](const StompClient&, StompAction, std::string_view destination) {
                                    notes.add("authorise " + std::string(destination));
                                    return true;
                                },
                            .message =
                                [&](const StompClient&, const Frame&) {
                                    notes.add("message");
                                    return true;
                                }});
    server.broker.app("/app/a", [&](StompRequest& request) {
        notes.add("handler " + std::string(request.text()));
    });
    StompPeer joe = server.connect(Over::web_socket);
    joe.say("BEGIN\ntransaction:t\n\n");
    joe.send("/app/a", "x", "transaction:t\n");
    joe.say("COMMIT\ntransaction:t\nreceipt:done\n\n");
    joe.hear("RECEIPT");
    EXPECT_EQ(notes.all(), (List{"authorise /app/a", "message", "handler x"}));
}

TEST(StompHooks, connected_and_disconnected_are_called_once_for_each_session) {
    Notes notes;
    StompHooks hooks = noting(notes);
    hooks.authenticate = [](const StompClient&, const Frame& connect) {
        return StompAccess{.user = text_of_header(connect, "login")};
    };
    StompServer server({}, std::move(hooks));
    for (const Over over : both) {
        SCOPED_TRACE(name_of(over));
        const std::size_t before = notes.all().size();
        server.connect(over, "login:disconnects\n").say("DISCONNECT\n\n");
        EXPECT_EQ(notes.wait_for(before + 2).back(), "left disconnects: No rule was broken.");
        server.connect(over, "login:vanishes\n").client().close();
        EXPECT_EQ(notes.wait_for(before + 4).back(), "left vanishes: No rule was broken.");
        server.connect(over, "login:is wrong\n").say("NONSENSE\n\n");
        EXPECT_EQ(notes.wait_for(before + 6).back(), "left is wrong: This command is unknown.");
        StompPeer ended = server.connect(over, "login:is ended\n");
        EXPECT_TRUE(server.broker.end_session(ended.session_id, "Go."));
        EXPECT_EQ(notes.wait_for(before + 8).back(),
                  "left is ended: The server closed the session.");
    }
    StompPeer stays[] = {server.connect(Over::tcp, "login:stays\n"),
                         server.connect(Over::web_socket, "login:stays\n")};
    (*server.server)->shutdown(0);
    EXPECT_EQ(notes.wait_for(20).size(), 20U);
}

TEST(StompHooks, one_that_throws_ends_its_session_with_error) {
    const auto fails = [](std::string_view name) -> bool { throw StompRefusal(std::string(name)); };
    std::string thrower;
    const auto check = [&](std::string_view name) { return thrower != name || fails(name); };
    StompServer server(
        {}, {.authenticate =
                 [&](const StompClient&, const Frame&) {
                     check("authenticate");
                     return StompAccess{};
                 },
             .authorise = [&](const StompClient&, StompAction,
                              std::string_view) { return check("authorise"); },
             .message = [&](const StompClient&, const Frame&) { return check("message"); },
             .connected = [&](const StompClient&) { check("connected"); },
             .disconnected = [&](const StompClient&, Fault) { check("disconnected"); }});
    server.broker.app("/app/fails", [&](StompRequest&) { check("handler"); });
    server.broker.app("/app/throws-anything", [](StompRequest&) { throw 7; });
    for (const Over over : both) {
        for (const char* name : {"authenticate", "connected", "authorise", "message", "handler"}) {
            SCOPED_TRACE(std::string(name) + " " + name_of(over));
            thrower = name;
            StompPeer joe = server.open(over);
            joe.say("CONNECT\naccept-version:1.2\nhost:x\n\n");
            if (thrower != "authenticate") joe.hear("CONNECTED");
            if (thrower == "handler") joe.send("/app/fails", "x");
            if (thrower == "message" || thrower == "authorise") joe.send("/topic/a", "x");
            const StompReply error = joe.expect_error("application failed", 1011);
            EXPECT_EQ(error.body.substr(0, error.body.find('\n')), name);
        }
        thrower = "disconnected";
        server.connect(over).say("DISCONNECT\n\n");
        StompPeer joe = server.connect(over);
        joe.send("/app/throws-anything", "x");
        joe.expect_error("application failed", 1011);
    }
}

// What it says may be anybody's secret.
TEST(StompHooks, what_is_thrown_by_accident_is_for_the_application_alone) {
    Notes notes;
    StompServer server({}, {.error = [&](const StompClient& client, std::string_view what) {
                           notes.add(std::string(client.user) + "/" + std::string(what));
                       }});
    server.broker.app("/app/fails", [](StompRequest&) { throw std::runtime_error("a secret"); });
    for (const Over over : both) {
        StompPeer joe = server.connect(over);
        joe.send("/app/fails", "x");
        EXPECT_EQ(joe.expect_error("application failed", 1011).body.find("secret"),
                  std::string::npos);
    }
    EXPECT_EQ(notes.wait_for(2), (std::vector<std::string>{"/a secret", "/a secret"}));
}

// Who may not send somewhere does not have the application do it, either.
TEST(StompHooks, one_that_is_told_of_a_failure_and_fails_itself_ends_no_more_than_the_session) {
    StompServer server({}, {.error = [](const StompClient&, std::string_view) { throw 1; }});
    server.broker.app("/app/fails", [](StompRequest&) { throw std::runtime_error("a secret"); });
    for (const Over over : both) {
        SCOPED_TRACE(name_of(over));
        StompPeer other = server.connect(over);
        StompPeer joe = server.connect(over);
        joe.send("/app/fails", "");
        joe.expect_error("application failed", 1011);
        other.await_all();
    }
}

TEST(StompHooks, a_reply_goes_where_its_client_may_send) {
    StompServer server(
        {}, {.authorise = [](const StompClient&, StompAction action, std::string_view destination) {
            return action == StompAction::subscribe || destination == "/app/echo" ||
                   destination == "/queue/mine";
        }});
    server.broker.app("/app/echo", [](StompRequest& request) { request.reply(request.text()); });
    for (const Over over : both) {
        StompPeer joe = server.connect(over);
        joe.say("SUBSCRIBE\nid:1\ndestination:/queue/mine\n\n");
        joe.say("SEND\ndestination:/app/echo\nreply-to:/queue/mine\n\nyes");
        EXPECT_EQ(joe.hear("MESSAGE").body, "yes");
        joe.say("SEND\ndestination:/app/echo\nreply-to:/temp-queue/t\n\nyes, too");
        EXPECT_EQ(joe.hear("MESSAGE").body, "yes, too");
        joe.say("SEND\ndestination:/app/echo\nreply-to:/topic/theirs\n\nno");
        joe.expect_error("Access was refused", 1008);
    }
}

TEST(StompHooks, authorise_again_ends_those_who_may_not_subscribe_any_more) {
    std::atomic<bool> may = true;
    StompServer server({},
                       {.authorise =
                            [&](const StompClient&, StompAction, std::string_view destination) {
                                return may || destination != "/topic/secret";
                            }},
                       {.loops = 2});
    std::vector<StompPeer> all;
    for (const char* destination : {"/topic/secret", "/topic/open"}) {
        for (const Over over : {Over::tcp, Over::tcp, Over::web_socket, Over::web_socket}) {
            all.push_back(server.connect(over));
            all.back().subscribe(destination);
        }
    }
    server.broker.authorise_again();
    for (StompPeer& peer : all) peer.await_all();
    may = false;
    server.broker.authorise_again();
    for (std::size_t i = 0; i < 4; ++i) all[i].expect_error("refused", 1008);
    for (std::size_t i = 4; i < 8; ++i) all[i].await_all();
}

TEST(StompHooks, one_that_throws_when_it_is_asked_again_ends_its_session) {
    std::atomic<bool> throws = false;
    StompServer server({}, {.authorise = [&](const StompClient&, StompAction, std::string_view) {
                           if (throws) throw StompRefusal("no idea");
                           return true;
                       }});
    StompPeer peers[] = {server.connect(Over::tcp), server.connect(Over::web_socket)};
    for (StompPeer& peer : peers) peer.subscribe("/topic/a");
    throws = true;
    server.broker.authorise_again();
    for (StompPeer& peer : peers) {
        EXPECT_EQ(peer.expect_error("application failed", 1011).body, "no idea");
    }
}

}  // namespace
}  // namespace edgews::test
