// What went wrong during a run: all of it is counted, the first few are told on stderr.
#pragma once

#include <cstdint>
#include <string>

namespace load {

class Failures {
  public:
    void add(const std::string& text);
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

  private:
    std::uint64_t count_ = 0;
};

}  // namespace load
