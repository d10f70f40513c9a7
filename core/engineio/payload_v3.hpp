// Payloads of long-polling in Engine.IO 3: each packet has its length in front (protocol 3,
// Payload).
//
//     6:4hello10:b4AQIDBA==     text: so many UTF-16 units
//
//     00 06 FF "4hello"         binary: a packet of text, and so many bytes;
//     01 01 00 FF 04 …          one of bytes. The length is its decimal digits, as numbers
//
// A payload with a binary packet is binary, but for clients that take none: they have base64. Of
// lengths this reader wants the plainest form: no sign, no zero in front, ten digits at most. What
// else payload.hpp says holds here, too: packets are shown where they lie, and cost no memory.
#pragma once

#include "core/engineio/packet.hpp"
#include "core/engineio/payload.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace edgews::engineio {

enum class PayloadForm : std::uint8_t { text, binary };

class PayloadReaderV3 {
  public:
    // `body` is whole, and borrowed. Writable: see decode_packet().
    PayloadReaderV3(std::span<std::byte> body, PayloadForm form,
                    const PayloadLimits& limits) noexcept;

    // The next packet. Nothing: that was the last, or one before had a fault, behind which all is
    // discarded.
    [[nodiscard]] std::optional<Packet> next() noexcept;

  private:
    [[nodiscard]] Packet fail(Fault fault) noexcept;
    [[nodiscard]] Packet next_of_text() noexcept;
    [[nodiscard]] Packet next_of_binary() noexcept;

    std::span<std::byte> rest_;
    std::size_t left_;  // Packets that may still come.
    PayloadForm form_;
    Fault fault_;  // Of the body as a whole: comes before all packets.
    bool is_at_end_ = false;
};

// Writes packets to `out` as one payload, as long as they fit. As PayloadWriter.
class PayloadWriterV3 {
  public:
    PayloadWriterV3(std::string& out, PayloadForm form, std::size_t size_max) noexcept
        : out_(&out), begin_(out.size()), size_max_(size_max), form_(form) {}

    // False: it does not fit behind the others. Any text may be in it.
    [[nodiscard]] bool add(const Packet& packet);

    [[nodiscard]] std::size_t size() const noexcept { return out_->size() - begin_; }

  private:
    std::string* out_;
    std::size_t begin_;
    std::size_t size_max_;
    PayloadForm form_;
};

}  // namespace edgews::engineio
