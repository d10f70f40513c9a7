// A server of plain HTTP, and those who ask it something: over TCP, behind a PROXY header, over a
// Unix socket. Each request that arrived whole is answered once, in order, by what it asked for, or
// the connection is ended; who stalls is ended in time, and nobody who does not.
#include "http_visitor.hpp"
#include "scenario.hpp"

#include <edgews/edgews.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

namespace edgews::sim::test {

namespace {

constexpr const char* unix_name = "@edgews";
constexpr std::uint64_t ms = 1'000'000;

class Party {
  public:
    Party(World& world, Record& record) : world_(world), record_(record) {}
    void play();

  private:
    [[nodiscard]] ServerOptions drawn_options();
    [[nodiscard]] bool listen(Server& server);
    void invite(HttpVisitor::Setting setting, std::uint64_t delay_ns);
    void invite_some();
    void await_all();
    [[nodiscard]] std::uint64_t longest_ms() const;
    void judge(const Server& server);
    void probe();

    World& world_;
    Record& record_;
    HttpHouse house_{};
    ServerOptions options_{};
    std::array<Address, 3> places_{};  // By HttpWay.
    std::vector<std::unique_ptr<HttpVisitor>> visitors_{};
};

ServerOptions Party::drawn_options() {
    static constexpr std::array<std::uint32_t, 3> handshakes{8'000, 2'000, 5'000};
    static constexpr std::array<std::uint32_t, 3> keep_alives{30'000, 5'000, 2'000};
    static constexpr std::array<std::uint32_t, 4> requests{1'000, 0, 3, 1};
    Choices& choices = world_.choices();
    ServerOptions options{.loops = choices.between(1, 2)};
    options.handshake_timeout_ms = house_.handshake_timeout_ms = choices.one_of(handshakes);
    options.keep_alive_timeout_ms = house_.keep_alive_timeout_ms = choices.one_of(keep_alives);
    options.requests_per_connection_max = house_.requests_max = choices.one_of(requests);
    house_.has_proxies = choices.once_in(2);
    if (house_.has_proxies) options.trusted_proxies = {"127.0.0.1", "unix"};
    house_.has_limits = choices.once_in(4);
    if (house_.has_limits) {
        if (choices.once_in(2)) options.connections_max = choices.between(1, 6);
        if (choices.once_in(2)) options.connections_per_address_max = choices.between(1, 4);
        if (choices.once_in(3)) options.connects_per_minute_max = choices.between(2, 8);
    }
    house_.is_short_of_memory = choices.once_in(12);
    if (house_.is_short_of_memory) options.memory_max = 1024 * 1024;
    return options;
}

bool Party::listen(Server& server) {
    const auto place = [&](std::size_t listener) {
        const std::string& name = server.listening_on(listener);
        const auto port = static_cast<std::uint16_t>(std::stoul(name.substr(name.rfind(':') + 1)));
        return Address::ip("127.0.0.1", port);
    };
    const bool does = !server.listen({.host = "127.0.0.1"}) &&
                      !server.listen({.unix_path = unix_name}) &&
                      !server.listen({.host = "127.0.0.1", .proxy_protocol = true});
    if (does) places_ = {place(0), Address::unix_socket(unix_name), place(2)};
    return does;
}

// ---- Visitors --------------------------------------------------------------

void Party::invite(HttpVisitor::Setting setting, std::uint64_t delay_ns) {
    visitors_.push_back(std::make_unique<HttpVisitor>(world_, record_, house_, setting));
    visitors_.back()->come_to(places_[static_cast<std::size_t>(setting.way)], delay_ns);
    ++record_.connections;
}

void Party::invite_some() {
    Choices& choices = world_.choices();
    const bool may_be_bad = choices.once_in(2);
    const std::uint32_t count = choices.between(1, 8);
    for (std::uint32_t i = 0; i < count; ++i) {
        HttpVisitor::Setting setting{.name = "v" + std::to_string(i)};
        setting.way = HttpWay(choices.below(3));
        setting.pace = Pace::drawn(choices);
        if (may_be_bad && choices.once_in(2)) setting.conduct = HttpConduct(choices.between(1, 9));
        if (setting.conduct == HttpConduct::dawdles) setting.pace = {};
        const std::uint64_t spread_ns = choices.once_in(2) ? 2'000 * ms : ms;
        invite(setting, world_.kernel().drawn_ns(spread_ns));
        visitors_.back()->plan();
    }
}

// Until nothing more is to come but timeouts.
void Party::await_all() {
    const std::uint64_t standstill_ms = world_.faults().standstill > 0 ? 20'000 : 0;
    for (;;) {
        record_.require(world_.run_until_quiet(quiet_ms, limit_ms), "there is no end of it");
        std::uint64_t wait_ms = 0;
        for (const auto& visitor : visitors_) {
            const std::uint64_t busy_ns = visitor->busy_until_ns();
            if (busy_ns > world_.now_ns()) {
                wait_ms = std::max(wait_ms, (busy_ns - world_.now_ns()) / ms + 1);
            }
            if (wait_ms > 0) continue;
            const std::uint32_t patience_ms = visitor->take_patience();
            if (patience_ms > 0) wait_ms = patience_ms + 200 + standstill_ms;
        }
        if (wait_ms == 0) return;
        world_.run_for(wait_ms);
    }
}

// ---- Judgement -------------------------------------------------------------

// In which every timeout has come.
std::uint64_t Party::longest_ms() const {
    constexpr std::uint64_t others_ms = 45'000;  // Lingering, pings.
    const std::uint64_t standstill_ms = world_.faults().standstill > 0 ? 120'000 : 0;
    return 2ULL * std::max(house_.handshake_timeout_ms, house_.keep_alive_timeout_ms) + others_ms +
           standstill_ms;
}

void Party::judge(const Server& server) {
    for (const auto& visitor : visitors_) visitor->judge_quiet();
    if (!record_.fault.empty()) return;
    const std::size_t open = server.stats()[Counter::connections_open];
    record_.require(options_.connections_max == 0 || open <= options_.connections_max,
                    "there are more connections than the limit");
    world_.run_for(longest_ms());
    for (const auto& visitor : visitors_) visitor->judge_end();
    record_.require(server.stats()[Counter::connections_open] == 0,
                    "somebody is still there, and every timeout is over");
}

// The network is calm and nobody else is there: whoever comes is served. Who could not be accepted
// before has come and gone meanwhile.
void Party::probe() {
    world_.faults() = Faults{};
    world_.run_for(std::max<std::uint64_t>(longest_ms(), 61'000));
    house_.has_limits = house_.is_short_of_memory = false;
    for (const HttpWay way : {HttpWay::plain, HttpWay::unix_socket, HttpWay::proxied}) {
        invite({.name = "probe" + std::to_string(static_cast<int>(way)), .way = way}, 0);
        HttpVisitor& visitor = *visitors_.back();
        visitor.plan_simple();
        await_all();
        visitor.judge_quiet();
        visitor.judge_stream();
        visitor.leave();
        await_all();
    }
}

void Party::play() {
    Choices& choices = world_.choices();
    options_ = drawn_options();
    {
        Server server(options_);
        add_http_routes(server, house_);
        record_.require(listen(server), "it does not listen");
        server.start();
        world_.draw_faults();
        invite_some();
        const bool ends_early = choices.once_in(6);
        if (ends_early) {
            world_.run_for(choices.below(2'000));
        } else {
            await_all();
            judge(server);
            if (record_.fault.empty()) probe();
        }
        house_.is_shutting_down = true;
        server.shutdown(choices.below(3) * 1'000);
        for (const auto& visitor : visitors_) visitor->judge_stream();
    }
    house_.undecided.clear();
    world_.run_for(longest_ms());  // What visitors have planned refers to them.
    record_.require(house_.streams.empty(), "a stream was neither finished nor given up");
    for (const auto& [id, count] : house_.handled) {
        record_.require(count == 1 || id == "1", "a request was handled twice");
    }
}

}  // namespace

void play_http(World& world, Record& record) {
    Party(world, record).play();
}

}  // namespace edgews::sim::test
