// A broker at which nodes meet, and the ways to it: on some of them somebody breaks connections,
// and it may end in the midst of it, and begin anew.
#pragma once

#include "middleman.hpp"
#include "scenario.hpp"

#include <edgews/edgews.hpp>
#include <edgews/stomp_broker.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace edgews::sim::test {

// Of a hook `authorise`: what the wrong frames of stomp_wrongs.hpp expect. It throws.
[[nodiscard]] bool may_be(const StompClient&, StompAction, const stomp::Destination& destination);

class StompHub {
  public:
    static constexpr std::uint16_t websocket_port = 8'080;
    static constexpr std::uint16_t tcp_port = 61'613;
    // Milliseconds in which who falls mute is found out, and all is made anew; no other time limit
    // of a history's is over by then.
    static constexpr std::uint64_t recovery_ms = 12'000;

    // Begins, on a network that is calm still.
    StompHub(World& world, Record& record);

    // URLs that lead to it, for all nodes.
    [[nodiscard]] const std::vector<std::string>& brokers() const noexcept { return brokers_; }
    [[nodiscard]] const StompBroker& broker() const noexcept { return *broker_; }
    // Connections to it may be lost.
    [[nodiscard]] bool may_break() const noexcept {
        return fate_ != Fate::stays || is_narrow_ || !middlemen_.empty();
    }
    // Who reads slowly is ended.
    [[nodiscard]] bool is_narrow() const noexcept { return is_narrow_; }
    // Somebody in between may fall mute, which heart-beats of a second find out: it is never quiet.
    [[nodiscard]] bool is_watchful() const noexcept { return is_watchful_; }
    // Until nothing happens any more, or as much as may be waited for.
    void await_quiet();
    // The same with faults, which may leave no rest; then they are over, and time goes on until
    // `are_there` says that all connections are.
    void calm_down(const std::function<bool()>& are_there);

    // If this is its fate. True: its queues are gone.
    bool end_and_begin_anew();
    // Nobody is there any more, and nothing of them.
    void shut_down();

  private:
    enum class Fate : std::uint8_t {
        stays,
        comes_again,  // Its server ends and begins anew; its queues stay.
        begins_anew,  // And they are gone with it.
    };
    void make();
    void serve();
    void add_middlemen();

    World& world_;
    Record& record_;
    Fate fate_ = Fate::stays;
    bool is_narrow_ = false;
    bool is_watchful_ = false;
    std::unique_ptr<StompBroker> broker_{};
    std::unique_ptr<Server> server_{};
    std::vector<std::unique_ptr<Middleman>> middlemen_{};
    std::vector<std::string> brokers_{};
};

// Faults, but that descriptors run out for new connections only, and not for what is there already.
// Whether the system may refuse a connection.
bool draw_faults_with_room(World& world);

}  // namespace edgews::sim::test
