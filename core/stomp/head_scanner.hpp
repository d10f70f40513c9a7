// Finds the end of a STOMP frame's head, however that is cut: its command, its headers and the
// blank line (1.2, Augmented BNF).
//
// Looks at each byte once and keeps none, only how far it came. What the lines say is not its
// business, only their ends and their limits.
#pragma once

#include <edgews/stomp_options.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace edgews::stomp {

struct FrameLimits;

class HeadScanner {
  public:
    struct Result {
        enum class Outcome : std::uint8_t {
            more,      // All of the input belongs to the head, and so does what follows.
            eol,       // What ended is no head but an EOL between two frames. To be reset.
            complete,  // The head ended.
            failed,    // A limit or a NUL: `fault`. To be reset before another scan().
        };
        Outcome outcome = Outcome::more;
        std::size_t size = 0;  // Bytes of the input, at its front, that were looked at.
        Fault fault = Fault::none;
    };

    // Goes on with the next bytes.
    [[nodiscard]] Result scan(std::span<const std::byte> input, const FrameLimits& limits) noexcept;
    // For the next frame.
    void reset() noexcept { *this = HeadScanner{}; }

    // Bytes of the head so far; and of those of its lines that are whole and keep the limits.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t lines_size() const noexcept { return line_begin_; }
    // There is at least a byte, and more than the CR that an EOL may begin with.
    [[nodiscard]] bool is_inside_frame() const noexcept {
        return size_ > 1 || (size_ == 1 && !ends_with_cr_);
    }

  private:
    [[nodiscard]] Fault limit_fault(const FrameLimits& limits) const noexcept;
    [[nodiscard]] Fault end_line(char terminator, const FrameLimits& limits) noexcept;

    std::size_t size_ = 0;
    std::size_t line_begin_ = 0;    // Of the current line.
    std::uint32_t line_count_ = 0;  // Whole ones: the command and headers.
    bool ends_with_cr_ = false;     // The current line, so far.
};

}  // namespace edgews::stomp
