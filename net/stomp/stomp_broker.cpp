#include <edgews/stomp_broker.hpp>

#include <edgews/server.hpp>
#include "net/stomp/broker_state.hpp"
#include "net/stomp/stomp_loop.hpp"
#include "net/stomp/tcp_session.hpp"
#include "net/stomp/websocket_session.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace edgews {

namespace {

void refuse(const char* option, const char* reason) {
    throw std::invalid_argument(std::string("StompOptions::broker.") + option + ": " + reason);
}

// What no broker can work with.
void check(const StompOptions& options) {
    const stomp::BrokerOptions& broker = options.broker;
    if (broker.memory_max == 0) refuse("memory_max", "it must not be 0");
    if (broker.prefetch_count == 0) refuse("prefetch_count", "it must not be 0");
    if (broker.queue.message_count_max == 0) {
        refuse("queue.message_count_max", "it must not be 0");
    }
    const std::string& grave = broker.dead_letter_queue;
    const bool is_queue = stomp::kind_of(grave) == stomp::DestinationKind::queue &&
                          stomp::check_send(grave) == stomp::Fault::none;
    if (!grave.empty() && !is_queue) {
        refuse("dead_letter_queue", "it is no destination like /queue/dead-letters");
    }
}

}  // namespace

std::string StompRequest::parameter(std::string_view name) const {
    return parameters_.get(name).value_or("");
}

std::string_view StompRequest::header(std::string_view name) const noexcept {
    return frame_.find(name).value_or("");
}

bool StompRequest::reply(std::string_view body, std::string_view content_type) const {
    if (reply_to_.empty()) return false;
    std::array<stomp::Header, 2> headers{{{"content-type", content_type}, {"correlation-id", {}}}};
    const auto correlation = frame_.find("correlation-id");
    if (correlation) headers[1].value = *correlation;
    return StompBroker::State::of(broker_).send(
               client_.session_id, reply_to_, std::as_bytes(std::span(body)),
               std::span(headers).first(correlation ? 2 : 1)) == stomp::Fault::none;
}

StompBroker::StompBroker(StompOptions options, StompHooks hooks)
    : state_(std::make_unique<State>(*this, std::move(options), std::move(hooks))) {
    check(state_->options);
}

StompBroker::~StompBroker() = default;

void StompBroker::app(std::string_view pattern, Function<void(StompRequest&)> handler) {
    PathPattern compiled{std::string(pattern)};
    if (compiled.fault() != PatternFault::none) {
        throw std::invalid_argument("StompBroker::app(\"" + std::string(pattern) +
                                    "\"): " + std::string(describe(compiled.fault())));
    }
    if (!pattern.starts_with("/app/")) {
        throw std::invalid_argument("StompBroker::app(\"" + std::string(pattern) +
                                    "\"): it does not begin with /app/");
    }
    if (!state_->lock().loops().empty()) {
        throw std::logic_error("StompBroker::app(\"" + std::string(pattern) +
                               "\"): it comes before the first server listens");
    }
    if (!handler) {
        throw_empty_callable(("StompBroker::app(\"" + std::string(pattern) + "\")").c_str());
    }
    state_->applications.push_back({.pattern = std::move(compiled), .handler = std::move(handler)});
}

void StompBroker::carry_topics(stomp::TopicCarrier& node, Function<void(Server&)> give) {
    state_->carry_topics(node, std::move(give));
}

void StompBroker::attach(Server& server, std::string_view pattern, RouteOptions options) {
    state_->begin_on(server);
    server.ws<StompOnConnection>(pattern, stomp_handlers(*state_),
                                 stomp_route_options(*state_, std::move(options)));
}

Error StompBroker::listen(Server& server, ListenOptions options) {
    if (options.proxy_protocol) {
        return {std::make_error_code(std::errc::invalid_argument),
                "ListenOptions::proxy_protocol: STOMP over TCP knows no PROXY header"};
    }
    options.protocol = std::make_shared<StompOverTcp>(*state_);
    state_->begin_on(server);
    return server.listen(options);
}

stomp::Fault StompBroker::send(std::string_view destination, std::span<const std::byte> body,
                               std::span<const stomp::Header> headers) {
    return state_->send({}, destination, body, headers);
}

bool StompBroker::end_session(std::string_view session_id, std::string_view reason) {
    StompLocked locked = state_->lock();
    const auto found = locked.sessions().find(session_id);
    if (found == locked.sessions().end()) return false;
    found->second->end(locked, stomp::Fault::closed_by_server, reason);
    return true;
}

void StompBroker::end_all() {
    StompLocked locked = state_->lock();
    locked.begin_ending();
    for (const auto& [id, session] : locked.sessions()) {
        session->end(locked, stomp::Fault::server_shutting_down, {});
    }
}

void StompBroker::authorise_again() {
    if (!state_->hooks.authorise) return;
    const StompLocked locked = state_->lock();
    for (const auto& loop : locked.loops()) loop->authorise_again_soon();
}

StompStats StompBroker::stats() const {
    const StompLocked locked = state_->lock();
    const stomp::Broker& broker = locked.broker();
    return {.sessions = locked.sessions().size(),
            .destinations = broker.queue_count() + broker.topics().count(),
            .memory = broker.accounts().total(stomp::Common::memory),
            .counters = broker.counters()};
}

std::vector<StompDestination> StompBroker::destinations() const {
    constexpr std::size_t at_once = 256;
    std::vector<StompDestination> all;
    for (;;) {
        const std::string after = all.empty() ? "" : all.back().name;
        std::vector<StompDestination> some = destinations(after, at_once);
        const bool is_end = some.size() < at_once;
        std::move(some.begin(), some.end(), std::back_inserter(all));
        if (is_end) return all;
    }
}

std::vector<StompDestination> StompBroker::destinations(std::string_view after,
                                                        std::size_t count_max) const {
    std::vector<StompDestination> some;
    std::size_t queue_count = 0;
    const auto is_full = [&] { return some.size() >= count_max; };
    if (is_full()) return some;
    {
        const StompLocked locked = state_->lock();
        locked.broker().visit_queues_after(after, [&](const stomp::Queue& queue) {
            some.push_back({.name = queue.name(),
                            .is_queue = true,
                            .consumers = queue.consumer_count(),
                            .waiting = queue.waiting_count(),
                            .unacknowledged = queue.count() - queue.waiting_count(),
                            .received_total = queue.pushed_total,
                            .consumed_total = queue.consumed_total});
            return !is_full();
        });
        queue_count = some.size();
        locked.broker().topics().visit_after(
            after, [&](std::string_view name, const stomp::Topic& topic) {
                some.push_back({.name = std::string(name),
                                .consumers = topic.subscribers.size(),
                                .received_total = topic.sent_total,
                                .consumed_total = topic.copied_total});
                return some.size() < queue_count + count_max;
            });
    }
    const auto middle = some.begin() + static_cast<std::ptrdiff_t>(queue_count);
    std::inplace_merge(
        some.begin(), middle, some.end(),
        [](const StompDestination& a, const StompDestination& b) { return a.name < b.name; });
    if (some.size() > count_max) some.resize(count_max);
    return some;
}

}  // namespace edgews
