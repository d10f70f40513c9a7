// Nodes that share topics by a hub, with somebody in between who breaks connections, and a hub that
// ends and begins anew: each publisher's messages are in order on every node and come once, what is
// missing a gap has told in its place, on the publisher's own node nothing is; or, where all come
// by way of the hub, they have one order for all. When it is calm again all is as ever.
#include "backplane.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace edgews::sim::test {

namespace shared_topics {

namespace {

constexpr std::uint32_t heartbeat_ms = 5'000;
constexpr std::uint32_t watchful_heartbeat_ms = 1'000;

BackplaneOptions drawn_options(Hall& hall) {
    static constexpr std::array<std::uint32_t, 2> lingers{10'000, 4'000};
    static constexpr std::array<std::uint32_t, 2> waits{2'000, 100};
    static constexpr std::array<std::size_t, 2> queues{1'000'000, 1'000};
    static constexpr std::array<std::size_t, 3> backlogs{4'000'000, 4'000'000, 2'000};
    Choices& choices = hall.choices();
    BackplaneOptions options{.upstreams = hall.hub.brokers(), .prefixes = {"topic "}};
    options.mode = hall.mode;
    options.linger_ms = choices.one_of(lingers);
    options.heartbeat_ms = hall.hub.is_watchful() ? watchful_heartbeat_ms : heartbeat_ms;
    options.queue_ms = choices.one_of(waits);
    options.queue_size_max = choices.one_of(queues);
    options.backlog_size_max = choices.one_of(backlogs);
    hall.may_lose = hall.may_lose || options.backlog_size_max < 10'000;
    options.reconnect.delay_max_ms = 500;
    if (hall.hub.is_watchful()) {
        options.connection.connect_timeout_ms = 1'000;
        options.connection.handshake_timeout_ms = 1'000;
    }
    return options;
}

void publish_by_timer(Hall& hall, std::size_t node, std::size_t loop, std::uint32_t count) {
    if (count == 0) return;
    const std::uint32_t delay_ms = 1 + hall.choices().below(40);
    hall.nodes[node]->server->loop(loop).after(delay_ms, [&hall, node, loop, count] {
        const auto own = static_cast<unsigned>(node * publishers_per_node + loop);
        publish(hall, node, timer_publishers + own, static_cast<int>(loop));
        publish_by_timer(hall, node, loop, count - 1);
    });
}

void publish_by_thread(Hall& hall, std::size_t node) {
    const auto own = static_cast<unsigned>(node * publishers_per_node);
    for (std::uint32_t i = hall.choices().below(8); i > 0; --i) {
        std::this_thread::sleep_for(std::chrono::microseconds(hall.choices().below(40'000)));
        publish(hall, node, thread_publishers + own, no_loop);
    }
}

void add_node(Hall& hall) {
    const std::size_t place = hall.nodes.size();
    hall.nodes.push_back(std::make_unique<Node>());
    Node& node = *hall.nodes.back();
    node.backplane = std::make_unique<Backplane>(
        drawn_options(hall),
        BackplaneHooks{.gap = [&hall, place](const TopicGap& gap) { tell_gap(hall, place, gap); }});
    node.server = std::make_unique<Server>(ServerOptions{.loops = hall.choices().between(1, 3)});
    node.server->backplane(*node.backplane);
    add_route(hall, place);
    hall.require(!node.server->listen({.host = "127.0.0.1"}), "it does not listen");
    node.server->start();
}

bool are_all_available(const Hall& hall) {
    return std::ranges::all_of(hall.nodes, [](const auto& node) {
        return node->backplane->stats()[BackplaneCounter::is_available] == 1;
    });
}

// Each node's word in each topic, by which others learn, too, what they have missed.
void publish_last(Hall& hall) {
    hall.to_publish = 100;
    for (std::size_t node = 0; node < hall.nodes.size(); ++node) {
        const auto publisher = static_cast<unsigned>(last_publishers + node * publishers_per_node);
        for (unsigned topic = 0; topic < topic_count; ++topic) {
            publish_to(hall,
                       {.topic = topic, .publisher = publisher, .node = node, .loop = no_loop});
        }
    }
}

// They wait for nothing that could come any more.
void judge_all(Hall& hall) {
    hall.hub.await_quiet();
    hall.world.run_for(3 * heartbeat_ms);
    hall.hub.await_quiet();
    for (const auto& subscriber : hall.subscribers) judge(hall, *subscriber);
    judge_one_order(hall);
}

void see_them_off(Hall& hall) {
    for (const auto& subscriber : hall.subscribers) subscriber->peer.reset();
    hall.world.run_for(12'000);  // Topics are heard for a while.
    for (const auto& node : hall.nodes) {
        const BackplaneStats stats = node->backplane->stats();
        hall.require(stats[BackplaneCounter::subscriptions] == 0, "a topic is heard for nobody");
        hall.require(stats[BackplaneCounter::unconfirmed] == 0, "what is not heard is counted");
        hall.require(stats[BackplaneCounter::waiting] == 0, "a message waits, and all is quiet");
    }
}

void play(Hall& hall) {
    World& world = hall.world;
    Choices& choices = hall.choices();
    hall.mode = choices.once_in(2) ? BackplaneMode::through : BackplaneMode::local_first;
    hall.may_lose = hall.hub.may_break();
    for (std::uint32_t i = choices.between(2, 3); i > 0; --i) add_node(hall);
    for (int i = 0; i < 40 && !are_all_available(hall); ++i) world.run_for(100);
    std::vector<std::thread> threads;
    for (std::size_t node = 0; node < hall.nodes.size(); ++node) {
        for (std::size_t i = 0; i < hall.nodes[node]->server->loop_count(); ++i) {
            const std::uint32_t count = choices.below(8);
            hall.nodes[node]->server->loop(i).post(
                [&hall, node, i, count] { publish_by_timer(hall, node, i, count); });
        }
        if (choices.once_in(2))
            threads.emplace_back([&hall, node] { publish_by_thread(hall, node); });
    }
    hall.may_lose = draw_faults_with_room(world) || hall.may_lose || world.faults().standstill > 0;
    hall.to_publish = 100'000;
    const bool may_leave = choices.once_in(2);
    for (std::uint32_t i = choices.between(1, 6); i > 0; --i) invite(hall, may_leave);
    (void)hall.hub.end_and_begin_anew();
    for (std::thread& thread : threads) thread.join();
    hall.hub.calm_down([&] { return are_all_available(hall); });
    publish_last(hall);
    judge_all(hall);
    see_them_off(hall);
    for (const auto& node : hall.nodes) node->server->shutdown(choices.below(2) * 1'000);
    for (const auto& node : hall.nodes) node->server.reset();
    hall.hub.shut_down();
    hall.nodes.clear();
    world.run_for(2'000);  // What subscribers have planned refers to them.
}

}  // namespace

}  // namespace shared_topics

void play_backplane(World& world, Record& record) {
    shared_topics::Hall hall(world, record);
    shared_topics::play(hall);
}

}  // namespace edgews::sim::test
