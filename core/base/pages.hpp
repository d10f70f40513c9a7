// Pages of memory that come from the system and go back to it at once: a heap keeps what is free
// below its end.
#pragma once

#include <cstddef>

namespace edgews {

// `size` bytes, readable and zero; untouched pages cost nothing. Null: the system has none left.
[[nodiscard]] void* map_pages(std::size_t size) noexcept;
// Requires: `begin` and `size` are those of one map_pages().
void unmap_pages(void* begin, std::size_t size) noexcept;
// Gives back the pages that lie wholly in these bytes, whose contents are lost; the addresses stay.
void forget_pages(void* begin, std::size_t size) noexcept;

}  // namespace edgews
