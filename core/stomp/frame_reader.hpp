// From bytes to STOMP frames, however they are cut.
//
// Pull-style and without I/O, like MessageReader:
//
//     std::span<const std::byte> input = received;
//     while (const Frame* frame = reader.next(input)) …   // Advances `input`.
//
// A frame that lies whole in the input is shown where it lies. Of an incomplete one the bytes are
// kept in a Buffer on loan, which grows with what arrived, never with what content-length claims;
// the search for its end goes on where it stopped. Decoded headers are views of those bytes, too,
// but for those with a backslash in them.
//
// What this reader makes of points that the specifications leave open:
// - A line may end in CR LF in every version, so no value ends in CR.
// - The first ':' of a line ends the name; later ones belong to the value.
// - Header lines must be UTF-8 in every version.
// - In 1.0 blanks around a value are dropped, and backslashes are plain. CONNECT frames are never
//   unescaped (1.2, Value Encoding).
// - EOLs between frames are skipped: they are heart-beats.
// - A body is read wherever there is one, and left to the session to ignore.
#pragma once

#include <edgews/core/buffer.hpp>
#include <edgews/core/stomp/frame.hpp>
#include <edgews/core/stomp/version.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace edgews::stomp {

struct FrameLimits {
    std::size_t header_count_max = 100;
    std::size_t header_size_max = 16 * 1024;  // Bytes of a header line, without its end.
    std::size_t head_size_max = 64 * 1024;    // Bytes of a frame before its body.
    std::size_t body_size_max = 1024 * 1024;  // Bytes.
};

class FrameReader {
  public:
    // Both are borrowed.
    FrameReader(const FrameLimits& limits, BufferPool& pool) noexcept
        : limits_(&limits), pool_(&pool) {}

    // How headers are decoded from the next frame on. 1.2 at first, which only matters for frames
    // that have no business there.
    void set_version(Version version) noexcept { version_ = version; }

    // The next frame, from the front of `input`, of which it takes what it used. Valid until the
    // next call, as long as the input's memory. Null: all was used, and more is needed.
    //
    // A frame with a fault is the last: the reader discards what follows.
    [[nodiscard]] const Frame* next(std::span<const std::byte>& input) noexcept;

    // A part of a frame has arrived.
    [[nodiscard]] bool is_inside_frame() const noexcept;
};

}  // namespace edgews::stomp
