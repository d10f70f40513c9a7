// A gateway that takes orders over WebSocket: "buy ID QUANTITY" is answered "filled ID".
//
// The rule that must hold, whatever the network does: an order is filled once. A client that has
// lost its connection cannot know whether its order came through, and sends it again; it gets the
// answer of the first time. examples/order_histories.cpp has thousands of networks try to break it.
#pragma once

#include <edgews/edgews.hpp>

#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace examples {

class OrderGateway {
  public:
    // False: it forgets what it has filled, as a gateway would that knows no better.
    explicit OrderGateway(bool remembers = true) : remembers_(remembers) {}

    void add_routes(edgews::Server& server) {
        server.ws("/orders", {.message = [this](edgews::Connection& client, edgews::Message order) {
                      client.send(answer(order.text()));
                  }});
    }

    // How often each order was filled. Any thread.
    [[nodiscard]] std::map<std::string, unsigned> filled() const {
        const std::lock_guard lock(mutex_);
        return filled_;
    }

  private:
    std::string answer(std::string_view order) {
        constexpr std::string_view verb = "buy ";
        if (!order.starts_with(verb)) return "what is \"" + std::string(order) + "\"?";
        order.remove_prefix(verb.size());
        const std::string id(order.substr(0, order.find(' ')));
        const std::lock_guard lock(mutex_);
        unsigned& count = filled_[id];
        if (count == 0 || !remembers_) ++count;
        return "filled " + id;
    }

    const bool remembers_;
    mutable std::mutex mutex_;  // Guards what follows: clients are on all loops.
    std::map<std::string, unsigned> filled_;
};

}  // namespace examples
