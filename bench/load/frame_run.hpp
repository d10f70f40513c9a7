// The frames that all connections send over and over, built and masked once, and the frames
// that must come back.
//
// A few different messages follow each other in a cycle, so that one that is lost, doubled or
// out of order is noticed. The requests lie in memory as often as it takes to send any
// in-flight ones of them with one call, wherever in the cycle they begin:
//
//     requests | 0 | 1 | … | cycle - 1 | 0 | 1 | …     as clients send them: masked
//     replies  | 0 | 1 | … | cycle - 1 |               as servers send them: not masked
#pragma once

#include "core/websocket/frame.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "payload.hpp"

namespace load {

struct RunShape {
    Alphabet alphabet = Alphabet::binary;
    std::size_t size = 0;    // Of each payload.
    unsigned in_flight = 1;  // Messages that one call may have to send.
};

class FrameRun {
  public:
    explicit FrameRun(const RunShape& shape);

    [[nodiscard]] edgews::Opcode opcode() const noexcept { return opcode_; }
    [[nodiscard]] std::size_t cycle() const noexcept { return cycle_; }
    [[nodiscard]] std::size_t request_size() const noexcept { return request_size_; }
    [[nodiscard]] std::size_t reply_size() const noexcept { return reply_size_; }

    // What to send from byte `offset` of the cycle on. Never empty; at least as much as is left
    // of the message there and the in_flight - 1 that follow.
    // Requires: offset < cycle() * request_size().
    [[nodiscard]] std::span<const std::byte> requests_from(std::size_t offset) const noexcept {
        return std::span(requests_).subspan(offset);
    }
    // The frames from message `index` to the end of the cycle. Requires: index < cycle().
    [[nodiscard]] std::span<const std::byte> replies_from(std::size_t index) const noexcept {
        return std::span(replies_).subspan(index * reply_size_);
    }
    // What message `index` holds. Requires: index < cycle().
    [[nodiscard]] std::span<const std::byte> payload(std::size_t index) const noexcept {
        return replies_from(index).first(reply_size_).last(payload_size_);
    }

  private:
    edgews::Opcode opcode_;
    std::size_t payload_size_;
    std::size_t cycle_;
    std::size_t request_size_;
    std::size_t reply_size_;
    std::vector<std::byte> requests_;
    std::vector<std::byte> replies_;
};

// Appends one whole frame to `out`: masked for a client, with a key that depends on nothing.
// The servers do not care that the keys are no secret.
void append_frame(std::vector<std::byte>& out, edgews::Role sender, edgews::Opcode opcode,
                  std::span<const std::byte> payload);

}  // namespace load
