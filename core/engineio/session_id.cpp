#include "core/engineio/session_id.hpp"

#include "crypto/base64.hpp"

#include <algorithm>

namespace edgews::engineio {

static_assert(base64_encoded_size(SessionId::random_size) == SessionId::size);
static_assert(SessionId::random_size % 3 == 0);  // Nothing is padded.

SessionId::SessionId(std::span<const std::byte, random_size> random) noexcept {
    base64_encode(random, characters_);
    std::ranges::replace(characters_, '+', '-');
    std::ranges::replace(characters_, '/', '_');
}

}  // namespace edgews::engineio
