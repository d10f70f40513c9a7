// Checks that what a peer's bytes mean does not depend on how they arrive, and
// that they cannot make us take more memory than they are worth:
//
// - A frame header that is complete or a fault stays the same with more bytes
//   behind it, and encoding what was parsed gives the same bytes.
// - A MessageReader says the same of an input whole, byte by byte, and cut at
//   random, whether or not bytes are received directly into it.
// - What it borrows is bounded by what arrived, and an idle reader borrows nothing.
//
// The first byte of the input chooses the role, the delivery and the limits; the
// second seeds the cuts; the third is how many KiB the rest is repeated up to, so
// that a small input reaches large messages. The rest is what the peer sends.
#include "pieces.hpp"
#include "tests/support/transcript.hpp"

#include "core/websocket/frame.hpp"
#include "core/websocket/message_reader.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <vector>

using namespace edgews;
using namespace edgews::fuzz;

namespace {

using Bytes = std::vector<std::byte>;

void require(bool promise) {
    if (!promise) std::abort();
}

void check_header(std::span<const std::byte> bytes, Role role, bool rsv1_allowed) {
    bytes = bytes.first(std::min(bytes.size(), frame_header_size_max + 1));
    ParsedHeader decided;
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
        const Bytes block(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        const ParsedHeader parsed = parse_frame_header(block, role, rsv1_allowed);
        require(parsed.size <= size);
        require(parsed.fault == Fault::none || parsed.size == 0);
        if (decided.fault == Fault::none && decided.size == 0) decided = parsed;
        require(parsed.fault == decided.fault);
        require(parsed.size == decided.size);
        if (size >= frame_header_size_max) require(parsed.fault != Fault::none || parsed.size > 0);
        if (parsed.size == 0) continue;
        std::array<std::byte, frame_header_size_max> again{};
        require(encode_frame_header(parsed.header, again) == parsed.size);
        require(std::equal(again.begin(), again.begin() + parsed.size, bytes.begin()));
    }
}

std::vector<std::string> read(ReaderSetup setup, std::span<const std::byte> bytes, Pieces pieces) {
    BufferPool pool(0);  // Keeps nothing: a sanitizer sees late uses.
    setup.pool = &pool;
    MessageReader reader(setup);
    test::Transcript transcript;
    std::size_t arrived = 0;
    while (arrived < bytes.size()) {
        std::size_t size = pieces.next(bytes.size() - arrived);
        const std::span<std::byte> space = pieces.cut == Cut::at_random_and_direct
                                               ? reader.direct_space()
                                               : std::span<std::byte>();
        Bytes block;
        if (space.empty()) {
            block.assign(bytes.begin() + static_cast<std::ptrdiff_t>(arrived),
                         bytes.begin() + static_cast<std::ptrdiff_t>(arrived + size));
        } else {
            size = std::min(size, space.size());
            std::memcpy(space.data(), bytes.data() + arrived, size);
            reader.direct_received(size);
        }
        arrived += size;
        transcript.read(reader, block);
        require(!(reader.is_idle() && reader.is_inside_message()));
        // A block of at most 9/4 of the message, and one for a control frame; each
        // has a header of 64 bytes and room for 256 bytes at least.
        require(pool.lent_size() <= arrived * 9 / 4 + 640);
        if (setup.streaming) require(pool.lent_size() <= 320);
        if (reader.is_idle()) require(pool.lent_size() == 0);
    }
    return transcript.entries();
}

// Bad text: a stream shows what came before it only if that came in time.
void forget_chunks_before_bad_text(std::vector<std::string>& entries) {
    const std::string bad_text = "fault: " + std::string(describe(Fault::invalid_utf8));
    if (entries.size() < 2 || entries.back() != bad_text) return;
    if (entries[entries.size() - 2].starts_with("chunk text")) entries.erase(entries.end() - 2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) return 0;
    const unsigned choice = data[0];
    const std::uint64_t seed = data[1];
    const std::size_t repeat_count = data[2];
    const auto all = std::as_bytes(std::span(data, size)).subspan(3);
    Bytes bytes;
    do {
        bytes.insert(bytes.end(), all.begin(), all.end());
    } while (bytes.size() < repeat_count * 1024 && !all.empty());

    const Role role = (choice & 1) != 0 ? Role::client : Role::server;
    check_header(all, role, (choice & 2) != 0);
    ReaderSetup setup{.role = role, .streaming = (choice & 4) != 0};
    if ((choice & 8) != 0) setup.message_size_max = 300;
    if ((choice & 16) != 0) setup.frame_size_max = 130;
    if ((choice & 32) != 0) setup.fragment_count_max = 3;
    if ((choice & 64) != 0) setup.message_size_max = SIZE_MAX;

    std::vector<std::string> whole = read(setup, bytes, {Cut::whole, seed});
    forget_chunks_before_bad_text(whole);
    constexpr std::size_t slow_size = 4096;
    for (const Cut cut : {Cut::byte_by_byte, Cut::at_random, Cut::at_random_and_direct}) {
        if (cut == Cut::byte_by_byte && bytes.size() > slow_size) continue;
        std::vector<std::string> cut_up = read(setup, bytes, {cut, seed});
        forget_chunks_before_bad_text(cut_up);
        require(cut_up == whole);
    }
    return 0;
}
