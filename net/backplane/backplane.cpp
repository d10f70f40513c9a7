#include <edgews/backplane.hpp>

#include <edgews/server.hpp>
#include <edgews/stomp_broker.hpp>
#include "net/backplane/node.hpp"

#include <cstring>
#include <utility>

namespace edgews {

const char* metric_name(BackplaneCounter counter) noexcept {
    switch (counter) {
        case BackplaneCounter::is_available: return "edgews_backplane_available";
        case BackplaneCounter::connects: return "edgews_backplane_connects_total";
        case BackplaneCounter::disconnects: return "edgews_backplane_disconnects_total";
        case BackplaneCounter::subscriptions: return "edgews_backplane_subscriptions";
        case BackplaneCounter::unconfirmed: return "edgews_backplane_unconfirmed";
        case BackplaneCounter::published: return "edgews_backplane_published_total";
        case BackplaneCounter::received: return "edgews_backplane_received_total";
        case BackplaneCounter::echoes: return "edgews_backplane_echoes_total";
        case BackplaneCounter::duplicates: return "edgews_backplane_duplicates_total";
        case BackplaneCounter::malformed: return "edgews_backplane_malformed_total";
        case BackplaneCounter::gaps: return "edgews_backplane_gaps_total";
        case BackplaneCounter::missing: return "edgews_backplane_missing_total";
        case BackplaneCounter::waiting: return "edgews_backplane_waiting";
        case BackplaneCounter::unsent: return "edgews_backplane_unsent_total";
        case BackplaneCounter::refused: return "edgews_backplane_refused_total";
        case BackplaneCounter::asks: return "edgews_backplane_asks_total";
        case BackplaneCounter::marks: return "edgews_backplane_marks_total";
    }
    return "";
}

std::string BackplaneStats::prometheus() const {
    std::string text;
    for (std::size_t i = 0; i < backplane_counter_count; ++i) {
        const char* const name = metric_name(static_cast<BackplaneCounter>(i));
        const bool is_total = std::strstr(name, "_total") != nullptr;
        text.append("# TYPE ").append(name).append(is_total ? " counter\n" : " gauge\n");
        text.append(name).append(" ").append(std::to_string(values[i])).append("\n");
    }
    return text;
}

Backplane::Backplane(BackplaneOptions options, BackplaneHooks hooks)
    : node_(std::make_unique<BackplaneNode>(std::move(options), std::move(hooks))) {}

Backplane::~Backplane() = default;

void Backplane::prepare(std::string_view topic, Function<void(bool)> done) {
    require_callable(done, "Backplane::prepare()");
    node_->prepare(topic, std::move(done));
}

void Backplane::subscribe(Connection& connection, std::string_view topic, TopicPosition from,
                          Function<void(Connection&, const TopicRecovery&)> done) {
    require_callable(done, "Backplane::subscribe()");
    node_->subscribe(connection, topic, from, std::move(done));
}

std::string_view Backplane::node() const noexcept {
    return node_->name();
}

BackplaneStats Backplane::stats() const noexcept {
    return node_->stats();
}

void Server::backplane(Backplane& backplane) {
    carry(*backplane.node_);
    backplane.node_->given();
}

void StompBroker::backplane(Backplane& backplane) {
    carry_topics(*backplane.node_, [&backplane](Server& server) {
        if (!backplane.node_->is_given()) server.backplane(backplane);
    });
}

}  // namespace edgews
