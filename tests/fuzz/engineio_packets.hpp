// What the fuzz targets of Engine.IO's payloads have in common: packets that outlive their body,
// and that what is written is read again.
#pragma once

#include "core/base/buffer.hpp"
#include "core/engineio/payload.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace edgews::engineio {

inline void check(bool holds) {
    if (!holds) std::abort();
}

struct Kept {
    PacketType type;
    bool is_binary;
    std::string data;

    bool operator==(const Kept&) const = default;
};

struct ReadPayload {
    std::vector<Kept> packets;
    Fault fault = Fault::none;
};

// Reads from a heap block of exactly the size. make_reader(std::span<std::byte>) makes the reader.
template <class F>
ReadPayload read_payload(std::span<const std::byte> body, const PayloadLimits& limits,
                         const F& make_reader) {
    const auto block = std::make_unique<std::byte[]>(body.size());
    if (!body.empty()) std::memcpy(block.get(), body.data(), body.size());
    const std::span<std::byte> copy(block.get(), body.size());
    auto reader = make_reader(copy);
    ReadPayload result;
    while (const std::optional<Packet> packet = reader.next()) {
        check(result.fault == Fault::none);
        result.fault = packet->fault;
        if (packet->fault != Fault::none) continue;
        check(contains(copy, packet->data));
        check(!packet->is_binary || packet->type == PacketType::message);
        result.packets.push_back({packet->type, packet->is_binary, std::string(packet->text())});
    }
    check(result.packets.size() <= limits.packet_count_max);
    check(result.fault != Fault::none || !result.packets.empty());
    return result;
}

// Writes packets to as many payloads as `size_max` makes of them. make_writer(std::string&) makes
// the writer, and read(std::span<const std::byte>) reads a payload again, without limits.
template <class MakeWriter, class Read>
void check_written(const std::vector<Kept>& packets, std::size_t size_max,
                   const MakeWriter& make_writer, const Read& read) {
    std::vector<Kept> again;
    std::string out;
    const auto read_out = [&] {
        const ReadPayload result = read(std::as_bytes(std::span(out)));
        check(result.fault == Fault::none);
        check(out.size() <= size_max || result.packets.size() == 1);
        again.insert(again.end(), result.packets.begin(), result.packets.end());
    };
    auto writer = make_writer(out);
    for (const Kept& kept : packets) {
        const Packet packet{.type = kept.type,
                            .is_binary = kept.is_binary,
                            .data = std::as_bytes(std::span(kept.data))};
        if (writer.add(packet)) continue;
        read_out();
        out.clear();
        check(writer.add(packet));
    }
    if (!packets.empty()) read_out();
    check(again == packets);
}

// By the input's first byte, with some bits to spare.
inline PayloadLimits limits_by(unsigned choice) {
    PayloadLimits limits;
    if ((choice & 1) != 0) limits.size_max = 64;
    if ((choice & 2) != 0) limits.packet_count_max = 3;
    return limits;
}
inline std::size_t written_size_max_by(unsigned choice) {
    return (choice & 4) != 0 ? 16 : SIZE_MAX;
}

}  // namespace edgews::engineio
