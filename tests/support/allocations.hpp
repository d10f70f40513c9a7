// Counts what a test takes from the heap.
#pragma once

#include <cstddef>

namespace edgews::test {

// Blocks that this thread has taken so far, by operator new, malloc and their
// kin. Also under AddressSanitizer and ThreadSanitizer.
[[nodiscard]] std::size_t allocation_count() noexcept;

}  // namespace edgews::test
