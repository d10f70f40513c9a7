#include "core/websocket/extensions.hpp"

#include "core/http/http_token.hpp"

namespace edgews {

using Kind = ExtensionItem::Kind;

ExtensionItem ExtensionReader::next() noexcept {
    if (is_malformed_) return malformed();
    skip_space();
    if (is_inside_) {
        while (skip(';')) {
            skip_space();
            const bool is_empty =
                position_ == text_.size() || text_[position_] == ';' || text_[position_] == ',';
            if (!is_empty || empty_ == EmptyParameters::malformed) return read_parameter();
        }
        is_inside_ = false;
        if (position_ < text_.size() && !skip(',')) return malformed();
    }
    do skip_space();
    while (skip(','));
    if (position_ == text_.size()) return {};
    return read_extension();
}

ExtensionItem ExtensionReader::read_extension() noexcept {
    const std::string_view name = read_token();
    if (name.empty()) return malformed();
    is_inside_ = true;
    return {.kind = Kind::extension, .name = name};
}

// Whitespace may stand around each part: RFC 6455 4.3 takes over the implied *LWS of
// RFC 2616.
ExtensionItem ExtensionReader::read_parameter() noexcept {
    ExtensionItem item{.kind = Kind::parameter, .name = read_token()};
    if (item.name.empty()) return malformed();
    skip_space();
    if (!skip('=')) return item;
    skip_space();
    item.has_value = true;
    if (skip('"')) return read_quoted(item) ? item : malformed();
    item.value = read_token();
    return item.value.empty() ? malformed() : item;
}

// After unescaping it must be a token, so each character must be one of a token,
// escaped or not.
bool ExtensionReader::read_quoted(ExtensionItem& item) noexcept {
    const std::size_t begin = position_;
    while (!skip('"')) {
        if (skip('\\')) item.is_escaped = true;
        if (position_ == text_.size()) return false;
        if (!is_char_of(CharClass::token, text_[position_])) return false;
        ++position_;
    }
    item.value = text_.substr(begin, position_ - 1 - begin);
    return !item.value.empty();
}

ExtensionItem ExtensionReader::malformed() noexcept {
    is_malformed_ = true;
    return {.kind = Kind::malformed};
}

std::string_view ExtensionReader::read_token() noexcept {
    const std::size_t begin = position_;
    while (position_ < text_.size() && is_char_of(CharClass::token, text_[position_])) ++position_;
    return text_.substr(begin, position_ - begin);
}

void ExtensionReader::skip_space() noexcept {
    while (skip(' ') || skip('\t')) continue;
}

bool ExtensionReader::skip(char c) noexcept {
    if (position_ == text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
}

bool is_extension_list(std::string_view value) noexcept {
    ExtensionReader reader(value);
    while (reader.next()) continue;
    return !reader.is_malformed();
}

std::optional<std::string_view> unescape_extension_value(const ExtensionItem& item,
                                                         std::span<char> scratch) noexcept {
    if (!item.is_escaped) return item.value;
    std::size_t size = 0;
    for (const char c : item.value) {
        if (c == '\\') continue;  // Never itself escaped: it is no character of a token.
        if (size == scratch.size()) return std::nullopt;
        scratch[size++] = c;
    }
    return std::string_view(scratch.data(), size);
}

}  // namespace edgews
