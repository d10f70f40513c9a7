// SHA-1: every kernel, and the one use that it has here.
#include "crypto/sha1.hpp"

#include "support.hpp"

#include "core/websocket/handshake.hpp"

namespace edgews::bench {
namespace {

void time_kernel(benchmark::State& state, const Sha1Kernel& kernel, std::size_t size) {
    const Bytes message = varied_bytes(size);
    check(state, sha1(message, kernel) == sha1(message, sha1_kernels().front()));
    for (auto _ : state) {
        benchmark::DoNotOptimize(sha1(message, kernel));
        benchmark::ClobberMemory();
    }
    count_bytes(state, size);
}

void time_accept_key(benchmark::State& state) {
    const std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455, section 1.3
    const auto accept = accept_key(key);
    check(state, std::string_view(accept.data(), accept.size()) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    for (auto _ : state) {
        benchmark::DoNotOptimize(accept_key(key));
        benchmark::ClobberMemory();
    }
}

[[maybe_unused]] const bool is_added = [] {
    for (const std::size_t size : {60U, 1024U, 16384U}) {  // The first: a key and the GUID.
        for (const Sha1Kernel& kernel : sha1_kernels()) {
            add_row(std::string("sha1/") + kernel.name + "/" + std::to_string(size),
                    [=](benchmark::State& state) { time_kernel(state, kernel, size); });
        }
    }
    add_row("accept_key", time_accept_key);
    return true;
}();

}  // namespace
}  // namespace edgews::bench
