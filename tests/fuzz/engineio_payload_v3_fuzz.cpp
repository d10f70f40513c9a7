// Invariants: of any body in either form, packets lie inside it, as many as the limit allows, and
// nothing follows a fault; those without one, written again in either form, are read as the same
// packets, in as many payloads as a small limit makes of them.
//
// The first byte of the input chooses the form and the limits. The rest is the body.
#include "core/engineio/payload_v3.hpp"

#include "tests/fuzz/engineio_packets.hpp"

namespace {

using namespace edgews::engineio;

ReadPayload read(std::span<const std::byte> body, PayloadForm form, const PayloadLimits& limits) {
    return read_payload(body, limits, [&](std::span<std::byte> copy) {
        return PayloadReaderV3(copy, form, limits);
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const unsigned choice = data[0];
    const PayloadForm form = (choice & 8) != 0 ? PayloadForm::binary : PayloadForm::text;
    const ReadPayload result =
        read(std::as_bytes(std::span(data, size)).subspan(1), form, limits_by(choice));
    const std::size_t size_max = written_size_max_by(choice);
    for (const PayloadForm other : {PayloadForm::text, PayloadForm::binary}) {
        check_written(
            result.packets, size_max,
            [&](std::string& out) { return PayloadWriterV3(out, other, size_max); },
            [&](std::span<const std::byte> body) {
                return read(body, other, {SIZE_MAX, SIZE_MAX});
            });
    }
    return 0;
}
