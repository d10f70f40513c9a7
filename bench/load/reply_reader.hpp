// Holds every byte that a server sends against what it should send.
//
// Whole frames that are as expected are compared many at a time, headers included. All other
// input is taken frame by frame: what is split between two reads, replies that the server has
// cut into fragments, pings, and whatever is wrong.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "frame_run.hpp"

namespace load {

class ReplyReader {
  public:
    struct Result {
        unsigned messages = 0;  // That were completed.
        std::string fault{};    // A sentence about what is wrong with them. Empty: nothing.
    };

    // `run` is borrowed.
    explicit ReplyReader(const FrameRun& run) noexcept : run_(&run) {}

    // Reads all of `input`, cut at any byte; up to the first fault, after which no call may
    // follow. The answers to pings are appended to `pongs`, as frames.
    [[nodiscard]] Result take(std::span<const std::byte> input, std::vector<std::byte>& pongs);

  private:
    using Bytes = std::span<const std::byte>;

    // Each returns how many bytes of the input it took.
    std::size_t take_whole_replies(Bytes input, Result& result) noexcept;
    std::size_t take_header(Bytes input, Result& result);
    std::size_t take_payload(Bytes input, Result& result);

    void begin_frame(Result& result);
    void end_frame(Result& result);
    void end_control_frame(Result& result);

    const FrameRun* run_;
    std::vector<std::byte>* pongs_ = nullptr;  // Of the current call of take().
    std::size_t index_ = 0;                    // Of the message in its cycle.
    std::size_t offset_ = 0;        // Payload bytes of that message that came in earlier frames
                                    // or in this one.
    bool is_in_message_ = false;    // A fragment came, and was not the last.
    bool is_in_frame_ = false;      // `frame_` is being received.
    std::uint8_t header_size_ = 0;  // Bytes of a header that is not complete.
    edgews::FrameHeader frame_{};
    std::uint64_t remaining_ = 0;  // Payload bytes of `frame_` that are to come.
    std::array<std::byte, edgews::frame_header_size_max> header_{};
    std::string control_{};  // The payload of a control frame.
};

}  // namespace load
