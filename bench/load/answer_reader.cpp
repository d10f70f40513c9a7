#include "answer_reader.hpp"

#include "core/http/http_token.hpp"
#include "programs/common/number.hpp"

#include <algorithm>
#include <optional>

namespace load {
namespace {

constexpr std::string_view line_end = "\r\n";

std::optional<std::size_t> content_length_of(std::string_view head) {
    std::optional<std::size_t> found;
    while (!head.empty()) {
        const std::string_view line = head.substr(0, head.find(line_end));
        head.remove_prefix(line.size() + line_end.size());
        const std::size_t colon = line.find(':');
        if (colon == line.npos) continue;
        std::size_t size = 0;
        if (edgews::equals_ignoring_case(line.substr(0, colon), "Content-Length") &&
            programs::parse_number(edgews::trim(line.substr(colon + 1)), size)) {
            found = size;
        }
    }
    return found;
}

}  // namespace

Answer Answer::first_of(std::string_view input, std::string& fault) {
    const std::size_t head_end = input.find("\r\n\r\n");
    if (head_end == input.npos) return {};
    const std::size_t head_size = head_end + 2 * line_end.size();
    const std::string_view status_line = input.substr(0, input.find(line_end));
    const std::optional<std::size_t> body_size = content_length_of(input.substr(0, head_end + 2));
    if (!status_line.starts_with("HTTP/1.1 200")) {
        fault = "the server refuses: " + std::string(status_line);
    } else if (!body_size) {
        fault = "an answer does not tell its length";
    }
    if (!fault.empty() || input.size() - head_size < *body_size) return {};
    return {.text = std::string(input.substr(0, head_size + *body_size)),
            .status_line_size = status_line.size() + line_end.size(),
            .head_size = head_size};
}

unsigned AnswerReader::take(std::string_view input) noexcept {
    unsigned count = 0;
    while (!input.empty()) {
        const std::string_view piece = input.substr(0, first_->text.size() - position_);
        has_failed_ = !is_as_first(piece);
        if (has_failed_) break;
        input.remove_prefix(piece.size());
        position_ += piece.size();
        if (position_ < first_->text.size()) break;
        position_ = 0;
        ++count;
    }
    return count;
}

// Whether it has, from `position_` on, the bytes of the parts that do not change.
bool AnswerReader::is_as_first(std::string_view piece) const noexcept {
    const std::string_view text = first_->text;
    const auto agrees = [&](std::size_t begin, std::size_t end) {
        begin = std::max(begin, position_);
        end = std::min(end, position_ + piece.size());
        return begin >= end ||
               text.substr(begin, end - begin) == piece.substr(begin - position_, end - begin);
    };
    // The end of the head, too: a longer or shorter one is noticed.
    return agrees(0, first_->status_line_size) &&
           agrees(first_->head_size - 2 * line_end.size(), text.size());
}

}  // namespace load
