// What clients share, as the application sees it.
#include "stomp_server.hpp"

#include "core/stomp/queue.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace edgews::test {
namespace {

using stomp::Fault;

// A client makes as many queues as it may, and is over; how many.
std::size_t fill(const StompServer& server, StompPeer peer, const std::string& prefix) {
    const std::size_t before = server.broker.stats().destinations;
    std::string all;
    for (int i = 0; i < 1'000; ++i) {
        all += "SEND\ndestination:/queue/" + prefix + std::to_string(i) + "\n\n";
        all += '\0';
    }
    peer.say(all);
    peer.expect_error("as many destinations as the limit", 1008);
    return server.broker.stats().destinations - before;
}

TEST(StompSharesOnServer, who_has_no_name_is_one_user_with_all_of_its_address) {
    StompServer server(
        {.broker = {.destination_count_max = 900}},
        {.authenticate = [](const StompClient&, const stomp::Frame& connect) {
            return StompAccess{.user = std::string(connect.find("login").value_or(""))};
        }});
    std::size_t count = 0;
    for (int i = 0; i < 20; ++i) {
        count += fill(server, server.connect(Over::tcp), "a" + std::to_string(i) + '.');
    }
    EXPECT_EQ(count, 450U);
    // By name it is another.
    StompPeer ann = server.open(Over::tcp);
    ann.connect("login:ann\n");
    EXPECT_EQ(fill(server, std::move(ann), "ann"), 150U);
    EXPECT_EQ(server.broker.stats().destinations, 600U);
    EXPECT_GT(server.broker.stats().memory, 600U * sizeof(stomp::Queue));
}

TEST(StompSharesOnServer, a_reply_is_on_its_clients_account) {
    StompServer server({.broker = {.destination_count_max = 90}});
    std::size_t count = 0;
    server.broker.app("/app/echo", [&](StompRequest& request) {
        if (request.reply(request.text())) ++count;
    });
    StompPeer joe = server.connect(Over::tcp);
    for (int i = 0; i < 90; ++i) {
        joe.say("SEND\ndestination:/app/echo\nreply-to:/queue/" + std::to_string(i) + "\n\nx");
    }
    joe.say("SEND\nreceipt:last\ndestination:/topic/a\n\n");
    joe.hear("RECEIPT");
    EXPECT_EQ(count, 30U);
    // What the application sends by itself is on nobody's.
    EXPECT_EQ(server.broker.send("/queue/another", "x"), Fault::none);
}

TEST(StompSharesOnServer, destinations_can_be_looked_at_some_at_a_time) {
    StompServer server;
    StompPeer joe = server.connect(Over::tcp);
    std::vector<std::string> names;
    for (int i = 0; i < 700; ++i) {
        const std::string number = std::to_string(i);
        names.push_back((i % 2 == 0 ? "/queue/" : "/topic/") + number);
        const bool is_queue = names.back().starts_with("/queue/");
        if (is_queue) {
            EXPECT_EQ(server.broker.send(names.back(), "x"), Fault::none);
            continue;
        }
        const std::string name = i % 7 == 0 ? "/topic/of." + number : names.back();
        names.back() = name;
        joe.say("SUBSCRIBE\nid:" + number + "\ndestination:" + name + "\n\n");
    }
    joe.say("SEND\nreceipt:last\ndestination:/topic/a\n\n");
    joe.hear("RECEIPT");
    std::sort(names.begin(), names.end());

    const auto names_of = [](const std::vector<StompDestination>& all) {
        std::vector<std::string> found;
        for (const StompDestination& one : all) found.push_back(one.name);
        return found;
    };
    EXPECT_EQ(names_of(server.broker.destinations()), names);
    std::vector<std::string> seen;
    for (;;) {
        const auto some = server.broker.destinations(seen.empty() ? "" : seen.back(), 45);
        EXPECT_LE(some.size(), 45U);
        for (const StompDestination& one : some) seen.push_back(one.name);
        if (some.size() < 45) break;
    }
    EXPECT_EQ(seen, names);
    EXPECT_TRUE(server.broker.destinations("", 0).empty());
    EXPECT_EQ(server.broker.stats().destinations, 700U);
}

TEST(StompSharesOnServer, options_that_no_broker_can_work_with_are_refused_by_name) {
    const auto expect_refused = [](stomp::BrokerOptions options, const std::string& name) {
        try {
            const StompBroker broker({.broker = std::move(options)});
            ADD_FAILURE() << name;
        } catch (const std::invalid_argument& refusal) {
            EXPECT_NE(std::string(refusal.what()).find(name), std::string::npos) << refusal.what();
        }
    };
    expect_refused({.memory_max = 0}, "memory_max");
    expect_refused({.prefetch_count = 0}, "prefetch_count");
    expect_refused({.queue = {.message_count_max = 0}}, "message_count_max");
    for (const char* const name : {"dead", "/topic/dead", "/queue/", "/queue/*", "/temp-queue/a"}) {
        expect_refused({.dead_letter_queue = name}, "dead_letter_queue");
    }
    const StompBroker broker({.broker = {.dead_letter_queue = ""}});
}

}  // namespace
}  // namespace edgews::test
