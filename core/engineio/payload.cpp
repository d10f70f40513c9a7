#include "core/engineio/payload.hpp"

#include "core/kernels/utf8.hpp"

#include <cassert>
#include <cstring>

namespace edgews::engineio {
namespace {

Fault check_body(std::span<const std::byte> body, const PayloadLimits& limits) noexcept {
    if (body.size() > limits.size_max) return Fault::payload_too_big;
    return is_utf8(body) ? Fault::none : Fault::payload_not_utf8;
}

// The first separator, or the end.
std::size_t find_separator(std::span<const std::byte> text) noexcept {
    if (text.empty()) return 0;
    const void* const found = std::memchr(text.data(), packet_separator, text.size());
    if (found == nullptr) return text.size();
    return static_cast<std::size_t>(static_cast<const std::byte*>(found) - text.data());
}

}  // namespace

PayloadReader::PayloadReader(std::span<std::byte> body, const PayloadLimits& limits) noexcept
    : rest_(body), left_(limits.packet_count_max), fault_(check_body(body, limits)) {}

std::optional<Packet> PayloadReader::next() noexcept {
    if (is_at_end_) return std::nullopt;
    if (fault_ != Fault::none) return fail(fault_);
    if (left_ == 0) return fail(Fault::payload_has_too_many);
    --left_;
    const std::size_t size = find_separator(rest_);
    is_at_end_ = size == rest_.size();
    const Packet packet = decode_packet(rest_.first(size));
    rest_ = rest_.subspan(is_at_end_ ? size : size + 1);
    if (packet.fault != Fault::none) return fail(packet.fault);
    return packet;
}

Packet PayloadReader::fail(Fault fault) noexcept {
    is_at_end_ = true;
    return {.fault = fault};
}

bool PayloadWriter::add(const Packet& packet) {
    assert(packet.is_binary || packet.text().find(packet_separator) == std::string_view::npos);
    if (size() > 0) {
        const std::size_t more = encoded_size(packet) + 1;
        if (size() > size_max_ || more > size_max_ - size()) return false;
        out_->push_back(packet_separator);
    }
    append_packet(*out_, packet);
    return true;
}

}  // namespace edgews::engineio
