// Holds answers to GETs against a first one: each has its status line and its body, and is as long.
// Between the two are headers that may change, as `Date` does.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace load {

// A whole answer (RFC 9112, section 6).
struct Answer {
    std::string text{};
    std::size_t status_line_size = 0;
    std::size_t head_size = 0;

    // What is there of the answer that begins `input`. Its text is empty while bytes are missing.
    // `fault`: a sentence, where it is not 200 or has no Content-Length.
    [[nodiscard]] static Answer first_of(std::string_view input, std::string& fault);
};

class AnswerReader {
  public:
    // `first` is borrowed, and not empty.
    explicit AnswerReader(const Answer& first) noexcept : first_(&first) {}

    // Reads all of `input`, cut at any byte, up to the first answer that is another one. Returns
    // how many are complete.
    [[nodiscard]] unsigned take(std::string_view input) noexcept;
    // One was another. take() may not be called any more.
    [[nodiscard]] bool has_failed() const noexcept { return has_failed_; }

  private:
    [[nodiscard]] bool is_as_first(std::string_view piece) const noexcept;

    const Answer* first_;
    std::size_t position_ = 0;  // In the answer that is being received.
    bool has_failed_ = false;
};

}  // namespace load
