// STOMP clients of the engine's and its broker, over TCP and WebSocket, with somebody in between
// who breaks connections, and a server that is shut down and begins anew: what a receipt confirmed
// is in its queue, or was consumed; each publisher's messages are in order; each completion is
// called once, unless its client was destroyed; and nothing waits for ever.
#include "caller.hpp"
#include "middleman.hpp"
#include "scenario.hpp"
#include "stomp_caller.hpp"

#include <edgews/edgews.hpp>
#include <edgews/stomp_broker.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace edgews::sim::test {

namespace {

constexpr std::uint16_t websocket_port = 8'080;
constexpr std::uint16_t tcp_port = 61'613;
// All time limits are over by then.
constexpr std::uint64_t all_limits_ms = 200'000;

class Exchange {
  public:
    Exchange(World& world, Record& record)
        : world_(world), scene_{.world = world, .record = record, .mail = {world, record}} {}
    void play();

  private:
    void serve();
    void add_middlemen();
    void add_callers();
    void await_quiet();
    void restart();
    void judge_quiet();
    void see_them_off();
    void destroy_callers();
    void sweep();
    [[nodiscard]] bool may_be_refused() const;

    World& world_;
    StompScene scene_;
    std::unique_ptr<StompBroker> broker_{};
    std::optional<Server> server_{};
    std::vector<std::unique_ptr<Middleman>> middlemen_{};
    std::vector<std::unique_ptr<LoopThread>> threads_{};
    std::vector<std::unique_ptr<StompCaller>> callers_{};
};

void Exchange::serve() {
    server_.emplace(ServerOptions{.loops = world_.choices().between(1, 2)});
    broker_->attach(*server_, "/stomp");
    const bool is_refused = server_->listen({.host = "127.0.0.1", .port = websocket_port}) ||
                            broker_->listen(*server_, {.host = "127.0.0.1", .port = tcp_port});
    scene_.record.require(!is_refused, "it does not listen");
    server_->start();
}

// Of each way that leads to the broker.
void Exchange::add_middlemen() {
    Choices& choices = world_.choices();
    const bool is_there = choices.once_in(2);
    MiddlemanOptions options{.break_count_max = choices.between(1, 4),
                             .may_fall_mute = choices.once_in(4)};
    scene_.is_watchful = is_there && options.may_fall_mute;
    for (const std::uint16_t port : {websocket_port, tcp_port}) {
        std::uint16_t to = port;
        if (is_there) {
            middlemen_.push_back(std::make_unique<Middleman>(world_, port, options));
            to = middlemen_.back()->port();
        }
        const std::string place = "127.0.0.1:" + std::to_string(to);
        scene_.brokers.push_back(port == tcp_port ? "stomp://" + place
                                                  : "ws://" + place + "/stomp");
    }
    if (choices.once_in(2)) scene_.brokers.erase(scene_.brokers.begin() + choices.below(2));
}

// Their threads must not be refused.
void Exchange::add_callers() {
    Choices& choices = world_.choices();
    for (std::uint32_t i = choices.between(1, 2); i > 0; --i) {
        threads_.push_back(std::make_unique<LoopThread>());
    }
    world_.draw_faults();
    if (scene_.is_watchful && world_.faults().short_send > 0) world_.faults().short_send = 50;
    for (std::uint32_t i = choices.between(1, 4); i > 0; --i) {
        callers_.push_back(std::make_unique<StompCaller>(scene_, choices.one_of(threads_)->loop(),
                                                         callers_.size() + 1, choices.once_in(3)));
    }
}

bool Exchange::may_be_refused() const {
    const Faults& faults = world_.faults();
    return faults.refused > 0 || faults.descriptors_max < 1'000 || faults.accept_error > 0;
}

// And has been so since the last one that paused read on.
void Exchange::await_quiet() {
    for (;;) {
        scene_.record.require(world_.run_until_quiet(quiet_ms, limit_ms), "there is no end of it");
        std::uint64_t until_ns = 0;
        for (const auto& caller : callers_) {
            until_ns = std::max(until_ns, caller->rests_until_ns() + quiet_ms * 1'000'000);
        }
        if (until_ns <= world_.now_ns() || !scene_.record.fault.empty()) return;
        world_.run_for((until_ns - world_.now_ns()) / 1'000'000 + 1);
    }
}

// The queues of the broker outlive the server.
void Exchange::restart() {
    world_.run_for(world_.choices().below(100));
    server_->shutdown(world_.choices().once_in(2) ? 0 : 50);
    world_.run_for(world_.choices().below(200));
    const Faults faults = world_.faults();
    world_.faults() = Faults{};
    serve();
    world_.faults() = faults;
}

void Exchange::judge_quiet() {
    for (const auto& caller : callers_) caller->judge_quiet(may_be_refused());
}

void Exchange::see_them_off() {
    for (const auto& caller : callers_) caller->leave();
    await_quiet();
    if (scene_.is_watchful || may_be_refused()) world_.run_for(all_limits_ms);
    await_quiet();
    for (const auto& caller : callers_) {
        scene_.record.require(caller->is_idle(), "a client was ended, and waits for ever");
    }
}

// Clients go before their loops, there or here.
void Exchange::destroy_callers() {
    if (world_.choices().once_in(2)) {
        for (const auto& caller : callers_) caller->go_there();
    }
    await_quiet();
    for (const auto& thread : threads_) thread->stop();
    for (const auto& caller : callers_) caller->go();
    threads_.clear();
}

// Somebody takes what they left behind.
void Exchange::sweep() {
    world_.faults() = Faults{};
    if (scene_.is_watchful) world_.run_for(all_limits_ms);
    LoopThread thread;
    std::unique_ptr<stomp::Client> client;
    std::map<std::string, std::uint64_t> last_out_at;  // By sender, its connection, and queue.
    thread.loop().post([&] {
        stomp::ClientOptions options;
        options.brokers = {"stomp://127.0.0.1:" + std::to_string(tcp_port)};
        client = std::make_unique<stomp::Client>(thread.loop(), options);
        for (const char* queue : {"/queue/a", "/queue/b"}) {
            (void)client->subscribe(queue, [&](stomp::Client&, const stomp::Message& message) {
                Mail& mail = scene_.mail;
                const std::size_t number = mail.hear(message.header("letter"), message.text());
                if (number == SIZE_MAX) return;
                mail.settle({number});
                const MailLetter& letter = mail.at(number);
                std::uint64_t& last =
                    last_out_at[std::to_string(letter.sender) + ' ' +
                                std::to_string(letter.connection) + letter.destination];
                scene_.record.require(last < letter.out_at, "what came back is not in its place");
                last = letter.out_at;
            });
        }
    });
    await_quiet();
    thread.loop().post([&] {
        scene_.record.require(client->is_connected(), "who sweeps was not let in");
        client.reset();
    });
    await_quiet();
}

void Exchange::play() {
    StompOptions options;
    options.broker.backlog_size_max = 100'000'000;
    options.broker.delivery_count_max = 0;
    options.session.heart_beat = {.can_send_ms = 1'000, .wants_ms = 1'000};
    broker_ = std::make_unique<StompBroker>(options);
    serve();
    add_middlemen();
    add_callers();
    const bool begins_anew = world_.choices().once_in(3);
    for (const char* queue : {"/queue/a", "/queue/b"}) {
        if (begins_anew || !middlemen_.empty()) scene_.mail.disturb(queue);
    }
    for (const auto& caller : callers_) caller->begin();
    if (begins_anew) restart();
    await_quiet();
    if (scene_.is_watchful || may_be_refused()) world_.run_for(all_limits_ms);
    await_quiet();
    judge_quiet();
    see_them_off();
    destroy_callers();
    if (scene_.record.fault.empty()) sweep();
    server_->shutdown(1'000);
    await_quiet();
    server_.reset();
    middlemen_.clear();
    if (!scene_.record.fault.empty()) return;
    scene_.mail.judge();
    const StompStats stats = broker_->stats();
    scene_.record.require(stats.sessions == 0, "a session outlives its server");
    scene_.record.require(stats.destinations == 0, "a destination is left that nobody needs");
    scene_.record.require(stats.memory == 0, "memory is not given back");
}

}  // namespace

void play_stomp_clients(World& world, Record& record) {
    Exchange(world, record).play();
}

}  // namespace edgews::sim::test
