// A broker in a simulated world, and a client over TCP that notes what it hears, and when.
#pragma once

#include <edgews/edgews.hpp>
#include <edgews/sim.hpp>
#include <edgews/stomp_broker.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgews::sim::test {

inline constexpr std::array calm{std::byte{0}};

// A client over TCP that keeps what it hears, and notes when.
class StompClientPeer : public Peer {
  public:
    explicit StompClientPeer(World& at) : Peer(at, {}) {}

    // A frame, without its NUL.
    void say(std::string_view frame) { send(std::string(frame) + '\0'); }
    void subscribe(const std::string& destination) {
        say("SUBSCRIBE\nid:" + destination + "\ndestination:" + destination + "\n\n");
    }
    void send_to(const std::string& destination, const std::string& body) {
        say("SEND\ndestination:" + destination + "\n\n" + body);
    }
    [[nodiscard]] bool has_heard(std::string_view text) const {
        return heard_.find(text) != std::string::npos;
    }
    [[nodiscard]] const std::string& heard() const noexcept { return heard_; }
    [[nodiscard]] std::string take_heard() { return std::exchange(heard_, {}); }
    // Milliseconds of the world's clock, of each beat that came alone.
    [[nodiscard]] const std::vector<std::uint64_t>& beats() const noexcept { return beats_; }
    // When the server ended it; 0: it did not.
    [[nodiscard]] std::uint64_t ended_ms() const noexcept { return ended_ms_; }

  protected:
    void on_bytes(std::string_view bytes) override {
        if (bytes == "\n") beats_.push_back(now_ms());
        heard_ += bytes;
    }

  private:
    [[nodiscard]] std::uint64_t now_ms() { return world().now_ns() / 1'000'000; }
    void on_end() override { ended_ms_ = now_ms(); }

    std::string heard_{};
    std::vector<std::uint64_t> beats_{};
    std::uint64_t ended_ms_ = 0;
};

// Its clients, servers and timers are exact to the millisecond: nothing takes time but what waits.
class StompSessionInTime : public testing::Test {
  protected:
    ~StompSessionInTime() override { server_.shutdown(0); }

    void start(StompOptions options, StompHooks hooks = {}) {
        broker_ = std::make_unique<StompBroker>(std::move(options), std::move(hooks));
        ASSERT_FALSE(broker_->listen(server_, {.host = "127.0.0.1"}));
        server_.start();
    }
    void connect(StompClientPeer& peer, const std::string& lines = "") {
        peer.connect(server_.port());
        peer.say("CONNECT\naccept-version:1.2\nhost:x\n" + lines + "\n");
        world_.run_for(1);
        ASSERT_TRUE(peer.has_heard("CONNECTED\n")) << peer.take_heard();
        connected_ms_ = now_ms() - 1;
        (void)peer.take_heard();
    }
    // Somebody who takes what is in that queue, and what will be.
    void connect_consumer(StompClientPeer& peer, const std::string& queue) {
        peer.connect(server_.port());
        peer.say("CONNECT\naccept-version:1.2\nhost:x\n\n");
        peer.subscribe(queue);
    }
    [[nodiscard]] std::uint64_t now_ms() const { return world_.now_ns() / 1'000'000; }
    void run_until(std::uint64_t at_ms) { world_.run_for(connected_ms_ + at_ms - now_ms()); }
    [[nodiscard]] std::uint64_t connection_count() const {
        return server_.stats()[Counter::connections_open];
    }

    World world_{{.recorded = calm}};
    std::unique_ptr<StompBroker> broker_{};
    Server server_{{.loops = 1}};
    std::uint64_t connected_ms_ = 0;
};

}  // namespace edgews::sim::test
