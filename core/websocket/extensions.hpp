// The grammar of Sec-WebSocket-Extensions (RFC 6455, section 9.1).
//
//     extension-list  = 1#extension
//     extension       = token *( ";" extension-param )
//     extension-param = token [ "=" ( token | quoted-string ) ]
//
// Only the grammar: what the names mean is for the negotiation of each extension.
// Nothing is allocated; all views point into the header's value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace edgews {

// The next thing in a list of extensions.
struct ExtensionItem {
    enum class Kind : std::uint8_t {
        end,        // The list is complete.
        extension,  // An extension named `name` begins; the parameters that follow are its own.
        parameter,  // `name`, and if `has_value` its `value`.
        malformed,  // Does not follow the grammar. The reader stays there.
    };

    Kind kind = Kind::end;
    bool has_value = false;
    // The quoted value holds backslashes: see unescape_extension_value().
    bool is_escaped = false;
    std::string_view name{};
    // Without its quotes. What it stands for is always a token, as the RFC demands.
    std::string_view value{};

    explicit operator bool() const noexcept {
        return kind == Kind::extension || kind == Kind::parameter;
    }
};

// Reads one header value item by item. When the header is repeated, the values are
// parts of one list (section 9.1): read them one after the other, in order.
//
//     ExtensionReader reader(value);
//     while (ExtensionItem item = reader.next()) …  // Then is_malformed() tells how it ended.
//
// Empty elements are skipped (RFC 9110, section 5.6.1.2), and empty parameters, too, if `empty`
// says so: some clients send a list of none, or end one in ';'.
class ExtensionReader {
  public:
    enum class EmptyParameters : std::uint8_t { skipped, malformed };
    explicit ExtensionReader(std::string_view value,
                             EmptyParameters empty = EmptyParameters::skipped) noexcept
        : text_(value), empty_(empty) {}

    [[nodiscard]] ExtensionItem next() noexcept;

    [[nodiscard]] bool is_malformed() const noexcept { return is_malformed_; }

  private:
    [[nodiscard]] ExtensionItem read_extension() noexcept;
    [[nodiscard]] ExtensionItem read_parameter() noexcept;
    [[nodiscard]] bool read_quoted(ExtensionItem& item) noexcept;
    [[nodiscard]] ExtensionItem malformed() noexcept;
    [[nodiscard]] std::string_view read_token() noexcept;
    void skip_space() noexcept;
    [[nodiscard]] bool skip(char c) noexcept;

    std::string_view text_;
    std::size_t position_ = 0;
    EmptyParameters empty_;
    bool is_inside_ = false;  // An extension's name was read: parameters may follow.
    bool is_malformed_ = false;
};

// Whether `value` as a whole follows the grammar.
[[nodiscard]] bool is_extension_list(std::string_view value) noexcept;

// The value that a parameter stands for. Without backslashes that is `item.value` itself; else it
// is written to `scratch`, and the view is into that. Empty optional: it does not fit there.
[[nodiscard]] std::optional<std::string_view> unescape_extension_value(
    const ExtensionItem& item, std::span<char> scratch) noexcept;

}  // namespace edgews
