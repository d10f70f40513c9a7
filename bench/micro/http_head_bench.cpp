// Request heads: the smallest one that opens a WebSocket, and a browser's.
#include "core/http/http_head.hpp"

#include "request_heads.hpp"
#include "support.hpp"

namespace edgews::bench {
namespace {

// The head arrives in pieces of `piece_size` bytes, as received text that grows.
HttpHead::Progress parse(HttpHead& head, std::string_view text, std::size_t piece_size) {
    auto progress = HttpHead::Progress::more;
    for (std::size_t size = 0; size < text.size() && progress == HttpHead::Progress::more;) {
        size += std::min(piece_size, text.size() - size);
        progress = head.parse(text.substr(0, size));
    }
    return progress;
}

void time_parse(benchmark::State& state, const RequestHead& request, std::size_t piece_size) {
    HttpHead head;
    check(state, parse(head, request.text, piece_size) == HttpHead::Progress::complete &&
                     head.size() == request.text.size() && head.path() == "/chat" &&
                     head.header_count() == request.header_count);
    for (auto _ : state) {
        head.reset();
        benchmark::DoNotOptimize(parse(head, request.text, piece_size));
        benchmark::ClobberMemory();
    }
    count_bytes(state, request.text.size());
}

[[maybe_unused]] const bool is_added = [] {
    for (const RequestHead& request : request_heads) {
        const std::string tail =
            std::string("/") + request.name + "/" + std::to_string(request.text.size());
        const auto add = [&](const char* way, std::size_t piece_size) {
            add_row(std::string("http_head/") + way + tail,
                    [=](benchmark::State& state) { time_parse(state, request, piece_size); });
        };
        add("whole", SIZE_MAX);
        add("halves", (request.text.size() + 1) / 2);
        add("byte_by_byte", 1);
    }
    return true;
}();

}  // namespace
}  // namespace edgews::bench
