// What the program holds of operator new, to see that a history leaves nothing behind.
#pragma once

#include <cstddef>

namespace edgews::sim::test {

// Blocks that were made and not deleted; 0 where a sanitizer counts them by itself.
[[nodiscard]] std::size_t live_blocks() noexcept;

}  // namespace edgews::sim::test
