// Heads of HTTP/1: the request line or the status line, and the headers (RFC 9112, sections
// 2 to 6). Of its versions 1.0 is told apart, and any later one is read as 1.1 (RFC 9110,
// section 2.5).
//
// An incremental parser that keeps offsets, not text: give it all that was
// received of the head so far, each time more of it, at any address.
//
//     HttpHead head;
//     switch (head.parse(received)) {
//         case HttpHead::Progress::more:      // Receive more, call again with all of it.
//         case HttpHead::Progress::complete:  // head.size() bytes were the head.
//         case HttpHead::Progress::failed:    // head.fault(); answer and close.
//     }
//
// It looks at every byte once, however the bytes are split, and reports a fault at
// the first byte that proves it. It is strict where leniency lets two parsers
// disagree about where a message ends (request smuggling): line ends are CR LF,
// folded headers, spaces before the colon and control characters are refused, and
// so are all doubts about the length of the body. A response is read as strictly, but
// may have a body of unknown coding: its status is what counts.
#pragma once

#include <edgews/http.hpp>
#include "core/http/http_fault.hpp"
#include "core/http/http_token.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace edgews {

class HttpHead;

// The values of all headers of one name, in order, for a range-for loop.
// Valid as long as the head and its input are.
class HttpHeaderValues {
  public:
    class Iterator {
      public:
        Iterator(const HttpHead& head, std::string_view name, std::size_t index) noexcept;
        std::string_view operator*() const noexcept;
        Iterator& operator++() noexcept;
        bool operator==(const Iterator& other) const noexcept { return index_ == other.index_; }

      private:
        const HttpHead* head_;
        std::string_view name_;
        std::size_t index_;
    };

    HttpHeaderValues(const HttpHead& head, std::string_view name) noexcept
        : head_(&head), name_(name) {}
    [[nodiscard]] Iterator begin() const noexcept;
    [[nodiscard]] Iterator end() const noexcept;

  private:
    const HttpHead* head_;
    std::string_view name_;
};

// All views that it returns point into the input last given to parse() or
// rebase(), and are valid as long as that is.
class HttpHead {
  public:
    enum class Progress : std::uint8_t { more, complete, failed };
    enum class Kind : std::uint8_t { request, response };

    explicit HttpHead(const HttpLimits& limits = {}) noexcept : HttpHead(Kind::request, limits) {}
    explicit HttpHead(Kind kind, const HttpLimits& limits = {}) noexcept;

    // Continues where the last call stopped. `input`: all bytes since the head's
    // first, those of earlier calls included; what follows the head is not looked
    // at. Once complete or failed it stays so until reset().
    [[nodiscard]] Progress parse(std::string_view input) noexcept;
    // The bytes last parsed now lie in `input`: all views are into that from here on.
    // Requires: input.size() is at least what was parsed.
    void rebase(std::string_view input) noexcept { base_ = input.data(); }
    // Ready for the next head of the same kind.
    void reset() noexcept;

    // Why parse() failed.
    [[nodiscard]] HttpFault fault() const noexcept { return fault_; }

    // Of a response: 100 to 999, known as soon as it was read, and still so when what follows it
    // has a fault, so that an error can name it. 0 before, and of a request.
    [[nodiscard]] unsigned status() const noexcept { return status_; }
    // Of a request: known as soon as it was read, and still so when what follows it has a fault,
    // because the answer to HEAD has no content, whatever it says. Empty before, and of a response.
    [[nodiscard]] std::string_view method() const noexcept;

    // What follows requires that the head is complete.

    // Bytes of the head: from its first byte to the LF of its empty line.
    [[nodiscard]] std::size_t size() const noexcept { return position_; }
    // These bytes.
    [[nodiscard]] std::string_view text() const noexcept { return {base_, position_}; }
    // "Switching Protocols", or whatever the server wrote; may be empty. Requires: a response.
    [[nodiscard]] std::string_view reason() const noexcept;

    // Of HTTP/1.0, which knows neither Upgrade nor chunks, and ends with its answer.
    [[nodiscard]] bool is_http_1_0() const noexcept { return is_http_1_0_; }

    // Of a request. Requires: it is one.
    // As it was sent: "/path?query", "http://host/path?query"; of CONNECT "host:port", and of
    // OPTIONS perhaps "*".
    [[nodiscard]] std::string_view target() const noexcept;
    // The path of the target, still percent-encoded; "/" when it is empty or there is none.
    [[nodiscard]] std::string_view path() const noexcept;
    // What follows the first '?' of the target; empty without one.
    [[nodiscard]] std::string_view query() const noexcept;
    // host[:port] that the request is for: that of an absolute target or of CONNECT's, else the
    // Host header's (RFC 9112, section 3.2.2). Well-formed; empty only where a request of
    // HTTP/1.0 has neither.
    [[nodiscard]] std::string_view host() const noexcept;

    // Of both.
    [[nodiscard]] std::size_t header_count() const noexcept { return header_count_; }
    // Requires: index < header_count().
    [[nodiscard]] HeaderField header_at(std::size_t index) const noexcept;
    // Where the first header of that name is, at `from` or later; header_count() if there is none.
    [[nodiscard]] std::size_t find_header(std::string_view name,
                                          std::size_t from = 0) const noexcept;
    // The value of the first header of that name, in any case; empty optional: there is none.
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept;
    // Whether there is more than one header of that name.
    [[nodiscard]] bool is_repeated(std::string_view name) const noexcept;
    [[nodiscard]] HttpHeaderValues values(std::string_view name) const noexcept {
        return {*this, name};
    }
    // Whether the comma-separated lists of all headers of that name hold `token`, in any case.
    [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const noexcept;

    // 0 without the header.
    [[nodiscard]] std::uint64_t content_length() const noexcept { return content_length_; }
    [[nodiscard]] bool is_chunked() const noexcept { return is_chunked_; }
    // Whether body bytes follow the head. One of a response that has neither a length nor is
    // chunked, or has another coding, ends with the connection (RFC 9112, section 6.3). Whether
    // the request was HEAD or CONNECT, whose answers have none, is for the caller to know.
    [[nodiscard]] bool has_body() const noexcept {
        return is_response() ? has_response_body() : content_length_ > 0 || is_chunked_;
    }
    // Whether the peer will go on with this connection: no "Connection: close"; after HTTP/1.0,
    // only "Connection: keep-alive" says so (RFC 9112, section 9.3).
    [[nodiscard]] bool keep_alive() const noexcept;

  private:
    enum class State : std::uint8_t {
        status,  // A response begins here: its version and status.
        reason,
        start,       // A request begins here; one empty line may precede it.
        start_feed,  // After the CR of that empty line.
        method,
        target,
        version,
        start_line_feed,  // After the CR of the first line.
        header_start,     // At the first byte of a header, or of the empty line.
        header_name,
        value_start,  // Whitespace after the colon.
        value,
        header_feed,  // After the CR of a header.
        final_feed,   // After the CR of the empty line.
        complete,
        failed,
    };
    struct Header {  // Offsets from the head's first byte.
        std::uint16_t name_begin;
        std::uint16_t name_end;
        std::uint16_t value_begin;
        std::uint16_t value_end;
    };

    // Each takes bytes of its part, at most those before `end`, and enters the next
    // state when the part is complete; the parts of a header then go straight on, which
    // saves a quarter of the time of a head. Requires: position_ < end.
    void parse_part(std::size_t end) noexcept;
    void parse_status(std::size_t end) noexcept;
    void finish_status(char c) noexcept;
    void parse_reason(std::size_t end) noexcept;
    void parse_start() noexcept;
    void parse_method(std::size_t end) noexcept;
    void parse_target(std::size_t end) noexcept;
    void parse_version(std::size_t end) noexcept;
    void parse_header_start(std::size_t end) noexcept;
    void parse_header_name(std::size_t end) noexcept;
    void parse_value_start(std::size_t end) noexcept;
    void parse_value(std::size_t end) noexcept;
    void parse_line_feed(State next) noexcept;
    void parse_final_feed() noexcept;

    [[nodiscard]] HttpFault finish_target() noexcept;
    [[nodiscard]] HttpFault finish_absolute_target() noexcept;
    [[nodiscard]] HttpFault finish_version() noexcept;
    [[nodiscard]] HttpFault finish_header() noexcept;
    [[nodiscard]] HttpFault read_content_length(std::string_view value) noexcept;
    [[nodiscard]] HttpFault read_transfer_coding(std::string_view value) noexcept;
    [[nodiscard]] bool is_over_line_limit() const noexcept;
    [[nodiscard]] HttpFault line_fault() const noexcept;
    [[nodiscard]] bool has_response_body() const noexcept;
    [[nodiscard]] bool is_response() const noexcept { return kind_ == Kind::response; }
    void enter(State next) noexcept;
    void fail(HttpFault fault) noexcept;
    void check_invariants() const noexcept;

    [[nodiscard]] std::string_view slice(std::size_t begin, std::size_t end) const noexcept {
        return {base_ + begin, end - begin};
    }

    const char* base_ = nullptr;
    HttpLimits limits_;
    std::uint64_t content_length_ = 0;
    std::size_t position_ = 0;    // All before it was looked at.
    std::size_t line_begin_ = 0;  // Where the current line began.
    std::size_t method_begin_ = 0;
    std::size_t method_end_ = 0;       // The target begins one past it.
    std::size_t target_end_ = 0;       // The version begins one past it.
    std::size_t authority_begin_ = 0;  // Of an absolute target; else both are 0.
    std::size_t authority_end_ = 0;
    std::size_t path_begin_ = 0;
    std::size_t path_end_ = 0;
    std::size_t reason_end_ = 0;
    std::size_t header_count_ = 0;
    std::size_t host_index_ = 0;
    std::uint16_t status_ = 0;
    Kind kind_;
    State state_;
    HttpFault fault_ = HttpFault::none;
    bool has_host_ = false;
    bool has_content_length_ = false;
    bool is_chunked_ = false;
    bool has_other_coding_ = false;  // Only a response's head lives with it.
    bool is_http_1_0_ = false;
    // Only the first header_count_ are written; clearing them all would cost more than a parse.
    std::array<Header, http_header_capacity> headers_;
};

static_assert(sizeof(HttpHead) <= 1024);

}  // namespace edgews
