#include "core/base/number.hpp"
#include "core/kernels/utf8.hpp"
#include "core/socketio/json_string.hpp"
#include "core/socketio/msgpack.hpp"
#include "core/socketio/placeholders.hpp"

#include <array>
#include <bit>
#include <cassert>
#include <charconv>
#include <cmath>
#include <optional>

namespace edgews::sio {
namespace {

constexpr std::uint8_t own_type = 0;  // Of notepack's ext.

// Milliseconds since 1970, as ECMAScript's toISOString() has them. Nothing: it is no time there.
class IsoTime {
  public:
    static void append(std::string& out, std::int64_t time_ms) {
        constexpr std::int64_t day_ms = 86'400'000;
        constexpr std::int64_t time_ms_max = 100'000'000 * day_ms;
        if (time_ms > time_ms_max || time_ms < -time_ms_max) {
            out.append("null");
            return;
        }
        std::int64_t days = time_ms / day_ms;
        std::int64_t rest = time_ms % day_ms;
        if (rest < 0) {
            rest += day_ms;
            --days;
        }
        out.push_back('"');
        append_date(out, days);
        out.push_back('T');
        append_padded(out, rest / 3'600'000, 2);
        out.push_back(':');
        append_padded(out, rest / 60'000 % 60, 2);
        out.push_back(':');
        append_padded(out, rest / 1'000 % 60, 2);
        out.push_back('.');
        append_padded(out, rest % 1'000, 3);
        out.append("Z\"");
    }

  private:
    static void append_padded(std::string& out, std::int64_t number, std::size_t digit_count) {
        std::string digits;
        append_number(digits, static_cast<std::uint64_t>(number));
        out.append(digit_count - std::min(digit_count, digits.size()), '0').append(digits);
    }
    // The calendar is counted from the first of March of the year 0, in eras of 400 years.
    static void append_date(std::string& out, std::int64_t days) {
        constexpr std::int64_t days_to_1970 = 719'468;
        constexpr std::int64_t era_days = 146'097;
        const std::int64_t since = days + days_to_1970;
        const std::int64_t era = (since >= 0 ? since : since - (era_days - 1)) / era_days;
        const std::int64_t day_of_era = since - era * era_days;
        const std::int64_t year_of_era =
            (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
        const std::int64_t day_of_year =
            day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        const std::int64_t march_month = (5 * day_of_year + 2) / 153;
        const std::int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
        const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
        const bool is_usual = year >= 0 && year <= 9'999;
        if (!is_usual) out.push_back(year < 0 ? '-' : '+');
        append_padded(out, year < 0 ? -year : year, is_usual ? 4 : 6);
        out.push_back('-');
        append_padded(out, month, 2);
        out.push_back('-');
        append_padded(out, day_of_year - (153 * march_month + 2) / 5 + 1, 2);
    }
};

// Reads one value, and writes its JSON on the way.
class Reader {
  public:
    Reader(std::span<const std::byte> bytes, const MsgpackLimits& limits, std::string& json,
           Attachments& attachments) noexcept
        : rest_(bytes),
          limits_(limits),
          json_(json),
          json_begin_(json.size()),
          attachments_(attachments),
          attachments_begin_(attachments.size()) {}

    [[nodiscard]] MsgpackFault read() {
        do {
            begin_value();
            if (fault_ == MsgpackFault::none) read_value();
            end_values();
            if (json_.size() - json_begin_ > limits_.json_size_max) {
                fail(MsgpackFault::json_too_big);
            }
        } while (fault_ == MsgpackFault::none && depth_ > 0);
        if (!rest_.empty()) fail(MsgpackFault::bytes_behind);
        if (fault_ == MsgpackFault::none) return fault_;
        json_.resize(json_begin_);
        attachments_.resize(attachments_begin_);
        return fault_;
    }

  private:
    // An array or a map that is open.
    struct Level {
        std::uint32_t left;  // Values that are to come; of a map with a key each.
        bool is_map;
        bool is_first;          // Nothing has been written in it yet.
        std::size_t member_at;  // Where the JSON of its last member begins.
    };

    void fail(MsgpackFault fault) noexcept {
        if (fault_ == MsgpackFault::none) fault_ = fault;
    }

    // ---- Bytes ----

    [[nodiscard]] std::span<const std::byte> take(std::size_t size) noexcept {
        if (size > rest_.size()) {
            fail(MsgpackFault::cut);
            rest_ = {};
            return {};
        }
        const std::span<const std::byte> taken = rest_.first(size);
        rest_ = rest_.subspan(size);
        return taken;
    }
    // So many bytes, the most significant first.
    [[nodiscard]] std::uint64_t take_number(std::size_t size) noexcept {
        std::uint64_t number = 0;
        for (const std::byte byte : take(size)) {
            number = number << 8 | std::to_integer<std::uint64_t>(byte);
        }
        return number;
    }
    [[nodiscard]] std::int64_t take_signed(std::size_t size) noexcept {
        const unsigned shift = 64 - static_cast<unsigned>(size) * 8;
        return static_cast<std::int64_t>(take_number(size) << shift) >> shift;
    }

    // ---- What surrounds a value ----

    // The comma in front of it, and its key.
    void begin_value() {
        if (depth_ == 0) return;
        Level& level = levels_[depth_ - 1];
        level.member_at = json_.size();
        if (!level.is_first) json_.push_back(',');
        if (!level.is_map) return;
        const std::optional<std::size_t> size = take_string_size();
        if (!size) return fail(MsgpackFault::key_not_string);
        append_text(*size);
        json_.push_back(':');
    }
    // A value has ended, and with it all that it was the last of.
    void end_values() {
        while (fault_ == MsgpackFault::none && depth_ > 0) {
            Level& level = levels_[depth_ - 1];
            if (level.left > 0) return;
            json_.push_back(level.is_map ? '}' : ']');
            --depth_;
            end_member();
        }
    }
    void end_member() noexcept {
        if (depth_ == 0) return;
        Level& level = levels_[depth_ - 1];
        level.is_first = false;
        --level.left;
    }
    void leave_member_out() {
        Level& level = levels_[depth_ - 1];
        json_.resize(level.member_at);
        --level.left;
    }
    void open(std::uint64_t count, bool is_map) {
        if (depth_ == levels_.size()) return fail(MsgpackFault::too_deep);
        json_.push_back(is_map ? '{' : '[');
        levels_[depth_++] = {.left = static_cast<std::uint32_t>(count),
                             .is_map = is_map,
                             .is_first = true,
                             .member_at = 0};
    }

    // ---- Values ----

    void read_value() {
        const auto type = static_cast<std::uint8_t>(take_number(1));
        if (fault_ != MsgpackFault::none) return;
        if (type >= 0x80 && type <= 0x8F) return open(type & 0x0FU, true);
        if (type >= 0x90 && type <= 0x9F) return open(type & 0x0FU, false);
        if (type == 0xDC || type == 0xDD) return open(take_number(type == 0xDC ? 2 : 4), false);
        if (type == 0xDE || type == 0xDF) return open(take_number(type == 0xDE ? 2 : 4), true);
        if (type == 0xD4) return read_undefined();
        if (type <= 0x7F || type >= 0xE0) {
            append_signed(static_cast<std::int8_t>(type));
        } else if (type <= 0xBF) {
            append_text(type & 0x1FU);
        } else {
            read_other(type);
        }
        end_member();
    }
    void read_undefined() {
        if (take_number(1) != own_type) return fail(MsgpackFault::type_unknown);
        static_cast<void>(take(1));
        if (depth_ > 0 && levels_[depth_ - 1].is_map) return leave_member_out();
        json_.append("null");
        end_member();
    }
    // Of 0xC0 to 0xDB, but for 0xD4.
    void read_other(std::uint8_t type) {
        switch (type) {
            case 0xC0: json_.append("null"); return;
            case 0xC2: json_.append("false"); return;
            case 0xC3: json_.append("true"); return;
            case 0xC4:
            case 0xC5:
            case 0xC6: return add_attachment(take_number(size_of(type - 0xC4U)));
            case 0xC7:
            case 0xC8:
            case 0xC9: return read_ext(take_number(size_of(type - 0xC7U)));
            case 0xCA:
                return append_double(
                    std::bit_cast<float>(static_cast<std::uint32_t>(take_number(4))));
            case 0xCB: return append_double(std::bit_cast<double>(take_number(8)));
            case 0xCC:
            case 0xCD:
            case 0xCE:
            case 0xCF: append_number(json_, take_number(size_of(type - 0xCCU))); return;
            case 0xD0:
            case 0xD1:
            case 0xD2:
            case 0xD3: return append_signed(take_signed(size_of(type - 0xD0U)));
            case 0xD7:
                if (take_number(1) != own_type) return fail(MsgpackFault::type_unknown);
                return IsoTime::append(json_, take_signed(8));
            case 0xD9:
            case 0xDA:
            case 0xDB: return append_text(take_number(size_of(type - 0xD9U)));
            default: return fail(MsgpackFault::type_unknown);
        }
    }
    [[nodiscard]] static constexpr std::size_t size_of(unsigned step) noexcept {
        return std::size_t{1} << step;
    }
    // Bytes of a string, whose type is here. Nothing: it is none.
    [[nodiscard]] std::optional<std::size_t> take_string_size() noexcept {
        const auto type = static_cast<std::uint8_t>(take_number(1));
        if (type >= 0xA0 && type <= 0xBF) return type & 0x1FU;
        if (type < 0xD9 || type > 0xDB) return std::nullopt;
        return take_number(size_of(type - 0xD9U));
    }
    void append_text(std::size_t size) {
        const std::span<const std::byte> bytes = take(size);
        const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        if (!append_json_string(json_, text)) fail(MsgpackFault::text_not_utf8);
    }
    void append_signed(std::int64_t number) {
        if (number < 0) json_.push_back('-');
        const auto bits = static_cast<std::uint64_t>(number);
        append_number(json_, number < 0 ? ~bits + 1 : bits);
    }
    void append_double(double number) {
        if (!std::isfinite(number)) {
            json_.append("null");
            return;
        }
        std::array<char, 32> digits;
        const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number);
        json_.append(digits.data(), result.ptr);
    }
    void read_ext(std::size_t size) {
        if (take_number(1) != own_type) return fail(MsgpackFault::type_unknown);
        add_attachment(size);
    }
    void add_attachment(std::size_t size) {
        const std::size_t count = attachments_.size() - attachments_begin_;
        if (count == limits_.attachment_count_max) return fail(MsgpackFault::too_many_attachments);
        append_placeholder(json_, attachments_.size());
        attachments_.push_back(take(size));
    }

    std::span<const std::byte> rest_;
    const MsgpackLimits& limits_;
    std::string& json_;
    const std::size_t json_begin_;
    Attachments& attachments_;
    const std::size_t attachments_begin_;
    MsgpackFault fault_ = MsgpackFault::none;
    std::size_t depth_ = 0;
    std::array<Level, json_depth_max> levels_;  // The first depth_ of them.
};

}  // namespace

std::string_view describe(MsgpackFault fault) noexcept {
    switch (fault) {
        case MsgpackFault::none: return "No rule was broken.";
        case MsgpackFault::cut: return "The MessagePack ends inside a value.";
        case MsgpackFault::bytes_behind: return "Something follows the MessagePack's value.";
        case MsgpackFault::type_unknown: return "A value of the MessagePack has no known type.";
        case MsgpackFault::key_not_string:
            return "A map of the MessagePack has a key that is none.";
        case MsgpackFault::text_not_utf8: return "A string of the MessagePack is not UTF-8.";
        case MsgpackFault::too_deep: return "The MessagePack is deeper than the limit.";
        case MsgpackFault::too_many_attachments:
            return "The MessagePack has more attachments than the limit.";
        case MsgpackFault::json_too_big: return "The MessagePack says more than the limit.";
    }
    assert(false);
    return {};
}

MsgpackFault append_json_of_msgpack(std::span<const std::byte> bytes, const MsgpackLimits& limits,
                                    std::string& json, Attachments& attachments) {
    return Reader(bytes, limits, json, attachments).read();
}

}  // namespace edgews::sio
