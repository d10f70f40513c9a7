// A caller that is a BlockingClient, on a thread of its own.
#pragma once

#include "caller.hpp"

#include <edgews/blocking_client.hpp>

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

namespace edgews::sim::test {

class BlockingCaller final : public Caller {
  public:
    // The thread waits for begin().
    BlockingCaller(Scene& scene, std::uint32_t number, Manner manner);
    ~BlockingCaller() override;

    void begin() override;
    [[nodiscard]] bool is_idle() const override { return is_over_; }

  private:
    void live();
    void call_once();
    void converse(BlockingClient& client);
    [[nodiscard]] bool say(BlockingClient& client);
    [[nodiscard]] bool hear(BlockingClient& client);
    void end(BlockingClient& client);

    std::mutex mutex_{};
    std::condition_variable condition_{};
    bool may_begin_ = false;
    bool is_over_ = false;
    bool has_limits_;  // Hears within a time, again and again.
    std::thread thread_;
};

}  // namespace edgews::sim::test
