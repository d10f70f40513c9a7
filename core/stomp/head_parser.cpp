#include "core/stomp/head_parser.hpp"

#include "core/base/ascii.hpp"
#include "core/base/number.hpp"
#include "core/kernels/utf8.hpp"

#include <optional>
#include <string_view>

namespace edgews::stomp {
namespace {

bool has_backslash(std::string_view text) noexcept {
    return text.find('\\') != std::string_view::npos;
}

// Removes the next line from the front of `lines` and returns it without its end.
std::string_view take_line(std::string_view& lines) noexcept {
    const std::size_t size = lines.find('\n');
    std::string_view line = lines.substr(0, size);
    lines.remove_prefix(size + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

// Whether a CONNECT of these headers begins a session of 1.0.
bool asks_for_1_0(std::string_view headers) noexcept {
    constexpr std::string_view name = "accept-version:";
    while (!headers.empty()) {
        const std::string_view line = take_line(headers);
        if (line.starts_with(name)) return negotiate(line.substr(name.size())) == Version::v1_0;
    }
    return true;
}

class HeadParser {
  public:
    HeadParser(std::string_view lines, const HeadRules& rules, FrameStore& store,
               BufferPool& pool) noexcept
        : lines_(lines), rules_(&rules), store_(&store), pool_(&pool) {}

    ParsedHead parse() noexcept {
        store_->begin(*pool_);
        if (lines_.empty()) return head_;
        // One look at all lines spares most heads one at each.
        may_have_bad_text_ = !is_utf8(lines_);
        const bool has_escapes = has_backslash(lines_);
        head_.command = command_of(take_line(lines_));
        if (head_.command == Command::unknown) head_.fault = Fault::unknown_command;
        const bool is_connecting =
            head_.command == Command::connect || head_.command == Command::connected;
        const bool is_as_of_1_0 = rules_->version == Version::v1_0;
        is_escaped_ = has_escapes && !is_connecting && !is_as_of_1_0;
        is_trimmed_ = head_.command == Command::connect ? asks_for_1_0(lines_)
                                                        : !is_connecting && is_as_of_1_0;
        if (is_escaped_) store_->reserve_decoded(*pool_, lines_.size());
        while (!lines_.empty()) {
            const std::string_view line = take_line(lines_);
            if (!line.empty()) note(add(line));
        }
        return head_;
    }

  private:
    // The first fault counts.
    void note(Fault fault) noexcept {
        if (head_.fault == Fault::none) head_.fault = fault;
    }

    Fault add(std::string_view line) noexcept {
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) return Fault::header_without_colon;
        if (colon == 0) return Fault::header_name_empty;
        if (may_have_bad_text_ && !is_utf8(line)) return Fault::header_not_utf8;
        Header header{line.substr(0, colon), line.substr(colon + 1)};
        if (is_trimmed_) header.value = trim(header.value);
        if (is_escaped_ && !(decode(header.name) && decode(header.value))) {
            return Fault::header_escape_undefined;
        }
        store_->add(*pool_, header);
        if (header.name == "content-length" && !has_content_length_) {
            has_content_length_ = true;
            return read_content_length(header.value);
        }
        return Fault::none;
    }

    // False: it has an escape that is undefined.
    bool decode(std::string_view& text) noexcept {
        if (!has_backslash(text)) return true;
        const std::optional<std::string_view> decoded = store_->decode(text, rules_->version);
        text = decoded.value_or(text);
        return decoded.has_value();
    }

    Fault read_content_length(std::string_view value) noexcept {
        const std::optional<std::size_t> size = parse_number<std::size_t>(value);
        if (!size) return Fault::content_length_malformed;
        head_.content_length = *size;
        return *size > rules_->body_size_max ? Fault::body_too_big : Fault::none;
    }

    std::string_view lines_;  // Those that are not read yet.
    const HeadRules* rules_;
    FrameStore* store_;
    BufferPool* pool_;
    ParsedHead head_{};
    bool may_have_bad_text_ = false;
    bool is_escaped_ = false;
    bool is_trimmed_ = false;
    bool has_content_length_ = false;
};

}  // namespace

ParsedHead parse_head(std::span<const std::byte> lines, const HeadRules& rules, FrameStore& store,
                      BufferPool& pool) noexcept {
    const std::string_view text(reinterpret_cast<const char*>(lines.data()), lines.size());
    return HeadParser(text, rules, store, pool).parse();
}

}  // namespace edgews::stomp
