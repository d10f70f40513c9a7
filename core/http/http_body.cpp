#include "core/http/http_body.hpp"

#include "core/base/ascii.hpp"
#include "core/http/http_token.hpp"

#include <algorithm>

namespace edgews {

namespace {

constexpr std::uint8_t digit_count_max = 16;  // As many as 64 bits have.

}  // namespace

HttpBodyReader::HttpBodyReader(const HttpHead& head, std::uint64_t size_max) noexcept
    : size_max_(size_max), left_(head.content_length()) {
    if (head.is_chunked()) {
        enter(State::size);
    } else if (left_ > size_max) {
        fail(HttpFault::body_too_large);
    } else if (left_ > 0) {
        enter(State::content);
    }
}

HttpBodyReader::Step HttpBodyReader::next(std::span<std::byte>& input) noexcept {
    while (state_ != State::complete && state_ != State::failed) {
        if (input.empty()) return Step::more;
        if (state_ != State::content && state_ != State::chunk) {
            parse(static_cast<char>(input.front()));
            input = input.subspan(1);
            continue;
        }
        piece_ =
            input.first(static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size())));
        input = input.subspan(piece_.size());
        left_ -= piece_.size();
        if (left_ == 0) enter(state_ == State::chunk ? State::chunk_return : State::complete);
        return Step::piece;
    }
    return state_ == State::complete ? Step::complete : Step::failed;
}

void HttpBodyReader::parse(char c) noexcept {
    switch (state_) {
        case State::size: return parse_size(c);
        case State::extensions: return parse_extensions(c);
        case State::size_feed:
            if (c != '\n') return fail(HttpFault::bare_carriage_return);
            return end_size_line();
        case State::chunk_return:
            return expect(c, '\r', State::chunk_feed, HttpFault::chunk_end_malformed);
        case State::chunk_feed: return expect(c, '\n', State::size, HttpFault::chunk_end_malformed);
        case State::trailer_start:
        case State::trailer_name:
        case State::trailer_value: return parse_trailer(c);
        case State::trailer_feed:
            return expect(c, '\n', State::trailer_start, HttpFault::bare_carriage_return);
        case State::final_feed:
            return expect(c, '\n', State::complete, HttpFault::bare_carriage_return);
        case State::content:
        case State::chunk:
        case State::complete:
        case State::failed: return;
    }
}

void HttpBodyReader::parse_size(char c) noexcept {
    const int value = hex_value(c);
    if (value >= 0 && digit_count_ < digit_count_max) {
        left_ = left_ * 16 + static_cast<unsigned>(value);
        ++digit_count_;
        return;
    }
    const bool is_end = c == '\r' || c == ';' || c == ' ' || c == '\t';
    if (digit_count_ == 0 || !is_end) return fail(HttpFault::chunk_size_malformed);
    if (left_ > size_max_) return fail(HttpFault::body_too_large);
    extensions_ = {};
    enter(State::extensions);
    parse_extensions(c);
}

void HttpBodyReader::parse_extensions(char c) noexcept {
    if (c == '\r' && extensions_.may_end()) return enter(State::size_feed);
    if (!extensions_.take(c)) return fail(HttpFault::chunk_extension_malformed);
    if (++extensions_size_ > extensions_size_max) fail(HttpFault::chunk_extensions_too_long);
}

// The last chunk is the one of no bytes.
void HttpBodyReader::end_size_line() noexcept {
    digit_count_ = 0;
    size_max_ -= left_;
    enter(left_ > 0 ? State::chunk : State::trailer_start);
}

void HttpBodyReader::parse_trailer(char c) noexcept {
    if (++trailers_size_ > trailers_size_max) return fail(HttpFault::trailers_too_long);
    if (state_ == State::trailer_value) {
        if (c == '\r') return enter(State::trailer_feed);
        if (!is_char_of(CharClass::field_value, c)) fail(HttpFault::trailer_malformed);
        return;
    }
    const bool is_first = state_ == State::trailer_start;
    if (is_first && c == '\r') return enter(State::final_feed);
    if (!is_first && c == ':') return enter(State::trailer_value);
    if (!is_char_of(CharClass::token, c)) return fail(HttpFault::trailer_malformed);
    enter(State::trailer_name);
}

void HttpBodyReader::expect(char c, char wanted, State next, HttpFault fault) noexcept {
    c == wanted ? enter(next) : fail(fault);
}

void HttpBodyReader::fail(HttpFault fault) noexcept {
    fault_ = fault;
    left_ = 0;
    enter(State::failed);
}

}  // namespace edgews
