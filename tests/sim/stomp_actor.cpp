#include "stomp_actor.hpp"

#include <algorithm>
#include <array>

namespace edgews::sim::test {

namespace {

constexpr std::uint64_t ms = 1'000'000;

}  // namespace

StompActor::StompActor(World& world, StompConduct conduct, std::uint32_t step_count,
                       bool is_over_websocket, const Pace& pace)
    : world_(world),
      peer_(world, is_over_websocket, pace),
      conduct_(conduct),
      steps_left_(step_count) {
    peer_.frame = [this](const StompFrame& frame) { hear(frame); };
    peer_.gone = [this] { hear_end(); };
}

void StompActor::come(std::uint16_t port, std::uint64_t delay_ns) {
    world_.after(delay_ns, [this, port] {
        peer_.peer().connect(port);
        misbehave();
        if (conduct_ != StompConduct::never_connects) connect();
    });
}

void StompActor::leave() {
    if (is_over_ || !(is_connected_ || is_mute_)) return;
    end();
    is_mute_ ? peer_.peer().reset() : disconnect();
}

void StompActor::misbehave() {
    const bool pauses = conduct_ == StompConduct::pauses;
    const bool resets = conduct_ == StompConduct::resets;
    if (!pauses && !resets && conduct_ != StompConduct::falls_mute) return;
    const std::uint64_t delay_ns = world_.kernel().drawn_ns(chance(2) ? 100 * ms : 5 * ms);
    world_.after(delay_ns, [this, pauses, resets] {
        if (!pauses) let_go();
        if (resets) end();
        if (resets) return peer_.peer().reset();
        is_mute_ = !pauses;
        peer_.peer().set_reading(false);
        if (pauses) world_.after(100 * ms, [this] { peer_.peer().set_reading(true); });
    });
}

void StompActor::step_later() {
    static constexpr std::array<std::uint64_t, 3> pauses{0, ms, 30 * ms};
    world_.after(world_.kernel().drawn_ns(world_.choices().one_of(pauses)), [this] { step(); });
}

void StompActor::step() {
    if (is_over_) return;
    if (steps_left_ == 0) return finish();
    --steps_left_;
    act();
    // Some go on when they know what has become of it.
    awaits_receipt_ = awaits_any_receipt() && chance(3);
    if (!awaits_receipt_) step_later();
}

void StompActor::finish() {
    if (conduct_ == StompConduct::disconnects) leave();
    if (conduct_ == StompConduct::errs) err();
    if (conduct_ != StompConduct::half_closes) return;
    say_last();
    end();
    peer_.end();
}

std::string StompActor::drawn_body(std::size_t number, std::size_t size) {
    std::string body = std::to_string(number) + " ";
    body.resize(std::max(body.size(), size), 'x');
    if (chance(6)) body.back() = '\0';
    return body;
}

bool reaches(std::string_view destination, std::string_view subscribed) noexcept {
    if (!subscribed.ends_with(".*")) return destination == subscribed;
    return destination.starts_with(subscribed.substr(0, subscribed.size() - 1));
}

}  // namespace edgews::sim::test
