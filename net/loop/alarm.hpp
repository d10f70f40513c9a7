// A timer of an object's own, which is set, set anew and cancelled, one time after the other:
// Reactor::after() for whoever would have to keep its token.
#pragma once

#include <edgews/function.hpp>
#include "net/loop/reactor.hpp"

#include <cstdint>
#include <utility>

namespace edgews {

class Alarm {
  public:
    // `reactor` is borrowed. It may go first of an alarm that is not set.
    explicit Alarm(Reactor& reactor) noexcept : reactor_(reactor) {}
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;
    ~Alarm() { cancel(); }

    // Has `call` called once, after `delay_ms` milliseconds, at least one, and what was set before
    // never. By then it is not set any more; `call` may set it anew, or destroy it.
    template <class F>
    void set(std::uint64_t delay_ms, F&& call) {
        cancel();
        auto run = [this, call = std::forward<F>(call)]() mutable {
            token_ = no_token;
            call();
        };
        token_ = reactor_.after(delay_ms, make_job(std::move(run)));
    }
    void cancel() noexcept {
        if (is_set()) reactor_.cancel(std::exchange(token_, no_token));
    }
    [[nodiscard]] bool is_set() const noexcept { return token_ != no_token; }

  private:
    Reactor& reactor_;
    Token token_ = no_token;
};

}  // namespace edgews
