// What STOMP sessions have of each other, and of limits.
#include "stomp_session.hpp"

#include "net/loop/reactor.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sim::test {
namespace {

using StompSessions = StompSessionInTime;

TEST_F(StompSessions, bytes_are_counted_both_ways) {
    start({});
    StompClientPeer peer(world_);
    peer.connect(server_.port());
    const std::string connect = std::string("CONNECT\naccept-version:1.2\nhost:x\n\n") + '\0';
    peer.send(connect);
    world_.run_for(1);
    const Stats stats = server_.stats();
    EXPECT_EQ(stats[Counter::bytes_received], connect.size());
    EXPECT_EQ(stats[Counter::bytes_sent], peer.take_heard().size());
    EXPECT_GT(stats[Counter::bytes_sent], 20U);
}

// The sum of limits has an end, too.
TEST_F(StompSessions, limits_as_large_as_can_be_are_none) {
    start({.session = {.frame = {.head_size_max = 4'096, .body_size_max = SIZE_MAX / 2}},
           .output_size_max = SIZE_MAX - 100'000});
    StompClientPeer peer(world_);
    connect(peer);
    peer.set_reading(false);
    const std::string receipt(4'000, 'r');
    constexpr int count = 600;
    for (int i = 0; i < count; ++i) {
        peer.say("SEND\ndestination:/topic/a\nreceipt:" + receipt + "\n\n");
    }
    world_.run_for(10'000);
    EXPECT_EQ(connection_count(), 1U);
    peer.set_reading(true);
    world_.run_for(10'000);
    const std::string heard = peer.take_heard();
    EXPECT_EQ(std::ranges::count(heard, '\0'), count);
}

// What waits for it waits until it reads: the loop does not look for that again and again.
TEST_F(StompSessions, who_reads_nothing_costs_no_turns) {
    Faults& faults = world_.faults();
    faults.send_buffer_least = faults.send_buffer_most = 4'096;
    faults.receive_buffer_least = faults.receive_buffer_most = 4'096;
    start({});
    StompClientPeer peer(world_);
    connect(peer);
    peer.subscribe("/topic/a");
    world_.run_for(1);
    peer.set_reading(false);
    constexpr int count = 40;
    const std::string body(10'000, 'x');
    for (int i = 0; i < count; ++i) EXPECT_EQ(broker_->send("/topic/a", body), stomp::Fault::none);
    world_.run_for(1'000);
    const std::uint64_t before = world_.kernel().calls(Call::epoll_wait);
    world_.run_for(1'000);
    EXPECT_LE(world_.kernel().calls(Call::epoll_wait) - before, 10U);
    peer.set_reading(true);
    world_.run_for(1'000);
    const std::string heard = peer.take_heard();
    EXPECT_EQ(std::ranges::count(heard, '\0'), count);
}

// As the client's own are, but for what is no text.
TEST_F(StompSessions, what_is_text_comes_in_messages_of_the_kind_that_the_client_sends) {
    broker_ = std::make_unique<StompBroker>();
    broker_->attach(server_, "/ws", {});
    ASSERT_FALSE(server_.listen({.host = "127.0.0.1"}));
    server_.start();
    for (const bool is_text : {true, false}) {
        SCOPED_TRACE(is_text);
        WebSocketPeer peer(world_, {.path = "/ws"});
        std::vector<bool> kinds;
        peer.message = [&](WebSocketPeer&, std::string_view payload, bool is_text_message) {
            if (payload.starts_with("MESSAGE\n")) kinds.push_back(is_text_message);
        };
        peer.connect(server_.port());
        const auto say = [&](const std::string& text) {
            peer.send_frame(is_text ? 0x81 : 0x82, text + '\0');
        };
        say("CONNECT\naccept-version:1.2\nhost:x\n\n");
        say("SUBSCRIBE\nid:1\ndestination:/topic/a\n\n");
        world_.run_for(10);
        for (const char* const body : {"text", "\xFF"}) {
            EXPECT_EQ(broker_->send("/topic/a", body), stomp::Fault::none);
        }
        world_.run_for(10);
        EXPECT_EQ(kinds, (std::vector<bool>{is_text, false}));
    }
}

// Frames have limits of their own: WebSocket's say nothing of them (1.2, over WebSocket).
TEST_F(StompSessions, a_websocket_message_may_take_long_and_hold_many_frames) {
    broker_ = std::make_unique<StompBroker>();
    broker_->attach(server_, "/ws", {.message_size_max = 1'000, .message_timeout_ms = 1'000});
    ASSERT_FALSE(server_.listen({.host = "127.0.0.1"}));
    server_.start();
    WebSocketPeer peer(world_, {.path = "/ws"});
    peer.connect(server_.port());
    const auto frame = [](const std::string& text) { return text + '\0'; };
    peer.send_frame(0x01, frame("CONNECT\naccept-version:1.2\nhost:x\n\n"));
    for (int i = 0; i < 100; ++i) {
        world_.run_for(1'000);
        peer.send_frame(0x00, frame("SEND\ndestination:/queue/a\n\n" + std::string(100, 'x')));
    }
    peer.send_frame(0x80, frame("SEND\ndestination:/queue/a\n\nlast"));
    world_.run_for(1);
    EXPECT_EQ(peer.close_code(), 0U);
    ASSERT_EQ(broker_->destinations().size(), 1U);
    EXPECT_EQ(broker_->destinations()[0].waiting, 101U);
}

// It does not wait for a timer that looks at all there is.
TEST_F(StompSessions, what_somebody_makes_possible_for_others_happens_at_once) {
    start({.broker = {.queue = {.message_count_max = 1, .when_full = stomp::WhenFull::block}}});
    StompClientPeer first(world_);
    connect(first);
    StompClientPeer second(world_);
    connect(second);
    const auto expect_heard = [&](StompClientPeer& peer, std::string_view text) {
        world_.run_for(1);
        EXPECT_TRUE(peer.has_heard(text)) << text << " is not in " << peer.take_heard();
        (void)peer.take_heard();
    };
    const auto subscribe = [](StompClientPeer& peer) {
        peer.say("SUBSCRIBE\nid:1\nack:client\nprefetch-count:1\ndestination:/queue/a\n\n");
    };
    subscribe(first);
    EXPECT_EQ(broker_->send("/queue/a", "1"), stomp::Fault::none);
    expect_heard(first, "\n\n1");
    subscribe(second);
    world_.run_for(1);
    EXPECT_FALSE(second.has_heard("MESSAGE"));
    first.reset();
    expect_heard(second, "\n\n1");

    StompClientPeer producer(world_);
    connect(producer);
    producer.say("SEND\ndestination:/queue/a\nreceipt:2\n\n2");
    world_.run_for(1);
    EXPECT_FALSE(producer.has_heard("RECEIPT"));
    second.say("UNSUBSCRIBE\nid:1\n\n");
    subscribe(second);
    second.say("ACK\nid:none\n\n");  // An ERROR, and what it had goes to the next.
    StompClientPeer third(world_);
    connect(third);
    subscribe(third);
    expect_heard(third, "\n\n1");
    EXPECT_FALSE(producer.has_heard("RECEIPT"));
    third.say("DISCONNECT\n\n");
    StompClientPeer fourth(world_);
    connect(fourth);
    fourth.say("SUBSCRIBE\nid:1\ndestination:/queue/a\n\n");
    expect_heard(fourth, "\n\n1");
    EXPECT_TRUE(producer.has_heard("receipt-id:2"));
}

TEST_F(StompSessions, what_is_sent_comes_at_once_and_so_does_what_is_behind_something_withheld) {
    start({}, {.authorise = [](const StompClient&, StompAction, std::string_view destination) {
              return destination != "/topic/secret";
          }});
    StompClientPeer producer(world_);
    connect(producer);
    StompClientPeer peer(world_);
    connect(peer);
    peer.say("SUBSCRIBE\nid:1\nack:client\nprefetch-count:1\ndestination:/topic/*\n\n");
    world_.run_for(1);
    EXPECT_EQ(broker_->send("/topic/secret", "no"), stomp::Fault::none);
    producer.send_to("/topic/a", "yes");
    world_.run_for(1);
    EXPECT_TRUE(peer.has_heard("\n\nyes"));
    EXPECT_FALSE(peer.has_heard("\n\nno"));
}

TEST_F(StompSessions, what_the_application_ends_ends_at_once) {
    std::string session_id;
    bool is_allowed = true;
    start({}, {.authorise = [&](const StompClient&, StompAction,
                                std::string_view) { return is_allowed; },
               .connected = [&](const StompClient& client) { session_id = client.session_id; }});
    StompClientPeer first(world_);
    connect(first);
    EXPECT_TRUE(broker_->end_session(session_id, "Go."));
    EXPECT_FALSE(broker_->end_session("nobody's", "Go."));
    world_.run_for(1);
    EXPECT_TRUE(first.has_heard("Go."));
    StompClientPeer second(world_);
    connect(second);
    second.subscribe("/topic/a");
    world_.run_for(1);
    is_allowed = false;
    broker_->authorise_again();
    world_.run_for(1);
    EXPECT_TRUE(second.has_heard("ERROR"));
    StompClientPeer third(world_);
    connect(third);
    broker_->end_all();
    world_.run_for(1);
    EXPECT_TRUE(third.has_heard("ERROR"));
}

TEST_F(StompSessions, what_has_expired_is_not_delivered_though_no_timer_has_looked) {
    start({});
    StompClientPeer peer(world_);
    connect(peer);
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto now_wall_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    const auto send = [&](const std::string& body, std::int64_t in_ms) {
        peer.say("SEND\ndestination:/queue/a\nexpires:" + std::to_string(now_wall_ms + in_ms) +
                 "\n\n" + body);
    };
    send("gone", 300);
    send("there", 700);
    run_until(500);
    peer.subscribe("/queue/a");
    run_until(501);
    EXPECT_TRUE(peer.has_heard("\n\nthere"));
    EXPECT_FALSE(peer.has_heard("gone"));
    EXPECT_EQ(broker_->stats().counters.expired, 1U);
}

// A share is measured in time, too: where each SEND takes a millisecond, sixteen are many.
TEST_F(StompSessions, who_sends_what_takes_long_has_others_wait_for_a_few_of_these_only) {
    std::vector<std::string> done;
    start({}, {.message = [&](const StompClient&, const stomp::Frame& send) {
              world_.run_for(1);
              done.push_back(std::string(send.find("destination").value_or("")));
              return true;
          }});
    StompClientPeer flooder(world_);
    connect(flooder);
    StompClientPeer other(world_);
    connect(other);
    constexpr std::size_t count = 200;
    for (std::size_t i = 0; i < count; ++i) flooder.send_to("/topic/flood", "x");
    other.send_to("/topic/other", "x");
    world_.run_for(1'000);
    ASSERT_EQ(done.size(), count + 1);
    const auto place = std::ranges::find(done, "/topic/other") - done.begin();
    EXPECT_LE(place, 33);
}

// Whoever has used up a share goes on when others had their turn, and has one share in each from
// then on.
TEST_F(StompSessions, who_goes_on_has_one_share_in_each_turn) {
    std::map<std::uint64_t, std::size_t> counts;  // Of SENDs, by turns of the loop.
    start({}, {.message = [&](const StompClient&, const stomp::Frame&) {
              world_.run_for(1);
              ++counts[Reactor::current()->turn()];
              return true;
          }});
    StompClientPeer flooder(world_);
    connect(flooder);
    for (int i = 0; i < 200; ++i) flooder.send_to("/topic/flood", "x");
    world_.run_for(1'000);
    std::size_t sum = 0;
    for (const auto& [turn, count] : counts) {
        // Behind those that are read in the first turn there is a job, which goes on.
        EXPECT_LE(count, turn == counts.begin()->first ? 32U : 16U) << "in turn " << turn;
        sum += count;
    }
    EXPECT_EQ(sum, 200U);
}

}  // namespace
}  // namespace edgews::sim::test
