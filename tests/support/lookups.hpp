// Lookups for tests: what a name server could do, without one.
#pragma once

#include <gtest/gtest.h>

#include "net/client/resolver.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace edgews::test {

inline SocketAddress socket_address(const std::string& ip, std::uint16_t port) {
    return resolve_at_once(ip, port).value().value.at(0);
}

// Finds these, whatever it is asked for.
inline Lookup lookup_of(std::vector<SocketAddress> addresses) {
    return [addresses](const std::string&, std::uint16_t) { return Resolved{.value = addresses}; };
}

// Finds 127.0.0.1, but not before it is let go (at the latest in 30 seconds).
class SlowLookup {
  public:
    ~SlowLookup() { let_go(); }

    [[nodiscard]] Lookup lookup() const {
        return [state = state_](const std::string&, std::uint16_t port) {
            state->wait();
            return Resolved{.value = {socket_address("127.0.0.1", port)}};
        };
    }
    void let_go() const {
        const std::lock_guard lock(state_->mutex);
        state_->may_go = true;
        state_->changed.notify_all();
    }
    // Returns when so many have begun.
    void wait_until_begun(int count) const {
        std::unique_lock lock(state_->mutex);
        EXPECT_TRUE(
            state_->changed.wait_for(lock, limit, [&] { return state_->begun_count >= count; }));
    }
    // Returns when no lookup, and no copy of one, is left on any thread.
    void wait_until_destroyed() const {
        while (state_.use_count() > 1) std::this_thread::yield();
    }
    [[nodiscard]] int begun_count() const {
        const std::lock_guard lock(state_->mutex);
        return state_->begun_count;
    }
    // Of those that were under way at one time.
    [[nodiscard]] int peak_count() const {
        const std::lock_guard lock(state_->mutex);
        return state_->peak_count;
    }

  private:
    static constexpr std::chrono::seconds limit{30};

    struct State {
        std::mutex mutex;
        std::condition_variable changed;
        bool may_go = false;
        int begun_count = 0;
        int present_count = 0;
        int peak_count = 0;

        void wait() {
            std::unique_lock lock(mutex);
            ++begun_count;
            peak_count = std::max(peak_count, ++present_count);
            changed.notify_all();
            changed.wait_for(lock, limit, [&] { return may_go; });
            --present_count;
        }
    };

    std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace edgews::test
