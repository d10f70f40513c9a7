#include <edgews/tls/context.hpp>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstring>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace edgews {

namespace {

using Bio = std::unique_ptr<BIO, Release<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Release<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;

// Forward secrecy and authenticated encryption only; TLS 1.3 has nothing else. AES with keys of 128
// bits comes first: it is faster, and nothing is known that breaks it.
constexpr const char* ciphers_of_tls_1_2 = "ECDHE+AESGCM+AES128:ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr const char* ciphers_of_tls_1_3 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

Error make_error(const std::string& what) {
    const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return {std::make_error_code(std::errc::invalid_argument),
            "TLS: " + what + ": " + (reason == nullptr ? "it cannot be read" : reason)};
}

bool is_text(const std::string& pem) {
    return pem.starts_with("-----BEGIN");
}

// How an error names it.
std::string name_of(const char* what, const std::string& pem) {
    return std::string(what) + (is_text(pem) ? "" : " " + pem);
}

Bio open(const std::string& pem) {
    return Bio(is_text(pem) ? BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))
                            : BIO_new_file(pem.c_str(), "rb"));
}

// A key with a pass phrase is an error: nobody is there to be asked for it.
int refuse_pass_phrase(char*, int, int, void*) noexcept {
    return -1;
}

X509* read_certificate(BIO* bio) {
    return PEM_read_bio_X509(bio, nullptr, refuse_pass_phrase, nullptr);
}

// Reading stopped because there is nothing more, and not because of something damaged.
bool is_at_end() {
    const unsigned long error = ERR_peek_last_error();
    const bool is_end =
        ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
    if (is_end) ERR_clear_error();
    return is_end;
}

Error use_chain(SSL_CTX* context, const std::string& pem) {
    const Bio bio = open(pem);
    const Certificate own(
        bio ? PEM_read_bio_X509_AUX(bio.get(), nullptr, refuse_pass_phrase, nullptr) : nullptr);
    if (!own || SSL_CTX_use_certificate(context, own.get()) != 1) {
        return make_error(name_of("certificate chain", pem));
    }
    while (true) {
        Certificate next(read_certificate(bio.get()));
        if (!next) break;
        if (SSL_CTX_add0_chain_cert(context, next.get()) != 1) {
            return make_error(name_of("certificate chain", pem));
        }
        (void)next.release();  // The context's now.
    }
    return is_at_end() ? Error{} : make_error(name_of("certificate chain", pem));
}

Error use_key(SSL_CTX* context, const std::string& pem) {
    const Bio bio = open(pem);
    const Key key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_pass_phrase, nullptr)
                      : nullptr);
    if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        return make_error(name_of("private key", pem));
    }
    return {};
}

Error use_authorities(SSL_CTX* context, const std::string& pem) {
    X509_STORE* const store = SSL_CTX_get_cert_store(context);
    const Bio bio = open(pem);
    int count = 0;
    while (bio) {
        const Certificate next(read_certificate(bio.get()));
        if (!next) break;
        if (X509_STORE_add_cert(store, next.get()) != 1 ||
            SSL_CTX_add_client_CA(context, next.get()) != 1) {
            return make_error(name_of("client authorities", pem));
        }
        ++count;
    }
    return count > 0 && is_at_end() ? Error{} : make_error(name_of("client authorities", pem));
}

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
    if (options.identities.empty()) return {make_error("no identity")};
    for (const TlsIdentity& identity : options.identities) {
        if (Error error = context->add(identity, options)) return {std::move(error)};
    }
    return {{}, std::move(context)};
}

Error TlsContext::add(const TlsIdentity& identity, const TlsOptions& options) {
    constexpr std::string_view session_context = "edgews";
    Context context(SSL_CTX_new(TLS_server_method()));
    if (!context) return make_error("context");
    SSL_CTX* const raw = context.get();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);  // Tickets need none.
    SSL_CTX_set_session_id_context(raw,
                                   reinterpret_cast<const unsigned char*>(session_context.data()),
                                   static_cast<unsigned>(session_context.size()));
    SSL_CTX_set_num_tickets(raw, options.ticket_key_lifetime_s == 0 ? 0 : 1);
    if (options.ticket_key_lifetime_s == 0) SSL_CTX_set_options(raw, SSL_OP_NO_TICKET);
    SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
    SSL_CTX_set_tlsext_servername_callback(raw, choose_identity);
    SSL_CTX_set_tlsext_servername_arg(raw, this);
    SSL_CTX_set_verify(raw, verify_mode(options.client_certificates), nullptr);
    if (!ticket_keys_.serve(raw)) return make_error("session tickets");
    if (SSL_CTX_set_cipher_list(raw, ciphers_of_tls_1_2) != 1 ||
        SSL_CTX_set_ciphersuites(raw, ciphers_of_tls_1_3) != 1) {
        return make_error("ciphers");
    }
    if (Error error = use_chain(raw, identity.certificate_chain)) return error;
    if (Error error = use_key(raw, identity.private_key)) return error;
    if (options.client_certificates != ClientCertificates::none) {
        if (Error error = use_authorities(raw, options.client_authorities)) return error;
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
