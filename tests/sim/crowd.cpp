#include "crowd.hpp"

#include "blocking_caller.hpp"
#include "callback_caller.hpp"
#include "coroutine_caller.hpp"

#include <algorithm>
#include <utility>

namespace edgews::sim::test {

namespace {

// All time limits that callers set are over by then.
constexpr std::uint64_t all_limits_ms = 200'000;

// Whoever connects may fail, and fail again.
bool may_be_refused(const Faults& faults) noexcept {
    return faults.refused > 0 || faults.descriptors_max < 1'000;
}

}  // namespace

Crowd::Crowd(World& world, Record& record, const CrowdOptions& options)
    : world_(world),
      record_(record),
      options_(options),
      service_(world, record, options.service),
      scene_{.world = world,
             .record = record,
             .service = service_,
             .options = options.client,
             .host = options.host,
             .may_run_out = options.may_run_out,
             .is_hopeless = options.is_hopeless,
             .may_interrupt = options.may_interrupt} {
    if (options.middleman) {
        middleman_.emplace(world, service_.port(), *options.middleman);
        scene_.middle_port = middleman_->port();
        // Altered, a length has both ends wait for what never comes.
        scene_.is_watchful = options.middleman->may_fall_mute || options.middleman->may_alter;
    }
    const std::uint32_t loops = world.choices().between(1, 2);
    for (std::uint32_t i = 0; i < loops; ++i) threads_.push_back(std::make_unique<LoopThread>());
    // Callers know them, and have threads that must not be refused.
    world.draw_faults();
    // Half a ping that the system takes later excuses whoever never answers.
    if (scene_.is_watchful && world.faults().short_send > 0) world.faults().short_send = 50;
    const Faults faults = world.faults();
    world.faults().refused = 0;
    const std::uint32_t count = world.choices().between(1, options.caller_count_max);
    for (std::uint32_t i = 1; i <= count; ++i) add_caller(i);
    world.faults() = faults;
}

void Crowd::add_caller(std::uint32_t number) {
    Choices& choices = world_.choices();
    const auto manner = static_cast<Manner>(choices.below(3));
    Loop& loop = choices.one_of(threads_)->loop();
    switch (choices.below(4)) {
        case 0:
        case 1:
            callers_.push_back(std::make_unique<CallbackCaller>(scene_, loop, number, manner));
            break;
        case 2:
            callers_.push_back(std::make_unique<CoroutineCaller>(scene_, loop, number, manner));
            break;
        default: callers_.push_back(std::make_unique<BlockingCaller>(scene_, number, manner));
    }
}

// Clients go before their loops, there or here; what coroutines hold goes with the loop.
Crowd::~Crowd() {
    if (world_.choices().once_in(2)) {
        for (const auto& caller : callers_) caller->destroy(Caller::Place::loop);
    }
    for (const auto& thread : threads_) thread->stop();
    for (const auto& caller : callers_) caller->destroy(Caller::Place::here);
    threads_.clear();
}

void Crowd::play() {
    for (const auto& caller : callers_) caller->begin();
    meddle();
    await_all();
    if (is_slow()) {
        world_.run_for(all_limits_ms);
        await_all();
    }
    for (const auto& caller : callers_) {
        record_.require(caller->is_content() || may_be_refused(world_.faults()),
                        "a caller waits for its answers, and the world is quiet");
    }
    leave();
    service_.end();
    record_.require(service_.open_count() == 0, "open and close handlers do not pair");
    for (const auto& caller : callers_) caller->judge();
}

// While they talk.
void Crowd::meddle() {
    Choices& choices = world_.choices();
    for (std::uint32_t times = choices.below(4); times > 0; --times) {
        world_.run_for(choices.below(choices.once_in(2) ? 300 : 20));
        callers_[choices.below(static_cast<std::uint32_t>(callers_.size()))]->meddle();
    }
    if (choices.once_in(8)) service_.shut_down();
}

// Until the world is quiet, and has been so since the last one that rested went on.
void Crowd::await_all() {
    for (;;) {
        record_.require(world_.run_until_quiet(quiet_ms, limit_ms), "there is no end of it");
        std::uint64_t until_ns = 0;
        for (const auto& caller : callers_) {
            until_ns = std::max(until_ns, caller->rests_until_ns() + quiet_ms * 1'000'000);
        }
        if (until_ns <= world_.now_ns() || !record_.fault.empty()) return;
        world_.run_for((until_ns - world_.now_ns()) / 1'000'000 + 1);
    }
}

// Whose connection waits for an accept that the system refuses, waits for a time limit.
void Crowd::leave() {
    scene_.is_leaving = true;
    for (const auto& caller : callers_) caller->leave();
    await_all();
    if (may_take_long()) world_.run_for(all_limits_ms);
    for (const auto& caller : callers_) {
        record_.require(caller->is_idle(), "a caller waits for ever");
    }
    if (service_.is_shut_down()) return;
    record_.require(service_.open_count() == 0, "all are gone, and the server does not know");
    record_.require(service_.connection_count() == 0, "all are gone, and a connection is not");
}

// Who falls mute, and who does not answer at all, is found out by a time limit.
bool Crowd::is_slow() const noexcept {
    return scene_.is_watchful || options_.host != CrowdOptions().host;
}

bool Crowd::may_take_long() const noexcept {
    const Faults& faults = world_.faults();
    return may_be_refused(faults) || faults.accept_error > 0 || is_slow() || options_.has_strangers;
}

}  // namespace edgews::sim::test
