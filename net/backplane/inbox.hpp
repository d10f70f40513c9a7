// What all loops and threads have for a node: messages to publish, and who takes an interest in
// what. It keeps the order of each thread, wakes the node once however much comes, and takes no
// memory but what the largest batch needed.
#pragma once

#include <edgews/backplane.hpp>
#include <edgews/function.hpp>
#include <edgews/loop.hpp>
#include <edgews/prepared_message.hpp>
#include "core/stomp/content.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace edgews {

class Reactor;

// A connection that does not get its own message. It is looked for on its loop.
struct Excepted {
    const Reactor* reactor = nullptr;  // Null: there is none.
    Token token = no_token;
};

// A connection that subscribes at the place where it was.
struct Recovering {
    Reactor* reactor = nullptr;  // Its loop's.
    Token token = no_token;
    TopicPosition from{};
    Function<void(Connection&, const TopicRecovery&)> done{};
};

class Inbox {
  public:
    struct Item {
        enum class Kind : std::uint8_t {
            publish,
            refuse,  // A message that was refused: it counts, and is not sent. With a history, it
                     // is delivered here.
            interest_begins,
            interest_ends,
            prepare,
            recover,
        };
        Kind kind = Kind::publish;
        std::size_t topic_size = 0;
        PreparedMessage message{};
        stomp::Content content{};  // Of a broker's topic, in place of `message`.
        Excepted except{};
        Function<void(bool)> done{};               // Of `prepare`,
        std::unique_ptr<Recovering> recovering{};  // and of `recover`.
    };
    struct Batch {
        std::vector<Item> items{};
        std::string topics{};  // One behind another.
        std::size_t message_size = 0;

        void clear() noexcept;
    };

    // Items wait for it from then on, and are refused no longer. `wake` is called, on any thread,
    // when there is something to take.
    void open(Function<void()> wake);
    // What waits is dropped, and so is all that comes.
    void close() noexcept;

    // Any thread. False: messages wait there of more bytes than that, and it was not taken.
    bool add(Item item, std::string_view topic, std::size_t message_size_max);
    // Any thread. It is open, and would take messages of so many bytes. Those of a broker require
    // that: they do not wait for it to be opened, and perhaps outlive their memory.
    [[nodiscard]] bool has_room(std::size_t message_size, std::size_t message_size_max) const;
    // What has come so far. `batch` must be empty; its memory is used for what comes next.
    void take(Batch& batch) noexcept;

  private:
    enum class State : std::uint8_t { not_open, open, closed };

    mutable std::mutex mutex_;  // Guards what follows.
    Batch batch_;
    Function<void()> wake_;
    State state_ = State::not_open;
};

}  // namespace edgews
