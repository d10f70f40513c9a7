#include "tls/context.hpp"

#include "tls/openssl.hpp"

#include <openssl/x509v3.h>

#include <cstring>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace edgews {

namespace {

// RFC 7301: WebSockets begin with HTTP/1.1 (RFC 6455, section 4.1); who offers only others is told.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned offered_size, void*) noexcept {
    constexpr std::string_view wanted = "http/1.1";
    for (unsigned at = 0; at < offered_size; at += 1U + offered[at]) {
        const std::string_view name(reinterpret_cast<const char*>(offered + at + 1), offered[at]);
        if (name != wanted) continue;
        *chosen = offered + at + 1;
        *chosen_size = offered[at];
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int verify_mode(ClientCertificates wanted) noexcept {
    switch (wanted) {
        case ClientCertificates::none: return SSL_VERIFY_NONE;
        case ClientCertificates::optional: return SSL_VERIFY_PEER;
        case ClientCertificates::required: break;
    }
    return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

}  // namespace

TlsContext::TlsContext(const TlsOptions& options)
    : on_failure_(options.on_failure),
      ticket_keys_(std::chrono::seconds(options.ticket_key_lifetime_s)) {}

TlsContext::Made TlsContext::make(const TlsOptions& options) {
    auto context = std::make_shared<TlsContext>(options);
    if (options.identities.empty()) return {make_tls_error("no identity")};
    for (const TlsIdentity& identity : options.identities) {
        if (Error error = context->add(identity, options)) return {std::move(error)};
    }
    return {{}, std::move(context)};
}

Error TlsContext::add(const TlsIdentity& identity, const TlsOptions& options) {
    constexpr std::string_view session_context = "edgews";
    Context context(SSL_CTX_new(TLS_server_method()));
    if (!context) return make_tls_error("context");
    SSL_CTX* const raw = context.get();
    if (Error error = set_defaults(raw)) return error;
    SSL_CTX_set_options(raw, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);  // Tickets need none.
    SSL_CTX_set_session_id_context(raw,
                                   reinterpret_cast<const unsigned char*>(session_context.data()),
                                   static_cast<unsigned>(session_context.size()));
    // A session resumed shows no certificate: one that has expired since would be good for ever.
    const bool has_tickets = options.ticket_key_lifetime_s > 0 &&
                             options.client_certificates == ClientCertificates::none;
    SSL_CTX_set_num_tickets(raw, has_tickets ? 1 : 0);
    if (!has_tickets) SSL_CTX_set_options(raw, SSL_OP_NO_TICKET);
    SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
    SSL_CTX_set_tlsext_servername_callback(raw, choose_identity);
    SSL_CTX_set_tlsext_servername_arg(raw, this);
    SSL_CTX_set_verify(raw, verify_mode(options.client_certificates), nullptr);
    if (!ticket_keys_.serve(raw)) return make_tls_error("session tickets");
    if (Error error = use_identity(raw, identity)) return error;
    if (options.client_certificates != ClientCertificates::none) {
        if (Error error = use_authorities(raw, options.client_authorities, "client authorities")) {
            return error;
        }
    }
    contexts_.push_back(std::move(context));
    return {};
}

// The session has the first context; its tickets stay that one's.
int TlsContext::choose_identity(SSL* session, int*, void* self) noexcept {
    const char* const name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
    for (const Context& context : static_cast<const TlsContext*>(self)->contexts_) {
        X509* const certificate = SSL_CTX_get0_certificate(context.get());
        if (X509_check_host(certificate, name, std::strlen(name), 0, nullptr) != 1) continue;
        SSL_set_SSL_CTX(session, context.get());
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

}  // namespace edgews
