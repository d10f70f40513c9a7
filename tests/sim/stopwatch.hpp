// What has passed in a world, for those who have to be in time.
#pragma once

#include <gtest/gtest.h>

#include <chrono>

namespace edgews::sim::test {

class Stopwatch {
  public:
    void begin() { began_ = Clock::now(); }
    // Milliseconds since then, of which the loop counts whole ones; the system may take some more.
    void expect_passed(int ms) const {
        const auto passed =
            std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began_);
        EXPECT_GE(passed.count(), ms - 1);
        EXPECT_LE(passed.count(), ms + 20);
    }

  private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point began_ = Clock::now();
};

}  // namespace edgews::sim::test
