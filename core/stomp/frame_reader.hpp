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
// but for those with a backslash in them. An idle reader has nothing on loan.
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

#include <edgews/stomp_options.hpp>
#include "core/base/buffer.hpp"
#include "core/stomp/frame_store.hpp"
#include "core/stomp/head_scanner.hpp"
#include "core/stomp/version.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace edgews::stomp {

struct ParsedHead;

class FrameReader {
  public:
    // Both are borrowed.
    FrameReader(const FrameLimits& limits, BufferPool& pool) noexcept
        : limits_(&limits), pool_(&pool) {}

    // How headers are decoded from the next frame on. 1.2 at first, which only matters for frames
    // that have no business there.
    void set_version(Version version) noexcept { version_ = version; }

    // The same for limits, borrowed.
    void set_limits(const FrameLimits& limits) noexcept { limits_ = &limits; }

    // The next frame, from the front of `input`, of which it takes what it used. Valid until the
    // next call, as long as the input's memory. Null: all was used, and more is needed.
    //
    // A frame with a fault is the last: the reader discards what follows.
    [[nodiscard]] const Frame* next(std::span<const std::byte>& input) noexcept;

    // A part of a frame has arrived.
    [[nodiscard]] bool is_inside_frame() const noexcept;

  private:
    // What the next byte of the input is, or what next() has to do before it looks.
    enum class Step : std::uint8_t {
        head,          // Of a head, or of an EOL before it.
        counted_body,  // Of a body of content_length_ bytes, or the NUL behind it.
        body_to_nul,   // Of a body that ends with the first NUL, or that.
        delivered,     // The last frame is shown: what it borrows goes back first.
        discarding,    // After a fault. Never left.
    };
    struct BodyEnd;

    [[nodiscard]] const Frame* read_head(std::span<const std::byte>& input,
                                         std::size_t& body_begin) noexcept;
    [[nodiscard]] const Frame* read_body(std::span<const std::byte>& input,
                                         std::size_t body_begin) noexcept;
    [[nodiscard]] BodyEnd find_body_end(std::span<const std::byte> input,
                                        std::size_t held_size) const noexcept;
    [[nodiscard]] ParsedHead parse(std::span<const std::byte> frame) noexcept;
    [[nodiscard]] const Frame* show(std::span<const std::byte> body, Fault fault) noexcept;
    void hold(std::span<const std::byte> piece) noexcept;
    void give_back() noexcept;

    const FrameLimits* limits_;
    BufferPool* pool_;
    Buffer held_;       // All of the frame that came before this input.
    FrameStore store_;  // The frame that is shown; its head, between read_head() and read_body().
    HeadScanner scanner_;
    std::size_t content_length_ = 0;
    Step step_ = Step::head;
    Command command_ = Command::unknown;
    Version version_ = Version::v1_2;
};

// One in every session, the idle ones too.
static_assert(sizeof(FrameReader) <= 80);

}  // namespace edgews::stomp
