// Checks that what a Redis server's bytes mean does not depend on how they arrive, and that they
// cannot make us take more memory than they are worth:
//
// - A ReplyReader says the same of an input whole, byte by byte, and cut at random.
// - What it borrows is bounded by what arrived, and a reader between two replies borrows nothing.
// - A reply that lies whole in the input is shown there, and keeps the limits.
// - Written again in RESP3, it is the same reply.
//
// The first byte of the input chooses the limits; the second seeds the cuts; the third, if it is
// below 32, is how many KiB the rest is repeated up to. The rest is what the server sends.
#include "pieces.hpp"
#include "tests/support/redis_values.hpp"

#include "core/redis/reply_reader.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace edgews::fuzz;
using edgews::BufferPool;
using edgews::redis::Fault;
using edgews::redis::Reply;
using edgews::redis::ReplyLimits;
using edgews::redis::ReplyReader;
using edgews::redis::Value;

namespace {

using Bytes = std::vector<std::byte>;

void require(bool promise) {
    if (!promise) std::abort();
}

void append_counted(std::string& out, char type, std::string_view text) {
    out += type + std::to_string(text.size()) + "\r\n";
    out.append(text).append("\r\n");
}

void append(std::string& out, const Value& value);

void append_elements(std::string& out, char type, std::size_t count, const Value& value) {
    out += type + std::to_string(count) + "\r\n";
    for (const Value element : value) append(out, element);
}

// As RESP3 has it.
void append(std::string& out, const Value& value) {
    using Kind = Value::Kind;
    const std::string line = std::string(value.text()) + "\r\n";
    switch (value.kind()) {
        case Kind::null: out += "_\r\n"; break;
        case Kind::string: append_counted(out, '$', value.text()); break;
        case Kind::error: append_counted(out, '!', value.text()); break;
        case Kind::integer: out += ':' + line; break;
        case Kind::double_number: out += ',' + line; break;
        case Kind::boolean: out += '#' + line; break;
        case Kind::big_number: out += '(' + line; break;
        case Kind::array: append_elements(out, '*', value.element_count(), value); break;
        case Kind::set: append_elements(out, '~', value.element_count(), value); break;
        case Kind::map: append_elements(out, '%', value.element_count() / 2, value); break;
        case Kind::push: append_elements(out, '>', value.element_count(), value); break;
        case Kind::attribute: require(false);
    }
}

void check_written(const Value& value) {
    std::string text;
    append(text, value);
    BufferPool pool(0);
    const ReplyLimits limits{UINT32_MAX, UINT32_MAX, UINT32_MAX};
    ReplyReader reader(limits, pool);
    std::span<const std::byte> input = std::as_bytes(std::span(text));
    const Reply again = reader.next(input);
    require(again.kind == Reply::Kind::whole);
    require(edgews::test::everything(again.value) == edgews::test::everything(value));
    require(input.empty());
    require(!reader.next(input));
}

struct Measure {
    std::size_t element_count = 0;
    std::size_t depth = 0;
};

Measure measure(const Value& value, std::span<const std::byte> bytes) {
    require(value.text().empty() ||
            edgews::contains(bytes, std::as_bytes(std::span(value.text()))));
    if (!value.is_aggregate()) return {};
    Measure all{.element_count = value.element_count()};
    for (const Value element : value) {
        const Measure one = measure(element, bytes);
        all.element_count += one.element_count;
        all.depth = std::max(all.depth, one.depth);
    }
    ++all.depth;
    return all;
}

void check_whole(const Value& value, std::span<const std::byte> bytes, const ReplyLimits& limits) {
    require(bytes.size() <= limits.size_max);
    const Measure all = measure(value, bytes);
    require(all.element_count <= limits.element_count_max);
    require(all.depth <= limits.depth_max);
    check_written(value);
}

std::vector<std::string> read(const ReplyLimits& limits, std::span<const std::byte> bytes,
                              Pieces pieces) {
    BufferPool pool(0);  // Keeps nothing: a sanitizer sees late uses.
    ReplyReader reader(limits, pool);
    std::vector<std::string> replies;
    bool has_failed = false;
    std::size_t arrived = 0;
    while (arrived < bytes.size()) {
        const std::size_t size = pieces.next(bytes.size() - arrived);
        const Bytes block(bytes.begin() + static_cast<std::ptrdiff_t>(arrived),
                          bytes.begin() + static_cast<std::ptrdiff_t>(arrived + size));
        arrived += size;
        std::span<const std::byte> input = block;
        std::span<const std::byte> before = input;
        while (const Reply reply = reader.next(input)) {
            require(!has_failed);
            has_failed = reply.kind == Reply::Kind::fault;
            require(has_failed == (reply.fault != Fault::none));
            replies.push_back(edgews::test::everything(reply));
            if (!has_failed && pieces.cut == Cut::whole) {
                check_whole(reply.value, before.first(before.size() - input.size()), limits);
            }
            before = input;
        }
        require(input.empty());
        // Two blocks, each of less than twice what arrived or of 256 bytes, and their headers. The
        // shortest value has three bytes, and a node has sixteen.
        require(pool.lent_size() <= 2 * arrived + 2 * 16 * (arrived / 3 + 1) + 640);
        if (!reader.is_inside_reply()) require(pool.lent_size() == 0);
    }
    return replies;
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

    ReplyLimits limits;
    if ((choice & 1) != 0) limits.size_max = 24;
    if ((choice & 2) != 0) limits.element_count_max = 5;
    if ((choice & 4) != 0) limits.depth_max = 2;
    if ((choice & 8) != 0) limits.size_max = UINT32_MAX;
    if ((choice & 16) != 0) limits.element_count_max = UINT32_MAX;

    const std::vector<std::string> whole = read(limits, bytes, {Cut::whole, seed});
    constexpr std::size_t slow_size = 4096;
    for (const Cut cut : {Cut::byte_by_byte, Cut::at_random}) {
        if (cut == Cut::byte_by_byte && bytes.size() > slow_size) continue;
        require(read(limits, bytes, {cut, seed}) == whole);
    }
    return 0;
}
