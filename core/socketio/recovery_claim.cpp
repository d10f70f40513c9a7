#include "core/socketio/recovery_claim.hpp"

#include "core/base/number.hpp"
#include "core/socketio/json_members.hpp"
#include "core/socketio/json_string.hpp"

namespace edgews::sio {

std::optional<RecoveryClaim> read_recovery_claim(std::string_view payload) {
    if (payload.empty()) return std::nullopt;
    JsonMembers members(payload);
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
