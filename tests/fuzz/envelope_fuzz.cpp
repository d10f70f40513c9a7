// Invariants: of what other nodes of a backplane, or whoever is at its upstream, may send: an
// envelope that has a fault has nothing else; one that has none is, written again, the same bytes;
// and whatever comes in whatever order, each sequence of a node's run is new once at most, and what
// is missing was never new.
#include "core/backplane/channel_name.hpp"
#include "core/backplane/envelope.hpp"
#include "core/backplane/publishers.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <span>
#include <string>

namespace {

using namespace edgews::backplane;

void check(bool holds) {
    if (!holds) std::abort();
}

void check_envelope(std::span<const std::byte> input) {
    const auto block = std::make_unique<std::byte[]>(input.size());
    std::copy(input.begin(), input.end(), block.get());
    const Envelope envelope = parse_envelope({block.get(), input.size()});
    check(!describe(envelope.fault).empty());
    if (envelope.fault != EnvelopeFault::none) {
        check(envelope.node == 0 && envelope.name.empty() && envelope.payload.empty());
        return;
    }
    std::string again;
    append_envelope(again, envelope);
    // A name of no bytes may be said, and need not be.
    const bool is_empty_name =
        (std::to_integer<unsigned>(input[1]) & 0x80) != 0 && envelope.name.empty();
    check(is_empty_name || std::ranges::equal(std::as_bytes(std::span(again)), input));
    std::string channel;
    append_channel(channel, envelope.name);
    check(channel.size() <= channel_size_max);
}

// Of two bytes each: the node and the run, the kind, and the sequence.
void check_publishers(std::span<const std::byte> input) {
    Publishers publishers;
    publishers.heard_since(0);
    std::map<NodeId, std::pair<std::uint32_t, std::uint64_t>> last;
    for (; input.size() >= 2; input = input.subspan(2)) {
        const auto who = std::to_integer<unsigned>(input[0]);
        const Envelope envelope{
            .kind = (who & 1) != 0 ? Envelope::Kind::mark : Envelope::Kind::text,
            .node = who >> 1 & 3,
            .run = 1 + (who >> 3 & 3),
            .sequence = 1 + std::to_integer<std::uint64_t>(input[1]) % 16};
        auto& [run, sequence] = last[envelope.node];
        const Publishers::Verdict verdict = publishers.take(envelope, 1'000);
        const std::uint64_t heard = envelope.run > run ? 0 : sequence;
        const bool is_later = envelope.run >= run && envelope.sequence > heard;
        check(verdict.is_new == is_later);
        check(!verdict.missing || verdict.is_new);
        if (verdict.missing) {
            check(verdict.missing->node == envelope.node);
            check(verdict.missing->first == heard + 1);
            check(verdict.missing->last == envelope.sequence - (envelope.is_message() ? 1 : 0));
        }
        run = std::max(run, envelope.run);
        if (envelope.run == run) sequence = std::max(heard, envelope.sequence);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto input = std::as_bytes(std::span(data, size));
    check_envelope(input);
    check_publishers(input);
    return 0;
}
