#include "core/stomp/frame_store.hpp"

#include "core/stomp/value_encoding.hpp"

#include <cassert>
#include <new>
#include <type_traits>

namespace edgews::stomp {
namespace {

// The smallest block that has room for the headers of nearly all frames: 14.
constexpr std::size_t usual_size = 512;

// They lie in blocks that are moved, and given back, as bytes.
static_assert(std::is_trivially_copyable_v<Frame> && std::is_trivially_destructible_v<Frame>);
static_assert(std::is_trivially_copyable_v<Header> && std::is_trivially_destructible_v<Header>);
static_assert(sizeof(Frame) % alignof(Header) == 0);

}  // namespace

void FrameStore::begin(BufferPool& pool) noexcept {
    if (!frame_) frame_ = pool.take(usual_size);
    frame_.clear();
    frame_.commit(sizeof(Frame));  // show() writes it.
    decoded_.clear();
}

void FrameStore::reserve_decoded(BufferPool& pool, std::size_t size_max) noexcept {
    assert(decoded_.size() == 0);
    pool.reserve(decoded_, size_max);
}

std::optional<std::string_view> FrameStore::decode(std::string_view text,
                                                   Version version) noexcept {
    assert(text.size() <= decoded_.free_space().size());
    auto* const out = reinterpret_cast<char*>(decoded_.free_space().data());
    const std::optional<std::size_t> size = unescape(text, version, out);
    if (!size) return std::nullopt;
    decoded_.commit(*size);
    return std::string_view(out, *size);
}

void FrameStore::add(BufferPool& pool, const Header& header) noexcept {
    pool.reserve(frame_, sizeof(Header));
    ::new (frame_.free_space().data()) Header(header);
    frame_.commit(sizeof(Header));
}

const Frame* FrameStore::show(Frame frame) noexcept {
    assert(frame_.size() >= sizeof(Frame));
    std::byte* const data = frame_.bytes().data();
    frame.headers = {reinterpret_cast<const Header*>(data + sizeof(Frame)),
                     (frame_.size() - sizeof(Frame)) / sizeof(Header)};
    return ::new (data) Frame(frame);
}

void FrameStore::reset() noexcept {
    frame_.reset();
    decoded_.reset();
}

}  // namespace edgews::stomp
