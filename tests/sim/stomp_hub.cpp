#include "stomp_hub.hpp"

#include <array>
#include <stdexcept>
#include <utility>

namespace edgews::sim::test {

bool may_be(const StompClient&, StompAction, const stomp::Destination& destination) {
    if (destination.text() == "/queue/throws") throw std::runtime_error("a hook that fails");
    return destination.text() != "/topic/forbidden";
}

bool draw_faults_with_room(World& world) {
    world.draw_faults();
    Faults& faults = world.faults();
    const bool has_few = faults.descriptors_max < 1'000;
    if (has_few) faults.descriptors_max += world.descriptor_count();
    return faults.accept_error > 0 || faults.refused > 0 || has_few;
}

StompHub::StompHub(World& world, Record& record) : world_(world), record_(record) {
    static constexpr std::array fates{Fate::stays, Fate::stays, Fate::comes_again,
                                      Fate::begins_anew};
    fate_ = world.choices().one_of(fates);
    is_narrow_ = world.choices().once_in(8);
    make();
    add_middlemen();
}

void StompHub::make() {
    StompOptions options;
    options.broker.backlog_size_max = is_narrow_ ? 4'000 : 100'000'000;
    options.broker.backlog_size_cap = is_narrow_ ? 12'000 : 100'000'000;
    options.broker.slow_after_ms = 50;
    options.broker.delivery_count_max = 0;
    StompHooks hooks;
    hooks.authorise = may_be;
    broker_ = std::make_unique<StompBroker>(options, std::move(hooks));
    serve();
}

void StompHub::serve() {
    server_ = std::make_unique<Server>(ServerOptions{.loops = world_.choices().between(1, 2)});
    broker_->attach(*server_, "/stomp");
    const bool is_refused = server_->listen({.host = "127.0.0.1", .port = websocket_port}) ||
                            broker_->listen(*server_, {.host = "127.0.0.1", .port = tcp_port});
    record_.require(!is_refused, "the hub does not listen");
    server_->start();
}

// On each way that leads to it.
void StompHub::add_middlemen() {
    Choices& choices = world_.choices();
    const bool is_there = choices.once_in(2);
    const MiddlemanOptions options{.break_count_max = choices.between(1, 4),
                                   .may_fall_mute = choices.once_in(4)};
    is_watchful_ = is_there && options.may_fall_mute;
    for (const std::uint16_t port : {tcp_port, websocket_port}) {
        std::uint16_t to = port;
        if (is_there) {
            middlemen_.push_back(std::make_unique<Middleman>(world_, port, options));
            to = middlemen_.back()->port();
        }
        const std::string place = "127.0.0.1:" + std::to_string(to);
        brokers_.push_back(port == tcp_port ? "stomp://" + place : "ws://" + place + "/stomp");
    }
    if (choices.once_in(2)) brokers_.erase(brokers_.begin() + choices.below(2));
}

void StompHub::await_quiet() {
    const bool is_quiet = world_.run_until_quiet(quiet_ms, is_watchful_ ? recovery_ms : limit_ms);
    record_.require(is_quiet || is_watchful_, "there is no end of it");
}

void StompHub::calm_down(const std::function<bool()>& are_there) {
    (void)world_.run_until_quiet(quiet_ms, recovery_ms);
    world_.faults() = Faults{};
    for (const auto& middleman : middlemen_) middleman->calm_down();
    if (is_watchful_) world_.run_for(recovery_ms);
    for (int i = 0; i < 20 && !are_there(); ++i) world_.run_for(500);
    record_.require(are_there(), "a node does not find its hub again");
    await_quiet();
}

// The network is calm while it begins; the faults go on behind it.
bool StompHub::end_and_begin_anew() {
    if (fate_ == Fate::stays) return false;
    world_.run_for(world_.choices().below(100));
    server_->shutdown(world_.choices().once_in(2) ? 0 : 50);
    server_.reset();
    if (fate_ == Fate::begins_anew) broker_.reset();
    world_.run_for(world_.choices().below(200));
    const Faults faults = std::exchange(world_.faults(), Faults{});
    broker_ ? serve() : make();
    world_.faults() = faults;
    return fate_ == Fate::begins_anew;
}

void StompHub::shut_down() {
    server_->shutdown(1'000);
    await_quiet();
    const StompStats stats = broker_->stats();
    record_.require(stats.sessions == 0, "a session outlives its hub's server");
    record_.require(stats.memory == 0, "the hub's memory is not given back");
    server_.reset();
    middlemen_.clear();
}

}  // namespace edgews::sim::test
