#include "http_peer.hpp"

#include <charconv>
#include <utility>

namespace edgews::sim::test {

bool HttpAnswer::has_line(std::string_view line) const {
    return ("\r\n" + headers).find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
}

void HttpPeer::ask(std::string_view request, bool is_head) {
    are_heads_.push_back(is_head);
    send(request);
}

void HttpPeer::blame(const char* fault) {
    if (fault_.empty()) fault_ = fault;
}

void HttpPeer::on_bytes(std::string_view bytes) {
    if (state_ == State::over) return blame("bytes behind the last answer");
    if (state_ == State::upgraded) {
        upgraded_ += bytes;
        return;
    }
    input_.append(bytes);
    while (state_ == State::answers && fault_.empty() && read_answer()) {
    }
    if (state_ == State::over && !input_.is_empty()) blame("bytes behind the last answer");
}

void HttpPeer::on_end() {
    ended_ns_ = world().now_ns();
}

// RFC 9112, sections 2.1, 4 and 6.3. False: more is needed.
bool HttpPeer::read_answer() {
    const std::string_view all = input_.view();
    const std::size_t end = all.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    HttpAnswer answer;
    if (!read_head(answer, all.substr(0, end + 2))) return false;
    const bool is_for_head = !are_heads_.empty() && are_heads_.front();
    const bool has_content =
        !is_for_head && answer.status >= 200 && answer.status != 204 && answer.status != 304;
    if (!has_content) {
        input_.consume(end + 4);
    } else if (!read_content(answer, end + 4)) {
        return false;
    }
    if (!are_heads_.empty()) are_heads_.pop_front();
    take(std::move(answer));
    return true;
}

// It begins there. False: more is needed.
bool HttpPeer::read_content(HttpAnswer& answer, std::size_t begin) {
    if (answer.is_chunked) return read_chunks(answer, begin);
    const std::size_t size = answer.content_length;
    if (input_.size() - begin < size) return false;
    answer.body = input_.view().substr(begin, size);
    input_.consume(begin + size);
    return true;
}

// RFC 9112, section 7.1, of a server that sends neither extensions nor trailers.
bool HttpPeer::read_chunks(HttpAnswer& answer, std::size_t begin) {
    const std::string_view all = input_.view();
    for (;;) {
        const std::size_t line_end = all.find("\r\n", begin);
        if (line_end == std::string_view::npos) return false;
        std::size_t size = 0;
        const auto [stop, error] =
            std::from_chars(all.data() + begin, all.data() + line_end, size, 16);
        const bool is_number = error == std::errc() && stop == all.data() + line_end;
        if (!is_number || (all[begin] == '0' && size > 0)) {
            blame("9112 7.1: no size where a chunk begins");
            return false;
        }
        begin = line_end + 2;
        if (all.size() < begin + 2 || all.size() - begin - 2 < size) return false;
        answer.body += all.substr(begin, size);
        if (all.substr(begin + size, 2) != "\r\n")
            blame("9112 7.1: a chunk is longer than it says");
        begin += size + 2;
        if (size > 0) continue;
        input_.consume(begin);
        return true;
    }
}

// `head`: all lines, the last one's CR and LF included.
bool HttpPeer::read_head(HttpAnswer& answer, std::string_view head) {
    const std::size_t line_end = head.find("\r\n");
    const std::string_view line = head.substr(0, line_end);
    const bool is_status_line =
        line.size() >= 13 && line.starts_with("HTTP/1.1 ") && line[12] == ' ';
    const auto [stop, error] = std::from_chars(line.data() + 9, line.data() + 12, answer.status);
    if (!is_status_line || error != std::errc() || stop != line.data() + 12) {
        blame("9112 4: no status line where an answer begins");
        return false;
    }
    answer.headers = head.substr(line_end + 2);
    answer.content_length = SIZE_MAX;
    std::string_view rest = answer.headers;
    while (!rest.empty()) {
        const std::size_t size = rest.find("\r\n");
        if (!read_line(answer, rest.substr(0, size))) return false;
        rest.remove_prefix(size + 2);
    }
    const bool may_have_content = answer.status >= 200 && answer.status != 204;
    const bool has_length = answer.content_length != SIZE_MAX;
    if (has_length && !may_have_content) blame("9110 8.6: a Content-Length where none belongs");
    if (has_length && answer.is_chunked) blame("9112 6.2: a Content-Length beside chunks");
    if (!has_length && !answer.is_chunked && may_have_content && answer.status != 304) {
        blame("an answer without a Content-Length");
    }
    return fault_.empty();
}

bool HttpPeer::read_line(HttpAnswer& answer, std::string_view line) {
    const std::size_t colon = line.find(": ");
    const std::string_view name = line.substr(0, colon);
    if (colon == std::string_view::npos || name.empty() ||
        line.find_first_of("\r\n") != std::string_view::npos) {
        blame("9112 5: no header line");
        return false;
    }
    const std::string_view value = line.substr(colon + 2);
    if (name == "Connection" && value.ends_with("close")) answer.closes = true;
    if (name == "Transfer-Encoding") {
        answer.is_chunked = value == "chunked";
        if (!answer.is_chunked) blame("a coding that nobody asked for");
    }
    if (name != "Content-Length") return true;
    if (answer.content_length != SIZE_MAX) blame("9110 8.6: two of Content-Length");
    const char* const end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, answer.content_length);
    if (error != std::errc() || stop != end) blame("9110 8.6: a Content-Length is no number");
    return true;
}

void HttpPeer::take(HttpAnswer answer) {
    if (answer.status == 101) {
        state_ = State::upgraded;
        upgraded_ = input_.view();
        input_.clear();
    } else if (answer.closes) {
        state_ = State::over;
    }
    if (answered) answered(answer);
}

}  // namespace edgews::sim::test
