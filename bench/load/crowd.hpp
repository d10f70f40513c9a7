// All connections of a run, and one turn of the event loop over them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "clock.hpp"
#include "connection.hpp"
#include "failures.hpp"
#include "frame_run.hpp"
#include "opening.hpp"
#include "options.hpp"
#include "poller.hpp"
#include "target.hpp"

namespace load {

class Crowd {
  public:
    // Failures of open connections are added to `failures`, which is borrowed.
    Crowd(const Options& options, Failures& failures);
    // Resets all connections.
    ~Crowd();
    Crowd(const Crowd&) = delete;
    Crowd& operator=(const Crowd&) = delete;

    // Opens `count` connections more, which come last. Throws std::runtime_error when one of
    // them fails: there is no run then.
    void open(unsigned count);

    // Takes all that has come in, and then sends what is queued. If nothing has, it waits for
    // `timeout_ms`, or does not sleep when that is 0.
    // Calls on_messages(index, count, now) for the connections that got messages.
    template <class OnMessages>
    void turn(OnMessages on_messages, int timeout_ms = 0) {
        for (const epoll_event& event : poller_.wait(timeout_ms)) {
            const std::size_t index = event.data.u32;
            const unsigned count = receive(index);
            if (count > 0) on_messages(index, count, now_ns());
            flush(index);
        }
    }

    // Sends what is queued on a connection. One that failed is closed and told of.
    void flush(std::size_t index) {
        Connection& connection = connections_[index];
        if (!connection.is_open()) return;
        connection.flush();
        if (!connection.fault().empty()) close_failed(index);
    }

    // Takes turns until all that is expected has come, or nothing has for five seconds; then
    // whatever is still missing is a failure. Calls as turn() does.
    template <class OnMessages>
    void drain(OnMessages on_messages) {
        std::uint64_t left = missing();
        std::uint64_t deadline = now_ns() + 5 * ns_per_second;
        while (left > 0 && now_ns() < deadline) {
            turn(on_messages);
            if (missing() < left) deadline = now_ns() + 5 * ns_per_second;
            left = missing();
        }
        fail_missing();
    }

    [[nodiscard]] Connection& operator[](std::size_t index) noexcept { return connections_[index]; }
    [[nodiscard]] std::size_t open_count() const noexcept { return open_count_; }

  private:
    unsigned receive(std::size_t index) {
        Connection& connection = connections_[index];
        return connection.is_open() ? connection.receive(buffer_) : 0;
    }
    void close_failed(std::size_t index);
    [[nodiscard]] std::uint64_t missing() const noexcept;
    void fail_missing();

    Failures* failures_;
    Target target_;
    OpeningTexts texts_;
    FrameRun run_;
    Poller poller_;
    std::vector<Connection> connections_{};
    std::size_t open_count_ = 0;
    std::vector<std::byte> buffer_;
};

}  // namespace load
