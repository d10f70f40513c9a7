#include "core/http/http_head.hpp"

#include "core/http/http_scan.hpp"
#include "core/http/url.hpp"

#include <algorithm>
#include <cassert>

namespace edgews {
namespace {

constexpr std::string_view version_wanted = "HTTP/1.1";
constexpr std::size_t major_index = 5;  // Of the digit before the dot.
// Where the status stands in "HTTP/1.1 101 Switching Protocols".
constexpr std::size_t status_begin = 9;
constexpr std::size_t status_end = 12;

// What is wrong with `c`, where it breaks the rule `otherwise`: control characters and
// lone line feeds have faults of their own, wherever they stand.
HttpFault fault_of(char c, HttpFault otherwise) noexcept {
    if (c == '\n') return HttpFault::bare_line_feed;
    if (is_control_char(c) && c != '\r' && c != '\t') return HttpFault::control_character;
    return otherwise;
}

}  // namespace

HttpHeaderValues::Iterator::Iterator(const HttpHead& head, std::string_view name,
                                     std::size_t index) noexcept
    : head_(&head), name_(name), index_(index) {}

std::string_view HttpHeaderValues::Iterator::operator*() const noexcept {
    return head_->header_at(index_).value;
}

HttpHeaderValues::Iterator& HttpHeaderValues::Iterator::operator++() noexcept {
    index_ = head_->find_header(name_, index_ + 1);
    return *this;
}

HttpHeaderValues::Iterator HttpHeaderValues::begin() const noexcept {
    return {*head_, name_, head_->find_header(name_)};
}

HttpHeaderValues::Iterator HttpHeaderValues::end() const noexcept {
    return {*head_, name_, head_->header_count()};
}

HttpHead::HttpHead(Kind kind, const HttpLimits& limits) noexcept
    : limits_(limits), kind_(kind), state_(is_response() ? State::status : State::start) {
    limits_.head_size_max = std::min(limits.head_size_max, http_head_capacity);
    limits_.header_count_max = std::min(limits.header_count_max, http_header_capacity);
}

void HttpHead::reset() noexcept {
    base_ = nullptr;
    content_length_ = 0;
    position_ = line_begin_ = 0;
    method_begin_ = method_end_ = target_end_ = 0;
    authority_begin_ = authority_end_ = path_begin_ = path_end_ = 0;
    reason_end_ = header_count_ = host_index_ = 0;
    status_ = 0;
    state_ = is_response() ? State::status : State::start;
    fault_ = HttpFault::none;
    has_host_ = has_content_length_ = is_chunked_ = has_other_coding_ = is_http_1_0_ = false;
}

HttpHead::Progress HttpHead::parse(std::string_view input) noexcept {
    if (state_ == State::failed) return Progress::failed;
    assert(input.size() >= position_);
    base_ = input.data();
    const std::size_t available = std::min(input.size(), limits_.head_size_max);
    while (position_ < available && state_ < State::complete) {
        const std::size_t line_room = std::min(available - line_begin_, limits_.line_size_max);
        if (is_over_line_limit()) {
            fail(line_fault());
        } else {
            // At the limit stands a CR, or the LF after it, which still belong to the line.
            parse_part(std::max(line_begin_ + line_room, position_ + 1));
        }
    }
    if (position_ == limits_.head_size_max && state_ < State::complete) {
        fail(HttpFault::head_too_large);
    }
    check_invariants();
    if (state_ == State::complete) return Progress::complete;
    return state_ == State::failed ? Progress::failed : Progress::more;
}

// Whether the byte at position_ is one too many for its line. The CR may stand there.
bool HttpHead::is_over_line_limit() const noexcept {
    if (position_ - line_begin_ < limits_.line_size_max || base_[position_] == '\r') return false;
    switch (state_) {
        case State::status:
        case State::reason:
        case State::method:
        case State::target:
        case State::version:
        case State::header_name:
        case State::value_start:
        case State::value: return true;
        case State::start:
        case State::start_feed:
        case State::start_line_feed:
        case State::header_start:
        case State::header_feed:
        case State::final_feed:
        case State::complete:
        case State::failed: return false;
    }
    return false;
}

// What a line over its limit is.
HttpFault HttpHead::line_fault() const noexcept {
    if (state_ <= State::reason) return HttpFault::status_line_too_long;
    return state_ <= State::version ? HttpFault::request_line_too_long
                                    : HttpFault::header_line_too_long;
}

void HttpHead::parse_part(std::size_t end) noexcept {
    switch (state_) {
        case State::status: return parse_status(end);
        case State::reason: return parse_reason(end);
        case State::start: return parse_start();
        case State::start_feed: return parse_line_feed(State::method);
        case State::method: return parse_method(end);
        case State::target: return parse_target(end);
        case State::version: return parse_version(end);
        case State::start_line_feed: return parse_line_feed(State::header_start);
        case State::header_start: return parse_header_start(end);
        case State::header_name: return parse_header_name(end);
        case State::value_start: return parse_value_start(end);
        case State::value: return parse_value(end);
        case State::header_feed: return parse_line_feed(State::header_start);
        case State::final_feed: return parse_final_feed();
        case State::complete:
        case State::failed: break;
    }
    assert(false);
}

// "HTTP/1.1 101", and the space or CR behind it: a reason may be missing altogether.
// What speaks another protocol is known at its first byte.
void HttpHead::parse_status(std::size_t end) noexcept {
    for (; position_ < end; ++position_) {
        const char c = base_[position_];
        if (position_ < status_begin) {
            const char wanted =
                position_ == version_wanted.size() ? ' ' : version_wanted[position_];
            if (is_digit(wanted) ? !is_digit(c) : c != wanted) {
                return fail(fault_of(c, HttpFault::status_version_malformed));
            }
            if (position_ + 2 == status_begin) {
                const HttpFault fault = finish_version();
                if (fault != HttpFault::none) return fail(fault);
            }
        } else if (position_ < status_end) {
            if (!is_digit(c) || (c == '0' && position_ == status_begin)) {
                return fail(fault_of(c, HttpFault::status_malformed));
            }
        } else {
            return finish_status(c);
        }
    }
}

// Requires: `c` stands at status_end.
void HttpHead::finish_status(char c) noexcept {
    if (c != ' ' && c != '\r') return fail(fault_of(c, HttpFault::status_malformed));
    for (const char digit : slice(status_begin, status_end)) {
        status_ = static_cast<std::uint16_t>(status_ * 10 + (digit - '0'));
    }
    reason_end_ = position_++;
    enter(c == ' ' ? State::reason : State::start_line_feed);
}

void HttpHead::parse_reason(std::size_t end) noexcept {
    position_ = find_value_end(base_, position_, end);
    if (position_ == end) return;
    if (base_[position_] != '\r') {
        return fail(fault_of(base_[position_], HttpFault::control_character));
    }
    reason_end_ = position_++;
    enter(State::start_line_feed);
}

// A client may send an empty line after the body of its last request: one is ignored
// (RFC 9112, section 2.2).
void HttpHead::parse_start() noexcept {
    if (base_[position_] != '\r') return enter(State::method);
    ++position_;
    enter(State::start_feed);
}

void HttpHead::parse_line_feed(State next) noexcept {
    if (base_[position_] != '\n') return fail(HttpFault::bare_carriage_return);
    if (state_ == State::header_feed) {
        const HttpFault fault = finish_header();
        if (fault != HttpFault::none) return fail(fault);
    }
    ++position_;
    line_begin_ = position_;
    if (next == State::method) method_begin_ = position_;
    enter(next);
}

void HttpHead::parse_method(std::size_t end) noexcept {
    position_ = find_class_end(CharClass::token, base_, position_, end);
    if (position_ == end) return;
    if (base_[position_] != ' ' || position_ == method_begin_) {
        return fail(fault_of(base_[position_], HttpFault::method_malformed));
    }
    method_end_ = position_++;
    enter(State::target);
}

void HttpHead::parse_target(std::size_t end) noexcept {
    position_ = find_class_end(CharClass::target, base_, position_, end);
    if (position_ == end) return;
    if (base_[position_] != ' ') {
        // A CR here would be HTTP/0.9, which has no version.
        return fail(fault_of(base_[position_], base_[position_] == '\r'
                                                   ? HttpFault::version_malformed
                                                   : HttpFault::target_malformed));
    }
    target_end_ = position_;
    const HttpFault fault = finish_target();
    if (fault != HttpFault::none) return fail(fault);
    ++position_;
    enter(State::version);
}

// Finds the parts of the target, which has one of four forms (RFC 9112, section 3.2). The asterisk
// is for OPTIONS, and for the preface of HTTP/2 (RFC 9113, section 3.4), whose version then has the
// fault; a bare authority is for CONNECT.
HttpFault HttpHead::finish_target() noexcept {
    const std::string_view all = target();
    path_begin_ = method_end_ + 1;
    path_end_ = path_begin_ + std::min(all.find('?'), all.size());
    if (all.starts_with('/')) return HttpFault::none;
    path_begin_ = path_end_ = target_end_;
    if (all == "*" && (method() == "OPTIONS" || method() == "PRI")) return HttpFault::none;
    if (method() != "CONNECT") return finish_absolute_target();
    const Authority authority = parse_authority(all);
    if (!authority.is_valid || authority.port.empty()) return HttpFault::target_malformed;
    authority_begin_ = method_end_ + 1;
    authority_end_ = target_end_;
    return HttpFault::none;
}

HttpFault HttpHead::finish_absolute_target() noexcept {
    const std::string_view all = target();
    const std::size_t scheme_size = equals_ignoring_case(all.substr(0, 7), "http://")    ? 7
                                    : equals_ignoring_case(all.substr(0, 8), "https://") ? 8
                                                                                         : 0;
    if (scheme_size == 0) return HttpFault::target_malformed;
    const std::size_t path = std::min(all.find_first_of("/?", scheme_size), all.size());
    if (!parse_authority(all.substr(scheme_size, path - scheme_size)).is_valid) {
        return HttpFault::target_malformed;
    }
    authority_begin_ = method_end_ + 1 + scheme_size;
    authority_end_ = path_begin_ = method_end_ + 1 + path;
    path_end_ = method_end_ + 1 + std::min(all.find('?', path), all.size());
    return HttpFault::none;
}

void HttpHead::parse_version(std::size_t end) noexcept {
    // As nearly all say it, all of it at once.
    if (position_ == target_end_ + 1 && end - position_ > version_wanted.size() &&
        slice(position_, position_ + version_wanted.size() + 1) == "HTTP/1.1\r") {
        position_ += version_wanted.size() + 1;
        return enter(State::start_line_feed);
    }
    for (; position_ < end; ++position_) {
        const char c = base_[position_];
        const std::size_t index = position_ - (target_end_ + 1);
        if (index == version_wanted.size()) {
            if (c != '\r') return fail(fault_of(c, HttpFault::version_malformed));
            ++position_;
            return enter(State::start_line_feed);
        }
        const char wanted = version_wanted[index];
        if (is_digit(wanted) ? !is_digit(c) : c != wanted) {
            return fail(fault_of(c, HttpFault::version_malformed));
        }
        if (index + 1 == version_wanted.size()) {
            const HttpFault fault = finish_version();
            if (fault != HttpFault::none) return fail(fault);
        }
    }
}

// Requires: the version's last digit stands at position_.
HttpFault HttpHead::finish_version() noexcept {
    const char* const version = base_ + position_ + 1 - version_wanted.size();
    is_http_1_0_ = base_[position_] == '0';
    return version[major_index] == '1' ? HttpFault::none : HttpFault::version_unsupported;
}

void HttpHead::parse_header_start(std::size_t end) noexcept {
    const char c = base_[position_];
    if (c == '\r') {
        ++position_;
        return enter(State::final_feed);
    }
    if (c == ' ' || c == '\t') return fail(HttpFault::folded_header);
    if (header_count_ == limits_.header_count_max) return fail(HttpFault::too_many_headers);
    headers_[header_count_].name_begin = static_cast<std::uint16_t>(position_);
    enter(State::header_name);
    parse_header_name(end);
}

void HttpHead::parse_header_name(std::size_t end) noexcept {
    position_ = find_class_end(CharClass::token, base_, position_, end);
    if (position_ == end) return;
    Header& header = headers_[header_count_];
    const char c = base_[position_];
    if (c != ':' || position_ == header.name_begin) {
        // Other parsers take the space for a part of the name, or drop it (9112 5.1).
        if (c == ' ' || c == '\t') return fail(HttpFault::space_before_colon);
        if (c == '\r') return fail(HttpFault::colon_missing);
        return fail(fault_of(c, HttpFault::header_name_malformed));
    }
    header.name_end = static_cast<std::uint16_t>(position_++);
    enter(State::value_start);
    if (position_ < end) parse_value_start(end);
}

void HttpHead::parse_value_start(std::size_t end) noexcept {
    while (position_ < end && (base_[position_] == ' ' || base_[position_] == '\t')) ++position_;
    if (position_ == end) return;
    headers_[header_count_].value_begin = static_cast<std::uint16_t>(position_);
    enter(State::value);
    parse_value(end);
}

void HttpHead::parse_value(std::size_t end) noexcept {
    position_ = find_value_end(base_, position_, end);
    if (position_ == end) return;
    if (base_[position_] != '\r') {
        return fail(fault_of(base_[position_], HttpFault::control_character));
    }
    Header& header = headers_[header_count_];
    const std::string_view value = trim(slice(header.value_begin, position_));
    header.value_end = static_cast<std::uint16_t>(header.value_begin + value.size());
    ++position_;
    enter(State::header_feed);
}

// Counts the header that ends here, and checks those that say where the request
// ends and whom it is for.
HttpFault HttpHead::finish_header() noexcept {
    const std::size_t index = header_count_++;
    const auto [name, value] = header_at(index);
    if (equals_ignoring_case(name, "Host")) {
        if (is_response()) return HttpFault::none;
        if (has_host_) return HttpFault::host_repeated;
        if (!parse_authority(value).is_valid) return HttpFault::host_malformed;
        has_host_ = true;
        host_index_ = index;
    } else if (equals_ignoring_case(name, "Content-Length")) {
        return read_content_length(value);
    } else if (equals_ignoring_case(name, "Transfer-Encoding")) {
        return read_transfer_coding(value);
    }
    return HttpFault::none;
}

HttpFault HttpHead::read_content_length(std::string_view value) noexcept {
    if (is_chunked_ || has_other_coding_) return HttpFault::content_length_and_coding;
    if (has_content_length_) return HttpFault::content_length_repeated;
    constexpr std::uint64_t value_max = INT64_MAX;
    if (value.empty()) return HttpFault::content_length_malformed;
    for (const char c : value) {
        if (!is_digit(c)) return HttpFault::content_length_malformed;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (content_length_ > (value_max - digit) / 10) return HttpFault::content_length_malformed;
        content_length_ = content_length_ * 10 + digit;
    }
    has_content_length_ = true;
    return HttpFault::none;
}

// Without knowing its coding we could not tell where the next request begins; after a
// response, we need not.
HttpFault HttpHead::read_transfer_coding(std::string_view value) noexcept {
    if (has_content_length_) return HttpFault::content_length_and_coding;
    const bool is_repeated = is_chunked_ || has_other_coding_;
    is_chunked_ = !is_repeated && equals_ignoring_case(value, "chunked");
    has_other_coding_ = !is_chunked_;
    if (is_response()) return HttpFault::none;
    if (is_http_1_0_) return HttpFault::transfer_coding_of_http_1_0;
    if (is_chunked_) return HttpFault::none;
    // Nothing else says where a request ends (RFC 9112, section 6.3).
    return !is_repeated && ends_in_one(value, "chunked") ? HttpFault::transfer_coding_unsupported
                                                         : HttpFault::transfer_coding_malformed;
}

void HttpHead::parse_final_feed() noexcept {
    if (base_[position_] != '\n') return fail(HttpFault::bare_carriage_return);
    if (!has_host_ && !is_response() && !is_http_1_0_) return fail(HttpFault::host_missing);
    ++position_;
    enter(State::complete);
}

// The only place that writes state_, beside reset().
void HttpHead::enter(State next) noexcept {
    assert(next > state_ || (state_ == State::header_feed && next == State::header_start));
    state_ = next;
}

void HttpHead::fail(HttpFault fault) noexcept {
    assert(fault != HttpFault::none);
    fault_ = fault;
    enter(State::failed);
}

void HttpHead::check_invariants() const noexcept {
    assert(line_begin_ <= position_);
    assert(position_ <= limits_.head_size_max);
    assert(header_count_ <= limits_.header_count_max);
    assert(method_begin_ <= method_end_ || target_end_ == 0);
    assert(path_begin_ <= path_end_);
    assert((fault_ == HttpFault::none) == (state_ != State::failed));
}

bool HttpHead::has_response_body() const noexcept {
    if (status_ < 200 || status_ == 204 || status_ == 304) return false;
    return content_length_ > 0 || !has_content_length_;
}

bool HttpHead::keep_alive() const noexcept {
    if (has_token("Connection", "close")) return false;
    return !is_http_1_0_ || has_token("Connection", "keep-alive");
}

std::string_view HttpHead::reason() const noexcept {
    return slice(std::min(status_end + 1, reason_end_), reason_end_);
}

std::string_view HttpHead::method() const noexcept {
    return method_end_ == 0 ? std::string_view() : slice(method_begin_, method_end_);
}

std::string_view HttpHead::target() const noexcept {
    return slice(method_end_ + 1, target_end_);
}

std::string_view HttpHead::path() const noexcept {
    return path_begin_ == path_end_ ? std::string_view("/") : slice(path_begin_, path_end_);
}

std::string_view HttpHead::query() const noexcept {
    return slice(std::min(path_end_ + 1, target_end_), target_end_);
}

std::string_view HttpHead::host() const noexcept {
    if (authority_end_ != 0) return slice(authority_begin_, authority_end_);
    return has_host_ ? header_at(host_index_).value : std::string_view();
}

HeaderField HttpHead::header_at(std::size_t index) const noexcept {
    assert(index < header_count_);
    const Header& header = headers_[index];
    return {slice(header.name_begin, header.name_end), slice(header.value_begin, header.value_end)};
}

std::size_t HttpHead::find_header(std::string_view name, std::size_t from) const noexcept {
    for (std::size_t i = from; i < header_count_; ++i) {
        const std::size_t name_begin = headers_[i].name_begin;
        if (headers_[i].name_end - name_begin != name.size()) continue;  // Most differ in size.
        if (equals_ignoring_case(slice(name_begin, headers_[i].name_end), name)) return i;
    }
    return header_count_;
}

std::optional<std::string_view> HttpHead::header(std::string_view name) const noexcept {
    const std::size_t index = find_header(name);
    if (index == header_count_) return std::nullopt;
    return header_at(index).value;
}

bool HttpHead::is_repeated(std::string_view name) const noexcept {
    return find_header(name, find_header(name) + 1) != header_count_;
}

bool HttpHead::has_token(std::string_view name, std::string_view token) const noexcept {
    if (find_header(name) == header_count_) return false;
    for (const std::string_view value : values(name)) {
        ListReader list(value);
        for (auto element = list.next(); !element.empty(); element = list.next()) {
            if (equals_ignoring_case(element, token)) return true;
        }
    }
    return false;
}

}  // namespace edgews
