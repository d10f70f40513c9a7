// Packets as a test's tables write them.
#pragma once

#include "core/engineio/packet.hpp"

#include "tests/support/bytes.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace edgews::engineio {

using Packets = std::vector<std::string>;

inline std::string sentence(Fault fault) {
    return "! " + std::string(describe(fault));
}

// "4 hello" for text, "4 <01 02>" for bytes, "! " and a sentence for a fault.
inline std::string describe_packet(const Packet& packet) {
    if (packet.fault != Fault::none) return sentence(packet.fault);
    const std::string type = std::to_string(static_cast<int>(packet.type)) + ' ';
    if (!packet.is_binary) return type + std::string(packet.text());
    return type + '<' + test::to_hex(packet.data) + '>';
}

// All that a payload's reader has.
template <class Reader>
Packets read_all(Reader reader) {
    Packets packets;
    while (const std::optional<Packet> packet = reader.next()) {
        packets.push_back(describe_packet(*packet));
    }
    EXPECT_FALSE(reader.next());
    return packets;
}

}  // namespace edgews::engineio
