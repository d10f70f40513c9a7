// Invariants: a body has the same outcome whole, cut anywhere and byte by byte; its pieces lie
// inside the input; it is no larger than it may be, and what follows it is not looked at.
//
// The input's first byte says where it is cut, the second how large it may be, the rest is what a
// client sends behind a head that announces chunks, or a length.

#include "core/http/http_body.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using edgews::HttpBodyReader;
using Step = HttpBodyReader::Step;

void check(bool holds) {
    if (!holds) std::abort();
}

struct Outcome {
    std::string body{};
    Step end = Step::more;
    edgews::HttpFault fault = edgews::HttpFault::none;
    std::size_t taken_size = 0;
    bool operator==(const Outcome&) const = default;
};

Outcome read(const edgews::HttpHead& head, std::uint64_t size_max,
             std::span<const std::uint8_t> bytes, std::size_t step_size) {
    HttpBodyReader reader(head, size_max);
    Outcome outcome;
    outcome.end = Step::more;
    for (std::size_t begin = 0; outcome.end == Step::more; begin += step_size) {
        const auto rest = bytes.subspan(std::min(begin, bytes.size()));
        const auto part = rest.first(std::min(step_size, rest.size()));
        // A block of its own, so that looking too far is seen.
        std::vector<std::byte> block(part.size());
        std::ranges::transform(part, block.begin(), [](std::uint8_t b) { return std::byte{b}; });
        std::span<std::byte> input(block);
        while ((outcome.end = reader.next(input)) == Step::piece) {
            const std::span<std::byte> piece = reader.piece();
            check(!piece.empty() && piece.data() >= block.data());
            check(piece.data() + piece.size() <= block.data() + block.size());
            outcome.body.append(reinterpret_cast<const char*>(piece.data()), piece.size());
        }
        check(outcome.end != Step::more || input.empty());
        outcome.taken_size += part.size() - input.size();
        if (rest.size() <= step_size) break;
    }
    outcome.fault = reader.fault();
    check(outcome.body.size() <= size_max);
    check((outcome.end == Step::failed) == (outcome.fault != edgews::HttpFault::none));
    return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::span<const std::uint8_t> bytes(data + 2, size - 2);
    const std::string start = "POST / HTTP/1.1\r\nHost: a\r\n";
    const std::string length = "Content-Length: " + std::to_string(data[1] * 2U) + "\r\n\r\n";
    for (const std::string& text : {start + "Transfer-Encoding: chunked\r\n\r\n", start + length}) {
        edgews::HttpHead head;
        check(head.parse(text) == edgews::HttpHead::Progress::complete);
        const std::uint64_t size_max = data[1] * 3U;
        const Outcome whole = read(head, size_max, bytes, std::max<std::size_t>(bytes.size(), 1));
        for (const std::size_t step_size : {std::size_t{data[0]} + 1, std::size_t{1}}) {
            check(read(head, size_max, bytes, step_size) == whole);
        }
    }
    return 0;
}
