// Payloads of HTTP long-polling: packets as text, with a separator between two of them (protocol 4,
// HTTP long-polling).
//
//     4hello␞2␞bAQIDBA==
//
// Pull-style: the packets of a body are shown one by one where they lie, and none of them costs
// memory. A payload has at least one packet, and each at least its type, so that a body of a
// million separators ends at its first byte.
#pragma once

#include "core/engineio/packet.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace edgews::engineio {

inline constexpr char packet_separator = '\x1E';

// One that is sent.
struct Payload {
    std::string body{};
    bool is_binary = false;  // Only in protocol 3: see payload_v3.hpp.
};

// Of one payload that is received.
struct PayloadLimits {
    std::size_t size_max = 1'000'000;  // Bytes; what OPEN calls maxPayload.
    std::size_t packet_count_max = 64 * 1024;
};

class PayloadReader {
  public:
    // `body` is whole, and borrowed. Writable: see decode_packet().
    PayloadReader(std::span<std::byte> body, const PayloadLimits& limits) noexcept;

    // The next packet. Nothing: that was the last, or one before had a fault, behind which all is
    // discarded.
    [[nodiscard]] std::optional<Packet> next() noexcept;

  private:
    [[nodiscard]] Packet fail(Fault fault) noexcept;

    std::span<std::byte> rest_;
    std::size_t left_;  // Packets that may still come.
    Fault fault_;       // Of the body as a whole: comes before all packets.
    bool is_at_end_ = false;
};

// Writes packets to `out` as one payload, as long as they fit.
class PayloadWriter {
  public:
    // `size_max`: bytes of the payload. `out` is borrowed; what is in it stands before the payload.
    PayloadWriter(std::string& out, std::size_t size_max) noexcept
        : out_(&out), begin_(out.size()), size_max_(size_max) {}

    // False: it does not fit behind the others, and nothing is written; it belongs into the next
    // payload. The first one always fits, however large it is, for no packet can be cut. Requires:
    // text without a separator.
    [[nodiscard]] bool add(const Packet& packet);

    [[nodiscard]] std::size_t size() const noexcept { return out_->size() - begin_; }

  private:
    std::string* out_;
    std::size_t begin_;
    std::size_t size_max_;
};

}  // namespace edgews::engineio
