// A STOMP broker, over TCP and WebSocket, and its clients: what a RECEIPT says holds, each message
// of a queue goes to one consumer until somebody has acknowledged it, whatever happens to who had
// it, transactions happen as a whole, and what is wrong ends its own session and no other. In the
// end the server is shut down, and what the broker has kept is there for who comes to another.
#include "scenario.hpp"
#include "stomp_guest.hpp"

#include <edgews/edgews.hpp>
#include <edgews/stomp_broker.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace edgews::sim::test {

namespace {

constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint32_t block_timeout_ms = 60'000;

class Party {
  public:
    Party(World& world, Record& record)
        : world_(world), house_{.world = world, .record = record, .ledger = {world, record}} {}
    void play();

  private:
    [[nodiscard]] StompOptions drawn_options();
    void add_hooks(StompHooks& hooks);
    void listen(Server& server);
    StompGuest& invite(StompGuest::Setting setting, std::uint64_t delay_ns = 0);
    void invite_some();
    void await_quiet();
    void meddle();
    void judge_quiet();
    void beat_for_a_while();
    void see_them_off();
    void sweep();
    void judge_end();

    World& world_;
    StompHouse house_;
    Ledger& ledger_ = house_.ledger;
    std::unique_ptr<StompBroker> broker_{};
    std::array<std::uint16_t, 2> ports_{};  // WebSocket's and TCP's.
    std::vector<std::unique_ptr<StompGuest>> guests_{};
    stomp::WhenFull when_full_ = stomp::WhenFull::refuse;  // And queues are small.
    bool may_wait_for_slow_ = false;                       // A producer, for subscribers.
    std::set<std::string, std::less<>> present_{};         // Sessions, as the hooks saw them.
};

// ---- The broker ------------------------------------------------------------

StompOptions Party::drawn_options() {
    static constexpr std::array policies{stomp::WhenFull::refuse, stomp::WhenFull::block,
                                         stomp::WhenFull::drop_oldest};
    static constexpr std::array slow{stomp::WhenSlow::disconnect, stomp::WhenSlow::drop_oldest,
                                     stomp::WhenSlow::drop_newest, stomp::WhenSlow::block};
    Choices& choices = world_.choices();
    StompOptions options;
    house_.may_be_full = choices.once_in(3);
    house_.may_be_slow = choices.once_in(4);
    if (house_.may_be_full) when_full_ = choices.one_of(policies);
    if (house_.may_be_full) options.broker.queue.message_count_max = choices.between(3, 8);
    options.broker.backlog_size_max = house_.may_be_slow ? 4'000 : 100'000'000;
    options.broker.backlog_size_cap = 12'000;
    options.broker.slow_after_ms = 50;
    options.broker.queue.when_full = when_full_;
    options.broker.when_slow = choices.one_of(slow);
    may_wait_for_slow_ = house_.may_be_slow && options.broker.when_slow == stomp::WhenSlow::block;
    options.broker.delivery_count_max = choices.once_in(2) ? 2 : 0;
    // No choice of its own: histories that were recorded stay what they were.
    house_.has_receipts_at_once = options.broker.delivery_count_max == 0;
    if (house_.has_receipts_at_once) {
        options.session.receipt_in_transaction = stomp::ReceiptInTransaction::at_once;
    }
    options.block_timeout_ms = block_timeout_ms;
    options.session.heart_beat = {.can_send_ms = 1'000, .wants_ms = 1'000};
    return options;
}

void Party::add_hooks(StompHooks& hooks) {
    hooks.authorise = [](const StompClient&, StompAction, stomp::Destination destination) {
        if (destination.text() == "/queue/throws") throw std::runtime_error("a hook that fails");
        return destination.text() != "/topic/forbidden";
    };
    hooks.connected = [this](const StompClient& client) { present_.emplace(client.session_id); };
    hooks.disconnected = [this](const StompClient& client, stomp::Fault) {
        const auto found = present_.find(client.session_id);
        ledger_.require(found != present_.end(), "a session's end is told twice");
        if (found != present_.end()) present_.erase(found);
    };
}

void Party::listen(Server& server) {
    broker_->attach(server, "/stomp");
    const bool is_refused =
        server.listen({.host = "127.0.0.1"}) || broker_->listen(server, {.host = "127.0.0.1"});
    if (is_refused) return house_.record.blame("it does not listen");
    const std::string& place = server.listening_on(1);
    const std::string port = place.substr(place.rfind(':') + 1);
    ports_ = {server.port(), static_cast<std::uint16_t>(std::stoul(port))};
    server.start();
}

// ---- Guests ----------------------------------------------------------------

StompGuest& Party::invite(StompGuest::Setting setting, std::uint64_t delay_ns) {
    setting.index = guests_.size();
    setting.is_over_websocket = world_.choices().once_in(2);
    if (world_.choices().once_in(3)) setting.version = "1.1";
    guests_.push_back(std::make_unique<StompGuest>(house_, setting));
    guests_.back()->come(ports_[setting.is_over_websocket ? 0 : 1], delay_ns);
    ++house_.record.connections;
    return *guests_.back();
}

// All can read what others write: whoever is ended is waited for, but for some seconds.
void Party::invite_some() {
    Choices& choices = world_.choices();
    const std::uint32_t conduct_count = choices.once_in(2) ? 8 : 4;
    const bool is_quick = choices.once_in(2);
    std::vector<StompGuest::Setting> settings(choices.between(1, 7));
    std::size_t size = 300'000;
    for (StompGuest::Setting& setting : settings) {
        setting = {.conduct = StompConduct(choices.below(conduct_count)),
                   .pace = is_quick ? Pace{} : Pace::drawn(choices),
                   .step_count = choices.between(1, 14)};
        setting.pace.read_size_max = std::max<std::size_t>(setting.pace.read_size_max, 100);
        size = worthwhile_size(world_, setting.pace, size);
    }
    for (StompGuest::Setting& setting : settings) {
        setting.letter_size_max = size / 10;
        invite(setting, world_.kernel().drawn_ns(choices.once_in(2) ? 50 * ms : ms));
    }
}

void Party::await_quiet() {
    ledger_.require(world_.run_until_quiet(quiet_ms, limit_ms), "there is no end of it");
}

// What the application does, on a thread that is none of the loops'.
void Party::meddle() {
    Choices& choices = world_.choices();
    for (std::uint32_t i = choices.below(6); i > 0; --i) {
        world_.run_for(choices.below(30));
        StompGuest& guest = *choices.one_of(guests_);
        if (guest.is_well() && choices.once_in(4)) {
            (void)broker_->end_session(guest.expect_end(), "enough");
            continue;
        }
        const std::string destination = choices.once_in(2) ? "/topic/x.b" : "/queue/a";
        const std::size_t number = ledger_.add({.destination = destination, .body = "from it"});
        const std::string text = std::to_string(number);
        const std::array<stomp::Header, 1> headers{{{"letter", text}}};
        ledger_.let_out({number});
        const stomp::Fault fault = broker_->send(destination, "from it", headers);
        ledger_.conclude(number, fault == stomp::Fault::none);
        ledger_.require(fault == stomp::Fault::none || house_.may_be_full, "it cannot send");
    }
}

// ---- Judgement -------------------------------------------------------------

void Party::judge_quiet() {
    const std::vector<StompDestination> all = broker_->destinations();
    const bool may_wait_for_room =
        when_full_ == stomp::WhenFull::block && std::ranges::any_of(all, [](const auto& one) {
            return one.waiting + one.unacknowledged > 0;
        });
    const bool may_wait = may_wait_for_room || may_wait_for_slow_;
    for (const auto& guest : guests_) {
        guest->judge_quiet(may_wait);
        for (const StompDestination& queue : all) {
            const bool may_be = queue.waiting == 0 || may_wait || !guest->wants_more_of(queue.name);
            ledger_.require(may_be, "a message waits for who waits for it");
        }
    }
    ledger_.judge_quiet();
}

// Some who keep their word, and some who do not.
void Party::beat_for_a_while() {
    world_.faults() = Faults{};
    std::vector<StompGuest*> beating;
    for (std::uint32_t i = world_.choices().between(1, 2); i > 0; --i) {
        const bool keeps_beating = world_.choices().once_in(2);
        beating.push_back(&invite({.beats_every_ms = 1'000, .keeps_beating = keeps_beating}));
    }
    world_.run_for(5'000);
    for (StompGuest* guest : beating) guest->judge_beats();
}

// All leave, at once or one by one: as soon as they can, where they wait for room.
void Party::see_them_off() {
    const bool is_at_once = world_.choices().once_in(2);
    for (const auto& guest : guests_) {
        guest->leave();
        if (is_at_once) continue;
        await_quiet();
        judge_quiet();
    }
    await_quiet();
    for (int i = 0; i < 20 && broker_->stats().sessions > 0; ++i) world_.run_for(block_timeout_ms);
    await_quiet();
    for (const auto& guest : guests_) guest->judge_quiet(false);
    ledger_.require(broker_->stats().sessions == 0, "a session is left");
}

// Somebody takes what they left behind, and is ended with the server.
void Party::sweep() {
    world_.faults() = Faults{};
    Server server;
    listen(server);
    StompGuest& sweeper = invite({});
    await_quiet();
    for (const char* queue : {"/queue/a", "/queue/b", dead_letters}) sweeper.sweep(queue);
    await_quiet();
    ledger_.require(sweeper.is_well(), "who sweeps was not let in");
    ledger_.require(sweeper.has_order(), "what came back is not in its place");
    if (world_.choices().once_in(2)) broker_->end_all();
    await_quiet();
    server.shutdown(1'000);
    await_quiet();
    ledger_.require(sweeper.was_told_of_the_end(), "who was ended was not told");
}

void Party::judge_end() {
    const StompStats stats = broker_->stats();
    for (const auto& guest : guests_) guest->judge_stream();
    ledger_.judge_quiet();
    const bool may_lose =
        when_full_ == stomp::WhenFull::drop_oldest || stats.counters.dead_letters_lost > 0;
    if (!may_lose) ledger_.judge_queues();
    ledger_.require(present_.empty(), "a session's end is not told");
    ledger_.require(stats.sessions == 0, "a session outlives its server");
    ledger_.require(stats.destinations == 0, "a destination is left that nobody needs");
    ledger_.require(stats.memory == 0, "memory is not given back");
}

void Party::play() {
    Choices& choices = world_.choices();
    StompHooks hooks;
    add_hooks(hooks);
    broker_ = std::make_unique<StompBroker>(drawn_options(), std::move(hooks));
    broker_->app("/app/echo", [this](StompRequest& request) {
        const std::size_t number = ledger_.receive(request.header("letter"), request.text());
        if (number != nobody) ++ledger_.at(number).handled;
    });
    {
        Server server({.loops = choices.between(1, 3)});
        listen(server);
        world_.draw_faults();
        const Faults& faults = world_.faults();
        house_.may_be_cut =
            faults.accept_error > 0 || faults.refused > 0 || faults.descriptors_max < 1'000;
        house_.is_careful = choices.once_in(4);
        invite_some();
        meddle();
        if (!house_.is_careful) {
            await_quiet();
            judge_quiet();
            if (choices.once_in(3)) beat_for_a_while();
            see_them_off();
        }
        house_.is_shutting_down = true;
        server.shutdown(choices.below(3) * 1'000);
    }
    await_quiet();
    if (house_.record.fault.empty()) sweep();
    if (house_.record.fault.empty()) judge_end();
    broker_.reset();
    world_.run_for(2'000);  // What guests have planned refers to them.
}

}  // namespace

void play_stomp(World& world, Record& record) {
    Party(world, record).play();
}

}  // namespace edgews::sim::test
