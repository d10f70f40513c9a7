// Packets as socket.io-msgpack-parser 3 has them: each is one binary message, a map of MessagePack
// (core/socketio/msgpack.hpp).
//
//     {"type":2,"nsp":"/admin","data":["baz",…],"id":12}
//
// They are the packets of protocol 5 in other words, but that bytes are values like all others: so
// no attachments follow, and there are no types for binary packets. What comes becomes the text and
// the attachments that it would be there, and is checked as those are; what is sent is written as
// text before. What this reader makes of points that are specified nowhere:
// - "nsp" has to be there; of all other members only those that their type has.
// - Members of other names ("options") say nothing. Of two of one name the last counts.
// - Bytes are for events and acknowledgements alone, not for what a CONNECT brings.
// - Next to bytes, nothing may look like a placeholder.
#pragma once

#include "core/socketio/msgpack.hpp"
#include "core/socketio/packet.hpp"
#include "core/socketio/packet_assembler.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgews::sio {

class MsgpackPacketReader {
  public:
    // Borrowed.
    explicit MsgpackPacketReader(const PacketLimits& limits) noexcept : limits_(&limits) {}

    // A whole message, of whichever connection: a packet, or a fault. The result is valid until the
    // next one, as long as the message's memory and `space`, for which see decode_packet().
    [[nodiscard]] Assembled take(std::span<const std::byte> message,
                                 std::span<std::string_view> space);

  private:
    [[nodiscard]] Fault read(std::span<const std::byte> message);
    [[nodiscard]] Fault take_attachments();
    [[nodiscard]] Fault append_text();

    const PacketLimits* limits_;
    // What was read last: as JSON, and as the text of a packet.
    std::string json_{};
    std::string text_{};
    std::string scratch_{};
    Attachments found_{};
    std::vector<Attachment> attachments_{};
};

// Appends what packet_writer's functions have written, with its attachments, as one message.
void append_msgpack_packet(std::string& out, std::string_view text,
                           std::span<const std::span<const std::byte>> attachments);

}  // namespace edgews::sio
