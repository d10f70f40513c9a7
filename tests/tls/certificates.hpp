// Keys and certificates made for a test or a soak, as PEM.
#pragma once

#include <edgews/tls.hpp>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>

namespace edgews::test {

struct FreeKey {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
struct FreeCertificate {
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};

inline std::string text_of_bio(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return text;
}

// A key with a certificate for `host`, signed by itself, so that it is its own authority.
// `kind`: "DNS" or "IP". It is valid until `valid_s` from now.
inline TlsIdentity make_identity(const std::unique_ptr<EVP_PKEY, FreeKey>& key,
                                 const std::string& host, const std::string& kind = "DNS",
                                 long valid_s = 3600) {
    const std::unique_ptr<X509, FreeCertificate> certificate(X509_new());
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -7200);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), valid_s);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* const name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(host.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    const std::string alternative = kind + ":" + host;
    X509_EXTENSION* const extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative.c_str());
    X509_add_ext(certificate.get(), extension, -1);
    X509_EXTENSION_free(extension);
    if (X509_sign(certificate.get(), key.get(), EVP_sha256()) <= 0) {
        throw std::runtime_error("a certificate cannot be signed");
    }

    BIO* const chain = BIO_new(BIO_s_mem());
    BIO* const secret = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(chain, certificate.get());
    PEM_write_bio_PrivateKey(secret, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return {.certificate_chain = text_of_bio(chain), .private_key = text_of_bio(secret)};
}

// The same with a key of P-256.
inline TlsIdentity make_identity(const std::string& host, const std::string& kind = "DNS",
                                 long valid_s = 3600) {
    return make_identity(std::unique_ptr<EVP_PKEY, FreeKey>(EVP_EC_gen("P-256")), host, kind,
                         valid_s);
}

// The same for each test: keys take their time.
inline const TlsIdentity& identity_of(const std::string& host) {
    static std::map<std::string, TlsIdentity> made;
    const auto found = made.find(host);
    return found != made.end() ? found->second : made[host] = make_identity(host);
}

}  // namespace edgews::test
