// The topics that a node hears at its upstream, and why.
#pragma once

#include <edgews/function.hpp>
#include "core/backplane/follower.hpp"
#include "core/backplane/history.hpp"
#include "core/backplane/publishers.hpp"
#include "core/base/string_hash.hpp"
#include "net/backplane/backbone.hpp"
#include "net/backplane/inbox.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace edgews {

struct Channel {
    HashedName topic{};
    ChannelNumber number = 0;
    bool is_said_whole = true;   // The topic, by the channel's name.
    std::size_t loop_count = 0;  // Those that have a subscriber.
    // Milliseconds of the loop's clock until which it is heard without any. 0: it has some.
    std::uint64_t lingers_until_ms = 0;
    bool is_confirmed = false;  // On this connection.
    bool was_confirmed = false;
    bool was_blind = false;  // Somebody subscribed while the upstream was away.
    backplane::Publishers publishers{};
    // The node keeps its history, or it follows that which the upstream keeps, or it has none.
    std::optional<backplane::History> history{};
    std::optional<backplane::Follower> follower{};
    bool is_confirmed_when_filled = false;  // The upstream has confirmed, and is read still.
    bool has_lost_place = false;            // Subscribers who count do not know where they are.
    std::vector<Function<void(bool)>> waiting{};  // For the confirmation,
    std::uint64_t waiting_until_ms = 0;           // until then.

    // How far the node's own messages were when it began to hear the topic. Nobody here was
    // subscribed then, and where they come back they are nobody's.
    std::uint32_t run_before = 0;
    std::uint64_t sequence_before = 0;

    // Where there is one order for all: those that do not get their own messages, which are still
    // to come back.
    struct Own {
        std::uint32_t run;
        std::uint64_t sequence;
        Excepted except;
    };
    std::deque<Own> own{};
};

class Channels {
  public:
    // Null: there is none.
    [[nodiscard]] Channel* find(const HashedView& topic) const noexcept;
    [[nodiscard]] Channel* find(ChannelNumber number) const noexcept;
    Channel& add(const HashedView& topic, ChannelNumber number);
    void remove(const Channel& channel) noexcept;
    [[nodiscard]] std::size_t count() const noexcept { return by_number_.size(); }
    template <class Visit>
    void for_each(Visit visit) const {
        for (const auto& [number, channel] : by_number_) visit(*channel);
    }

    // Nobody is interested any more.
    void linger(Channel& channel, std::uint64_t until_ms);
    // When the next one is to go. 0: none is.
    [[nodiscard]] std::uint64_t next_end_ms() const noexcept;
    // One that has lingered long enough, in which nobody is interested again. Null: there is none.
    [[nodiscard]] Channel* take_ended(std::uint64_t now_ms) noexcept;

  private:
    struct End {
        ChannelNumber number;
        std::uint64_t until_ms;

        bool operator>(const End& other) const noexcept { return until_ms > other.until_ms; }
    };
    [[nodiscard]] Channel* lingering(const End& end) const noexcept;

    std::unordered_map<ChannelNumber, std::unique_ptr<Channel>> by_number_;
    NameViewTable<Channel*> by_topic_;
    // A heap, the next in front.
    std::vector<End> ends_;
};

}  // namespace edgews
