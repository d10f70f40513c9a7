// How a byte goes through the reader.
//
//     head ──▶ delivered ──▶ head …            a frame with a fault in its head: discarding
//     head ──▶ body ──▶ delivered ──▶ head …
//
// The scanner finds the end of the head, and memchr or content-length the end of the body, without
// looking at any byte twice. A frame that begins and ends in one input stays where it is. What the
// input has of another frame is appended to held_, and then it is a frame in held_: when its last
// byte came, its head is parsed where it lies by then.
//
// The head is parsed once it is complete, too: it says how the body ends, and whether there is a
// fault. Its headers lie in the store until the input is held or the frame was shown.
#include "core/stomp/frame_reader.hpp"

#include "core/stomp/head_parser.hpp"

#include <cassert>
#include <cstring>

namespace edgews::stomp {
namespace {

// Less does not get a large block on the word of its content-length.
constexpr std::size_t serious_size = 16 * 1024;

// Bytes of the whole EOLs at the front.
std::size_t eols_size(std::span<const std::byte> input) noexcept {
    constexpr std::byte cr{'\r'};
    constexpr std::byte lf{'\n'};
    std::size_t size = 0;
    for (;;) {
        while (size < input.size() && input[size] == lf) ++size;
        const bool is_pair = size + 1 < input.size() && input[size] == cr && input[size + 1] == lf;
        if (!is_pair) return size;
        size += 2;
    }
}

}  // namespace

struct FrameReader::BodyEnd {
    bool is_found = false;
    std::size_t input_size = 0;  // Bytes of the input up to there, with the NUL.
    std::size_t body_size = 0;
    Fault fault = Fault::none;
};

const Frame* FrameReader::next(std::span<const std::byte>& input) noexcept {
    if (step_ == Step::delivered || step_ == Step::discarding) give_back();
    if (step_ == Step::delivered) step_ = Step::head;
    while (!input.empty() && step_ != Step::discarding) {
        std::size_t body_begin = 0;
        if (step_ == Step::head) {
            const Frame* const frame = read_head(input, body_begin);
            if (frame != nullptr) return frame;
        }
        if (step_ == Step::counted_body || step_ == Step::body_to_nul) {
            const Frame* const frame = read_body(input, body_begin);
            if (frame != nullptr) return frame;
        }
    }
    input = input.last(0);
    return nullptr;
}

bool FrameReader::is_inside_frame() const noexcept {
    switch (step_) {
        case Step::head: return scanner_.is_inside_frame();
        case Step::counted_body:
        case Step::body_to_nul: return true;
        case Step::delivered:
        case Step::discarding: return false;
    }
    return false;
}

// Returns only a frame with a fault. After a complete head the step is that of its body, whose next
// byte is at `body_begin` of the input.
const Frame* FrameReader::read_head(std::span<const std::byte>& input,
                                    std::size_t& body_begin) noexcept {
    using Outcome = HeadScanner::Result::Outcome;
    const HeadScanner::Result scan = scanner_.scan(input, *limits_);
    if (scan.outcome == Outcome::more) {
        hold(input);
        input = input.last(0);
        return nullptr;
    }
    if (scan.outcome == Outcome::eol) {
        give_back();
        input = input.subspan(scan.size);
        // Where one is, any number may follow: that is to cost no more than other bytes do.
        input = input.subspan(eols_size(input));
        return nullptr;
    }
    body_begin = scan.size;
    if (held_) {
        hold(input.first(scan.size));
        input = input.subspan(scan.size);
        body_begin = 0;
    }
    const ParsedHead head = parse(held_ ? held_.bytes() : input);
    const Fault fault = head.fault != Fault::none ? head.fault : scan.fault;
    command_ = head.command;
    if (fault != Fault::none) return show({}, fault);
    content_length_ = head.content_length.value_or(0);
    step_ = head.content_length ? Step::counted_body : Step::body_to_nul;
    return nullptr;
}

const Frame* FrameReader::read_body(std::span<const std::byte>& input,
                                    std::size_t body_begin) noexcept {
    const std::size_t held_size = held_ ? held_.size() - scanner_.size() : 0;
    const BodyEnd end = find_body_end(input.subspan(body_begin), held_size);
    if (!end.is_found) {
        store_.reset();
        hold(input);
        input = input.last(0);
        return nullptr;
    }
    std::span<const std::byte> frame = input.first(body_begin + end.input_size);
    input = input.subspan(frame.size());
    if (held_) {
        hold(frame);
        frame = held_.bytes();
        static_cast<void>(parse(frame));  // Once more: now it lies where it stays.
    }
    return show(frame.subspan(scanner_.size(), end.body_size), end.fault);
}

// Requires: the step is that of a body, of which held_ has `held_size` bytes and `input` the next.
FrameReader::BodyEnd FrameReader::find_body_end(std::span<const std::byte> input,
                                                std::size_t held_size) const noexcept {
    if (step_ == Step::counted_body) {
        const std::size_t left = content_length_ - held_size;
        if (input.size() <= left) return {};
        const bool has_end = input[left] == std::byte{0};
        return {.is_found = true,
                .input_size = left + 1,
                .body_size = content_length_,
                .fault = has_end ? Fault::none : Fault::body_end_missing};
    }
    const std::size_t room = limits_->body_size_max - held_size;
    const void* const nul = input.empty() ? nullptr : std::memchr(input.data(), 0, input.size());
    const std::size_t size =
        nul == nullptr
            ? input.size()
            : static_cast<std::size_t>(static_cast<const std::byte*>(nul) - input.data());
    if (size > room) return {.is_found = true, .fault = Fault::body_too_big};
    if (nul == nullptr) return {};
    return {.is_found = true, .input_size = size + 1, .body_size = held_size + size};
}

// Requires: `frame` begins with the head. The headers in the store are views of it from now on.
ParsedHead FrameReader::parse(std::span<const std::byte> frame) noexcept {
    return parse_head(frame.first(scanner_.lines_size()),
                      {.version = version_, .body_size_max = limits_->body_size_max}, store_,
                      *pool_);
}

const Frame* FrameReader::show(std::span<const std::byte> body, Fault fault) noexcept {
    step_ = fault == Fault::none ? Step::delivered : Step::discarding;
    return store_.show({.command = command_, .body = body, .fault = fault});
}

// Appends to what is held of the frame. A block has room for less than twice what arrived, or for
// 256 bytes.
void FrameReader::hold(std::span<const std::byte> piece) noexcept {
    if (piece.empty()) return;
    std::size_t hoped_for = 0;
    if (step_ == Step::counted_body && held_.size() + piece.size() >= serious_size) {
        hoped_for = scanner_.size() + content_length_ + 1 - held_.size();
    }
    pool_->reserve(held_, piece.size(), hoped_for);
    held_.append(piece);
}

void FrameReader::give_back() noexcept {
    held_.reset();
    store_.reset();
    scanner_.reset();
}

}  // namespace edgews::stomp
