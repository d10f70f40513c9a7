// The parts of OpenSSL that servers and clients share: our defaults, and keys and certificates from
// PEM.
#pragma once

#include <edgews/error.hpp>
#include <edgews/tls.hpp>

#include <openssl/ssl.h>

#include <string>

namespace edgews {

template <auto release>
struct Release {
    template <class T>
    void operator()(T* object) const noexcept {
        release(object);
    }
};

// With OpenSSL's reason, which is taken off its queue.
[[nodiscard]] Error make_tls_error(const std::string& what);

// Versions, ciphers, groups: what is good today.
[[nodiscard]] Error set_defaults(SSL_CTX* context);
[[nodiscard]] Error use_identity(SSL_CTX* context, const TlsIdentity& identity);
// Who may have signed the peer's certificate. `what`: how an error calls them.
[[nodiscard]] Error use_authorities(SSL_CTX* context, const std::string& pem, const char* what);

}  // namespace edgews
