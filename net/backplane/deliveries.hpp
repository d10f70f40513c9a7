// Messages on their way from the node's loop to the subscribers on all loops: on its own at once,
// to the others a turn's together.
#pragma once

#include <edgews/prepared_message.hpp>
#include "net/backplane/inbox.hpp"
#include "net/loop/registered.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace edgews {

class Topics;

class Deliveries final : public Writer {
  public:
    // Those of all loops; the first is of the node's own. They are borrowed.
    void begin(std::vector<Topics*> topics) noexcept { topics_ = std::move(topics); }

    // Requires: in a turn of the node's loop.
    void add(std::string_view topic, const PreparedMessage& message, const Excepted& except);
    // What was added goes in front of all that others post from now on.
    void flush();
    void on_turn_end() override { flush(); }

  private:
    struct Item {
        std::size_t topic_size;
        PreparedMessage message;
        Excepted except;
    };
    struct Batch {
        std::vector<Item> items{};
        std::string topics{};
    };
    static void deliver(Topics& topics, std::string_view topic, const PreparedMessage& message,
                        const Excepted& except);
    static void deliver(Topics& topics, const Batch& batch);

    std::vector<Topics*> topics_;
    std::shared_ptr<Batch> batch_;  // Null: nothing was added.
};

}  // namespace edgews
