// A node's connection to where all nodes meet, whatever is spoken there.
#pragma once

#include <edgews/backplane.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace edgews {

// Names a subscription to a channel. They are not used twice.
using ChannelNumber = std::uint64_t;
// Names a reading of a history, until the connection is lost.
using ReadingNumber = std::uint64_t;

// What a history answers. All of it is valid during the call.
struct HistoryReading {
    // All that is behind the place that was asked about follows. False: what there is of it does.
    bool is_whole = false;
    TopicPosition position{};  // Of the last message.
    std::span<const std::string_view> messages{};
};

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
        // The same, of what was sent by way of a history.
        virtual void backbone_received(ChannelNumber channel, TopicPosition position,
                                       std::span<const std::byte> bytes) = 0;
        // Null: the history cannot be read.
        virtual void backbone_read(ReadingNumber number, const HistoryReading* reading) = 0;
        // Something that was sent is refused, and nobody gets it.
        virtual void backbone_dropped() = 0;
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

    // Of those that keep the histories of topics, by numbers that are the same for all nodes:
    // as send(), by way of the channel's history. It is one of BackplaneOptions::histories.
    [[nodiscard]] virtual Sent send(std::string_view, std::string_view, const TopicHistory&) {
        return Sent::away;
    }
    // Reads what is behind a place. When the answer comes, all that it has has come by the channel,
    // too, if that was subscribed to before, and all else is still to come. With `wants_rest` there
    // are messages even if the answer is not whole. 0: it is away.
    struct Wish {
        TopicPosition from{};
        bool wants_rest = false;
    };
    [[nodiscard]] virtual ReadingNumber read(std::string_view, const TopicHistory&, const Wish&) {
        return 0;
    }

    // Its address, without login and passcode.
    [[nodiscard]] virtual std::string_view address() const noexcept = 0;
};

}  // namespace edgews
