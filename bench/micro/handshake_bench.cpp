// The opening handshake: from the bytes of a request to those of the response.
#include "core/websocket/handshake.hpp"

#include "request_heads.hpp"
#include "support.hpp"

namespace edgews::bench {
namespace {

// Appends the response. False: the request was refused.
bool answer(std::string_view text, std::span<const std::string> subprotocols, std::string& out) {
    HttpHead head;
    if (head.parse(text) != HttpHead::Progress::complete) return false;
    const OpeningRequest request = read_opening_request(head);
    if (request.fault != HandshakeFault::none) return false;
    if (!origin_allowed({.origin = head.header("Origin"), .host = head.host()}, {})) return false;
    const OpeningResponse response{.key = request.key,
                                   .subprotocol = choose_subprotocol(head, subprotocols)};
    return append_opening_response(out, response) == HeaderFault::none;
}

void time_answer(benchmark::State& state, const RequestHead& request) {
    const std::array<std::string, 1> subprotocols{"superchat"};
    std::string out;
    check(state, answer(request.text, subprotocols, out) && out.starts_with("HTTP/1.1 101 ") &&
                     out.find("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") !=
                         std::string::npos);
    for (auto _ : state) {
        out.clear();
        benchmark::DoNotOptimize(answer(request.text, subprotocols, out));
        benchmark::ClobberMemory();
    }
    count_bytes(state, request.text.size());
}

[[maybe_unused]] const bool is_added = [] {
    for (const RequestHead& request : request_heads) {
        add_row(
            std::string("handshake/") + request.name + "/" + std::to_string(request.text.size()),
            [=](benchmark::State& state) { time_answer(state, request); });
    }
    return true;
}();

}  // namespace
}  // namespace edgews::bench
