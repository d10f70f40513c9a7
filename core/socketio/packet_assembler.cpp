#include "core/socketio/packet_assembler.hpp"

#include "core/socketio/placeholders.hpp"

#include <cassert>
#include <new>
#include <type_traits>

namespace edgews::sio {
namespace {

// They lie in blocks that are moved, and given back, as bytes.
static_assert(std::is_trivially_copyable_v<Attachment>);
static_assert(std::is_trivially_destructible_v<Attachment>);
static_assert(alignof(Attachment) <= alignof(Block));
static_assert(attachment_count_bound <= UINT8_MAX);

}  // namespace

Assembled PacketAssembler::take_text(std::string_view text,
                                     std::span<std::string_view> space) noexcept {
    if (step_ == Step::discarding) return {};
    if (step_ == Step::attachments) return fail(Fault::attachment_missing);
    give_back();
    const Packet packet = decode_packet(text, *limits_, space);
    if (packet.fault != Fault::none) {
        Assembled failed = fail(packet.fault);
        failed.packet.json_fault = packet.json_fault;
        return failed;
    }
    if (packet.attachment_count == 0) return {.kind = Assembled::Kind::packet, .packet = packet};
    const auto bytes = std::as_bytes(std::span(text));
    if (bytes.size() > UINT32_MAX || !pool_->try_reserve(kept_, bytes.size())) {
        return fail(Fault::no_memory);
    }
    kept_.append(bytes);
    text_size_ = static_cast<std::uint32_t>(bytes.size());
    attachment_count_ = static_cast<std::uint8_t>(packet.attachment_count);
    step_ = Step::attachments;
    return {};
}

Assembled PacketAssembler::take_binary(std::span<const std::byte> bytes,
                                       std::span<std::string_view> space) noexcept {
    if (step_ == Step::discarding) return {};
    if (step_ == Step::text) return fail(Fault::attachment_unexpected);
    const std::size_t kept_size = kept_.size() - text_size_;
    if (bytes.size() > limits_->attachments_size_max - kept_size) {
        return fail(Fault::attachments_too_big);
    }
    if (!keep_size(bytes.size())) return fail(Fault::no_memory);
    if (kept_attachments().size() == attachment_count_) return complete(bytes, space);
    if (!pool_->try_reserve(kept_, bytes.size())) return fail(Fault::no_memory);
    kept_.append(bytes);
    return {};
}

bool PacketAssembler::keep_size(std::size_t size) noexcept {
    if (!pool_->try_reserve(attachments_, sizeof(Attachment))) return false;
    ::new (attachments_.free_space().data()) Attachment{.data = nullptr, .size = size};
    attachments_.commit(sizeof(Attachment));
    return true;
}

// All but the last are kept.
Assembled PacketAssembler::complete(std::span<const std::byte> last,
                                    std::span<std::string_view> space) noexcept {
    const std::span<Attachment> attachments = kept_attachments();
    const std::byte* at = kept_.bytes().data() + text_size_;
    for (Attachment& attachment : attachments.first(attachments.size() - 1)) {
        attachment.data = at;
        at += attachment.size;
    }
    assert(at == kept_.bytes().data() + kept_.size());
    attachments.back().data = last.data();
    step_ = Step::text;
    // It was read before: now again, where it is kept.
    const std::string_view text(reinterpret_cast<const char*>(kept_.bytes().data()), text_size_);
    const Packet packet = decode_packet(text, *limits_, space);
    if (packet.fault != Fault::none) return fail(packet.fault);  // `space` has become smaller.
    return {.kind = Assembled::Kind::packet, .packet = packet, .attachments = attachments};
}

std::span<Attachment> PacketAssembler::kept_attachments() const noexcept {
    const std::span<std::byte> bytes = attachments_.bytes();
    return {reinterpret_cast<Attachment*>(bytes.data()), bytes.size() / sizeof(Attachment)};
}

UnfinishedPacket PacketAssembler::take_unfinished() {
    UnfinishedPacket unfinished;
    if (step_ != Step::attachments) return unfinished;
    std::span<const std::byte> rest = kept_.bytes();
    unfinished.text.assign(reinterpret_cast<const char*>(rest.data()), text_size_);
    rest = rest.subspan(text_size_);
    for (const Attachment& attachment : kept_attachments()) {
        const std::span<const std::byte> bytes = rest.first(attachment.size);
        unfinished.attachments.emplace_back(bytes.begin(), bytes.end());
        rest = rest.subspan(attachment.size);
    }
    give_back();
    step_ = Step::text;
    return unfinished;
}

Assembled PacketAssembler::fail(Fault fault) noexcept {
    give_back();
    step_ = Step::discarding;
    return {.kind = Assembled::Kind::fault, .packet = {.fault = fault}};
}

void PacketAssembler::give_back() noexcept {
    kept_.reset();
    attachments_.reset();
}

}  // namespace edgews::sio
