// The clients' process: has clients come by chance, and all of them leave for a calm.
#pragma once

#include <edgews/tls.hpp>

#include <cstdint>

#include "orders.hpp"

namespace soak {

// Until it is ordered to end, or nobody is there to order. Then it prints what became of the
// clients of each kind. `authority`: who signed the server's certificate. Returns an exit status.
[[nodiscard]] int run_crowd(const Channel& channel, std::uint64_t seed,
                            const edgews::TlsIdentity& authority);

}  // namespace soak
