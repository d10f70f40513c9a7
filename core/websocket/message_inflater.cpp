#include "core/websocket/message_inflater.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace edgews {

using Result = MessageInflater::Result;

MessageInflater::MessageInflater(std::unique_ptr<MessageCodec> codec,
                                 const ReaderSetup& setup) noexcept
    : codec_(std::move(codec)), setup_(&setup) {}

void MessageInflater::begin(Opcode opcode) noexcept {
    opcode_ = opcode;
    size_left_ = setup_->message_size_max;
    utf8_.reset();
}

Result MessageInflater::restore(std::span<const std::byte>& input, MessageCodec::Part part,
                                Buffer& output) noexcept {
    assert(fault_ == Fault::none);
    // One byte over the limit is as good as all of them.
    const std::span<std::byte> free = output.free_space();
    const std::span<std::byte> space =
        free.first(std::min(free.size(), size_left_) + (free.size() > size_left_ ? 1 : 0));
    std::span<std::byte> unused = space;
    const MessageCodec::Progress progress = codec_->restore(input, unused, part);
    const std::span<const std::byte> restored = space.first(space.size() - unused.size());
    const std::span<const std::byte> allowed =
        restored.first(std::min(restored.size(), size_left_));
    // Faults in the order of the message's bytes, so that it does not matter how they were cut.
    const bool is_text = opcode_ == Opcode::text;
    if (is_text && !utf8_.feed(allowed)) return fail(Fault::invalid_utf8);
    if (restored.size() > allowed.size()) return fail(Fault::message_too_big);
    size_left_ -= restored.size();
    output.commit(restored.size());
    switch (progress) {
        case MessageCodec::Progress::hungry: return Result::hungry;
        case MessageCodec::Progress::full: return Result::full;
        case MessageCodec::Progress::malformed: return fail(Fault::compression_malformed);
        case MessageCodec::Progress::complete: break;
    }
    return is_text && !utf8_.is_complete() ? fail(Fault::invalid_utf8) : Result::complete;
}

Result MessageInflater::fail(Fault fault) noexcept {
    fault_ = fault;
    return Result::failed;
}

}  // namespace edgews
