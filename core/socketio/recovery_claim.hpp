// What a client that comes back says with CONNECT (protocol 5, Connection state recovery):
//
//     {"pid":"…","offset":"…"}
//
// beside what the application is told there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace edgews::sio {

struct RecoveryClaim {
    std::string private_id{};
    std::optional<std::uint64_t> offset{};  // Of the last event that it got. Nothing: of none.
};

// Nothing: the payload of CONNECT says nothing like that, or nothing that we have ever said. Of two
// members of one name the last counts, as in JavaScript. Requires: it is empty, or checked, and an
// object.
[[nodiscard]] std::optional<RecoveryClaim> read_recovery_claim(std::string_view payload);

}  // namespace edgews::sio
