#include "net/stomp/broker_state.hpp"

#include <edgews/server.hpp>
#include "crypto/random.hpp"
#include "net/loop/reactor.hpp"
#include "net/stomp/stomp_loop.hpp"
#include "net/stomp/topics_from_abroad.hpp"

#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <stdexcept>

namespace edgews {

namespace {

// Of so many random bits that nobody guesses it: who knows a session's id can send to its queues.
std::string random_name() {
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<std::byte, 12> bytes;
    fill_random(bytes);
    std::string name;
    for (const std::byte byte : bytes) {
        name += digits[std::to_integer<std::size_t>(byte >> 4)];
        name += digits[std::to_integer<std::size_t>(byte & std::byte{15})];
    }
    return name;
}

// With so many digits that two brokers' numbers hardly meet, and few enough to be sent each time.
std::uint64_t random_number() {
    std::array<std::byte, sizeof(std::uint64_t)> bytes;
    fill_random(bytes);
    return std::bit_cast<std::uint64_t>(bytes) >> 24U;
}

}  // namespace

StompBroker::State::State(StompBroker& face, StompOptions stomp_options, StompHooks stomp_hooks)
    : broker_face(face),
      options(std::move(stomp_options)),
      hooks(std::move(stomp_hooks)),
      failed_logins(options.failed_logins_per_minute_max),
      contents_(random_name()),
      broker_(options.broker, random_number()) {}

StompBroker::State::~State() = default;

std::size_t StompBroker::State::waiting_size_max() const noexcept {
    const stomp::FrameLimits& frame = options.session.frame;
    std::size_t sum = stomp_drain_mark;
    for (const std::size_t size :
         {options.output_size_max, frame.body_size_max, frame.head_size_max, frame.head_size_max}) {
        sum = size > SIZE_MAX - sum ? SIZE_MAX : sum + size;
    }
    return sum;
}

StompLoop& StompBroker::State::on_loop(Reactor& reactor) {
    StompLoop* made = nullptr;
    {
        const StompLocked locked = lock();
        auto& loops = locked.loops();
        for (const auto& known : loops) {
            if (known->is_of(reactor)) return *known;
        }
        loops.push_back(std::make_unique<StompLoop>(*this, reactor, random_name()));
        made = loops.back().get();
    }
    if (relay) made->start_upstream(*relay);
    return *made;
}

void StompBroker::State::carry_topics(stomp::TopicCarrier& node, Function<void(Server&)> give) {
    const auto refuse = [](const char* why) {
        throw std::logic_error(std::string("StompBroker::backplane(): ") + why);
    };
    if (relay) refuse("a relay's topics are its upstream broker's");
    if (carrier != nullptr) refuse("the broker has one already");
    if (has_begun_) refuse("it comes before attach() and listen()");
    auto made = std::make_unique<StompTopicsFromAbroad>(*this, random_name());
    node.receive_topics(*made);
    from_abroad = std::move(made);
    carrier = &node;
    give_backplane_ = std::move(give);
    lock().broker().carry_topics(node);
}

void StompBroker::State::let_go_on(std::string_view session_id) {
    StompLocked locked = lock();
    const auto session = locked.sessions().find(HashedView(session_id));
    if (session == locked.sessions().end()) return;
    locked.broker().let_go_on(session->second->session().outbox());
    locked.hand_out();
}

void StompBroker::State::begin_on(Server& server) {
    has_begun_ = true;
    if (give_backplane_) give_backplane_(server);
    start_upstreams(server);
}

// A relay's connections are made on all loops, once they run.
void StompBroker::State::start_upstreams(Server& server) {
    if (!relay) return;
    for (std::size_t i = 0; i < server.loop_count(); ++i) {
        server.loop(i).post([this, &reactor = Reactor::of(server.loop(i))] {
            static_cast<void>(on_loop(reactor));
        });
    }
}

// From the application: by the connection of its loop, or by any.
stomp::Fault StompBroker::State::send_up(std::string_view destination,
                                         std::span<const std::byte> body,
                                         std::span<const stomp::Header> headers) {
    StompLoop* loop = nullptr;
    {
        const StompLocked locked = lock();
        for (const auto& each : locked.loops()) {
            const bool is_here = Reactor::current() == &each->reactor();
            if (loop == nullptr || is_here) loop = each.get();
        }
    }
    if (loop == nullptr) return stomp::Fault::upstream_unavailable;
    return loop->send_up(destination, body, headers);
}

StompLocked StompBroker::State::lock() {
    return StompLocked(*this);
}

void StompLocked::hand_out() noexcept {
    while (stomp::Outbox* const outbox = state_.broker_.next_attention()) {
        auto* const session = static_cast<StompSessionLink*>(outbox->owner);
        session->stomp_loop().serve_soon(*this, *session);
    }
}

void StompLocked::tell_time() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    state_.broker_.set_time(static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now).count()));
}

stomp::Fault StompBroker::State::send(std::string_view session_id, std::string_view destination,
                                      std::span<const std::byte> body,
                                      std::span<const stomp::Header> headers) noexcept {
    const bool is_relayed = relay && relay->rules.takes(destination);
    const stomp::Fault fault = stomp::check_send(destination, is_relayed);
    if (fault != stomp::Fault::none) return fault;
    const auto kind = stomp::kind_of(destination);
    if (kind == stomp::DestinationKind::application) return stomp::Fault::destination_not_for_send;
    std::string storage;
    const auto [wrong, key] = stomp::canonical(destination, storage);
    if (wrong != stomp::Fault::none) return wrong;
    if (relay && relay->rules.takes(key)) return send_up(key, body, headers);
    const std::string_view rest = stomp::parse_user_destination(destination).rest;
    const std::string shown = rest.empty() ? std::string(destination) : "/user" + std::string(rest);

    StompLocked locked = lock();
    locked.tell_time();  // Where no client is, nobody else does.
    const stomp::Content content =
        locked.contents().make({.destination = shown, .headers = headers, .body = body});
    const auto session = locked.sessions().find(session_id);
    const stomp::Broker::Sent sent =
        session == locked.sessions().end()
            ? locked.broker().send(key, content, nullptr)
            : locked.broker().send_for(session->second->session().outbox(), key, content);
    locked.hand_out();
    return stomp::fault_of(sent);
}

std::string StompBroker::State::new_session_id() {
    return std::string(stomp::session_id_prefix) + random_name();
}

}  // namespace edgews
