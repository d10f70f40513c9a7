// An upstream that speaks STOMP: this library's broker, RabbitMQ, ActiveMQ. A channel is a topic
// there, whose name none of them looks into (core/backplane/channel_name.hpp).
#pragma once

#include <edgews/backplane.hpp>
#include <edgews/loop.hpp>
#include <edgews/stomp_client.hpp>
#include "net/backplane/backbone.hpp"

#include <string>
#include <string_view>

namespace edgews {

class StompBackbone final : public Backbone {
  public:
    // Throws std::invalid_argument for an option that it cannot use.
    static void check(const BackplaneOptions& options);

    // Begins to connect. All are borrowed. Requires: check() was content.
    StompBackbone(Loop& loop, const BackplaneOptions& options, Owner& owner);

    [[nodiscard]] std::string channel_of(std::string_view topic) const override;
    [[nodiscard]] std::string control_channel() const override;
    [[nodiscard]] bool says_whole(std::string_view topic) const noexcept override;
    [[nodiscard]] ChannelNumber subscribe(std::string_view channel) override;
    void unsubscribe(ChannelNumber channel) override;
    [[nodiscard]] Sent send(std::string_view channel, std::string_view bytes) override;
    [[nodiscard]] std::string_view address() const noexcept override { return client_.broker(); }

  private:
    Owner& owner_;
    const std::string prefix_;
    stomp::Client client_;
};

}  // namespace edgews
