#include "frame_run.hpp"

#include "core/kernels/mask.hpp"

#include <algorithm>
#include <array>

namespace load {
namespace {

// Different messages in a cycle: many, but no more than stay in the caches.
constexpr std::size_t cycle_max = 16;
constexpr std::size_t cycle_min = 2;
constexpr std::size_t cycle_bytes = 64 * 1024;

constexpr std::uint32_t mask_key = 0x3D21FA37;  // That of the RFC's examples.

}  // namespace

void append_frame(std::vector<std::byte>& out, edgews::Role sender, edgews::Opcode opcode,
                  std::span<const std::byte> payload) {
    const bool masked = sender == edgews::Role::client;
    std::array<std::byte, edgews::frame_header_size_max> header;
    const std::size_t header_size = edgews::encode_frame_header(
        {.opcode = opcode, .masked = masked, .mask_key = mask_key, .payload_size = payload.size()},
        header);
    const auto taken = std::span(header).first(header_size);
    out.insert(out.end(), taken.begin(), taken.end());
    out.insert(out.end(), payload.begin(), payload.end());
    if (masked) edgews::apply_mask(std::span(out).last(payload.size()), mask_key);
}

FrameRun::FrameRun(const RunShape& shape)
    : opcode_(shape.alphabet == Alphabet::binary ? edgews::Opcode::binary : edgews::Opcode::text),
      payload_size_(shape.size),
      cycle_(std::clamp(cycle_bytes / (shape.size + 1), cycle_min, cycle_max)) {
    for (unsigned i = 0; i < cycle_; ++i) {
        const std::string payload = make_payload(shape.alphabet, shape.size, i);
        const auto bytes = std::as_bytes(std::span(payload));
        append_frame(requests_, edgews::Role::client, opcode_, bytes);
        append_frame(replies_, edgews::Role::server, opcode_, bytes);
    }
    request_size_ = requests_.size() / cycle_;
    reply_size_ = replies_.size() / cycle_;
    const std::size_t cycle_end = requests_.size();
    requests_.resize(cycle_end + shape.in_flight * request_size_);
    for (std::size_t at = cycle_end; at < requests_.size(); ++at) {
        requests_[at] = requests_[at - cycle_end];
    }
}

}  // namespace load
