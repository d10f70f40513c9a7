#include <edgews/core/prepared_message.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <new>
#include <utility>

namespace edgews {

// One allocation: this, then the frame's bytes.
struct PreparedMessage::Shared {
    std::atomic<std::uint32_t> holders{1};
    std::uint32_t header_size = 0;
    std::size_t frame_size = 0;

    std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
};

PreparedMessage::PreparedMessage(Message message)
    : PreparedMessage(message.is_text() ? Opcode::text : Opcode::binary, message.bytes()) {}

PreparedMessage::PreparedMessage(Opcode opcode, std::span<const std::byte> payload) {
    std::array<std::byte, frame_header_size_max> header;
    const std::size_t header_size =
        encode_frame_header({.opcode = opcode, .payload_size = payload.size()}, header);
    const std::size_t frame_size = header_size + payload.size();
    shared_ = new (::operator new(sizeof(Shared) + frame_size)) Shared;
    shared_->header_size = static_cast<std::uint32_t>(header_size);
    shared_->frame_size = frame_size;
    std::copy_n(header.begin(), header_size, shared_->bytes());
    std::copy(payload.begin(), payload.end(), shared_->bytes() + header_size);
}

PreparedMessage::PreparedMessage(const PreparedMessage& other) noexcept : shared_(other.shared_) {
    if (shared_ != nullptr) shared_->holders.fetch_add(1, std::memory_order_relaxed);
}

PreparedMessage& PreparedMessage::operator=(PreparedMessage other) noexcept {
    std::swap(shared_, other.shared_);
    return *this;
}

PreparedMessage::~PreparedMessage() {
    if (shared_ == nullptr || shared_->holders.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    shared_->~Shared();
    ::operator delete(shared_);
}

std::span<const std::byte> PreparedMessage::frame() const noexcept {
    if (shared_ == nullptr) return {};
    return {shared_->bytes(), shared_->frame_size};
}

std::size_t PreparedMessage::payload_size() const noexcept {
    return shared_ == nullptr ? 0 : shared_->frame_size - shared_->header_size;
}

}  // namespace edgews
