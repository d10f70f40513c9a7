// The body of an HTTP/1.1 request, as it arrives (RFC 9112, sections 6 and 7.1).
//
// A pull reader that holds no bytes: each call takes some from the front of what was received, and
// returns the next piece of the body, which lies there.
//
//     HttpBodyReader body(head, size_max);
//     for (;;) switch (body.next(input)) {
//         case HttpBodyReader::Step::piece:     // body.piece(), of at least one byte.
//         case HttpBodyReader::Step::more:      // `input` is empty: receive more, and go on.
//         case HttpBodyReader::Step::complete:  // What is left in `input` is the next request's.
//         case HttpBodyReader::Step::failed:    // body.fault(); answer and close.
//     }
//
// It is as strict as the head's parser, and for the same reason: where leniency lets two parsers
// disagree about where a body ends, one request is smuggled in another. Chunk extensions and
// trailers are checked, counted and thrown away (sections 7.1.1 and 7.1.2).
#pragma once

#include "core/http/chunk_extensions.hpp"
#include "core/http/http_fault.hpp"
#include "core/http/http_head.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace edgews {

class HttpBodyReader {
  public:
    enum class Step : std::uint8_t { piece, more, complete, failed };

    // `size_max`: bytes of the body; a larger one is a fault as soon as its size is known.
    // Requires: the head is complete, and a request's.
    HttpBodyReader(const HttpHead& head, std::uint64_t size_max) noexcept;

    // Once complete or failed it stays so.
    [[nodiscard]] Step next(std::span<std::byte>& input) noexcept;
    // A part of the input of the call that returned Step::piece.
    [[nodiscard]] std::span<std::byte> piece() const noexcept { return piece_; }
    [[nodiscard]] HttpFault fault() const noexcept { return fault_; }
    // Bytes that are known to be still to come, if no more than that come.
    [[nodiscard]] std::uint64_t announced_size() const noexcept { return left_; }

    // Bytes of all chunk extensions of a body together, and of all its trailers.
    static constexpr std::uint32_t extensions_size_max = 16 * 1024;
    static constexpr std::uint32_t trailers_size_max = 16 * 1024;

  private:
    enum class State : std::uint8_t {
        content,        // Of a body with a Content-Length.
        size,           // At a digit of a chunk's size.
        extensions,     // Behind that.
        size_feed,      // After the CR of the chunk's first line.
        chunk,          // In its bytes.
        chunk_return,   // At the CR behind them.
        chunk_feed,     // At the LF behind that.
        trailer_start,  // At the first byte of a trailer, or of the empty line.
        trailer_name,   // Behind that.
        trailer_value,  // Behind the colon.
        trailer_feed,   // After the CR of a trailer.
        final_feed,     // After the CR of the empty line.
        complete,
        failed,
    };
    void parse(char c) noexcept;
    void parse_size(char c) noexcept;
    void parse_extensions(char c) noexcept;
    void parse_trailer(char c) noexcept;
    void expect(char c, char wanted, State next, HttpFault fault) noexcept;
    void end_size_line() noexcept;
    void enter(State next) noexcept { state_ = next; }
    void fail(HttpFault fault) noexcept;

    std::span<std::byte> piece_{};
    std::uint64_t size_max_;        // Of what is to come.
    std::uint64_t left_ = 0;        // Of the content, or of the chunk.
    ChunkExtensions extensions_{};  // Of the chunk.
    std::uint32_t extensions_size_ = 0;
    std::uint32_t trailers_size_ = 0;
    std::uint8_t digit_count_ = 0;
    State state_ = State::complete;
    HttpFault fault_ = HttpFault::none;
};

}  // namespace edgews
