// Two passes over the tokens: MessagePack says in front of an array or a map how many it has.
#include "core/socketio/json_string.hpp"
#include "core/socketio/msgpack.hpp"
#include "core/socketio/placeholders.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <optional>
#include <system_error>

namespace edgews::sio {
namespace {

using AttachmentViews = std::span<const std::span<const std::byte>>;

// Tells the visitor of each array and map, of its end, and of each value besides; the keys of maps
// are values, too.
template <class Visitor>
void walk(std::string_view json, std::size_t attachment_count, Visitor& visitor) {
    JsonTokens tokens(json);
    for (std::string_view token = tokens.next(); !token.empty(); token = tokens.next()) {
        switch (token.front()) {
            case ',':
            case ':': break;
            case '[': visitor.open(false); break;
            case '{': {
                const std::optional<std::size_t> number = read_placeholder(tokens);
                if (number && *number < attachment_count) {
                    while (tokens.next() != "}") {
                    }
                    visitor.attachment(*number);
                } else {
                    visitor.open(true);
                }
                break;
            }
            case ']':
            case '}': visitor.close(); break;
            default: visitor.scalar(token); break;
        }
    }
}

// Values in each array and map, in the order in which they begin.
class Counter {
  public:
    void open(bool) {
        count();
        open_[depth_++] = counts_.size();
        counts_.push_back(0);
    }
    void close() noexcept { --depth_; }
    void attachment(std::size_t) noexcept { count(); }
    void scalar(std::string_view) noexcept { count(); }
    [[nodiscard]] const std::vector<std::size_t>& counts() const noexcept { return counts_; }

  private:
    void count() noexcept {
        if (depth_ > 0) ++counts_[open_[depth_ - 1]];
    }

    std::vector<std::size_t> counts_;
    std::size_t depth_ = 0;
    std::array<std::size_t, json_depth_max> open_;
};

class Writer {
  public:
    Writer(std::string& out, const std::vector<std::size_t>& counts,
           AttachmentViews attachments) noexcept
        : out_(out), next_count_(counts.begin()), attachments_(attachments) {}

    void open(bool is_map) {
        const std::size_t count = *next_count_++;
        if (is_map) {
            append_head(count / 2, {.fix = 0x80, .fix_max = 0x0F, .long_types = {0, 0xDE, 0xDF}});
        } else {
            append_head(count, {.fix = 0x90, .fix_max = 0x0F, .long_types = {0, 0xDC, 0xDD}});
        }
    }
    void close() noexcept {}
    void attachment(std::size_t number) {
        const std::span<const std::byte> bytes = attachments_[number];
        append_head(bytes.size(), {.long_types = {0xC4, 0xC5, 0xC6}});
        out_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    void scalar(std::string_view token) {
        switch (token.front()) {
            case 'n': return append_byte(0xC0);
            case 'f': return append_byte(0xC2);
            case 't': return append_byte(0xC3);
            case '"': return append_text(json_string_text(token, scratch_));
            default: return append_number(token);
        }
    }

  private:
    // How the length of a thing is written: in its type, if it is short enough, or behind one of
    // three types in 1, 2 or 4 bytes. 0: there is no such type.
    struct Form {
        std::uint8_t fix = 0;
        std::size_t fix_max = 0;
        std::array<std::uint8_t, 3> long_types{};
    };

    void append_byte(std::uint64_t byte) { out_.push_back(static_cast<char>(byte & 0xFFU)); }
    // The most significant byte first.
    void append_bytes(std::uint64_t number, std::size_t size) {
        for (std::size_t i = size; i-- > 0;) append_byte(number >> (8 * i));
    }
    void append_head(std::size_t length, const Form& form) {
        if (form.fix != 0 && length <= form.fix_max) return append_byte(form.fix | length);
        if (form.long_types[0] != 0 && length <= UINT8_MAX) {
            append_byte(form.long_types[0]);
            append_bytes(length, 1);
        } else {
            const bool is_short = length <= UINT16_MAX;
            append_byte(form.long_types[is_short ? 1 : 2]);
            append_bytes(length, is_short ? 2 : 4);
        }
    }
    void append_text(std::string_view text) {
        append_head(text.size(), {.fix = 0xA0, .fix_max = 0x1F, .long_types = {0xD9, 0xDA, 0xDB}});
        out_.append(text);
    }
    template <class Number>
    [[nodiscard]] static std::optional<Number> parse(std::string_view token) noexcept {
        Number number{};
        const char* const end = token.data() + token.size();
        const auto [stop, error] = std::from_chars(token.data(), end, number);
        if (error != std::errc{} || stop != end) return std::nullopt;
        return number;
    }
    // "-0" is a double: no integer has a sign without a value.
    void append_number(std::string_view token) {
        if (const auto positive = parse<std::uint64_t>(token)) return append_unsigned(*positive);
        const auto negative = parse<std::int64_t>(token);
        if (negative && *negative < 0) return append_negative(*negative);
        const auto number = parse<double>(token);
        if (!number) return append_byte(0xC0);
        append_byte(0xCB);
        append_bytes(std::bit_cast<std::uint64_t>(*number), 8);
    }
    void append_unsigned(std::uint64_t number) {
        if (number <= 0x7F) return append_byte(number);
        const unsigned step =
            number <= UINT8_MAX ? 0 : (number <= UINT16_MAX ? 1 : (number <= UINT32_MAX ? 2 : 3));
        append_byte(0xCCU + step);
        append_bytes(number, std::size_t{1} << step);
    }
    void append_negative(std::int64_t number) {
        const auto bits = static_cast<std::uint64_t>(number);
        if (number >= -0x20) return append_byte(bits);
        const unsigned step =
            number >= INT8_MIN ? 0 : (number >= INT16_MIN ? 1 : (number >= INT32_MIN ? 2 : 3));
        append_byte(0xD0U + step);
        append_bytes(bits, std::size_t{1} << step);
    }

    std::string& out_;
    std::vector<std::size_t>::const_iterator next_count_;
    AttachmentViews attachments_;
    std::string scratch_;
};

}  // namespace

void append_msgpack_of_json(std::string& out, std::string_view json, AttachmentViews attachments) {
    Counter counter;
    walk(json, attachments.size(), counter);
    Writer writer(out, counter.counts(), attachments);
    walk(json, attachments.size(), writer);
}

}  // namespace edgews::sio
