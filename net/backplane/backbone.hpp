// A node's connection to where all nodes meet, whatever is spoken there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace edgews {

// Names a subscription to a channel. They are not used twice.
using ChannelNumber = std::uint64_t;

// It connects again by itself, and makes its subscriptions again.
class Backbone {
  public:
    // Who is told, on the loop. It must not destroy the upstream from in here.
    class Owner {
      public:
        // Connected: the subscriptions are on their way, in front of what is sent from here on.
        virtual void backbone_is_back() = 0;
        // Not any more, or still not.
        virtual void backbone_is_away(std::string_view reason) = 0;
        // What is sent from now on is not missed. It comes again after each reconnection.
        virtual void backbone_confirmed(ChannelNumber channel) = 0;
        virtual void backbone_refused(ChannelNumber channel) = 0;
        virtual void backbone_received(ChannelNumber channel, std::span<const std::byte> bytes) = 0;
        // After send() returned `full`, there is room again.
        virtual void backbone_drained() = 0;

      protected:
        ~Owner() = default;
    };

    Backbone() = default;
    Backbone(const Backbone&) = delete;
    Backbone& operator=(const Backbone&) = delete;
    virtual ~Backbone() = default;

    // What the topic's channel is called. Valid for all nodes, and for send().
    [[nodiscard]] virtual std::string channel_of(std::string_view topic) const = 0;
    // That of what nodes say to each other.
    [[nodiscard]] virtual std::string control_channel() const = 0;
    // Whether the channel's name says the topic's whole.
    [[nodiscard]] virtual bool says_whole(std::string_view topic) const noexcept = 0;

    [[nodiscard]] virtual ChannelNumber subscribe(std::string_view channel) = 0;
    virtual void unsubscribe(ChannelNumber channel) = 0;
    enum class Sent : std::uint8_t { yes, full, away };
    [[nodiscard]] virtual Sent send(std::string_view channel, std::string_view bytes) = 0;

    // Its address, without login and passcode.
    [[nodiscard]] virtual std::string_view address() const noexcept = 0;
};

}  // namespace edgews
