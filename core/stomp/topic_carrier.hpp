// The interface by which a broker's topics go to other nodes, and by which theirs come here. The
// node of a backplane implements it: net/backplane/node.hpp.
#pragma once

#include <edgews/function.hpp>
#include "core/stomp/content.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace edgews::stomp {

// How far a message to a topic has to go, where other nodes cannot have it.
enum class Reach : std::uint8_t {
    here,        // To those here, and no further.
    everywhere,  // Then it goes to nobody.
};

// The broker, as whoever carries its topics knows it.
class TopicReceiver {
  public:
    // A message of another node's, or one of this node's that has come back. False: these bytes are
    // none (core/stomp/carried_message.hpp).
    [[nodiscard]] virtual bool arrived(std::string_view topic,
                                       std::span<const std::byte> bytes) = 0;
    // Messages to the topic did not come, so many of one node, and will not. 0: perhaps some.
    virtual void missed(std::string_view topic, std::uint64_t count) = 0;

  protected:
    ~TopicReceiver() = default;
};

// All but carries(), covers_carried(), patience_ms() and await() are called by one thread at a
// time: whoever has the broker.
class TopicCarrier {
  public:
    // Once, before any of the others, and before the node begins: otherwise it throws
    // std::logic_error. `receiver` is borrowed, as long as the node lives on its server's loops.
    virtual void receive_topics(TopicReceiver& receiver) = 0;

    // Any thread. Topics of that name go to other nodes.
    [[nodiscard]] virtual bool carries(std::string_view topic) const noexcept = 0;
    // The pattern may cover a topic that does.
    [[nodiscard]] virtual bool covers_carried(std::string_view pattern) const noexcept = 0;

    // A topic that is carried got its first subscriber here, or has lost its last one.
    virtual void topic_begins(std::string_view topic) = 0;
    virtual void topic_ends(std::string_view topic) = 0;
    // Any thread. Calls `done` once, on any thread: when nothing is missed that is sent to the
    // topic from then on, by whomever; or when it is not known in patience_ms whether that is so.
    // Where the node has ended, or never began, it is not called.
    virtual void await(std::string_view topic, Function<void(bool is_heard)> done) = 0;
    [[nodiscard]] virtual std::uint64_t patience_ms() const noexcept = 0;

    // Messages to topics that are carried: bytes as carried_size() has them.
    struct Load {
        std::size_t total = 0;
        std::size_t largest = 0;  // Of one message.
    };
    enum class Room : std::uint8_t {
        yes,        // It is there for the broker's next messages, which are no more than that.
        none,       // The node is away from the others, or too much waits.
        too_large,  // One of them is.
    };
    [[nodiscard]] virtual Room room_for(const Load& load) const = 0;
    struct Taken {
        Room room = Room::yes;  // Otherwise it goes to no other node, and they are told so.
        // The broker delivers it to those here. False: they get it when it comes back.
        bool is_here = true;
    };
    // In the order of the calls. With Reach::everywhere there was room.
    [[nodiscard]] virtual Taken publish(std::string_view topic, const Content& content,
                                        Reach reach) = 0;

  protected:
    ~TopicCarrier() = default;
};

}  // namespace edgews::stomp
