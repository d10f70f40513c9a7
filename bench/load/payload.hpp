// What the messages hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace load {

// All but `binary` are text, valid UTF-8 in every message.
enum class Alphabet : std::uint8_t { binary, ascii, latin, cyrillic, cjk, emoji };

[[nodiscard]] const char* name_of(Alphabet alphabet) noexcept;
[[nodiscard]] std::optional<Alphabet> alphabet_named(std::string_view name) noexcept;

// The payload of message `number`: always the same, and unlike that of its neighbours. Text
// has `size` bytes, too: where the last character does not fit, dots fill up.
[[nodiscard]] std::string make_payload(Alphabet alphabet, std::size_t size, unsigned number);

}  // namespace load
