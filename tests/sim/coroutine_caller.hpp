// A caller that is a coroutine or two: connects, says and hears in turn or at once, with time
// limits and without, and may be cancelled where it waits.
#pragma once

#include "caller.hpp"

#include <edgews/coroutine.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace edgews::sim::test {

class CoroutineCaller final : public Caller {
  public:
    CoroutineCaller(Scene& scene, Loop& loop, std::uint32_t number, Manner manner);

    void begin() override;
    void leave() override;
    [[nodiscard]] bool is_idle() const override { return count_ == 0; }

  private:
    void start();
    Task<> live();
    Task<> converse(const AsyncConnection& connection);
    Task<> say_all(AsyncConnection connection);
    Task<bool> say(const AsyncConnection& connection);
    // False: the connection has ended.
    Task<bool> hear(const AsyncConnection& connection);
    Task<bool> hear_whole(const AsyncConnection& connection);
    Task<bool> hear_parts(const AsyncConnection& connection);
    Task<> await_end(const AsyncConnection& connection);
    void check_over(const AsyncConnection& connection);

    Loop& loop_;
    Delivery delivery_;
    bool is_in_step_;  // Says the next when the last was answered.
    bool has_limits_;  // Hears within a time, again and again.
    bool rests_;       // Now and then.
    Token token_ = no_token;
    std::uint32_t count_ = 0;  // Of its coroutines.
    std::string message_{};    // The parts that have come.
    bool is_inside_ = false;   // The last is still to come.
};

}  // namespace edgews::sim::test
