#include "core/socketio/recovery_claim.hpp"

#include "core/base/number.hpp"
#include "core/socketio/json_string.hpp"

#include <cstddef>

namespace edgews::sio {
namespace {

// The members of an object, one by one. Requires: it is checked.
class MemberReader {
  public:
    explicit MemberReader(std::string_view object) noexcept : rest_(object) {
        skip_space();
        rest_.remove_prefix(1);  // The brace.
    }

    struct Member {
        std::string_view name{};  // A string. Empty: there is no further member.
        std::string_view value{};
    };
    [[nodiscard]] Member next() noexcept {
        skip_separator(',');
        if (rest_.front() == '}') return {};
        const std::string_view name = take_string();
        skip_separator(':');
        return {name, take_value()};
    }

  private:
    void skip_space() noexcept { rest_.remove_prefix(rest_.find_first_not_of(" \n\r\t")); }
    void skip_separator(char separator) noexcept {
        skip_space();
        if (rest_.front() != separator) return;
        rest_.remove_prefix(1);
        skip_space();
    }
    [[nodiscard]] std::string_view take(std::size_t size) noexcept {
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }
    // The size of the string at `begin`.
    [[nodiscard]] std::size_t string_size(std::size_t begin) const noexcept {
        std::size_t at = begin + 1;
        while (rest_[at] != '"') at += rest_[at] == '\\' ? 2U : 1U;
        return at + 1 - begin;
    }
    [[nodiscard]] std::string_view take_string() noexcept { return take(string_size(0)); }
    [[nodiscard]] std::string_view take_value() noexcept {
        if (rest_.front() == '"') return take_string();
        if (rest_.front() != '{' && rest_.front() != '[') {
            return take(rest_.find_first_of(",} \n\r\t"));
        }
        std::size_t depth = 0;
        std::size_t at = 0;
        do {
            at = rest_.find_first_of("\"{}[]", at);
            if (rest_[at] == '"') {
                at += string_size(at);
                continue;
            }
            if (rest_[at] == '{' || rest_[at] == '[') {
                ++depth;
            } else {
                --depth;
            }
            ++at;
        } while (depth > 0);
        return take(at);
    }

    std::string_view rest_;
};

}  // namespace

std::optional<RecoveryClaim> read_recovery_claim(std::string_view payload) {
    if (payload.empty()) return std::nullopt;
    MemberReader members(payload);
    std::string_view private_id;
    std::string_view offset;
    for (auto each = members.next(); !each.name.empty(); each = members.next()) {
        if (json_string_says(each.name, "pid")) private_id = each.value;
        if (json_string_says(each.name, "offset")) offset = each.value;
    }
    if (!private_id.starts_with('"')) return std::nullopt;
    RecoveryClaim claim;
    std::string scratch;
    claim.private_id = json_string_text(private_id, scratch);
    if (offset.empty()) return claim;
    if (!offset.starts_with('"')) return std::nullopt;
    claim.offset = parse_number<std::uint64_t>(json_string_text(offset, scratch));
    if (!claim.offset) return std::nullopt;
    return claim;
}

}  // namespace edgews::sio
