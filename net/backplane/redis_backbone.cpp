#include "net/backplane/redis_backbone.hpp"

#include "core/backplane/envelope.hpp"
#include "core/redis/command_error.hpp"
#include "core/redis/topic_history.hpp"
#include "net/client/back_off.hpp"
#include "net/client/tcp_carrier.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace edgews {

namespace {

// Bytes of a reply beside a message's payload, with much to spare.
constexpr std::size_t reply_head_size = 64 * 1024;
// Bytes of a message in a reply beside its own: "$1234567\r\n", and its end.
constexpr std::size_t message_head_size = 24;
// There is room again when so much of the limit is left.
constexpr std::size_t drain_part = 4;
// Milliseconds for which a topic's place is kept behind its messages: a day.
constexpr std::uint64_t place_ttl_ms = 86'400'000;
// A server that was not heard for so many heart-beats is lost.
constexpr std::uint64_t silent_beat_count = 2;

std::string address_of(const redis::Url& url) {
    if (!url.socket_path.empty()) return "redis+unix://" + url.socket_path;
    const bool is_ipv6 = url.host.find(':') != std::string::npos;
    const std::string host = is_ipv6 ? "[" + url.host + "]" : url.host;
    return (url.is_secure ? "rediss://" : "redis://") + host + ":" + std::to_string(url.port);
}

void refuse(const std::string& what) {
    throw std::invalid_argument("BackplaneOptions::" + what);
}

// A history is read in one reply.
redis::ReplyLimits limits_of(const BackplaneOptions& options) {
    redis::ReplyLimits limits;
    const auto cut = [](std::size_t number) {
        return static_cast<std::uint32_t>(std::min<std::size_t>(UINT32_MAX, number));
    };
    std::size_t size = options.message_size_max;
    for (const TopicHistory& history : options.histories) {
        const std::size_t count_max = std::min<std::size_t>(UINT32_MAX, history.message_count_max);
        const std::size_t size_max = std::min<std::size_t>(UINT32_MAX, history.size_max);
        size = std::max(size, size_max + count_max * message_head_size);
        limits.element_count_max = std::max(limits.element_count_max, cut(count_max + 16));
    }
    limits.size_max = cut(size + reply_head_size + 2 * backplane::topic_size_max);
    return limits;
}

}  // namespace

bool RedisBackbone::speaks(std::string_view url) noexcept {
    return url.starts_with("redis") || url.starts_with("unix:");
}

void RedisBackbone::check(const BackplaneOptions& options) {
    for (const std::string& text : options.upstreams) {
        const redis::Url url = redis::parse_url(text);
        if (url.fault != redis::UrlFault::none) {
            refuse("upstreams: " + std::string(describe(url.fault)));
        }
        if (url.is_secure && !options.connection.tls) {
            refuse("connection.tls is not set, and " + address_of(url) + " needs it");
        }
    }
}

RedisBackbone::RedisBackbone(Reactor& reactor, const BackplaneOptions& options,
                             Backbone::Owner& owner)
    : reactor_(reactor),
      options_(options),
      owner_(owner),
      scope_(options.is_sharded ? redis::Scope::shard : redis::Scope::cluster),
      prefix_("{" + options.application + "}"),
      limits_(limits_of(options)),
      connection_options_(options.connection),
      try_alarm_(reactor),
      beat_alarm_(reactor) {
    for (const std::string& text : options.upstreams) urls_.push_back(redis::parse_url(text));
    for (const TopicHistory& history : options.histories) {
        words_.push_back({.ttl = std::to_string(history.ttl_ms),
                          .place_ttl = std::to_string(history.ttl_ms + place_ttl_ms),
                          .count_max = std::to_string(history.message_count_max),
                          .size_max = std::to_string(history.size_max)});
    }
    url_ = random_.next() % urls_.size();
    begin();
}

std::string RedisBackbone::channel_of(std::string_view topic) const {
    return (prefix_ + ":t:").append(topic);
}

std::string RedisBackbone::control_channel() const {
    return prefix_ + ":nodes";
}

// ---- One connection ----------------------------------------------------------------------------

void RedisBackbone::begin() {
    target_ = moved_ ? *std::exchange(moved_, std::nullopt) : urls_[url_];
    const redis::Url& url = target_;
    address_ = address_of(url);
    enter(Phase::opening);
    ++connection_;
    ready_ms_ = 0;
    was_full_ = false;
    session_.emplace(limits_, reactor_.pool());
    connection_options_.unix_path =
        url.socket_path.empty() ? options_.connection.unix_path : url.socket_path;
    Carrier::Owner& owner = *this;
    carrier_ = std::make_unique<TcpCarrier>(
        reactor_, TcpCarrier::Target{.host = url.host, .port = url.port, .has_tls = url.is_secure},
        connection_options_, owner);
}

void RedisBackbone::carrier_opened() {
    enter(Phase::logging_in);
    const redis::Url& url = target_;
    session_->begin({.user = url.user, .password = url.password, .database = url.database});
    push();
    if (const std::uint32_t limit_ms = connection_options_.handshake_timeout_ms; limit_ms > 0) {
        try_alarm_.set(limit_ms, [this] { lose("no answer to HELLO in time"); });
    }
}

void RedisBackbone::carrier_received(std::span<const std::byte> bytes) {
    heard_ms_ = reactor_.listened_ms();
    const std::uint64_t connection = connection_;
    while (connection == connection_ && carrier_) {
        const redis::Event event = session_->next(bytes);
        if (!session_->output().empty()) push();  // To log in takes several steps.
        if (!event) return;
        take(event);
    }
}

void RedisBackbone::carrier_drained() {
    if (!was_full_ || carrier_->unsent_size() > options_.backlog_size_max / drain_part) return;
    was_full_ = false;
    owner_.backbone_drained();
}

void RedisBackbone::carrier_lost(ClientError error) {
    lose(error.error.message);
}

void RedisBackbone::lose(std::string_view reason) {
    const std::string why = address_ + ": " + std::string(reason);
    carrier_.reset();
    asked_.clear();
    waiting_readings_.clear();
    readings_.clear();
    readings_size_max_ = 0;
    beat_alarm_.cancel();
    enter(Phase::waiting);
    const ReconnectOptions& limits = options_.reconnect;
    const bool was_stable = ready_ms_ != 0 && reactor_.now_ms() - ready_ms_ >= limits.stable_ms;
    failure_count_ = was_stable ? 1 : failure_count_ + 1;
    if (!moved_) url_ = (url_ + 1) % urls_.size();
    try_alarm_.set(back_off_ms(limits, failure_count_, random_.next()), [this] { begin(); });
    owner_.backbone_is_away(why);
}

void RedisBackbone::begin_ready() {
    enter(Phase::ready);
    ready_ms_ = reactor_.now_ms();
    heard_ms_ = reactor_.listened_ms();
    try_alarm_.cancel();
    beat_alarm_.set(options_.heartbeat_ms, [this] { check_heard(); });
    for (const auto& [number, name] : names_) subscribe_now(number, name);
    push();
    if (!session_->may_publish_here()) return lose("it does not speak RESP3: it is older than 6.0");
    owner_.backbone_is_back();
}

void RedisBackbone::check_heard() {
    const std::uint64_t silence_ms = reactor_.listened_ms() - heard_ms_;
    if (silence_ms >= silent_beat_count * options_.heartbeat_ms) {
        return lose("the server is silent");
    }
    session_->ping();
    push();
    beat_alarm_.set(options_.heartbeat_ms, [this] { check_heard(); });
}

// ---- What it says ------------------------------------------------------------------------------

void RedisBackbone::take(const redis::Event& event) {
    using Kind = redis::Event::Kind;
    switch (event.kind) {
        case Kind::none:
        case Kind::pong: return;
        case Kind::ready: return options_.histories.empty() ? begin_ready() : prepare();
        case Kind::refused: return lose(event.value.text());
        case Kind::message: return take_message(event);
        case Kind::subscribed: {
            const auto found = asked_.find(event.number);
            if (found == asked_.end()) return;
            const ChannelNumber number = found->second;
            asked_.erase(found);
            if (names_.contains(number)) owner_.backbone_confirmed(number);
            return;
        }
        case Kind::unsubscribed:
            if (event.number == 0) lose("the channels' slot has moved");
            return;
        case Kind::reply: return take_reply(event);
        case Kind::fault: return lose(describe(event.fault));
    }
}

void RedisBackbone::take_message(const redis::Event& event) {
    const auto found = by_name_.find(HashedView(event.channel));
    if (found == by_name_.end()) return;
    if (const auto placed = redis::parse_placed_message(event.payload)) {
        return owner_.backbone_received(found->second,
                                        {.epoch = placed->epoch, .offset = placed->offset},
                                        std::as_bytes(std::span(placed->message)));
    }
    owner_.backbone_received(found->second, std::as_bytes(std::span(event.payload)));
}

// Of PUBLISH none but an error says anything.
void RedisBackbone::take_reply(const redis::Event& event) {
    if (event.error != redis::CommandError::none) return take_error(event);
    if (phase_ == Phase::preparing) return take_preparation(event);
    static_cast<void>(take_reading(event.number, &event.value));
}

void RedisBackbone::take_error(const redis::Event& event) {
    switch (event.error) {
        case redis::CommandError::none: return;
        case redis::CommandError::slot_moved:
        case redis::CommandError::slot_migrating: return follow(event.value.text());
        case redis::CommandError::not_permitted:
        case redis::CommandError::out_of_memory:
        case redis::CommandError::busy:
        case redis::CommandError::other: break;
        default: return lose(event.value.text());  // It is of no use, and another may be.
    }
    if (phase_ == Phase::preparing) return lose(event.value.text());
    if (take_reading(event.number, nullptr)) return;
    const auto found = asked_.find(event.number);
    if (found == asked_.end()) return owner_.backbone_dropped();
    const ChannelNumber number = found->second;
    asked_.erase(found);
    owner_.backbone_refused(number);
}

// The node that says so may leave its own name out.
void RedisBackbone::follow(std::string_view text) {
    const std::string why(text);
    if (const auto redirection = redis::redirection_of(text)) {
        redis::Url url = target_;
        if (!redirection->host.empty()) url.host = redirection->host;
        url.port = redirection->port;
        url.socket_path.clear();
        moved_ = std::move(url);
    }
    lose(why);
}

// ---- What is said ------------------------------------------------------------------------------

void RedisBackbone::push() {
    carrier_->send(session_->output());
    session_->output().clear();
}

void RedisBackbone::subscribe_now(ChannelNumber number, std::string_view channel) {
    asked_.emplace(session_->subscribe(std::span(&channel, 1), scope_), number);
}

ChannelNumber RedisBackbone::subscribe(std::string_view channel) {
    const ChannelNumber number = ++last_channel_;
    names_.emplace(number, channel);
    by_name_[HashedName(HashedView(channel))] = number;
    if (phase_ == Phase::ready) {
        subscribe_now(number, channel);
        push();
    }
    return number;
}

void RedisBackbone::unsubscribe(ChannelNumber channel) {
    const auto found = names_.find(channel);
    if (found == names_.end()) return;
    const std::string name = std::move(found->second);
    names_.erase(found);
    by_name_.erase(HashedName(HashedView(name)));
    if (phase_ != Phase::ready) return;
    const std::string_view view = name;
    session_->unsubscribe(std::span(&view, 1), scope_);
    push();
}

// Then it is drained later.
bool RedisBackbone::is_full_for(std::size_t size) {
    const std::size_t waiting = carrier_->unsent_size();
    const bool is_full = waiting > 0 && waiting + size > options_.backlog_size_max;
    if (is_full) was_full_ = true;
    return is_full;
}

Backbone::Sent RedisBackbone::send(std::string_view channel, std::string_view bytes) {
    if (phase_ != Phase::ready) return Sent::away;
    if (is_full_for(bytes.size())) return Sent::full;
    session_->publish(channel, bytes, scope_);
    push();
    return Sent::yes;
}

}  // namespace edgews
