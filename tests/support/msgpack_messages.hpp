// Messages of a client that uses socket.io-msgpack-parser, told as those of the default parser.
#pragma once

#include "bytes.hpp"
#include "socketio_packets.hpp"

#include "core/socketio/msgpack_packet.hpp"

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>

namespace edgews::test {

inline std::string msgpack_message(std::string_view text,
                                   const sio::Attachments& attachments = {}) {
    std::string message;
    sio::append_msgpack_packet(message, text, attachments);
    return message;
}

// "event / \"a\" (1)", and attachments as "<01 ff>".
inline std::string describe_message(std::string_view message) {
    const sio::PacketLimits limits;
    sio::MsgpackPacketReader reader(limits);
    ElementSpace space;
    const sio::Assembled made = reader.take(std::as_bytes(std::span(message)), space);
    EXPECT_EQ(made.kind, sio::Assembled::Kind::packet);
    std::string said = describe_packet(made.packet);
    for (const sio::Attachment& each : made.attachments) said += " <" + to_hex(each.bytes()) + ">";
    return said;
}

}  // namespace edgews::test
