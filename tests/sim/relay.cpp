// Nodes that relay to a hub, and guests of theirs and of the hub, with somebody in between who
// breaks connections, and a hub that ends and begins anew: what a RECEIPT says holds, each
// publisher's messages are in order, none comes twice without saying so, a topic's are missed where
// a gap was told and nowhere else, COMMITs happen as a whole or are said to be in doubt, and when
// all are gone nothing of them is left.
#include "relay_guest.hpp"
#include "scenario.hpp"
#include "stomp_hub.hpp"

#include <edgews/edgews.hpp>
#include <edgews/stomp_broker.hpp>
#include <edgews/stomp_relay.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace edgews::sim::test {

namespace {

constexpr std::uint64_t ms = 1'000'000;

struct Ports {
    std::uint16_t websocket = 0;
    std::uint16_t tcp = 0;
};

// One of those that relay.
struct Node {
    std::unique_ptr<StompRelay> relay{};
    std::unique_ptr<Server> server{};
    Ports ports{};
    std::size_t prefetch = 100;
    std::set<std::string, std::less<>> present{};  // Sessions, as the hooks saw them.
};

class Network {
  public:
    Network(World& world, Record& record)
        : world_(world),
          house_{.world = world, .record = record, .mail = {world, record}},
          hub_(world, record) {}
    void play();

  private:
    void draw_troubles();
    [[nodiscard]] StompRelayOptions drawn_relay();
    void add_node();
    [[nodiscard]] StompHooks hooks_of(std::size_t place);
    void add_faults();
    RelayGuest& invite(RelayGuest::Setting setting, std::uint64_t delay_ns = 0);
    void invite_some();
    [[nodiscard]] bool are_all_available() const;
    void judge_quiet();
    void see_them_off();
    void judge_empty();
    void sweep();
    void require(bool holds, std::string_view what) { house_.mail.require(holds, what); }

    World& world_;
    RelayHouse house_;
    StompHub hub_;
    std::vector<std::unique_ptr<Node>> nodes_{};
    std::vector<std::unique_ptr<RelayGuest>> guests_{};
};

// Before the nodes are there.
void Network::draw_troubles() {
    Choices& choices = world_.choices();
    house_.is_hub_narrow = hub_.is_narrow();
    house_.may_break = hub_.may_break();
    house_.may_be_slow = choices.once_in(6);
    house_.has_few_owns = choices.once_in(6);
    house_.may_be_late = choices.once_in(6);
}

// ---- Nodes -----------------------------------------------------------------

StompRelayOptions Network::drawn_relay() {
    static constexpr std::array<std::uint32_t, 3> lingers{10'000, 300, 0};
    static constexpr std::array<std::uint32_t, 3> prefetches{100, 3, 1};
    Choices& choices = world_.choices();
    StompRelayOptions relay{.upstream = {.brokers = hub_.brokers()}};
    if (hub_.is_watchful()) {
        relay.upstream.heart_beat = {.can_send_ms = 1'000, .wants_ms = 1'000};
        relay.upstream.connection.connect_timeout_ms = 1'000;
        relay.upstream.connection.handshake_timeout_ms = 1'000;
    }
    relay.upstream.reconnect.delay_max_ms = 500;
    if (house_.may_be_late) relay.upstream.receipt_timeout_ms = 300;
    if (choices.once_in(3)) relay.kept_size_max = 1'000;
    if (choices.once_in(3)) relay.kept_ms = 100;
    if (house_.has_few_owns) relay.own_connection_count_max = choices.below(3);
    relay.linger_ms = choices.one_of(lingers);
    relay.prefetch_count = choices.one_of(prefetches);
    return relay;
}

StompHooks Network::hooks_of(std::size_t place) {
    StompHooks hooks;
    hooks.authorise = may_be;
    hooks.connected = [this, place](const StompClient& client) {
        nodes_[place]->present.emplace(client.session_id);
    };
    hooks.disconnected = [this, place](const StompClient& client, stomp::Fault) {
        std::set<std::string, std::less<>>& present = nodes_[place]->present;
        const auto found = present.find(client.session_id);
        require(found != present.end(), "a session's end is told twice");
        if (found != present.end()) present.erase(found);
    };
    return hooks;
}

void Network::add_node() {
    const std::size_t place = nodes_.size();
    nodes_.push_back(std::make_unique<Node>());
    Node& node = *nodes_.back();
    StompOptions options;
    if (house_.may_be_slow) {
        options.broker.backlog_size_max = 4'000;
        options.broker.backlog_size_cap = 12'000;
        options.broker.slow_after_ms = 50;
        options.broker.when_slow = stomp::WhenSlow(world_.choices().below(3));
    }
    StompRelayHooks hooks{.gap = [this, place](std::string_view destination, std::size_t count) {
        require(count > 0, "a gap is told of nobody's");
        require(house_.may_break, "a gap is told, and nothing broke");
        house_.gap_told_at[{place, std::string(destination)}] = house_.mail.tick();
    }};
    StompRelayOptions relay = drawn_relay();
    node.prefetch = relay.prefetch_count;
    node.relay =
        std::make_unique<StompRelay>(std::move(relay), options, hooks_of(place), std::move(hooks));
    node.server = std::make_unique<Server>(ServerOptions{.loops = world_.choices().between(1, 3)});
    node.relay->attach(*node.server, "/stomp");
    const bool is_refused = node.server->listen({.host = "127.0.0.1"}) ||
                            node.relay->listen(*node.server, {.host = "127.0.0.1"});
    if (is_refused) return house_.record.blame("it does not listen");
    const std::string& at = node.server->listening_on(1);
    node.ports = {.websocket = node.server->port(),
                  .tcp = static_cast<std::uint16_t>(std::stoul(at.substr(at.rfind(':') + 1)))};
    node.server->start();
}

bool Network::are_all_available() const {
    return std::ranges::all_of(nodes_, [](const auto& node) {
        const StompRelayStats stats = node->relay->relay_stats();
        return stats.upstreams.size() == node->server->loop_count() &&
               std::ranges::all_of(stats.upstreams, &StompUpstreamStats::is_available);
    });
}

void Network::add_faults() {
    house_.may_be_cut = draw_faults_with_room(world_);
    const Faults& faults = world_.faults();
    house_.may_break = house_.may_break || house_.may_be_cut || faults.standstill > 0;
    house_.may_be_late = house_.may_be_late || faults.standstill > 0;
}

// ---- Guests ----------------------------------------------------------------

RelayGuest& Network::invite(RelayGuest::Setting setting, std::uint64_t delay_ns) {
    setting.index = guests_.size();
    setting.is_over_websocket = world_.choices().once_in(2);
    Ports ports{.websocket = StompHub::websocket_port, .tcp = StompHub::tcp_port};
    if (setting.node != at_hub) {
        ports = nodes_[setting.node]->ports;
        setting.prefetch = nodes_[setting.node]->prefetch;
    }
    guests_.push_back(std::make_unique<RelayGuest>(house_, setting));
    guests_.back()->come(setting.is_over_websocket ? ports.websocket : ports.tcp, delay_ns);
    ++house_.record.connections;
    return *guests_.back();
}

void Network::invite_some() {
    Choices& choices = world_.choices();
    const std::uint32_t conduct_count = choices.once_in(2) ? 8 : 4;
    const bool is_quick = choices.once_in(2);
    std::vector<RelayGuest::Setting> settings(choices.between(1, 6));
    std::size_t size = 100'000;
    for (RelayGuest::Setting& setting : settings) {
        const std::size_t place = choices.below(static_cast<std::uint32_t>(nodes_.size() * 2 + 1));
        setting = {.node = place == nodes_.size() * 2 ? at_hub : place % nodes_.size(),
                   .conduct = StompConduct(choices.below(conduct_count)),
                   .pace = is_quick ? Pace{} : Pace::drawn(choices),
                   .step_count = choices.between(1, 14)};
        setting.pace.read_size_max = std::max<std::size_t>(setting.pace.read_size_max, 100);
        size = worthwhile_size(world_, setting.pace, size);
    }
    for (RelayGuest::Setting& setting : settings) {
        setting.letter_size_max = size / 10;
        invite(setting, world_.kernel().drawn_ns(choices.once_in(2) ? 50 * ms : ms));
    }
}

// ---- Judgement -------------------------------------------------------------

void Network::judge_quiet() {
    for (const auto& guest : guests_) {
        guest->judge_quiet();
        for (const StompDestination& queue : hub_.broker().destinations()) {
            const bool may_be = queue.waiting == 0 || !guest->wants_more_of(queue.name);
            require(may_be, "a message waits for who waits for it");
        }
    }
}

// All leave, at once or one by one.
void Network::see_them_off() {
    const bool is_at_once = world_.choices().once_in(2);
    for (const auto& guest : guests_) {
        guest->leave();
        if (is_at_once) continue;
        hub_.await_quiet();
        judge_quiet();
    }
    hub_.calm_down([this] { return are_all_available(); });
    judge_quiet();
}

// Nobody is there any more, and nothing of them.
void Network::judge_empty() {
    world_.run_for(13'000);  // Subscriptions stay for a while.
    for (const auto& node : nodes_) {
        const StompRelayStats relay = node->relay->relay_stats();
        require(relay.own_connections == 0, "a connection of somebody's own is left");
        for (const StompUpstreamStats& one : relay.upstreams) {
            require(one.subscriptions == 0, "a subscription is left that nobody has");
        }
        const StompStats stats = node->relay->stats();
        require(stats.sessions == 0, "a session is left");
        require(stats.destinations == 0, "a destination is left that nobody needs");
        require(stats.memory == 0, "memory is not given back");
    }
}

// Somebody takes what they left behind, at the hub.
void Network::sweep() {
    world_.faults() = Faults{};
    RelayGuest& sweeper = invite({});
    hub_.await_quiet();
    for (const char* queue : {"/queue/a", "/queue/b", dead_letters}) sweeper.sweep(queue);
    hub_.await_quiet();
    require(sweeper.is_well(), "who sweeps was not let in");
    sweeper.judge_quiet();
    sweeper.leave();
    hub_.await_quiet();
}

void Network::play() {
    Choices& choices = world_.choices();
    draw_troubles();
    for (std::uint32_t i = choices.between(1, 2); i > 0; --i) add_node();
    for (int i = 0; i < 40 && !are_all_available(); ++i) world_.run_for(500);
    add_faults();
    house_.is_careful = choices.once_in(4);
    invite_some();
    if (hub_.end_and_begin_anew()) house_.mail.lose_queues();
    if (!house_.is_careful) {
        hub_.calm_down([this] { return are_all_available(); });
        judge_quiet();
        see_them_off();
        judge_empty();
    }
    house_.is_shutting_down = true;
    for (const auto& node : nodes_) node->server->shutdown(choices.below(3) * 1'000);
    world_.faults() = Faults{};
    hub_.await_quiet();
    for (const auto& node : nodes_) {
        require(node->present.empty(), "a session's end is not told");
        require(node->relay->relay_stats().own_connections == 0, "its own connection outlives it");
        require(node->relay->stats().memory == 0, "memory is not given back by who was ended");
        node->server.reset();
    }
    for (const auto& guest : guests_) guest->leave();
    hub_.await_quiet();
    if (house_.record.fault.empty()) sweep();
    for (const auto& guest : guests_) guest->judge_stream();
    if (house_.record.fault.empty()) house_.mail.judge();
    hub_.shut_down();
    world_.run_for(2'000);  // What guests have planned refers to them.
}

}  // namespace

void play_relay(World& world, Record& record) {
    Network(world, record).play();
}

}  // namespace edgews::sim::test
