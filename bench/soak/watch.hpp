// The hour: churn, calms, trouble now and then, and a line of figures each second.
#pragma once

#include <edgews/tls.hpp>

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "judge.hpp"
#include "orders.hpp"

namespace soak {

struct WatchOptions {
    std::uint64_t minutes = 60;
    std::uint64_t seed = 1;
    std::string csv{};  // A file; empty: none.
};

// Runs the server in this process. `clients`: the other one. Throws std::runtime_error where there
// is nothing to judge.
[[nodiscard]] Verdict watch(const WatchOptions& options, const Channel& channel, pid_t clients,
                            const edgews::TlsIdentity& identity);

}  // namespace soak
