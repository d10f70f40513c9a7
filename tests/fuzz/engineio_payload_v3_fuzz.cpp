// Invariants: of any body in either form, packets lie inside it, as many as the limit allows, and
// nothing follows a fault; those without one, written again in either form, are read as the same
// packets, in as many payloads as a small limit makes of them.
//
// The first byte of the input chooses the form and the limits. The rest is the body.
#include "core/base/buffer.hpp"
#include "core/engineio/payload_v3.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace edgews::engineio;

void check(bool holds) {
    if (!holds) std::abort();
}

struct Kept {
    PacketType type;
    bool is_binary;
    std::string data;

    bool operator==(const Kept&) const = default;
};

struct Result {
    std::vector<Kept> packets;
    Fault fault = Fault::none;
};

// In a heap block of exactly the size.
Result read(std::span<const std::byte> body, PayloadForm form, const PayloadLimits& limits) {
    const auto block = std::make_unique<std::byte[]>(body.size());
    if (!body.empty()) std::memcpy(block.get(), body.data(), body.size());
    const std::span<std::byte> copy(block.get(), body.size());
    PayloadReaderV3 reader(copy, form, limits);
    Result result;
    while (const std::optional<Packet> packet = reader.next()) {
        check(result.fault == Fault::none);
        result.fault = packet->fault;
        if (packet->fault != Fault::none) continue;
        check(edgews::contains(copy, packet->data));
        check(!packet->is_binary || packet->type == PacketType::message);
        result.packets.push_back({packet->type, packet->is_binary, std::string(packet->text())});
    }
    check(result.packets.size() <= limits.packet_count_max);
    check(result.fault != Fault::none || !result.packets.empty());
    return result;
}

void check_written(const std::vector<Kept>& packets, PayloadForm form, std::size_t size_max) {
    std::vector<Kept> again;
    std::string out;
    const auto read_out = [&] {
        const Result result = read(std::as_bytes(std::span(out)), form, {SIZE_MAX, SIZE_MAX});
        check(result.fault == Fault::none);
        check(out.size() <= size_max || result.packets.size() == 1);
        again.insert(again.end(), result.packets.begin(), result.packets.end());
    };
    PayloadWriterV3 writer(out, form, size_max);
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const unsigned choice = data[0];
    PayloadLimits limits;
    if ((choice & 1) != 0) limits.size_max = 64;
    if ((choice & 2) != 0) limits.packet_count_max = 3;
    const PayloadForm form = (choice & 8) != 0 ? PayloadForm::binary : PayloadForm::text;
    const Result result = read(std::as_bytes(std::span(data, size)).subspan(1), form, limits);
    const std::size_t size_max = (choice & 4) != 0 ? 16 : SIZE_MAX;
    check_written(result.packets, PayloadForm::text, size_max);
    check_written(result.packets, PayloadForm::binary, size_max);
    return 0;
}
