// What a session speaks: the revision of the protocol that the request which opens it names (EIO).
#pragma once

#include <cstdint>

namespace edgews::engineio {

enum class Dialect : std::uint8_t {
    v4,
    v3,         // The clients of Socket.IO 1 and 2.
    v3_base64,  // The same for a client that takes no binary, and says so (b64).
};

[[nodiscard]] constexpr bool is_v3(Dialect dialect) noexcept {
    return dialect != Dialect::v4;
}

}  // namespace edgews::engineio
