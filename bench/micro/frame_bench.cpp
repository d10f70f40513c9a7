// Frame headers, by the size of the payload that they announce: parsed as a server gets them,
// and written as a server and as a client send them.
#include "core/websocket/frame.hpp"

#include "support.hpp"

namespace edgews::bench {
namespace {

using HeaderBytes = std::array<std::byte, frame_header_size_max>;

FrameHeader header_of(Role sender, std::uint64_t payload_size) {
    const bool masked = sender == Role::client;
    return {.opcode = Opcode::binary,
            .masked = masked,
            .mask_key = masked ? 0x3d21fa37U : 0,
            .payload_size = payload_size};
}

// Whether the bytes are read as what they were written from.
bool is_right(const HeaderBytes& bytes, std::size_t size, const FrameHeader& header) {
    const Role receiver = header.masked ? Role::server : Role::client;
    const ParsedHeader parsed = parse_frame_header(std::span(bytes).first(size), receiver, false);
    return parsed.fault == Fault::none && parsed.size == size &&
           parsed.header.opcode == header.opcode && parsed.header.masked == header.masked &&
           parsed.header.mask_key == header.mask_key &&
           parsed.header.payload_size == header.payload_size;
}

void time_parse(benchmark::State& state, std::uint64_t payload_size) {
    const FrameHeader header = header_of(Role::client, payload_size);
    HeaderBytes bytes{};
    const std::size_t size = encode_frame_header(header, bytes);
    check(state, is_right(bytes, size, header));
    for (auto _ : state) {
        benchmark::DoNotOptimize(bytes.data());
        benchmark::DoNotOptimize(parse_frame_header(bytes, Role::server, false));
    }
}

void time_encode(benchmark::State& state, Role sender, std::uint64_t payload_size) {
    FrameHeader header = header_of(sender, payload_size);
    HeaderBytes bytes{};
    const std::size_t size = encode_frame_header(header, bytes);
    check(state, is_right(bytes, size, header));
    for (auto _ : state) {
        benchmark::DoNotOptimize(header);
        benchmark::DoNotOptimize(encode_frame_header(header, bytes));
        benchmark::ClobberMemory();
    }
}

[[maybe_unused]] const bool is_added = [] {
    for (const std::uint64_t size : {125U, 1024U, 1U << 20}) {  // One for each form of length.
        const std::string tail = "/" + std::to_string(size);
        add_row("frame/parse" + tail, [=](benchmark::State& s) { time_parse(s, size); });
        add_row("frame/encode_server" + tail,
                [=](benchmark::State& s) { time_encode(s, Role::server, size); });
        add_row("frame/encode_client" + tail,
                [=](benchmark::State& s) { time_encode(s, Role::client, size); });
    }
    return true;
}();

}  // namespace
}  // namespace edgews::bench
