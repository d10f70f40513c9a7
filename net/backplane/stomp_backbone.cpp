#include "net/backplane/stomp_backbone.hpp"

#include "core/backplane/channel_name.hpp"
#include "core/backplane/envelope.hpp"
#include "core/stomp/broker_url.hpp"

#include <stdexcept>

namespace edgews {

namespace {

// Bytes of a frame beside a message's payload, with much to spare.
constexpr std::size_t frame_head_size = 64 * 1024;

stomp::ClientOptions client_options(const BackplaneOptions& options) {
    return {.brokers = options.upstreams,
            .heart_beat = {.can_send_ms = options.heartbeat_ms, .wants_ms = options.heartbeat_ms},
            .frame = {.body_size_max =
                          options.message_size_max + frame_head_size + backplane::topic_size_max},
            .backlog_size_max = options.backlog_size_max,
            .connection = options.connection,
            .reconnect = options.reconnect};
}

}  // namespace

void StompBackbone::check(const BackplaneOptions& options) {
    for (const std::string& text : options.upstreams) {
        const stomp::BrokerUrl url = stomp::parse_broker_url(text);
        if (url.fault != stomp::BrokerUrlFault::none) {
            throw std::invalid_argument("BackplaneOptions::upstreams: " +
                                        std::string(describe(url.fault)));
        }
        if (url.carrier == stomp::BrokerUrl::Carrier::tls && !options.connection.tls) {
            throw std::invalid_argument("BackplaneOptions::connection.tls is not set, and " +
                                        url.name + " needs it");
        }
    }
}

StompBackbone::StompBackbone(Loop& loop, const BackplaneOptions& options, Owner& owner)
    : owner_(owner),
      prefix_("/topic/" + options.application),
      client_(loop, client_options(options),
              {.connected = [this](stomp::Client&) { owner_.backbone_is_back(); },
               .drain = [this](stomp::Client&) { owner_.backbone_drained(); },
               .error =
                   [this](stomp::Client&, const ClientError& error) {
                       owner_.backbone_is_away(error.error.message);
                   },
               .disconnected =
                   [this](stomp::Client&, const stomp::Disconnected&) {
                       owner_.backbone_is_away("the connection has ended");
                   }}) {}

std::string StompBackbone::channel_of(std::string_view topic) const {
    std::string channel = prefix_ + ".t.";
    backplane::append_channel(channel, topic);
    return channel;
}

std::string StompBackbone::control_channel() const {
    return prefix_ + ".nodes";
}

bool StompBackbone::says_whole(std::string_view topic) const noexcept {
    return backplane::is_said_whole(topic);
}

ChannelNumber StompBackbone::subscribe(std::string_view channel) {
    return client_.subscribe(
        channel,
        [this](stomp::Client&, const stomp::Message& message) {
            owner_.backbone_received(message.subscription(), message.body());
        },
        {.confirmed = [this](stomp::Client&, stomp::SubscriptionNumber number, bool is_confirmed) {
            if (is_confirmed) return owner_.backbone_confirmed(number);
            owner_.backbone_refused(number);
        }});
}

void StompBackbone::unsubscribe(ChannelNumber channel) {
    client_.unsubscribe(channel);
}

Backbone::Sent StompBackbone::send(std::string_view channel, std::string_view bytes) {
    switch (client_.send(channel, std::as_bytes(std::span(bytes)))) {
        case SendResult::sent:
        case SendResult::queued: return Sent::yes;
        case SendResult::dropped: return Sent::full;
        case SendResult::closed:
        case SendResult::invalid: break;
    }
    return Sent::away;
}

}  // namespace edgews
