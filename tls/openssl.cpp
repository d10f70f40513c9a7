#include "tls/openssl.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <memory>
#include <system_error>

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

constexpr const char* groups =
    "X25519:P-256:P-384";  // Others cost a server up to 100 times as much.

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
        return make_tls_error(name_of("certificate chain", pem));
    }
    while (true) {
        Certificate next(read_certificate(bio.get()));
        if (!next) break;
        if (SSL_CTX_add0_chain_cert(context, next.get()) != 1) {
            return make_tls_error(name_of("certificate chain", pem));
        }
        (void)next.release();  // The context's now.
    }
    return is_at_end() ? Error{} : make_tls_error(name_of("certificate chain", pem));
}

Error use_key(SSL_CTX* context, const std::string& pem) {
    const Bio bio = open(pem);
    const Key key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_pass_phrase, nullptr)
                      : nullptr);
    if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        return make_tls_error(name_of("private key", pem));
    }
    return {};
}

}  // namespace

Error make_tls_error(const std::string& what) {
    const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return {std::make_error_code(std::errc::invalid_argument),
            "TLS: " + what + ": " + (reason == nullptr ? "it cannot be read" : reason)};
}

Error set_defaults(SSL_CTX* context) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    // What belongs to the chain is in the file, and not looked for at each handshake.
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    if (SSL_CTX_set_cipher_list(context, ciphers_of_tls_1_2) != 1 ||
        SSL_CTX_set_ciphersuites(context, ciphers_of_tls_1_3) != 1 ||
        SSL_CTX_set1_groups_list(context, groups) != 1) {
        return make_tls_error("ciphers");
    }
    return {};
}

Error use_identity(SSL_CTX* context, const TlsIdentity& identity) {
    if (Error error = use_chain(context, identity.certificate_chain)) return error;
    return use_key(context, identity.private_key);
}

Error use_authorities(SSL_CTX* context, const std::string& pem, const char* what) {
    X509_STORE* const store = SSL_CTX_get_cert_store(context);
    const Bio bio = open(pem);
    int count = 0;
    while (bio) {
        const Certificate next(read_certificate(bio.get()));
        if (!next) break;
        if (X509_STORE_add_cert(store, next.get()) != 1 ||
            SSL_CTX_add_client_CA(context, next.get()) != 1) {
            return make_tls_error(name_of(what, pem));
        }
        ++count;
    }
    return count > 0 && is_at_end() ? Error{} : make_tls_error(name_of(what, pem));
}

}  // namespace edgews
