// Base64, both ways. 16 bytes are a key of the handshake, 20 what answers it.
#include "crypto/base64.hpp"

#include "support.hpp"

namespace edgews::bench {
namespace {

void time_encode(benchmark::State& state, std::size_t size) {
    const Bytes bytes = varied_bytes(size);
    std::string text(base64_encoded_size(size), '?');
    Bytes back(size + 2);
    base64_encode(bytes, text);
    const auto decoded_size = base64_decode(text, back);
    back.resize(size);
    check(state, decoded_size == size && back == bytes);
    for (auto _ : state) {
        benchmark::DoNotOptimize(base64_encode(bytes, text));
        benchmark::ClobberMemory();
    }
    count_bytes(state, size);
}

void time_decode(benchmark::State& state, std::size_t size) {
    std::string text(base64_encoded_size(size), '?');
    base64_encode(varied_bytes(size), text);
    Bytes bytes(base64_decoded_size_max(text.size()));
    check(state, base64_decode(text, bytes) == size &&
                     std::ranges::equal(std::span(bytes).first(size), varied_bytes(size)));
    for (auto _ : state) {
        benchmark::DoNotOptimize(base64_decode(text, bytes));
        benchmark::ClobberMemory();
    }
    count_bytes(state, text.size());
}

[[maybe_unused]] const bool is_added = [] {
    for (const std::size_t size : {16U, 20U, 1024U, 65536U}) {
        const std::string tail = "/" + std::to_string(size);
        add_row("base64/encode" + tail, [=](benchmark::State& s) { time_encode(s, size); });
        add_row("base64/decode" + tail, [=](benchmark::State& s) { time_decode(s, size); });
    }
    return true;
}();

}  // namespace
}  // namespace edgews::bench
