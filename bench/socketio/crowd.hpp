// All sessions of a run, one turn of the event loop over them, and how they are opened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "bench/load/clock.hpp"
#include "options.hpp"
#include "session.hpp"

namespace load::sio {

inline constexpr std::uint64_t patience_ns = 30 * ns_per_second;

class Crowd {
  public:
    // `handler` is borrowed.
    Crowd(const Options& options, Handler& handler);

    // One more, which is closed.
    [[nodiscard]] Session& add();
    [[nodiscard]] Session& operator[](std::size_t index) noexcept { return sessions_[index]; }
    [[nodiscard]] std::size_t size() const noexcept { return sessions_.size(); }
    [[nodiscard]] std::size_t connected_count() const noexcept;

    // Opens `count` more, some at a time, and returns when all are connected.
    void open(std::size_t count, Transport transport);

    // Tells the sessions what came, and has them send what they queued. If nothing came, it waits
    // for `timeout_ms`, or does not sleep when that is 0.
    void turn(int timeout_ms = 0);

    // Takes turns until it is so. Throws std::runtime_error that names it if it is not in time.
    template <class IsSo>
    void await(const char* what, IsSo is_so) {
        const std::uint64_t end = now_ns() + patience_ns;
        while (!is_so()) {
            if (now_ns() > end) fail_waiting(what);
            turn();
        }
    }

    // When the event came that a handler hears of.
    [[nodiscard]] std::uint64_t now() const noexcept { return now_; }

  private:
    [[noreturn]] static void fail_waiting(const char* what);

    Surroundings around_;
    std::deque<Session> sessions_{};  // They stay where they are.
    std::uint64_t now_ = 0;
};

}  // namespace load::sio
