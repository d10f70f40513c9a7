#include "net/backplane/deliveries.hpp"

#include "net/connection/topics.hpp"
#include "net/connection/websocket_connection.hpp"
#include "net/loop/reactor.hpp"
#include "net/loop/slots.hpp"

namespace edgews {

namespace {

constexpr std::size_t batch_count_max = 256;

}  // namespace

void Deliveries::deliver(Topics& topics, std::string_view topic, const PreparedMessage& message,
                         const Excepted& except) {
    const WebSocketConnection* connection = nullptr;
    if (except.reactor == &topics.reactor()) {
        connection =
            dynamic_cast<WebSocketConnection*>(topics.reactor().slots().find(except.token));
    }
    topics.publish(topic, message, connection);
}

void Deliveries::deliver(Topics& topics, const Batch& batch) {
    std::string_view rest = batch.topics;
    for (const Item& item : batch.items) {
        deliver(topics, rest.substr(0, item.topic_size), item.message, item.except);
        rest.remove_prefix(item.topic_size);
    }
}

void Deliveries::add(std::string_view topic, const PreparedMessage& message,
                     const Excepted& except) {
    deliver(*topics_.front(), topic, message, except);
    if (topics_.size() == 1) return;
    if (batch_ == nullptr) {
        batch_ = std::make_shared<Batch>();
        topics_.front()->reactor().write_first(*this);
    }
    batch_->topics += topic;
    batch_->items.push_back({topic.size(), message, except});
    if (batch_->items.size() == batch_count_max) flush();
}

void Deliveries::flush() {
    const std::shared_ptr<const Batch> batch = std::move(batch_);
    if (batch == nullptr) return;
    for (std::size_t i = 1; i < topics_.size(); ++i) {
        topics_[i]->reactor().post(
            make_job([topics = topics_[i], batch] { deliver(*topics, *batch); }));
    }
}

}  // namespace edgews
