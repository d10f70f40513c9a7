// What a node has to do with a broker's topics. Routes may have topics of the same names, so here
// those of the broker have keys of their own: "/topic/news" is "\x01news".
#include "core/stomp/carried_message.hpp"
#include "core/stomp/destination.hpp"
#include "net/backplane/node.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace edgews {

namespace {

constexpr char mark = '\x01';
constexpr std::string_view topic_prefix = "/topic/";

std::string_view write_key(std::string& key, std::string_view topic) {
    key = mark;
    key += topic.substr(topic_prefix.size());
    return key;
}

}  // namespace

using backplane::Envelope;

// ---- Names -------------------------------------------------------------------------------------

bool BackplaneNode::is_of_broker(std::string_view key) noexcept {
    return key.starts_with(mark);
}

std::string_view BackplaneNode::key_of(std::string_view topic) {
    return write_key(key_, topic);
}

std::string_view BackplaneNode::topic_of(std::string_view key) {
    topic_ = topic_prefix;
    topic_ += key.substr(1);
    return topic_;
}

// What nodes say to each other is not: this broker may be where they meet.
bool BackplaneNode::carries(std::string_view topic) const noexcept {
    if (!topic.starts_with(topic_prefix) || !has_prefix(topic)) return false;
    std::string_view rest = topic.substr(topic_prefix.size());
    if (!rest.starts_with(options_.application)) return true;
    rest.remove_prefix(options_.application.size());
    return rest != ".nodes" && !rest.starts_with(".t.");
}

bool BackplaneNode::covers_carried(std::string_view pattern) const noexcept {
    const auto& prefixes = options_.prefixes;
    return pattern.starts_with(topic_prefix) &&
           std::any_of(prefixes.begin(), prefixes.end(), [&](const std::string& prefix) {
               return stomp::may_cover(pattern, prefix);
           });
}

// ---- From the broker ---------------------------------------------------------------------------

void BackplaneNode::receive_topics(stomp::TopicReceiver& receiver) {
    if (receiver_ != nullptr) {
        throw std::logic_error("StompBroker::backplane(): the backplane has a broker already");
    }
    if (home_ != nullptr) {
        throw std::logic_error("StompBroker::backplane() comes before the server listens");
    }
    receiver_ = &receiver;
}

void BackplaneNode::topic_begins(std::string_view topic) {
    (void)inbox_.add({.kind = Inbox::Item::Kind::interest_begins}, key_of(topic), SIZE_MAX);
}

void BackplaneNode::topic_ends(std::string_view topic) {
    (void)inbox_.add({.kind = Inbox::Item::Kind::interest_ends}, key_of(topic), SIZE_MAX);
}

void BackplaneNode::await(std::string_view topic, Function<void(bool)> done) {
    std::string key;
    (void)inbox_.add({.kind = Inbox::Item::Kind::prepare, .done = std::move(done)},
                     write_key(key, topic), SIZE_MAX);
}

stomp::TopicCarrier::Room BackplaneNode::room_for(const Load& load) const {
    if (load.largest > options_.message_size_max) return Room::too_large;
    const bool is_away = answer_.load(std::memory_order_relaxed) == PublishResult::refused;
    const bool has_room = !is_away && inbox_.has_room(load.total, options_.backlog_size_max);
    return has_room ? Room::yes : Room::none;
}

// What was promised has its place, though others may have taken some of it meanwhile.
stomp::TopicCarrier::Taken BackplaneNode::publish(std::string_view topic,
                                                  const stomp::Content& content,
                                                  stomp::Reach reach) {
    const std::string_view key = key_of(topic);
    Room room = Room::yes;
    if (reach == stomp::Reach::here) {
        const std::size_t size = stomp::carried_size(content);
        room = room_for({.total = size, .largest = size});
    }
    if (room == Room::yes) {
        (void)inbox_.add({.content = content}, key, SIZE_MAX);
    } else {
        count(BackplaneCounter::refused);
        (void)inbox_.add({.kind = Inbox::Item::Kind::refuse}, key, SIZE_MAX);
    }
    return {.room = room, .is_here = options_.mode == BackplaneMode::local_first};
}

// ---- To the broker -----------------------------------------------------------------------------

void BackplaneNode::take_brokers(const Channel& channel, const Envelope& envelope) {
    if (receiver_ == nullptr) return;
    const bool is_message = envelope.kind == Envelope::Kind::binary &&
                            receiver_->arrived(topic_of(channel.topic.text()), envelope.payload);
    if (!is_message) return count(BackplaneCounter::malformed);
    if (envelope.node != id_) count(BackplaneCounter::received);
}

}  // namespace edgews
