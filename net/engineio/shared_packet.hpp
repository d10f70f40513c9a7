// A message made once for many sessions: framed for their WebSockets, and the text of its packet
// for those who poll.
//
// Copies share the bytes and may be held and sent on any thread. Base64 is made for each client
// that polls, when it does, and for each that takes no binary. In Engine.IO 3 a WebSocket has
// binary in other bytes: those are made once, too, if SharedPacket is told that it is for both.
#pragma once

#include <edgews/prepared_message.hpp>
#include "core/engineio/dialect.hpp"
#include "core/engineio/packet.hpp"

#include <cstddef>
#include <utility>

namespace edgews::engineio {

class SharedPacket {
  public:
    // Empty: it holds nothing to send.
    SharedPacket() = default;
    // Empty, if a text is not UTF-8. Requires: no fault.
    explicit SharedPacket(const Packet& packet, bool is_for_v3 = false);

    explicit operator bool() const noexcept { return static_cast<bool>(prepared_); }
    // As a WebSocket has it: of text the type is in front.
    [[nodiscard]] const PreparedMessage& prepared() const noexcept { return prepared_; }
    // The same for those who speak that.
    [[nodiscard]] PreparedMessage prepared_for(Dialect dialect) const;
    // The packet itself. It is valid as long as any copy is held. Requires: not empty.
    [[nodiscard]] Packet packet() const noexcept;
    // Whether it can be in a payload: text with a separator would become two packets.
    [[nodiscard]] bool fits_payload() const noexcept { return fits_payload_; }

  private:
    PreparedMessage prepared_{};
    PreparedMessage prepared_v3_{};  // Empty: it is the same, or is made when it is asked for.
    bool fits_payload_ = false;
};

}  // namespace edgews::engineio
