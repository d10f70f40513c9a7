#include "net/stomp/relay_state.hpp"

#include "core/base/ascii.hpp"
#include "core/stomp/upstream_name.hpp"
#include "crypto/sha1.hpp"
#include "net/stomp/broker_state.hpp"
#include "net/stomp/stomp_loop.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>
#include <utility>

namespace edgews {

namespace {

constexpr std::string_view exchange_prefix = "/exchange/";

void refuse(const char* what) {
    throw std::invalid_argument(std::string("StompRelayOptions::") + what);
}

// Where it is the upstream client that keeps SENDs.
StompRelayOptions with_kept(StompRelayOptions options) {
    options.upstream.kept_size_max = options.kept_size_max;
    options.upstream.kept_ms = options.kept_ms;
    return options;
}

bool is_known(std::string_view header) noexcept {
    constexpr std::array names{"id", "destination", "ack", "receipt", "gap", "content-length"};
    return std::ranges::find(names, header) != names.end();
}

bool begins_with_any(std::string_view name, std::span<const std::string_view> beginnings) noexcept {
    return std::ranges::any_of(beginnings,
                               [&](std::string_view one) { return name.starts_with(one); });
}

// An exchange that is not there is an ERROR. Those that an option names are, and so are RabbitMQ's
// own, which nobody can delete.
bool is_there(std::string_view destination, const std::vector<std::string>& prefixes) noexcept {
    constexpr std::array<std::string_view, 5> always{"amq.direct", "amq.fanout", "amq.topic",
                                                     "amq.headers", "amq.match"};
    const std::size_t begin = exchange_prefix.size();
    const std::size_t slash = destination.find('/', begin);
    const std::string_view name = destination.substr(begin, slash - begin);
    if (std::ranges::find(always, name) != always.end()) return true;
    return slash != std::string_view::npos &&
           std::ranges::any_of(prefixes, [&](const std::string& prefix) {
               return prefix.size() > slash && destination.starts_with(prefix);
           });
}

// Which no broker takes for more than a name.
bool is_word(std::string_view name) noexcept {
    return !name.empty() && std::ranges::all_of(name, [](char c) {
        return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
    });
}

// RabbitMQ wants any other well-formed, and may make a queue for it; ActiveMQ wants a name in it.
bool is_plain_reply_to(stomp::UpstreamKind kind, std::string_view reply_to) noexcept {
    constexpr std::size_t prefix_size = std::string_view("/queue/").size();
    const bool has_prefix = reply_to.starts_with("/queue/") || reply_to.starts_with("/topic/");
    const bool may_have = kind == stomp::UpstreamKind::activemq;
    return is_word(has_prefix && may_have ? reply_to.substr(prefix_size) : reply_to);
}

// The upstream broker does more than to pass it on: it reads numbers, compares names, or makes a
// queue by it, which others may have that is not the same.
bool has_a_meaning(stomp::UpstreamKind kind, const stomp::Header& header) noexcept {
    constexpr std::array<std::string_view, 11> of_rabbitmq{
        "CC",      "BCC",     "expiration",  "priority",  "timestamp", "delivery-mode",
        "user-id", "durable", "auto-delete", "exclusive", "x-"};
    constexpr std::array<std::string_view, 8> short_ones{
        "content-type", "content-encoding", "correlation-id", "amqp-message-id",
        "type",         "app-id",           "cluster-id",     "reply-to"};
    constexpr std::array<std::string_view, 7> of_activemq{
        "expires", "priority", "timestamp", "transformation", "JMS", "AMQ_", "activemq."};
    constexpr std::size_t short_size_max = 255;  // Their length is one octet.
    constexpr std::size_t name_size_max = 127;
    const bool is_odd_reply_to =
        header.name == "reply-to" && !is_plain_reply_to(kind, header.value);
    switch (kind) {
        case stomp::UpstreamKind::edgews: return false;
        case stomp::UpstreamKind::rabbitmq:
            return is_odd_reply_to || header.name.size() > name_size_max ||
                   begins_with_any(header.name, of_rabbitmq) ||
                   (header.name == "persistent" && header.value != "true") ||
                   (header.value.size() > short_size_max &&
                    begins_with_any(header.name, short_ones));
        case stomp::UpstreamKind::activemq:
            return is_odd_reply_to || begins_with_any(header.name, of_activemq);
    }
    return true;
}

}  // namespace

StompRelayState::StompRelayState(StompRelayOptions relay_options, StompRelayHooks relay_hooks)
    : options(with_kept(std::move(relay_options))),
      hooks(std::move(relay_hooks)),
      rules{.prefixes = options.prefixes, .takes_users = options.relays_users} {
    if (options.prefetch_count == 0) refuse("prefetch_count must not be 0");
    for (const std::string& prefix : options.prefixes) {
        constexpr std::array<std::string_view, 2> of_all{"/topic/", "/queue/"};
        constexpr std::array<std::string_view, 2> of_rabbitmq{exchange_prefix, "/amq/queue/"};
        const bool is_rabbitmqs = begins_with_any(prefix, of_rabbitmq);
        if (!is_rabbitmqs && !begins_with_any(prefix, of_all)) {
            refuse("prefixes: each begins with /topic/ or /queue/, /exchange/ or /amq/queue/");
        }
        if (is_rabbitmqs && options.kind != stomp::UpstreamKind::rabbitmq) {
            refuse("prefixes: only RabbitMQ has /exchange/ and /amq/queue/");
        }
    }
}

StompLoop* StompRelayState::home_for(StompLocked& locked, std::uint64_t hash) {
    std::vector<StompLoop*> able;
    for (const auto& loop : locked.loops()) {
        if (loop->upstream() != nullptr) able.push_back(loop.get());
    }
    return able.empty() ? nullptr : able[hash % able.size()];
}

// A user's destination is settled here, and what was refused is so again.
bool StompRelayState::may_share(StompLocked&, std::string_view destination, const StompAsker& asker,
                                std::uint64_t now_ms) {
    constexpr std::size_t refused_count_max = 2;
    return destination.starts_with("/user/") || interests.contains(HashedView(destination)) ||
           refused_names.count(asker.user, now_ms) < refused_count_max ||
           refused_names.find(destination, now_ms).has_value();
}

StompRelayState::Awaited StompRelayState::await(StompLocked& locked, std::string_view destination,
                                                const StompAsker& asker, std::uint64_t now_ms) {
    const auto found = interests.find(HashedView(destination));
    if (found != interests.end()) {
        StompInterest& interest = *found->second;
        if (interest.is_confirmed) return {.is_there = true};
        interest.waiting.push_back(asker.session_id);
        return {.has_to_wait = true};
    }
    if (const auto reason = refused_names.find(destination, now_ms)) {
        return {.refusal = std::string(*reason)};
    }
    auto made = std::make_unique<StompInterest>();
    made->destination = HashedName(HashedView(destination));
    made->asked_by = asker.user;
    made->waiting.push_back(asker.session_id);
    made->home = home_for(locked, made->destination.hash());
    if (made->home == nullptr) return {};
    made->home->subscribe_soon(std::string(destination), false);
    const HashedView key = made->destination;
    interests.emplace(key, std::move(made));
    return {.has_to_wait = true};
}

void StompRelayState::leave(StompLocked& locked, const StompLoop& home) {
    for (auto place = interests.begin(); place != interests.end();) {
        StompInterest& interest = *place->second;
        if (interest.home == &home) {
            interest.is_confirmed = false;
            interest.home = home_for(locked, interest.destination.hash());
            if (interest.home == nullptr) {
                place = interests.erase(place);
                continue;
            }
            interest.home->subscribe_soon(std::string(interest.destination), true);
        }
        ++place;
    }
}

// The same on each node, whatever is in the name.
std::optional<std::string_view> upstream_name(stomp::UpstreamKind kind, std::string_view key,
                                              std::string& storage) {
    if (!key.starts_with("/user/")) return stomp::to_upstream(kind, key, storage);
    constexpr std::string_view digits = "0123456789abcdef";
    storage = stomp::RelayRules::user_topic_prefix;
    for (const std::byte byte : sha1(std::as_bytes(std::span(key)))) {
        storage += digits[std::to_integer<std::size_t>(byte >> 4)];
        storage += digits[std::to_integer<std::size_t>(byte & std::byte{15})];
    }
    return storage;
}

bool names_elsewhere(stomp::UpstreamKind kind, const stomp::Frame& frame) noexcept {
    constexpr std::array<std::string_view, 3> names{"x-queue-name", "x-dead-letter-exchange",
                                                    "x-dead-letter-routing-key"};
    return kind == stomp::UpstreamKind::rabbitmq &&
           std::ranges::any_of(names,
                               [&](std::string_view name) { return frame.find(name).has_value(); });
}

bool is_sharable(const stomp::Frame& subscribe) noexcept {
    const std::string_view destination = subscribe.find("destination").value_or("");
    if (destination.starts_with("/user/")) return true;  // It is settled here.
    const bool is_topic = destination.starts_with("/topic/");
    if (!is_topic && !destination.starts_with(exchange_prefix)) return false;
    if (subscribe.find("ack").value_or("auto") != "auto") return false;
    return std::ranges::all_of(subscribe.headers,
                               [](const stomp::Header& header) { return is_known(header.name); });
}

// Smaller than any broker's limits, however it is written.
bool StompRelayState::is_harmless(const stomp::Frame& send) const noexcept {
    const std::string_view destination = send.find("destination").value_or("");
    if (destination.starts_with(exchange_prefix) && !is_there(destination, options.prefixes)) {
        return false;
    }
    constexpr std::size_t header_count_max = 50;
    constexpr std::size_t head_size_max = 4 * 1024;
    std::size_t head_size = 0;
    for (const stomp::Header& header : send.headers) {
        head_size += header.name.size() + header.value.size();
        if (has_a_meaning(options.kind, header)) return false;
    }
    return send.headers.size() <= header_count_max && head_size <= head_size_max;
}

}  // namespace edgews
