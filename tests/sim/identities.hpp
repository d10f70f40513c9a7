// Keys and certificates for histories over TLS, and OpenSSL's randomness: the same in every
// process, and in each history that is played again.
#pragma once

#include <edgews/tls.hpp>

namespace edgews::sim::test {

// Each is its own authority.
struct Identities {
    TlsIdentity good;     // For "service.test" and 127.0.0.1.
    TlsIdentity other;    // For "other.test".
    TlsIdentity expired;  // As the good one, and of a time before the world's.
};

// From the first call on what OpenSSL takes of the system's randomness is the world's.
[[nodiscard]] const Identities& identities();

}  // namespace edgews::sim::test
