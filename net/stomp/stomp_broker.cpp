#include <edgews/net/stomp/stomp_broker.hpp>

#include <edgews/net/server.hpp>
#include <edgews/net/stomp/state.hpp>
#include <edgews/net/stomp/stomp_loop.hpp>
#include <edgews/net/stomp/tcp_session.hpp>
#include <edgews/net/stomp/websocket_session.hpp>

#include <algorithm>
#include <array>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace edgews {

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
    return broker_.send(reply_to_, body, std::span(headers).first(correlation ? 2 : 1)) ==
           stomp::Fault::none;
}

StompBroker::StompBroker(StompOptions options, StompHooks hooks)
    : state_(std::make_unique<State>(*this, std::move(options), std::move(hooks))) {}

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
    if (const std::lock_guard lock(state_->mutex); !state_->loops.empty()) {
        throw std::logic_error("StompBroker::app(\"" + std::string(pattern) +
                               "\"): it comes before the first server listens");
    }
    if (!handler) {
        throw_empty_callable(("StompBroker::app(\"" + std::string(pattern) + "\")").c_str());
    }
    state_->applications.push_back({.pattern = std::move(compiled), .handler = std::move(handler)});
}

void StompBroker::attach(Server& server, std::string_view pattern, RouteOptions options) {
    server.ws<StompOnConnection>(pattern, stomp_handlers(*state_),
                                 stomp_route_options(*state_, std::move(options)));
}

Error StompBroker::listen(Server& server, ListenOptions options) {
    if (options.proxy_protocol) {
        return {std::make_error_code(std::errc::invalid_argument),
                "ListenOptions::proxy_protocol: STOMP over TCP knows no PROXY header"};
    }
    options.protocol = std::make_shared<StompOverTcp>(*state_);
    return server.listen(options);
}

stomp::Fault StompBroker::send(std::string_view destination, std::span<const std::byte> body,
                               std::span<const stomp::Header> headers) {
    if (const auto fault = stomp::check_send(destination); fault != stomp::Fault::none) {
        return fault;
    }
    const auto kind = stomp::kind_of(destination);
    if (kind == stomp::DestinationKind::application) return stomp::Fault::destination_not_for_send;
    const std::string_view rest = stomp::parse_user_destination(destination).rest;
    const std::string shown = rest.empty() ? std::string(destination) : "/user" + std::string(rest);
    std::string key;
    stomp::Broker::assign_sending_key(key, destination);

    const std::lock_guard lock(state_->mutex);
    const stomp::Content content =
        state_->contents.make({.destination = shown, .headers = headers, .body = body});
    const stomp::Broker::Sent sent = state_->broker.send(key, content, nullptr);
    state_->hand_out();
    return stomp::fault_of(sent);
}

bool StompBroker::end_session(std::string_view session_id, std::string_view reason) {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->sessions.find(session_id);
    if (found == state_->sessions.end()) return false;
    found->second->end(stomp::Fault::closed_by_server, reason);
    return true;
}

void StompBroker::end_all() {
    const std::lock_guard lock(state_->mutex);
    state_->is_ending = true;
    for (const auto& [id, session] : state_->sessions) {
        session->end(stomp::Fault::server_shutting_down, {});
    }
}

void StompBroker::authorise_again() {
    if (!state_->hooks.authorise) return;
    const std::lock_guard lock(state_->mutex);
    for (const auto& loop : state_->loops) loop->authorise_again_soon();
}

StompStats StompBroker::stats() const {
    const std::lock_guard lock(state_->mutex);
    return {.sessions = state_->sessions.size(), .counters = state_->broker.counters()};
}

std::vector<StompDestination> StompBroker::destinations() const {
    std::vector<StompDestination> all;
    {
        const std::lock_guard lock(state_->mutex);
        state_->broker.visit_queues([&](const stomp::Queue& queue) {
            all.push_back({.name = queue.name(),
                           .is_queue = true,
                           .consumers = queue.consumer_count(),
                           .waiting = queue.waiting_count(),
                           .unacknowledged = queue.count() - queue.waiting_count(),
                           .received_total = queue.pushed_total,
                           .consumed_total = queue.consumed_total});
        });
        state_->broker.topics().visit([&](std::string_view name, const stomp::Topic& topic) {
            all.push_back({.name = std::string(name),
                           .consumers = topic.subscribers.size(),
                           .received_total = topic.sent_total,
                           .consumed_total = topic.copied_total});
        });
    }
    std::sort(all.begin(), all.end(),
              [](const StompDestination& a, const StompDestination& b) { return a.name < b.name; });
    return all;
}

}  // namespace edgews
