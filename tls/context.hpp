// OpenSSL's contexts for the identities of a server, made from options and unchanged after.
#pragma once

#include <edgews/error.hpp>
#include <edgews/tls.hpp>
#include "tls/openssl.hpp"
#include "tls/ticket_keys.hpp"

#include <openssl/ssl.h>

#include <memory>
#include <vector>

namespace edgews {

class TlsContext {
  public:
    struct Made;
    [[nodiscard]] static Made make(const TlsOptions& options);
    // Without a context yet.
    explicit TlsContext(const TlsOptions& options);

    // For a connection; null: there is no memory. It chooses the identity by itself.
    [[nodiscard]] SSL* new_session() const noexcept { return SSL_new(contexts_.front().get()); }
    [[nodiscard]] const Function<void(std::string_view, const Address&)>& on_failure()
        const noexcept {
        return on_failure_;
    }

  private:
    using Context = std::unique_ptr<SSL_CTX, Release<SSL_CTX_free>>;

    [[nodiscard]] Error add(const TlsIdentity& identity, const TlsOptions& options);
    static int choose_identity(SSL* session, int* alert, void* self) noexcept;

    Function<void(std::string_view, const Address&)> on_failure_;
    TicketKeys ticket_keys_;
    std::vector<Context> contexts_;
};

struct TlsContext::Made {
    Error error{};
    std::shared_ptr<const TlsContext> context{};
};

}  // namespace edgews
