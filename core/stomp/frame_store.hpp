// The memory of the frame that a FrameReader shows: blocks on loan, of which an idle reader has
// none.
//
//     frame_      | Frame | Header | Header | … | free |
//     decoded_    | names and values that had a backslash in them, one behind another | free |
#pragma once

#include <edgews/stomp_frame.hpp>
#include "core/base/buffer.hpp"
#include "core/stomp/version.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace edgews::stomp {

class FrameStore {
  public:
    // Begins a frame without headers.
    void begin(BufferPool& pool) noexcept;
    // What decode() writes until the next begin() is at most `size_max` bytes: no view of them may
    // move.
    void reserve_decoded(BufferPool& pool, std::size_t size_max) noexcept;
    // The text without its escapes, valid until reset(). Nothing: one is undefined.
    [[nodiscard]] std::optional<std::string_view> decode(std::string_view text,
                                                         Version version) noexcept;
    void add(BufferPool& pool, const Header& header) noexcept;
    // The frame, with the headers that were added. Valid until reset() or begin().
    [[nodiscard]] const Frame* show(Frame frame) noexcept;
    // Gives the blocks back.
    void reset() noexcept;

  private:
    Buffer frame_;
    Buffer decoded_;
};

}  // namespace edgews::stomp
