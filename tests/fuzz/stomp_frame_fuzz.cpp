// Checks that what a client's bytes mean in STOMP does not depend on how they arrive, that they
// cannot make us take more memory than they are worth, and that what we write is what we mean:
//
// - A FrameReader says the same of an input whole, byte by byte, and cut at random.
// - What it borrows is bounded by what arrived, and an idle reader borrows nothing.
// - A good frame's headers keep the rules; written again, in any version, it is one frame, with
//   the same body and the headers that this version can say.
//
// The first byte of the input chooses the version and the limits; the second seeds the cuts; the
// third, if it is below 32, is how many KiB the rest is repeated up to. The rest is what the client
// sends.
#include "pieces.hpp"
#include "tests/support/stomp_frames.hpp"

#include "core/http/http_token.hpp"
#include "core/kernels/utf8.hpp"
#include "core/stomp/frame_reader.hpp"
#include "core/stomp/frame_writer.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace edgews;
using namespace edgews::fuzz;

namespace {

using Bytes = std::vector<std::byte>;
using stomp::Version;

void require(bool promise) {
    if (!promise) std::abort();
}

constexpr Version all_versions[] = {Version::v1_0, Version::v1_1, Version::v1_2};

bool is_connecting(stomp::Command command) {
    return command == stomp::Command::connect || command == stomp::Command::connected;
}

// Writes the frame in `version` and reads it back.
void check_written(const stomp::Frame& frame, Version version) {
    std::string text;
    append_frame(text, frame.command, frame.headers, frame.body, version);
    const Version encoding = is_connecting(frame.command) ? Version::v1_0 : version;
    const bool is_trimmed = version == Version::v1_0 && !is_connecting(frame.command);
    std::vector<stomp::Header> expected;
    for (stomp::Header header : frame.headers) {
        if (header.name == "content-length" || !is_expressible(header, encoding)) continue;
        if (is_trimmed) header.value = trim(header.value);
        expected.push_back(header);
    }
    const std::string size = std::to_string(frame.body.size());
    if (!frame.body.empty()) expected.push_back({"content-length", size});

    BufferPool pool(0);
    const stomp::FrameLimits limits;
    stomp::FrameReader reader(limits, pool);
    reader.set_version(version);
    std::span<const std::byte> input = std::as_bytes(std::span(text));
    const stomp::Frame* const again = reader.next(input);
    require(again != nullptr && again->fault == stomp::Fault::none);
    require(again->command == frame.command);
    require(std::ranges::equal(again->body, frame.body));
    require(std::ranges::equal(again->headers, expected, [](const auto& a, const auto& b) {
        return a.name == b.name && a.value == b.value;
    }));
    require(input.empty());
    require(reader.next(input) == nullptr);
}

void check_good(const stomp::Frame& frame, Version version, const stomp::FrameLimits& limits) {
    require(frame.command != stomp::Command::unknown);
    require(frame.body.size() <= limits.body_size_max);
    require(frame.headers.size() <= limits.header_count_max);
    for (const stomp::Header& header : frame.headers) {
        require(!header.name.empty());
        require(is_utf8(header.name) && is_utf8(header.value));
        require(header.name.size() + header.value.size() < limits.header_size_max);
    }
    for (const Version other : all_versions) check_written(frame, other);
    // Its own version can say all of it, but for a CR that is no line's end in those without it.
    for (const stomp::Header& header : frame.headers) {
        const bool has_cr =
            (std::string(header.name) + std::string(header.value)).find('\r') != std::string::npos;
        const Version encoding = is_connecting(frame.command) ? Version::v1_0 : version;
        require(is_expressible(header, encoding) || (has_cr && encoding != Version::v1_2));
    }
}

struct Setup {
    Version version;
    stomp::FrameLimits limits{};
};

std::vector<std::string> read(const Setup& setup, std::span<const std::byte> bytes, Pieces pieces) {
    BufferPool pool(0);  // Keeps nothing: a sanitizer sees late uses.
    stomp::FrameReader reader(setup.limits, pool);
    reader.set_version(setup.version);
    std::vector<std::string> frames;
    bool has_failed = false;
    std::size_t arrived = 0;
    while (arrived < bytes.size()) {
        const std::size_t size = pieces.next(bytes.size() - arrived);
        const Bytes block(bytes.begin() + static_cast<std::ptrdiff_t>(arrived),
                          bytes.begin() + static_cast<std::ptrdiff_t>(arrived + size));
        arrived += size;
        std::span<const std::byte> input = block;
        while (const stomp::Frame* const frame = reader.next(input)) {
            require(!has_failed);
            has_failed = frame->fault != stomp::Fault::none;
            frames.push_back(test::everything(*frame));
            if (!has_failed && pieces.cut == Cut::whole) {
                check_good(*frame, setup.version, setup.limits);
            }
        }
        require(input.empty());
        // One block, of less than twice what arrived or of 256 bytes, and its header.
        require(pool.lent_size() <= 2 * arrived + 320);
        if (!reader.is_inside_frame() && block.back() != std::byte{'\r'}) {
            require(pool.lent_size() == 0);
        }
    }
    return frames;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) return 0;
    const unsigned choice = data[0];
    const std::uint64_t seed = data[1];
    const std::size_t repeat_count = data[2] < 32 ? data[2] : 0;
    const auto all = std::as_bytes(std::span(data, size)).subspan(3);
    Bytes bytes;
    do {
        bytes.insert(bytes.end(), all.begin(), all.end());
    } while (bytes.size() < repeat_count * 1024 && !all.empty());

    Setup setup{.version = all_versions[(choice & 3) % 3]};
    if ((choice & 4) != 0) setup.limits.header_count_max = 3;
    if ((choice & 8) != 0) setup.limits.header_size_max = 20;
    if ((choice & 16) != 0) setup.limits.head_size_max = 60;
    if ((choice & 32) != 0) setup.limits.body_size_max = 12;

    const std::vector<std::string> whole = read(setup, bytes, {Cut::whole, seed});
    constexpr std::size_t slow_size = 4096;
    for (const Cut cut : {Cut::byte_by_byte, Cut::at_random}) {
        if (cut == Cut::byte_by_byte && bytes.size() > slow_size) continue;
        require(read(setup, bytes, {cut, seed}) == whole);
    }
    return 0;
}
