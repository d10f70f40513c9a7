#include "core/engineio/session_id.hpp"

#include "crypto/base64.hpp"

#include <algorithm>
#include <cassert>

namespace edgews::engineio {

static_assert(base64_encoded_size(SessionId::random_size) == SessionId::size);
static_assert(SessionId::random_size % 3 == 0);  // Nothing is padded.

SessionId::SessionId(std::span<const std::byte, random_size> random) noexcept {
    base64_encode(random, characters_);
    std::ranges::replace(characters_, '+', '-');
    std::ranges::replace(characters_, '/', '_');
}

SessionId SessionId::copy_of(std::string_view text) noexcept {
    assert(text.size() == size);
    SessionId id;
    std::ranges::copy(text.substr(0, size), id.characters_.begin());
    return id;
}

}  // namespace edgews::engineio
