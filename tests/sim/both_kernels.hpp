// The same calls, made of the system and in a world: what they come to is the same.
#pragma once

#include <sys/types.h>
#include <string>

namespace edgews::sim::test {

// Calls, and what they came to, in words that do not depend on the kernel.
struct Probe {
    const char* promise;
    std::string (*play)();
};

// What calls came to, one behind the other.
class Told {
  public:
    Told& operator<<(const std::string& one) {
        text_ += (text_.empty() ? "" : " ") + one;
        return *this;
    }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

  private:
    std::string text_{};
};

// "0", "5", or the error's name.
[[nodiscard]] std::string outcome(ssize_t result);
// Of a function that returns an error's number.
[[nodiscard]] std::string outcome_of_error(int error);
// Expects that it comes to the same in both, and that it leaves no descriptor behind.
void expect_same(const Probe& probe);

}  // namespace edgews::sim::test
