#include <edgews/prepared_message.hpp>

#include "core/kernels/utf8.hpp"
#include "core/websocket/message_codec.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

namespace edgews {

// The message for those whose window has `window_bits`.
struct PreparedMessage::Variant {
    std::uint8_t window_bits;
    PreparedMessage message;
    Variant* next;
};

// One allocation: this, then the frame's bytes.
struct PreparedMessage::Shared {
    std::atomic<std::uint32_t> holders{1};
    std::uint8_t header_size = 0;
    bool is_compressed = false;
    Opcode opcode = Opcode::text;
    std::size_t frame_size = 0;
    std::atomic<Variant*> variants{nullptr};  // Only ever added to, in front.

    ~Shared() {
        for (const Variant* variant = variants.load(std::memory_order_acquire);
             variant != nullptr;) {
            const Variant* const next = variant->next;
            delete variant;
            variant = next;
        }
    }
    std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
};

PreparedMessage::PreparedMessage(Message message) {
    if (message.is_unchecked() && !is_utf8(message.text())) return;
    *this = PreparedMessage(message.is_text() ? Opcode::text : Opcode::binary, message.bytes());
}

PreparedMessage::PreparedMessage(Opcode opcode, std::span<const std::byte> payload)
    : PreparedMessage({.opcode = opcode, .payload_size = payload.size()}, payload) {}

PreparedMessage::PreparedMessage(const FrameHeader& header, std::span<const std::byte> payload) {
    std::array<std::byte, frame_header_size_max> bytes;
    const std::size_t header_size = encode_frame_header(header, bytes);
    const std::size_t frame_size = header_size + payload.size();
    shared_ = new (::operator new(sizeof(Shared) + frame_size)) Shared;
    shared_->header_size = static_cast<std::uint8_t>(header_size);
    shared_->is_compressed = header.rsv1;
    shared_->opcode = header.opcode;
    shared_->frame_size = frame_size;
    std::copy_n(bytes.begin(), header_size, shared_->bytes());
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

bool PreparedMessage::is_compressed() const noexcept {
    return shared_ != nullptr && shared_->is_compressed;
}

PreparedMessage PreparedMessage::compressed(MessageCodec& codec) const {
    if (shared_ == nullptr) return {};
    const std::uint8_t window_bits = codec.window_bits();
    Variant* first = shared_->variants.load(std::memory_order_acquire);
    for (const Variant* variant = first; variant != nullptr; variant = variant->next) {
        // The empty one says that it is no shorter. It could not hold ourselves: nobody would ever
        // be the last holder.
        if (variant->window_bits == window_bits) return variant->message ? variant->message : *this;
    }
    auto* const made = new Variant{window_bits, compress(codec), first};
    // Another loop may have made the same one meanwhile, which does no harm.
    while (!shared_->variants.compare_exchange_weak(made->next, made, std::memory_order_acq_rel)) {
    }
    return made->message ? made->message : *this;
}

PreparedMessage PreparedMessage::compress(MessageCodec& codec) const {
    const std::span<const std::byte> payload = this->payload();
    std::vector<std::byte> packed(codec.compressed_size_max(payload.size()));
    const std::size_t size = codec.compress_alone(payload, packed);
    if (size >= payload.size()) return {};
    return PreparedMessage({.rsv1 = true, .opcode = shared_->opcode, .payload_size = size},
                           std::span(packed).first(size));
}

std::span<const std::byte> PreparedMessage::payload() const noexcept {
    return shared_ == nullptr ? std::span<const std::byte>()
                              : frame().subspan(shared_->header_size);
}

Opcode PreparedMessage::opcode() const noexcept {
    return shared_->opcode;
}

}  // namespace edgews
