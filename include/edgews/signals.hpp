// Signals as events on a loop: a clean stop in three lines.
//
//     edgews::Signals stop(server.loop(0), {SIGINT, SIGTERM},
//                          [&](int) { server.shutdown(5'000); });
#pragma once

#include <edgews/function.hpp>
#include <edgews/loop.hpp>

#include <initializer_list>

namespace edgews {

class Signals {
  public:
    // Blocks `signals` in this thread and in all threads that it starts from now on, and calls
    // handler(signal) on `loop` when one arrives. Requires: the process has no other threads yet,
    // for these would still take the signals. Throws std::system_error, and std::invalid_argument
    // if `handler` is empty.
    Signals(Loop& loop, std::initializer_list<int> signals, Function<void(int)> handler);
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;
    // The signals stay blocked. Requires: the loop exists, and is not running in another thread.
    ~Signals();

  private:
    class Watch;
    Loop& loop_;
    Token watch_;
};

}  // namespace edgews
